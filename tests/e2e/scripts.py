#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Modules that node and python3 run: each is judged as the module that its script is, in a tree that
starts under evmon's eyes, in one that ran before, and where the script came after evmon did."""

import os
import shutil
import sys

from world import EVMON, Tap, World, enter_namespace, same, true

SCRIPTS = (("josev", "PyEvJosev"), ("js", "JsEvManager"), ("store", "PyPersistence"))


def next_alert(world):
    """The next one that is about neither evmon itself nor the config."""
    while (value := world.next_alert().value)["sensor"] in ("self", "config"):
        pass
    return value


def bound(world, ident, name):
    """Its own bind and one of a child's child are laid to it, and nothing is told beside them."""
    for deed in (("bind", "udp", "ipv4", "loopback", "8849"),
                 ("fork-deep", "2", "bind", "udp", "ipv6", "loopback", "8849")):
        answer = world.do(ident, *deed)
        value = next_alert(world)
        same("rule", value["rule"], "bind.admin-panel")
        same("module", value["module"], {"id": ident, "name": name})
        same("subject", value["subject"], "everest")
        same("pid", value["process"]["pid"], answer.pid)
        world.do(ident, "release")


def held(world, name="PyEvJosev"):
    """josev holds what the page grants no script: as its module's, and EVerest's surplus."""
    told = {}
    for _ in range(2):
        value = next_alert(world)
        same("module", value["module"], {"id": "josev", "name": name})
        told[value["rule"]] = value["object"]["name"]
    same("held", told, {"capability.held": "CAP_NET_RAW",
                        "capability.everest-chown": "CAP_CHOWN"})


def judged(world, *starts):
    world.write_policy(window=None)
    for start in starts:
        start()
    held(world)
    for ident, name in SCRIPTS:
        bound(world, ident, name)


def followed(world):
    judged(world, world.watch, world.plant)


def found(world):
    """The tree is older than evmon."""
    judged(world, world.plant, world.watch)


def granted(world):
    """By name and by id, as for modules of other kinds."""
    world.write_policy(window=None, extra="capabilities: {modules: {josev:PyEvJosev: "
                                          "[CAP_NET_RAW, CAP_CHOWN]}}\n")
    world.watch()
    world.plant()
    bound(world, "js", "JsEvManager")


def as_root(world):
    """A module that is root is one finding, whoever runs its script."""
    world.write_config("scripts.yaml", lambda text: "\n".join(
        line for line in text.splitlines() if "run_as_user" not in line))
    world.write_policy(window=None)
    world.watch()
    world.plant()
    for ident, name in SCRIPTS:
        value = world.wait_rule("exec.root", ident)
        same("module", value["module"], {"id": ident, "name": name})
    same("count", sum(alert.value["count"] for alert in world.alerts()
                      if alert.value["rule"] == "exec.root"), len(SCRIPTS) + 1)


def came_later(world):
    """The script's directory is filled after evmon has looked. What it did before it was known is
    judged as its own."""
    world.write_policy(window=None)
    world.watch()
    os.makedirs(world.modules + "/PyNew/late")
    shutil.copy(world.modules + "/PyPersistence/module.py", world.modules + "/PyNew/module.py")
    world.write_config("scripts.yaml", lambda text: text.replace("PyEvJosev", "PyNew"))
    world.plant()
    held(world, "PyNew")
    bound(world, "josev", "PyNew")


def traced(world):
    """In a tree of --trace, too."""
    world.plant()
    trace = world.start([EVMON, "--trace", "-x", "-n", "3",
                         "-p", str(world.manager.pid)])
    trace.wait_text("TIME ")
    for ident, _ in SCRIPTS:
        world.do(ident, "bind", "udp", "ipv4", "loopback", "8849")
        world.do(ident, "release")
    same("status", trace.end(), 0)
    for ident, name in SCRIPTS:
        true(f"{ident} in the trace", trace.count(f"{ident}:{name}"))


def main():
    enter_namespace()
    tap = Tap()
    for name, function in (("followed from their exec", followed),
                           ("found where they ran before", found),
                           ("granted by their id", granted),
                           ("root is one finding", as_root),
                           ("a script that came later", came_later),
                           ("in a trace", traced)):
        if sys.argv[1:] and function.__name__ not in sys.argv[1:]:
            continue
        with World() as tap.world:
            tap.world.write_config("scripts.yaml")
            tap.world.start_broker()
            tap.check(name, function, tap.world)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
