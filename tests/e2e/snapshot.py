#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A tree that ran before evmon: each module is found with its id, what stands is told as if evmon
had seen the start, and what happens later is laid to the right module, also while the tree forks
during evmon's start."""

import os
import sys
import threading

import expect as e
from world import Tap, World, boot_us, coverage, enter_namespace, same, true

MODULES = (("auth", "Auth"), ("bsp_dc", "InfyPower"), ("connector_1", "EvseManager"),
           ("energy_manager", "EnergyManager"), ("evse_security", "EvseSecurity"),
           ("iso15118_20", "Evse15118D20"), ("iso15118_charger", "EvseV2G"), ("ocpp", "OCPP201"),
           ("persistent_store", "PersistentStore"), ("rpc_api", "RpcApi"), ("setup", "Setup"),
           ("slac", "EvseSlac"), ("system", "System"))
ROOT_MODULES = ("auth", "connector_1", "iso15118_charger", "setup", "slac")


def next_is(world, rule):
    same("rule", world.next_alert().value["rule"], rule)


def surplus_found(world, since):
    """As at the exec, but for the hook."""
    found = {}
    for _ in range(2):
        v = world.next_alert().value
        same("rule", v["rule"], "capability.everest-chown")
        found[v["module"]["id"]] = v
    same("modules", set(found), {"setup", "slac"})
    for ident, name in (("setup", "Setup"), ("slac", "EvseSlac")):
        want = {"severity": "low", "verdict": "alert", "count": 1, "hook": "iter/task",
                **e.module(world, ident, name),
                "object": {"name": "CAP_CHOWN", "number": 0, "kind": "held", "userns": 0,
                           "on_behalf": False}}
        ticks = want["process"].pop("ticks")
        v = found[ident]
        same("start", v["process"].pop("start_us") // e.TICK_US, ticks)
        same("alert", list(e.differences({name: v[name] for name in want}, want)), [])
        true("it is told as of now", since <= v["boot_us"] <= boot_us())


def root_found(world, ident, since):
    """The file and the ids are known; what nobody looked at is null."""
    v = world.wait_rule("exec.root", ident)
    name = v["module"]["name"]
    path = f"{world.modules}/{name}/{name}"
    at = os.stat(path)
    want = {"severity": "high", "verdict": "alert", "count": 1, "hook": "iter/task",
            "message": f"module {ident} ({name}) runs as root", **e.module(world, ident, name),
            "object": {"path": path, "interpreter": None,
                       "dev": f"{os.major(at.st_dev)}:{os.minor(at.st_dev)}", "ino": at.st_ino,
                       "mntns": None, "how": "exec", "uid": 0, "euid": 0, "gained": None,
                       "deleted": None}}
    want["process"].update(comm=v["process"]["comm"], ticks=e.ticks(v["process"]["pid"]))
    ticks = want["process"].pop("ticks")
    same("start", v["process"].pop("start_us") // e.TICK_US, ticks)
    same("alert", list(e.differences({name: v[name] for name in want}, want)), [])
    true("it is told as of now", since <= v["boot_us"] <= boot_us())


def steady_found(world):
    v = world.wait_rule("exec.root-steady")
    want = {**e.process(world.manager.pid), "comm": "manager"}
    same("process", {name: v["process"][name] for name in ("pid", "ppid", "uid", "euid", "gid",
                                                           "exe")},
         {name: want[name] for name in ("pid", "ppid", "uid", "euid", "gid", "exe")})
    same("path", v["object"]["path"], f"{world.everest}/bin/manager")
    same("hook", v["hook"], "proc")


def attributed(world, hooks):
    """Each module's own deed, and an orphan's that no parent leads to."""
    for ident, name in MODULES:
        answer = world.do(ident, "bind", "udp", "ipv4", "loopback", "8849")
        e.expect(world, {**e.module(world, ident, name), **e.bind(
            world, hooks, "bind.admin-panel", "critical", "udp", "ipv4", "127.0.0.1", 8849,
            "loopback", f"module {ident} ({name}) bound udp 127.0.0.1:8849, {e.PANEL}")},
            answer.started)
        world.do(ident, "release")
    world.do("auth", "fork-deep", "4", "exec-root", world.rooted)
    alert = world.next_alert().value
    same("the orphan", (alert["rule"], alert["module"]), ("exec.root", {"id": "auth",
                                                                        "name": "Auth"}))


def hardened(tap, hooks):
    with World() as world:
        tap.world = world
        world.write_config("hardened.yaml")
        world.write_policy()
        world.start_broker()
        world.plant()
        since = boot_us()
        tap.check("evmon starts beside a running tree", world.watch)
        tap.check("it tells of its start", next_is, world, "self.started")
        tap.check("the surplus is told", surplus_found, world, since)
        tap.check("USB's baseline is told", next_is, world, "self.usb-baseline")
        tap.check("later misdeeds are laid to the right module", attributed, world, hooks)
        same("the daemon's end", world.daemon.stop(), 0)
        tap.check("nothing else is told", next_is, world, "self.stopped")


def root(tap):
    """Modules as root, the manager still root, the admin panel and its two sockets: all of it
    stood before."""
    with World() as world:
        tap.world = world
        world.write_config("root.yaml")
        world.write_policy()
        world.start_broker()
        world.plant("--admin-panel")
        since = boot_us()
        world.watch()
        for ident in ROOT_MODULES:
            tap.check(f"exec.root of {ident}", root_found, world, ident, since)
        tap.check("config.no-run-as-user", world.wait_rule, "config.no-run-as-user")
        tap.check("exec.admin-panel", world.wait_rule, "exec.admin-panel")
        tap.check("exec.root-steady", steady_found, world)
        counts = {}
        for alert in world.alerts():
            key = (alert.value["rule"], (alert.value["module"] or {}).get("id"),
                   alert.value["object"].get("family"))
            counts[key] = counts.get(key, 0) + alert.value["count"]
        tap.check("each once", lambda: true(f"counts: {counts}", set(counts.values()) == {1}))


def churn(tap):
    """The tree forks as fast as it can while evmon takes its snapshot."""
    with World() as world:
        tap.world = world
        world.write_config("mini.yaml")
        world.write_policy()
        world.start_broker()
        world.plant()
        done = threading.Event()

        def fork():
            while not done.is_set():
                world.ask("auth", "repeat", "20", "fork-deep", "3", "exec-root", world.rooted)

        thread = threading.Thread(target=fork)
        thread.start()
        try:
            world.watch()
            tap.check("a forking tree is found", world.wait_rule, "exec.root", "auth")
        finally:
            done.set()
            thread.join()
        world.daemon.stop()
        world.wait_rule("self.stopped")
        lost = [alert.value for alert in world.alerts() if alert.value["rule"] == "exec.root"
                and alert.value["module"] != {"id": "auth", "name": "Auth"}]
        tap.check("none of its children is anybody else's", lambda: same("others", lost, []))


def main():
    enter_namespace()
    tap = Tap()
    hooks = coverage()
    if hooks["snapshot"]["state"] != "proven":
        print(f"snapshot: {hooks['snapshot']['state']} on this kernel")
        return 77
    hardened(tap, hooks)
    root(tap)
    churn(tap)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
