#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where nobody else starts evmon-publish, the daemon does: as a user of its own without any right,
again whenever it is killed, not beyond its own end, and never a second one."""

import ctypes
import json
import os
import re
import select
import signal
import subprocess
import sys

from lines import PATIENCE
from publish_place import seq_of
from world import FULL, PUBLISH_GID, PUBLISH_UID, Tap, World, enter_namespace, same, true

KILLS = 5 if FULL else 3
CLONE_NEWNS = 0x20000
RUNS = "evmon-publish runs as uid"


def add_user(world):
    """Only for this process and its children."""
    passwd = world.dir + "/passwd"
    with open("/etc/passwd", encoding="utf-8") as file:
        text = file.read()
    with open(passwd, "w", encoding="utf-8") as out:
        out.write(text + f"evmon-publish:x:{PUBLISH_UID}:{PUBLISH_GID}::/:/usr/sbin/nologin\n")
    os.chmod(passwd, 0o644)
    subprocess.run(["mount", "--bind", passwd, "/etc/passwd"], check=True)


def remove_user():
    subprocess.run(["umount", "/etc/passwd"], check=True)


def publisher(world):
    """The status' word on it."""
    with open(world.run + "/status.json", encoding="utf-8") as file:
        return json.load(file)["publisher"]


def watch(world, *options):
    world.watch("--mqtt", f"unix:{world.socket}", *options, alone=False)


def furnish(world):
    world.write_config("mini.yaml")
    world.write_policy()
    world.start_broker()
    world.subscribe()


def processes(world):
    """Pids of all evmon-publish that keep their cursor here."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                argv = file.read().split(b"\0")
        except OSError:
            continue
        if world.cursor.encode() in argv and b"evmon-publish" in argv[0]:
            found.append(int(entry))
    return found


def wait_end(pidfd):
    true("the process ends", select.select([pidfd], [], [], PATIENCE)[0])
    os.close(pidfd)


def holds_nothing(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        status = file.read()
    for name, want in (("Uid", [PUBLISH_UID] * 4), ("Gid", [PUBLISH_GID] * 4), ("Groups", []),
                       ("NoNewPrivs", [1])):
        got = re.search(rf"^{name}:(.*)$", status, re.M).group(1).split()
        same(name, got, [str(number) for number in want])
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        true(name, re.search(rf"^{name}:\s+0{{16}}$", status, re.M))
    fds = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    same("what of the kernel's it has open", [fd for fd in fds if "bpf" in fd], [])


def all_delivered(world):
    """Each line that is in the journal now comes; none is missing before the last."""
    world.journal.wait("a line", bool)
    last = seq_of(world.journal.lines[-1])
    world.sub.wait("the last line", lambda lines: any(
        b"/alert/" in line and b'"seq":%d,' % last in line for line in lines))
    came = {seq_of(payload) for _, payload, _ in world.delivered()}
    same("holes", sorted(set(range(1, last + 1)) - came), [])


def comes_back(world):
    """Killed again and again; as a user who has nothing, over one cursor, without a hole."""
    furnish(world)
    watch(world)
    world.daemon.wait_text(RUNS)
    pids = [publisher(world)["pid"]]
    world.wait_rule("self.started")
    all_delivered(world)
    holds_nothing(pids[0])
    for n in range(KILLS):
        os.kill(pids[-1], signal.SIGKILL)
        world.daemon.wait(f"start {n + 2}", lambda lines, n=n: sum(
            b"evmon-publish: connected" in line for line in lines) >= n + 2)
        shown = publisher(world)
        same("starts", shown["starts"], n + 2)
        pids.append(shown["pid"])
        same("publishers", processes(world), [pids[-1]])
        # A reload is told, too, and comes with what was told before.
        world.write_policy("bind: []\n" if n % 2 else "")
    same("pids", len(set(pids)), KILLS + 1)
    true("told", world.daemon.count("it ended with signal 9") == KILLS)
    all_delivered(world)
    # At its own end it takes the publisher along.
    end = os.pidfd_open(pids[-1])
    same("the daemon's end", world.daemon.stop(), 0)
    true("the publisher has ended before", select.select([end], [], [], 0)[0])
    os.close(end)


def daemon_killed(world):
    """The publisher does not outlive its daemon, and the next daemon's is the only one."""
    furnish(world)
    for _ in range(2):
        watch(world)
        world.daemon.wait_text(RUNS)
        world.wait_rule("self.started")
        all_delivered(world)
        end = os.pidfd_open(publisher(world)["pid"])
        world.daemon.stop(signal.SIGKILL)
        wait_end(end)
        same("publishers", processes(world), [])
    # At once, while the one before is still on its way out: the lock lets in one.
    watch(world)
    world.daemon.wait_text(RUNS)
    world.daemon.stop(signal.SIGKILL)
    watch(world)
    world.daemon.wait_text(RUNS)
    all_delivered(world)
    true(processes(world), len(processes(world)) == 1)
    same("the daemon's end", world.daemon.stop(), 0)


def second_is_refused(world):
    """Whoever starts one more, by hand, is told so."""
    furnish(world)
    watch(world)
    world.daemon.wait_text(RUNS)
    all_delivered(world)
    world.publish()
    world.publisher.wait_text("another evmon-publish keeps its cursor")
    same("its end", world.publisher.end(), 1)
    same("the daemon's end", world.daemon.stop(), 0)


def journal_of_root(world):
    """Started by hand and never set up: what only root may read is given to the publisher's group."""
    os.chown(world.state, 0, 0)
    os.chmod(world.state, 0o750)
    os.rmdir(world.cursor)
    furnish(world)
    watch(world)
    world.daemon.wait_text(RUNS)
    world.wait_rule("self.started")
    all_delivered(world)
    holds_nothing(publisher(world)["pid"])
    same("the daemon's end", world.daemon.stop(), 0)


def asked_off(world):
    furnish(world)
    for options, socket in ((("--no-publish",), None), ((), world.dir + "/notify")):
        if socket:
            os.environ["NOTIFY_SOCKET"] = socket
        try:
            watch(world, *options)
        finally:
            os.environ.pop("NOTIFY_SOCKET", None)
        same("the status", publisher(world),
             {"supervised": False, "pid": None, "starts": 0, "error": None})
        same("publishers", processes(world), [])
        same("the daemon's end", world.daemon.stop(), 0)


def no_user(world):
    remove_user()
    furnish(world)
    watch(world)
    world.daemon.wait_text("there is no user evmon-publish")
    shown = publisher(world)
    true(shown, shown["supervised"] and "no user" in shown["error"] and not shown["starts"])
    same("the daemon's end", world.daemon.stop(), 0)


def main():
    enter_namespace()
    os.environ.pop("NOTIFY_SOCKET", None)
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    tap = Tap()
    only = sys.argv[1:]
    for name, function in (
            (f"killed {KILLS} times it comes back, and has no rights", comes_back),
            ("killed with its daemon, never two", daemon_killed),
            ("a second one is refused", second_is_refused),
            ("a journal that was root's alone", journal_of_root),
            ("not where systemd or the user says no", asked_off),
            ("not without a user of its own", no_user)):
        if only and function.__name__ not in only:
            continue
        with World() as tap.world:
            add_user(tap.world)
            tap.check(name, function, tap.world)
            if function is not no_user:
                remove_user()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
