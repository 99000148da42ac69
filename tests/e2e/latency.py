#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long an alert takes: from the hook's moment to the journal's line and to the subscriber, over
two hundred keys that are new; and what evmon weighs. Figures, no limits: machines differ."""

import os
import sys

from world import BUILD, EVMON, PUBLISH, Tap, World, enter_namespace, same

KEYS, RULES = 200, 4  # at most 64 new keys of a rule are told one by one in a window


def rules():
    each = KEYS // RULES
    items = [f"  - {{rule: bind.latency-{'abcd'[i]}, port: {20000 + i * each}-"
             f"{20000 + (i + 1) * each - 1}, proto: udp, severity: high}}" for i in range(RULES)]
    return "bind:\n" + "\n".join(items) + "\n"


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def measure(world):
    journal, topic = [], []
    for i in range(KEYS):
        world.do("auth", "bind-close", "udp", "ipv4", "loopback", str(20000 + i))
        alert = world.next_alert()
        while alert.value["object"].get("port") != 20000 + i:
            alert = world.next_alert()
        v = alert.value
        # first is the hook's moment; boot_us that of making the line; both by CLOCK_BOOTTIME.
        made = v["boot_us"]
        behind = (int(v["time"][17:19]) * 1000000 + int(v["time"][20:26])
                  - int(v["first"][17:19]) * 1000000 - int(v["first"][20:26])) % 60000000
        hook_us = made - behind
        _, stamp = world.wait_delivered(alert.line)
        journal.append(alert.stamp / 1000 - hook_us)
        topic.append(stamp / 1000 - hook_us)
    return journal, topic


def resident_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Rss:"))


def weigh(world, tap):
    tap.figure("evmon, resident", f"{resident_kb(world.daemon.pid)} kB")
    tap.figure("evmon-publish, resident", f"{resident_kb(world.publisher.pid)} kB")
    for name, path in (("evmon, not stripped", EVMON), ("evmon-publish, not stripped", PUBLISH),
                       ("BPF object", BUILD + "/bpf/evmon.bpf.o")):
        tap.figure(name, f"{os.path.getsize(path)} bytes")


def main():
    enter_namespace()
    tap = Tap()
    with World() as world:
        tap.world = world
        world.write_config("mini.yaml")
        world.write_policy(extra=rules(), window="60s")
        world.start_broker()
        world.subscribe()
        world.watch()
        world.publish()
        world.plant()
        measured = tap.check("two hundred new keys are told one by one", measure, world)
        if measured:
            for name, values in zip(("journal", "subscriber"), measured):
                same("values", len(values), KEYS)
                tap.figure(f"latency, hook to {name}",
                           f"p50 {percentile(values, .5):.0f} us, p99 {percentile(values, .99):.0f} us")
        tap.check("programs and memory are weighed", weigh, world, tap)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
