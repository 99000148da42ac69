#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the daemon itself says of alerts that did not get through: those that its journal had to remove
undelivered (self.lost), and those that journald did not take (counted, and nobody waits)."""

import ctypes
import json
import os
import re
import socket
import subprocess
import sys

from publish_place import Writer
from world import EVMON, Tap, World, enter_namespace, same, true

JOURNALD = "/run/systemd/journal"
BINDS = 40  # more than the queue of a socket holds, fewer than the aggregate folds
CLONE_NEWNS = 0x20000


def rotated_journal(world):
    """A journal out of which lines have gone; its id, and its last seq."""
    os.makedirs(world.run, exist_ok=True)
    writer = Writer(world, 1 << 20)
    last = writer.append("mixed", 2000)
    writer.lines.stop()
    with open(world.state + "/journal/id", encoding="utf-8") as file:
        return file.read().strip(), last


def put_cursor(world, journal, seq):
    with open(world.cursor + "/cursor", "w", encoding="utf-8") as out:
        out.write(f"{journal} {seq}\n")


def lost_told(world, *options):
    """What a daemon tells of it at its start, by the time that it is in place."""
    world.write_policy(journal="size: 1MiB, mirror: none")
    before = set(os.listdir(world.state + "/journal"))
    true(before, "routine-00000001.jsonl" not in before)
    with open(world.run + "/synced", encoding="utf-8") as file:
        last = int(file.read().split()[1])
    world.watch(*options)
    world.daemon.stop()
    lines = subprocess.run([EVMON, "log", "--state-dir", world.state, "-n", "all", "--json"],
                           stdout=subprocess.PIPE, check=True).stdout.splitlines()
    values = [value for value in map(json.loads, lines) if value["seq"] > last]
    return [value for value in values if value["rule"] == "self.lost"]


def undelivered(world):
    journal, _ = rotated_journal(world)
    put_cursor(world, journal, 30)
    told = lost_told(world)
    same("chains", sorted(value["object"]["chain"] for value in told), ["routine", "urgent"])
    for value in told:
        thing = value["object"]
        same("what", thing["what"], "delivery")
        same("from", thing["from"], 31)
        true(thing, thing["to"] > 31)
        true(value["message"], f"{thing['chain']} lines 31 to {thing['to']} were removed"
             in value["message"])


def delivered(world):
    journal, last = rotated_journal(world)
    put_cursor(world, journal, last)
    same("told", lost_told(world), [])


def nowhere_to_deliver(world):
    rotated_journal(world)
    same("told", lost_told(world, "--no-mqtt"), [])


# --- journald ---------------------------------------------------------------------------------------

def own_run_systemd():
    """No journald but ours, for this process and its children."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for args in (["--make-rprivate", "/"], ["-t", "tmpfs", "tmpfs", "/run"]):
        subprocess.run(["mount", *args], check=True)


def policy(world, window):
    world.write_policy("bind: [{rule: bind.mirrored, port: 21000-21999, action: alert}]\n",
                       journal="mirror: journald", window=window)


def bind(port):
    """An alert of ours."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", port))


def told_binds(world, n):
    """Their seqs, once n are in the journal."""
    return world.wait_alerts(f"{n} alerts", lambda values: (
        lambda found: len(found) >= n and found)(
            [v["seq"] for v in values if v["rule"] == "bind.mirrored"]))


def counters(world, window):
    """What the status says after a reload: a policy in force is told behind its status."""
    before = len(world.daemon.lines)
    policy(world, window)
    world.daemon.wait_text("is in force", before)
    with open(world.run + "/status.json", encoding="utf-8") as file:
        found = json.load(file)["counters"]
    return found["mirror_sent"], found["mirror_lost"]


def fields(datagram):
    return dict(line.split("=", 1) for line in datagram.decode().splitlines())


def drain(journald):
    """The EVMON_SEQ of each datagram that waits."""
    found = []
    try:
        while True:
            found.append(int(fields(journald.recv(65536))["EVMON_SEQ"]))
    except BlockingIOError:
        return found


def mirrored(world):
    """journald is not there, comes, hangs, and goes on: nothing waits, each alert is sent or counted."""
    policy(world, "1h")
    world.watch()
    bind(21000)
    told_binds(world, 1)
    same("sent, lost without a journald", counters(world, "2h"), (0, 0))
    os.makedirs(JOURNALD)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
        journald.bind(JOURNALD + "/socket")
        journald.setblocking(False)
        bind(21001)
        seqs = told_binds(world, 2)
        sent, lost = counters(world, "3h")
        same("lost", lost, 0)
        # It hangs: what does not fit its queue is left, and the journal has all of it.
        for port in range(21002, 21002 + BINDS):
            bind(port)
        seqs = told_binds(world, 2 + BINDS)
        came_before = sent
        sent, lost = counters(world, "4h")
        true(f"sent {sent}, lost {lost}", lost > 0 and sent + lost >= came_before + BINDS)
        received = drain(journald)
        same("datagrams", len(received), sent)
        same("order", received, sorted(received))
        true("the first bind of its time", seqs[1] in received)
        # It goes on, and so does the mirror.
        bind(21002 + BINDS)
        last = told_binds(world, 3 + BINDS)[-1]
        now_sent, now_lost = counters(world, "5h")
        same("lost meanwhile", now_lost, lost)
        true("the last bind", last in drain(journald) and now_sent > sent)
        shown = subprocess.run([EVMON, "status"], env=world.env(), stdout=subprocess.PIPE,
                               check=False).stdout.decode()
        true(shown, re.search(rf"^mirror_lost +{lost} ", shown, re.M))
    same("the daemon's end", world.daemon.stop(), 0)


def main():
    enter_namespace()
    own_run_systemd()
    tap = Tap()
    for name, function in (
            ("lines that rotation took undelivered are told at the start", undelivered),
            ("lines that were delivered are not", delivered),
            ("where nothing is published nothing is undelivered", nowhere_to_deliver),
            ("journald absent, late, hanging", mirrored)):
        with World() as tap.world:
            tap.world.write_config("mini.yaml")
            tap.check(name, function, tap.world)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
