#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`evmon status --listeners` beside a running daemon: as many sockets as ss(8) sees, each with the
module that holds it and with the word of the policy in force, without any right over the owners."""

import json
import os
import socket
import subprocess
import sys

from world import EVMON, Tap, World, coverage, enter_namespace, same, true

PERMISSION = 5
RULES = """bind:
  - {rule: bind.ours, subject: everest, port: 7801-7802, proto: any, severity: low}
  - {rule: bind.fine, subject: everest, port: 7803, proto: udp, severity: low, action: allow}
"""


def nobody(*capabilities):
    names = ",".join(["-all", *("+" + name for name in capabilities)])
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=" + names,
            *(["--ambient-caps=" + names] if capabilities else [])]


def run(world, *options, prefix=()):
    return subprocess.run([*prefix, EVMON, "status", "--listeners", *options], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=world.env(),
                          check=False)


def listeners(world, prefix=()):
    """Of this network namespace, as evmon's JSON lines have them."""
    done = run(world, "--json", prefix=prefix)
    same(f"status ({done.stderr})", done.returncode, 0)
    same("standard error", done.stderr, "")
    values = [json.loads(line) for line in done.stdout.splitlines()]
    same("schemas", {v["schema"] for v in values}, {"evmon.listener/1"})
    return [v for v in values if v["object"]["netns"] == world.netns]


def of_port(values, port):
    return [v for v in values if v["object"]["port"] == port]


