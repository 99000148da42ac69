#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""EVerest's start and its everyday habits give exactly the alerts that the design names, each once,
and no other: run_as_user set, one capability.everest-chown per module with capabilities; unset, one
config.no-run-as-user, one exec.root per module, one exec.root-steady; the admin panel's besides."""

import sys
from collections import Counter

from lines import PATIENCE
from world import FULL, Tap, World, enter_namespace, same

# Of Setup's habit, which is every second on a charger: twenty minutes of it.
TICKS, TICK_MS = (1200, 20) if FULL else (80, 50)
SELF = {("self.started", "-"): 1, ("self.usb-baseline", "-"): 1, ("self.stopped", "-"): 1}
SURPLUS = {("capability.everest-chown", "setup"): 1, ("capability.everest-chown", "slac"): 1}
ROOT = {("config.no-run-as-user", "-"): 1, ("exec.root-steady", "-"): 1,
        **{("exec.root", ident): 1
           for ident in ("auth", "connector_1", "iso15118_charger", "setup", "slac")}}
PANEL = {("exec.admin-panel", "-"): 1, ("bind.admin-panel", "-"): 2, ("exec.root-steady", "-"): 1}


def busy(text):
    """The sample, with habits many times as fast as on a charger."""
    habit = f"config_module: {{habit_ms: {TICK_MS}}}"
    for old, new in (("    module: Setup\n", f"    module: Setup\n    {habit}\n"),
                     ("{module: Setup}", f"{{module: Setup, {habit}}}"),
                     ("{module: OCPP201}", f"{{module: OCPP201, {habit}}}")):
        text = text.replace(old, new)
    return text


def live(world, ticks):
    """So many ticks of Setup's habit, which is past what evmon waits for by a wide margin."""
    before = world.habits.count("systemctl")
    world.habits.wait(f"{ticks} habits", lambda lines: sum(
        line == b"systemctl" for line in lines) - before >= ticks, PATIENCE + ticks)


def told(world):
    """(rule, module) -> how many; alerts and counts are the same where nothing is repeated."""
    alerts, counts = Counter(), Counter()
    for alert in world.alerts():
        v = alert.value
        key = v["rule"], v["module"]["id"] if v["module"] else "-"
        alerts[key] += 1
        counts[key] += v["count"]
    same("alerts and their counts", alerts, counts)
    return counts


def run(world, config, options, want, starts=1):
    world.write_config(config, busy)
    world.write_policy()
    world.watch()
    for _ in range(starts):
        world.plant(*options)
        live(world, TICKS)
        same("the tree's end", world.manager.stop(), 0)
    same("the daemon's end", world.daemon.stop(), 0)
    world.wait_rule("self.stopped")
    same("alerts", told(world), Counter({**SELF, **want}))


CASES = (
    ("run_as_user set", "hardened.yaml", (), SURPLUS),
    ("run_as_user set, started twice: a standing finding is told once", "hardened.yaml", (),
     SURPLUS, 2),
    ("run_as_user unset", "root.yaml", (), ROOT),
    ("run_as_user unset, started twice", "root.yaml", (), ROOT, 2),
    ("run_as_user set, admin panel built in", "hardened.yaml", ("--admin-panel",),
     {**SURPLUS, **PANEL}),
    ("run_as_user unset, admin panel built in", "root.yaml", ("--admin-panel",),
     {**ROOT, **PANEL, ("exec.root", "-"): 1}),
)


def main():
    enter_namespace()
    tap = Tap()
    for name, *case in CASES:
        with World() as tap.world:
            tap.world.start_broker()
            tap.check(name, run, tap.world, *case)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
