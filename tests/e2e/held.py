#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sockets that were not bound before evmon's eyes by who has them: open at the start, inherited
through an exec, forbidden by a policy that came later. Each is told once for each instance that
holds it, in every member, with who opened it; what the policy allows gives nothing."""

import json
import os
import signal
import socket
import subprocess
import sys

import expect as e
from world import Tap, World, boot_us, coverage, enter_namespace, same, true

JOINING = 60  # records of a page and a half, and a ring of 64 KiB
LATER = "bind:\n  - {rule: bind.later, subject: everest, port: 7000, proto: udp, severity: high}\n"
UNEXPECTED = """bind:
  - {rule: bind.web, port: 7443, proto: tcp, action: allow}
  - {rule: bind.unexpected, subject: everest, port: any, scope: [any, interface]}
"""


def listening(address, port, kind=socket.SOCK_STREAM):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    if kind == socket.SOCK_STREAM:
        s.listen(1)
    return s


def held(world, rule, severity, found, message, opener=None, **more):
    proto, family, address, port, scope = found
    return {"sensor": "bind", "rule": rule, "severity": severity, "message": message,
            "hook": "iter/task_file",
            "object": {"proto": proto, "family": family, "address": address, "port": port,
                       "asked_port": None, "scope": scope, "how": "held", "netns": world.netns,
                       "device": None, "dual": False, "opener": opener, **more}}


def told(world, alerts, who, want, since):
    """The one alert of these of this process, with every member."""
    pid = who["process"]["pid"]
    mine = [a for a in alerts if a.value["rule"] == want["rule"] and
            a.value["object"]["family"] == want["object"]["family"] and
            a.value["object"]["port"] == want["object"]["port"] and
            a.value["process"]["pid"] == pid]
    same(f"alerts of {pid}", len(mine), 1)
    world.seen = mine[0].value["seq"]
    same("alert", list(e.problems(world, mine[0], {**who, **want}, since)), [])


def until(world, rule):
    """All alerts up to the next one of the rule, without it."""
    found = []
    while True:
        alert = world.next_alert()
        if alert.value["rule"] == rule:
            return found
        found.append(alert)


def binds(alerts):
    return [a for a in alerts if a.value["sensor"] == "bind"]


def me():
    return {"subject": "host", "module": None, "process": e.process(os.getpid(), cmdline=None)}


def open_at_start(tap):
    with World() as world:
        tap.world = world
        world.write_config("hardened.yaml")
        world.write_policy()
        world.start_broker()
        world.plant()
        for deed in (("auth", "listen", "tcp", "ipv4", "any", "8849"),
                     ("auth", "bind", "tcp", "ipv6", "any", "8849"),
                     ("slac", "bind", "udp", "ipv4", "loopback", "7000"),
                     ("setup", "listen", "tcp", "ipv4", "any", "7001"),
                     ("setup", "listen", "tcp", "ipv4", "loopback", "9001")):
            world.do(*deed)
        mine = listening("0.0.0.0", 1883)
        since = boot_us()
        world.watch()
        found = binds(until(world, "self.usb-baseline"))
        auth = e.module(world, "auth", "Auth")
        tap.check("a module's listener", told, world, found, auth, held(
            world, "bind.admin-panel", "critical", ("tcp", "ipv4", "0.0.0.0", 8849, "any"),
            f"module auth (Auth) holds tcp 0.0.0.0:8849, {e.PANEL}"), since)
        tap.check("a socket that is only bound", told, world, found, auth, held(
            world, "bind.admin-panel", "critical", ("tcp", "ipv6", "::", 8849, "any"),
            f"module auth (Auth) holds tcp [::]:8849, {e.PANEL}"), since)
        who = me()
        who["process"]["cmdline"] = [a.value["process"]["cmdline"] for a in found
                                     if a.value["process"]["pid"] == os.getpid()][0]
        tap.check("a process outside the tree", told, world, found, who, held(
            world, "bind.mqtt-tcp", "critical", ("tcp", "ipv4", "0.0.0.0", 1883, "any"),
            f"process {who['process']['comm']} (pid {os.getpid()}) holds tcp 0.0.0.0:1883, "
            + e.MQTT), since)
        tap.check("and nothing else", lambda: same("held", len(found), 3))
        world.seen = len(world.journal.lines)
        reloaded(world)
        stopped(tap, world)
        mine.close()


def stopped(tap, world):
    same("the daemon's end", world.daemon.stop(), 0)
    tap.check("nothing else is told", lambda: same(
        "told", [a.value["rule"] for a in until(world, "self.stopped")], []))


def in_force(world, n):
    world.daemon.wait(f"policy {n + 1}", lambda lines: sum(
        b" is in force, after " in line for line in lines) == n)


def reloaded(world):
    """What was told is not told again, whatever forbids it from then on."""
    world.write_policy(LATER)
    in_force(world, 1)
    with open(world.run + "/status.json", encoding="utf-8") as file:
        world.status = json.load(file)


def at_the_look(alerts, process):
    """The manager is root at its exec and soon no more, a module names itself: which of the two it
    was is of the moment at which evmon came to look."""
    seen = next(a.value["process"] for a in alerts if a.value["process"]["pid"] == process["pid"])
    ids = {seen[name] for name in ("uid", "euid", "gid")}
    true(f"ids: {ids}", ids in ({0}, {process["uid"]}))
    true(seen["comm"], seen["comm"] in (process["comm"], process["comm"].rpartition(":")[2]))
    process.update({name: seen[name] for name in ("uid", "euid", "gid", "comm")})


def deafened(world):
    """More tasks join the tree than the ring has room for, and evmon reads none of it."""
    os.kill(world.daemon.process.pid, signal.SIGSTOP)
    for _ in range(JOINING):
        subprocess.run([world.everest + "/bin/manager", "--help"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env=world.tree_env(), check=False)


def inherited(tap, lost=False):
    """As with socket activation: the manager gets it at its exec, and its modules from it. lost:
    what says so does not reach evmon, which sees that something was lost and looks itself."""
    with World() as world:
        tap.world = world
        world.write_config("mini.yaml")
        world.write_policy()
        world.start_broker()
        mine, free = listening("0.0.0.0", 1883), listening("127.0.0.1", 9001)
        for s in (mine, free):
            s.set_inheritable(True)
        world.watch()
        until(world, "self.usb-baseline")
        since = boot_us()
        world.pass_fds = (mine.fileno(), free.fileno())
        if lost:
            deafened(world)
        world.plant()
        world.do("auth", "fork-deep", "2", "exec", "/bin/true")  # is auth, as its parent is
        opener = {"pid": os.getpid(), "exe": os.readlink("/proc/self/exe")}
        by = f"; opened by {opener['exe']} (pid {opener['pid']})"
        at = ("tcp", "ipv4", "0.0.0.0", 1883, "any")
        who = [("the manager", {"subject": "everest", "module": None,
                                "process": e.process(world.manager.pid, cmdline=[
                                    world.everest + "/bin/manager"])})]
        who += [(f"module {ident} ({name})", e.module(world, ident, name))
                for ident, name in (("auth", "Auth"), ("slac", "EvseSlac"))]
        if lost:
            os.kill(world.daemon.process.pid, signal.SIGCONT)
            world.daemon.wait("a look after a loss", lambda lines: any(
                b"looking at all tasks and sockets" in line for line in lines))
        world.daemon.stop()
        alerts = binds(until(world, "self.stopped"))
        for name, process in who:
            at_the_look(alerts, process["process"])
            tap.check(f"{name} inherits it{' unheard' * lost}", told, world, alerts, process, held(
                world, "bind.mqtt-tcp", "critical", at,
                f"{name} holds tcp 0.0.0.0:1883, {e.MQTT}{by}", opener), since)
        tap.check("each once, and nobody else", lambda: same("alerts", len(alerts), len(who)))
        free.close()
        mine.close()


def unexpected(tap):
    """Off by default; where it is on: what no other rule names, where the network reaches it."""
    with World() as world:
        tap.world = world
        world.write_config("mini.yaml")
        world.write_policy(UNEXPECTED)
        world.start_broker()
        world.plant()
        world.do("auth", "listen", "tcp", "ipv4", "any", "7001")
        world.do("auth", "listen", "tcp", "ipv4", "any", "7443")
        world.do("auth", "listen", "tcp", "ipv4", "loopback", "7002")
        mine = listening("0.0.0.0", 7003)
        since = boot_us()
        world.watch()
        auth = e.module(world, "auth", "Auth")
        why = "which no rule of the policy allows"
        found = binds(until(world, "self.usb-baseline"))
        tap.check("held, and named by no rule", told, world, found, auth, held(
            world, "bind.unexpected", "medium", ("tcp", "ipv4", "0.0.0.0", 7001, "any"),
            f"module auth (Auth) holds tcp 0.0.0.0:7001, {why}"), since)
        tap.check("allowed, on loopback, or another's: nothing",
                  lambda: same("told", len(found), 1))
        world.seen = len(world.journal.lines)
        hooks = coverage()
        since = boot_us()
        for deed in (("listen", "tcp", "ipv4", "loopback", "7004"),
                     ("bind", "udp", "ipv6", "loopback", "7004"),
                     ("release",),
                     ("listen", "tcp", "ipv6", "any", "7443"),
                     ("bind", "udp", "ipv4", "any", "7005")):
            world.do("auth", *deed)
        tap.check("bound later", e.expect, world, {**auth, **e.bind(
            world, hooks, "bind.unexpected", "medium", "udp", "ipv4", "0.0.0.0", 7005, "any",
            f"module auth (Auth) bound udp 0.0.0.0:7005, {why}")}, since)
        world.do("auth", "listen", "tcp", "ipv4", "any", "8849")
        tap.check("the page's own port is the page's", e.expect, world, {**auth, **e.bind(
            world, hooks, "bind.admin-panel", "critical", "tcp", "ipv4", "0.0.0.0", 8849, "any",
            f"module auth (Auth) bound tcp 0.0.0.0:8849, {e.PANEL}")}, since)
        stopped(tap, world)
        mine.close()


def automatic_ports(first, last):
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w", encoding="ascii") as file:
        file.write(f"{first} {last}")


def unasked(tap):
    """Not bound by anybody: listen takes the one port that there is, which a rule names."""
    with World() as world:
        tap.world = world
        world.write_config("mini.yaml")
        world.write_policy()
        world.start_broker()
        world.plant()
        world.watch()
        until(world, "self.usb-baseline")
        row = coverage()["bind-auto"]
        auth = e.module(world, "auth", "Auth")
        since = boot_us()
        automatic_ports(7010, 7019)
        world.do("auth", "listen-unbound", "tcp", "ipv4")
        automatic_ports(8849, 8849)
        world.do("auth", "listen-unbound", "tcp", "ipv4")
        automatic_ports(32768, 60999)
        if row["state"] == "none":
            tap.skip("listening unasked", "bind-auto has no hook here")
        else:
            want = e.bind(world, coverage(), "bind.admin-panel", "critical", "tcp", "ipv4", "0.0.0.0",
                          8849, "any",
                          f"module auth (Auth) listens on tcp 0.0.0.0:8849, {e.PANEL}",
                          how="listen", asked_port=0)
            tap.check("listening unasked", e.expect, world,
                      {**auth, **want, "hook": row["hooks"][0]}, since)
        stopped(tap, world)


def main():
    enter_namespace()
    tap = Tap()
    if coverage()["listeners"]["state"] == "none":
        print("listeners: no iterator on this kernel")
        return 77
    open_at_start(tap)
    inherited(tap)
    inherited(tap, lost=True)
    unexpected(tap)
    unasked(tap)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
