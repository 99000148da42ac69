#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A daemon that ends, however it does, leaves its hooks at work, and the next one goes on where it
was: killed at random moments of a flood, stopped for the whole of one, with what it left behind
taken away. Whatever was done is told once: sums are held against deeds."""

import os
import random
import signal
import subprocess
import sys
import threading

from world import EVMON, FULL, Tap, World, coverage, enter_namespace, same, true

PINS = "/sys/fs/bpf/evmon"
KILLS = 100 if FULL else 8
FLOOD = 1000000 if FULL else 40000
STEP = 2000  # deeds of one call
PORTS = range(20000, 20100)


def policy(world, text=""):
    world.write_policy("bind: [{rule: bind.vendor, port: 20000-20999, subject: everest, "
                       "severity: low}]\n" + text, window="1h")


def counts(world):
    """(rule, module) -> sum of the alerts' counts, and how many alerts there are by rule."""
    sums, alerts = {}, {}
    for alert in world.alerts():
        value = alert.value
        key = value["rule"], (value["module"] or {}).get("id")
        sums[key] = sums.get(key, 0) + value["count"]
        alerts[value["rule"]] = alerts.get(value["rule"], 0) + 1
    return sums, alerts


def flood(world, times):
    for _ in range(times // STEP):
        world.do("auth", "bind-close", "tcp", "ipv4", "loopback", "8849", str(STEP))


def kinds(world):
    for port in PORTS:
        world.do("slac", "bind-close", "udp", "ipv4", "loopback", str(port), "3")


def told(world, seq):
    """The line is in the journal's follower: all before it are, too."""
    world.wait_alerts(f"line {seq}", lambda values: values and values[-1]["seq"] >= seq)


def killed(world, seed=20261122):
    """SIGKILL at random moments, and another daemon each time."""
    dice = random.Random(seed)
    failures = []

    def deeds():
        try:
            flood(world, FLOOD)
            kinds(world)
        except AssertionError as error:
            failures.append(error)

    doing = threading.Thread(target=deeds)
    doing.start()
    for _ in range(KILLS):
        doing.join(dice.uniform(0, 0.4))  # the moment is what the seed says, not what is waited for
        world.daemon.process.kill()
        world.daemon.end()
        world.watch()
    doing.join()
    same("deeds", failures, [])
    world.daemon.process.kill()  # and once with all of it behind
    world.daemon.end()
    world.watch()
    same("the daemon's end", world.daemon.stop(), 0)
    world.wait_rule("self.stopped")
    sums, alerts = counts(world)
    same("bind.admin-panel", sums[("bind.admin-panel", "auth")], FLOOD)
    same("bind.vendor", sum(count for (rule, _), count in sums.items() if rule == "bind.vendor"),
         3 * len(PORTS))
    same("self.gap", alerts["self.gap"], KILLS + 1)
    same("self.tampered", alerts.get("self.tampered", 0), 0)
    seqs = [alert.value["seq"] for alert in world.alerts()]
    true("no number twice", len(set(seqs)) == len(seqs))
    same("--verify", subprocess.run([EVMON, "log", "--state-dir", world.state, "--verify"],
                                    stdout=subprocess.DEVNULL, check=False).returncode, 0)
    return True


def stopped(world):
    """SIGSTOP for the whole flood."""
    world.watch()
    before = counts(world)[0][("bind.admin-panel", "auth")]
    world.daemon.process.send_signal(signal.SIGSTOP)
    flood(world, FLOOD // 10)
    world.daemon.process.send_signal(signal.SIGCONT)
    world.wait_alerts("self.gap", lambda values: any(
        v["rule"] == "self.gap" and v["object"]["what"] == "stopped" for v in values))
    same("the daemon's end", world.daemon.stop(), 0)
    world.wait_alerts("self.stopped", lambda values: sum(
        v["rule"] == "self.stopped" for v in values) == 2)
    same("bind.admin-panel", counts(world)[0][("bind.admin-panel", "auth")] - before, FLOOD // 10)


def stops(values):
    return sum(v["count"] for v in values
               if v["rule"] == "self.gap" and v["object"]["what"] == "stopped")


def pending(world):
    """What the daemon counts itself, and holds until a window ends: the next one tells it."""
    before = stops([alert.value for alert in world.alerts()])
    world.watch()
    for stop in range(4):
        world.daemon.process.send_signal(signal.SIGSTOP)
        world.daemon.process.send_signal(signal.SIGCONT)
        world.daemon.wait(f"stop {stop}", lambda lines, n=stop + 1: sum(
            b"had been stopped" in line for line in lines) >= n)
    world.daemon.process.send_signal(signal.SIGHUP)  # comes after the last of them was counted
    world.daemon.wait("SIGHUP", lambda lines: any(b"SIGHUP" in line for line in lines))
    world.daemon.process.kill()
    world.daemon.end()
    world.watch()
    world.wait_alerts("four stops", lambda values: stops(values) >= before + 4)
    same("the daemon's end", world.daemon.stop(), 0)
    same("stops told", stops([alert.value for alert in world.alerts()]), before + 4)


def taken_away(world):
    """What is unpinned is told, and pinned again."""
    world.watch()
    links = sorted(os.listdir(PINS + "/links"))
    os.unlink(f"{PINS}/links/{links[0]}")
    os.unlink(f"{PINS}/maps/evmon_tallies")
    policy(world, "usb: {severity: {other: low}}\n")  # another policy sends the canary
    world.daemon.process.send_signal(signal.SIGHUP)
    detail = world.wait_rule("self.tampered")["object"]["detail"]
    true(f"what it says: {detail}", f"links/{links[0]}" in detail and "evmon_tallies" in detail)
    same("links", sorted(os.listdir(PINS + "/links")), links)
    true("maps", os.path.exists(PINS + "/maps/evmon_tallies"))


def gone_meanwhile(world):
    """A map that is gone when the next daemon comes: it says so, and begins anew."""
    same("the daemon's end", world.daemon.stop(), 0)
    os.unlink(f"{PINS}/maps/evmon_tallies")
    world.watch()
    world.wait_alerts("self.tampered", lambda values: sum(
        v["rule"] == "self.tampered" for v in values) == 2)
    world.do("auth", "bind-close", "tcp", "ipv6", "loopback", "8849", "2")
    same("the daemon's end", world.daemon.stop(), 0)


def of_another_build(world):
    """An upgrade: what the hooks of the other build counted is not read, and that is said."""
    build, = [name for name in os.listdir(PINS + "/maps") if name.startswith("build-")]
    os.rename(f"{PINS}/maps/{build}", f"{PINS}/maps/build-0")
    before = counts(world)[1].get("self.tampered", 0)
    world.watch()
    world.wait_alerts("self.gap", lambda values: any(
        v["rule"] == "self.gap" and v["object"]["what"] == "upgrade" for v in values))
    same("the daemon's end", world.daemon.stop(), 0)
    same("self.tampered", counts(world)[1].get("self.tampered", 0), before)
    true("its pins", build in os.listdir(PINS + "/maps"))


def unload(*args):
    run = subprocess.run([EVMON, "unload", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, check=False)
    return run.returncode, run.stdout


def unloaded(world):
    """Not while a daemon watches; then everything."""
    world.watch()
    status, text = unload()
    true(f"{status}: {text}", status == 1 and "stop it first" in text)
    world.do("auth", "bind-close", "udp", "ipv6", "loopback", "8849", "2")
    world.daemon.stop()
    true("hooks are left", os.listdir(PINS + "/links"))
    same("unload", unload(), (0, ""))
    true("all is gone", not os.path.exists(PINS))
    same("unload again", unload(), (0, "nothing of evmon's is loaded\n"))
    same("with an operand", unload("now")[0], 2)
    before = counts(world)[1]
    world.watch()
    world.daemon.stop()
    world.wait_alerts("self.stopped", lambda values: sum(
        v["rule"] == "self.stopped" for v in values) == before["self.stopped"] + 1)
    same("nobody was away", counts(world)[1]["self.gap"], before["self.gap"])


def main():
    enter_namespace()
    tap = Tap()
    if coverage()["bind"]["state"] == "none":
        print("bind has no hook here")
        return 77
    with World() as world:
        tap.world = world
        world.write_config("mini.yaml")
        policy(world)
        world.start_broker()
        world.watch()
        world.plant()
        if tap.check(f"killed {KILLS} times in a flood of {FLOOD}", killed, world):
            tap.check("stopped for a flood", stopped, world)
            tap.check("what was pending in the daemon is told by the next", pending, world)
            tap.check("unpinned: told, and mended", taken_away, world)
            tap.check("a map that is gone: told, and begun anew", gone_meanwhile, world)
            tap.check("a daemon of another build", of_another_build, world)
            tap.check("unload", unloaded, world)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
