#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trees that come and go: sixty starts in a row leave nothing behind and count to the last, a manager
in a pid namespace of its own is told with the pids that the machine knows, and where the task map
has no room evmon says so, goes by the unit's cgroup, and comes back."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys

from world import Tap, World, coverage, enter_namespace, same, true

RESTARTS = 60
TASKS = 16384  # EVMON_TASKS of include/evmon/task.h
FIRST_TGID = 0x40000000  # beyond what a kernel gives to any process
UNIT = f"evmon-lineage-{os.getpid()}.service"


# --- the kernel side, by bpftool --------------------------------------------------------------------

def bpftool(*words):
    run = subprocess.run(["bpftool", "-j", *words], stdout=subprocess.PIPE, text=True, check=False)
    return json.loads(run.stdout or "null")


def map_of(world, name):
    """The id of the daemon's map."""
    place = f"/proc/{world.daemon.pid}/fdinfo"
    for descriptor in os.listdir(place):
        with open(f"{place}/{descriptor}", encoding="utf-8") as file:
            number = re.search(r"^map_id:\s*(\d+)$", file.read(), re.M)
        if number and bpftool("map", "show", "id", number[1]).get("name") == name:
            return number[1]
    raise AssertionError(f"the daemon has no map {name}")


def entries(world, name):
    return [entry["formatted"] for entry in bpftool("map", "dump", "id", map_of(world, name))]


def batch(world, lines):
    """As many as the map takes."""
    path = world.dir + "/batch"
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(line + "\n" for line in lines)
    subprocess.run(["bpftool", "batch", "file", path], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False)


def hexed(tgid):
    return " ".join(f"{byte:02x}" for byte in tgid.to_bytes(4, sys.byteorder))


# --- sixty starts -----------------------------------------------------------------------------------

def restarted(world):
    for _ in range(RESTARTS):
        world.plant()
        world.do("auth", "bind", "udp", "ipv4", "loopback", "8849")
        world.do("slac", "fork-deep", "2", "bind", "udp", "ipv6", "loopback", "8849")
        world.manager.stop()


def sums(world):
    """(rule, module) -> count, when all has been told."""
    same("the daemon's end", world.daemon.stop(), 0)
    world.wait_rule("self.stopped")
    counts = {}
    for alert in world.alerts():
        key = alert.value["rule"], (alert.value["module"] or {}).get("id")
        counts[key] = counts.get(key, 0) + alert.value["count"]
    return counts


def nothing_left(world):
    """No task of a tree that is gone, and a slot for each instance, not for each start."""
    alive = {int(entry) for entry in os.listdir("/proc") if entry.isdigit()}
    tasks = [entry["key"] for entry in entries(world, "evmon_tasks")]
    same("entries of the dead", [tgid for tgid in tasks if tgid not in alive], [])
    names = [entry["value"]["key"]["name"] for entry in entries(world, "evmon_slots")
             if entry["value"]["used"]]
    same("instances", sorted(names), ["auth:Auth", "slac:EvseSlac"])
    with open(world.run + "/status.json", encoding="utf-8") as file:
        counters = json.load(file)["counters"]
    same("tasks without room", counters["tasks_full"], 0)
    same("instances without a slot", counters["slots_full"], 0)


def sixty(tap):
    with World() as world:
        tap.world = world
        world.write_config("mini.yaml")
        world.write_policy(window="1h")
        world.start_broker()
        world.watch()
        if not tap.check(f"a tree starts {RESTARTS} times", lambda: restarted(world) or True):
            return
        tap.check("it leaves nothing behind", nothing_left, world)
        tap.check("each deed is counted, what stands once", lambda: same("sums", sums(world), {
            ("self.started", None): 1, ("self.stopped", None): 1, ("self.usb-baseline", None): 1,
            ("capability.everest-chown", "slac"): 1, ("bind.admin-panel", "auth"): RESTARTS,
            ("bind.admin-panel", "slac"): RESTARTS}))


# --- a pid namespace --------------------------------------------------------------------------------