def peer():
    """(proto, port, pids) of each TCP and UDP socket, as ss sees them."""
    out = subprocess.run(["ss", "-Hlntup"], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = []
    for line in out.splitlines():
        words = line.split()
        pids = {int(word.partition(",")[0]) for word in line.split("pid=")[1:]}
        found.append((words[0], int(words[4].rpartition(":")[2]), tuple(sorted(pids))))
    return sorted(found)


def ours(values):
    sockets = {}
    for v in values:
        if v["object"]["proto"] in ("tcp", "udp") and v["state"] == "listening":
            key = v["object"]["inode"], v["object"]["proto"], v["object"]["port"]
            sockets.setdefault(key, set()).add(v["process"]["pid"])
    return sorted((key[1], key[2], tuple(sorted(pids))) for key, pids in sockets.items())


def deeds(world):
    for ident, *deed in (("auth", "listen", "tcp", "ipv4", "any", "8849"),
                         ("slac", "listen", "tcp", "ipv6", "loopback", "7801"),
                         ("slac", "bind", "udp", "dual", "any", "7803"),
                         ("setup", "bind", "udp", "ipv4", "loopback", "7802"),
                         ("setup", "listen", "tcp", "ipv4", "any", "7804"),
                         ("auth", "bind", "tcp", "ipv4", "any", "7805")):
        world.do(ident, *deed)


def modules_are_named(world):
    values = listeners(world)
    for port, ident, name, rule, action in (
            (8849, "auth", "Auth", "bind.admin-panel", "alert"),
            (7801, "slac", "EvseSlac", "bind.ours", "alert"),
            (7802, "setup", "Setup", "bind.ours", "alert"),
            (7803, "slac", "EvseSlac", "bind.fine", "allow"), (7804, "setup", "Setup", None, None)):
        found = of_port(values, port)
        same(f"owners of {port}", len(found), 1)
        v = found[0]
        same(f"{port}", (v["subject"], v["module"], v["rule"], v["action"]),
             ("everest", {"id": ident, "name": name}, rule, action))
        same(f"{port}: executable", v["process"]["exe"], f"{world.modules}/{name}/{name}")
        same(f"{port}: user", v["process"]["uid"], os.stat(f"/proc/{v['process']['pid']}").st_uid)
    same("states", {v["object"]["port"]: v["state"] for v in values
                    if 7800 <= v["object"]["port"] < 7810 or v["object"]["port"] == 8849},
         {8849: "listening", 7801: "listening", 7802: "listening", 7803: "listening",
          7804: "listening", 7805: "bound", 7806: "bound"})
    same("opened by itself", of_port(values, 7805)[0]["object"]["opener"], None)
    true("dual", of_port(values, 7803)[0]["object"]["dual"])


def as_many_as_the_peer_sees(world):
    same("sockets", ours(listeners(world)), peer())


def the_opener_is_told(world, mine):
    """This process's socket, which the tree's root and all that it starts have inherited."""
    found = {v["process"]["pid"]: v for v in of_port(listeners(world), 7806)}
    opener = {"pid": os.getpid(), "exe": os.path.realpath("/proc/self/exe")}
    true(f"owners: {set(found)}", {os.getpid(), world.manager.pid, world.pid_of("auth")} <= set(found))
    same("states", {v["state"] for v in found.values()}, {"bound"})
    same("one socket", {v["object"]["inode"] for v in found.values()},
         {os.fstat(mine.fileno()).st_ino})
    for pid, v in found.items():
        want = opener if v["subject"] == "everest" else None
        same(f"opener for {pid}", v["object"]["opener"], want)
    page = run(world).stdout.splitlines()
    head = page[0].split()
    true(f"head {head}", head[:3] == ["PROTO", "STATE", "LOCAL"] and "OPENER" in head)
    true("the page names it", any(f" {os.getpid()} " in line and "auth (Auth)" in line
                                  for line in page))


def two_rights_are_enough(world):
    """The owners are other users' processes, and some of them root's."""
    same("sockets", listeners(world, nobody("bpf", "perfmon")), listeners(world))


def rights_are_named(world):
    for held, missing in (((), "CAP_BPF CAP_PERFMON"), (("bpf",), "CAP_PERFMON"),
                          (("perfmon",), "CAP_BPF")):
        done = run(world, prefix=nobody(*held))
        same(f"status with {held}", done.returncode, PERMISSION)
        same("standard output", done.stdout, "")
        same(f"lines of {done.stderr!r}", len(done.stderr.splitlines()), 1)
        true(f"{done.stderr!r} does not name {missing}", f"missing {missing}\n" in done.stderr)


def the_page_is_for_people(world):
    done = run(world)
    same(f"status ({done.stderr})", done.returncode, 0)
    line = next(line for line in done.stdout.splitlines() if "0.0.0.0:8849" in line)
    for word in ("tcp", "any", "bind.admin-panel", "auth (Auth)", f"{world.modules}/Auth/Auth"):
        true(f"{word} in {line!r}", word in line)
    true("bind.fine (allow)", "bind.fine (allow)" in done.stdout)
    same("colour", "\033" in done.stdout, False)


def a_daemon_is_not_disturbed(world):
    before = world.daemon.process.pid, len(world.alerts())
    listeners(world)
    status = subprocess.run([EVMON, "status", "--json"], stdout=subprocess.PIPE, env=world.env(),
                            check=False)
    same("state", json.loads(status.stdout)["state"], world.status["state"])
    same("the daemon, its alerts", (world.daemon.process.pid, len(world.alerts())), before)
    same("it goes on", world.daemon.process.poll(), None)


def another_policy_is_told(world):
    world.write_policy(RULES.replace("7801", "7811"))
    done = run(world)
    same("status", done.returncode, 0)
    true(f"{done.stderr!r}", world.status["policy"]["hash"] in done.stderr)


def at_start(world):
    """What the daemon found when it started, as the verb would have shown it then."""
    with open(world.run + "/listeners-at-start.jsonl", encoding="utf-8") as file:
        values = [json.loads(line) for line in file]
    return [v for v in values if v["object"]["netns"] == world.netns]


def the_start_is_kept(world, before):
    """The same lines as the verb's of then; what was bound since is in the verb's alone."""
    same("at the start", at_start(world), before)
    held = of_port(before, 7806)
    true(f"who holds 7806: {held}", {(v["module"] or {}).get("id") for v in held} >= {"auth", "slac"})
    same("their opener", {v["object"]["opener"]["pid"] for v in held if v["module"]},
         {os.getpid()})
    true("8849 came later", not of_port(before, 8849) and of_port(listeners(world), 8849))
    said = [line for line in world.daemon.lines if b"at the start" in line]
    same("lines of the log", len(said), 1)
    true(f"{said}", world.run.encode() + b"/listeners-at-start.jsonl" in said[0])


def it_goes_with_the_daemon(world):
    same("the daemon's end", world.daemon.stop(), 0)
    true("the list is gone", not os.path.exists(world.run + "/listeners-at-start.jsonl"))


def main():
    enter_namespace()
    tap = Tap()
    if coverage()["listeners"]["state"] == "none":
        print("listeners: no iterator on this kernel")
        return 77
    with World() as world:
        tap.world = world
        world.write_config("hardened.yaml")
        world.write_policy(RULES)
        world.start_broker()
        mine = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        mine.bind(("127.0.0.1", 7806))
        mine.set_inheritable(True)
        world.pass_fds = (mine.fileno(),)
        world.plant()
        world.watch()
        before = listeners(world)
        deeds(world)
        tap.check("what was bound at the start is kept", the_start_is_kept, world, before)
        tap.check("a socket's module and rule are told", modules_are_named, world)
        tap.check("who opened it is told", the_opener_is_told, world, mine)
        tap.check("as many as ss sees", as_many_as_the_peer_sees, world)
        tap.check("CAP_BPF and CAP_PERFMON are enough", two_rights_are_enough, world)
        tap.check("without them, they are named", rights_are_named, world)
        tap.check("the page for people", the_page_is_for_people, world)
        tap.check("a daemon is not disturbed", a_daemon_is_not_disturbed, world)
        tap.check("another policy than the daemon's is told", another_policy_is_told, world)
        tap.check("the list of the start goes with the daemon", it_goes_with_the_daemon, world)
        mine.close()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
