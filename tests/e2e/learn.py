#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--trace --learn: the policy that a tree would need. Under it the same tree does the same things in
silence, and what it has not done before is told as ever."""

import os
import shutil
import signal
import sys

from world import EVMON, Tap, World, enter_namespace, same, true

DEEDS = (("slac", "cap", "CAP_CHOWN", "3"),
         ("auth", "bind", "tcp", "ipv4", "any", "8849"),
         ("auth", "bind", "udp", "ipv6", "loopback", "8849"),
         ("slac", "bind", "udp", "ipv4", "loopback", "18849"))


def misbehave(world):
    for who, *deed in DEEDS:
        world.do(who, *deed)
        world.do(who, "release")
    world.do("auth", "bind", "tcp", "ipv4", "any", "8849")
    world.do("auth", "release")
    world.do("auth", "exec-root", world.rooted)


def learn(world, path):
    """Of a tree that --trace starts; the lines of the policy."""
    before = len(world.states.lines)
    trace = world.start([EVMON, "--trace", "-x", "--learn", path, "--",
                         world.everest + "/bin/manager", "--config", world.config, "--sim-dir",
                         world.sim, "--status-fifo", world.status_fifo], env=world.tree_env())
    world.states.wait_text("ALL_MODULES_STARTED", before)
    misbehave(world)
    trace.wait_text("exec.root")
    trace.process.send_signal(signal.SIGTERM)
    trace.end()
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def has(lines, text):
    true(f"{text!r} in\n" + "\n".join(lines), any(text in line for line in lines))


def learns(world):
    lines = learn(world, world.dir + "/learnt.yaml")
    has(lines, f'manager: {world.everest}/bin/manager')
    has(lines, f'modules_dir: {world.modules}')
    has(lines, "# bound 2 times, by auth (Auth); breaks bind.admin-panel")
    has(lines, "subject: everest, port: 8849, proto: tcp, scope: [any], action: allow}")
    has(lines, "subject: everest, port: 8849, proto: udp, scope: [loopback], action: allow}")
    has(lines, "# udp 127.0.0.1:18849: bound 1 time, by slac (EvseSlac)")
    has(lines, "- CAP_NET_RAW  # used ")
    has(lines, "- CAP_CHOWN  # used 3 times, by slac (EvseSlac); breaks capability.used")
    has(lines, f"- {world.rooted}  # as root 1 time, by auth (Auth); breaks exec.root")
    same("exceptions", sum("action: allow" in line for line in lines), 2)


def is_a_policy(world):
    """It loads, and is silent about what was learnt and about nothing else."""
    learn(world, world.policy)
    with open(world.policy, "a", encoding="utf-8") as out:
        os.fchmod(out.fileno(), 0o644)
        out.write("\naggregate: {window: 1s}\njournal: {mirror: none}\n")
    world.watch()
    world.plant()
    misbehave(world)
    world.do("slac", "bind", "udp", "ipv6", "any", "8849")
    other = shutil.copy(world.rooted, world.dir + "/other")
    os.chmod(other, 0o4755)
    world.do("auth", "exec-root", other)
    world.wait_rule("exec.root")
    same("the daemon's end", world.daemon.stop(), 0)
    told = [(alert.value["rule"], (alert.value["module"] or {}).get("id"))
            for alert in world.alerts() if alert.value["sensor"] != "self"]
    same("told", told, [("bind.admin-panel", "slac"), ("exec.root", "auth")])


def cannot_be_written(world):
    run = world.start([EVMON, "--trace", "--learn", world.dir + "/not/there", "--", "/bin/true"])
    true("status", run.end() not in (0, 2))
    run.wait_text("--learn " + world.dir + "/not/there: No such file or directory")


def main():
    enter_namespace()
    tap = Tap()
    for name, function in (("each line says how often", learns),
                           ("it is a policy that fits", is_a_policy),
                           ("a file that cannot be written", cannot_be_written)):
        with World() as tap.world:
            tap.world.write_config("mini.yaml")
            tap.world.start_broker()
            tap.check(name, function, tap.world)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