def inner(pid):
    """A process's pid in its own namespace, as the machine's /proc has it."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return int(re.search(r"^NSpid:.*?(\d+)$", file.read(), re.M).group(1))


def told_by_outer_pid(world, ident, name):
    answer = world.do(ident, "bind", "tcp", "ipv4", "any", "8849")
    value = world.wait_rule("bind.admin-panel", ident)
    pid = value["process"]["pid"]
    true(f"{pid} is another pid than the namespace's {answer.pid}", pid != answer.pid)
    same("pid within", inner(pid), answer.pid)
    same("parent within", inner(value["process"]["ppid"]), 1)
    same("module", value["module"], {"id": ident, "name": name})
    same("exe", value["process"]["exe"], f"{world.modules}/{name}/{name}")
    same("cmdline", value["process"]["cmdline"][0], f"{ident}:{name}")


def contained(tap):
    with World() as world:
        tap.world = world
        world.write_config("mini.yaml")
        world.write_policy(window="1h")
        world.start_broker()
        world.watch()
        world.before_manager = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]
        world.plant()
        tap.check("a module in a pid namespace", told_by_outer_pid, world, "auth", "Auth")
        tap.check("another", told_by_outer_pid, world, "slac", "EvseSlac")
        world.manager.stop(signal.SIGKILL)
        tap.check("nothing else is told", lambda: same("sums", sums(world), {
            ("self.started", None): 1, ("self.stopped", None): 1, ("self.usb-baseline", None): 1,
            ("capability.everest-chown", "slac"): 1, ("bind.admin-panel", "auth"): 1,
            ("bind.admin-panel", "slac"): 1}))


# --- no room ----------------------------------------------------------------------------------------

def status(world):
    with open(world.run + "/status.json", encoding="utf-8") as file:
        value = json.load(file)
    return value["state"], value["reason"]


def filled(world):
    number = map_of(world, "evmon_tasks")
    batch(world, (f"map update id {number} key hex {hexed(FIRST_TGID + i)} value hex " +
                  " ".join(["00"] * 32) + " noexist" for i in range(TASKS)))
    # The child finds no room; the cgroup says whose it is.
    answer = world.do("auth", "fork-deep", "1", "bind", "udp", "ipv4", "loopback", "8849")
    value = world.wait_rule("bind.admin-panel")
    same("who", (value["process"]["pid"], value["subject"], value["module"]),
         (answer.pid, "everest", None))


def said_so(world):
    value = world.wait_rule("self.map-full")
    same("what", value["object"]["what"], "tasks")
    world.daemon.wait_text("the task map is full")
    while status(world)[0] == "protecting":  # it is written next, or the daemon has ended
        true("the daemon runs", world.daemon.process.poll() is None)
    same("state", status(world)[0], "degraded")
    true(f"reason: {status(world)[1]}", "full" in status(world)[1])


def room_again(world):
    number = map_of(world, "evmon_tasks")
    batch(world, (f"map delete id {number} key hex {hexed(FIRST_TGID + i)}" for i in range(TASKS)))
    world.daemon.wait_text("has room for all again")
    answer = world.do("slac", "fork-deep", "1", "bind", "udp", "ipv6", "loopback", "8849")
    value = world.wait_rule("bind.admin-panel", "slac")
    same("pid", value["process"]["pid"], answer.pid)


@contextlib.contextmanager
def unit_cgroup(root):
    """The cgroup of a unit as systemd would make it; what it lies in stays only if it was there."""
    with contextlib.ExitStack() as made:
        for path in (f"{root}/system.slice", f"{root}/system.slice/{UNIT}"):
            if not os.path.isdir(path):
                os.mkdir(path)
                made.callback(os.rmdir, path)
        yield path


def without_room(tap):
    root = cgroup_root()
    if not root:
        return tap.skip("no room", "no unified cgroup hierarchy is mounted")
    with unit_cgroup(root) as path, World() as world:
        tap.world = world
        world.unit = UNIT
        world.before_manager = ["sh", "-c", f'echo 0 >{path}/cgroup.procs; exec "$@"', "-"]
        world.write_config("mini.yaml")
        world.write_policy(window="1h")
        world.start_broker()
        world.plant()
        world.watch()
        tap.check("who finds no room is judged by the unit's cgroup", filled, world)
        tap.check("it is said", said_so, world)
        tap.check("with room all are back", room_again, world)
    return None


def cgroup_root():
    with open("/proc/self/mounts", encoding="utf-8") as file:
        return next((line.split()[1] for line in file if line.split()[2] == "cgroup2"), None)


def main():
    enter_namespace()
    tap = Tap()
    if coverage()["snapshot"]["state"] != "proven":
        print("no task iterator on this kernel")
        return 77
    sixty(tap)
    contained(tap)
    without_room(tap)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
