# SPDX-License-Identifier: Apache-2.0
"""Where evmon-publish is tested: a journal written by journal-writer instead of the daemon, a private
mosquitto, a subscriber; and what a subscriber's lines say.

The subscriber must be there before the publisher is: so brokers listen on a socket of their own, and
the publisher's socket is a link to it that is made last and taken away first.
"""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from lines import PATIENCE, Lines, last_words
from world import BUILD, PUBLISH, same

STATION = "cp-test"
PREFIX = "evmon/v1"
TESTS = []


class Skip(Exception):
    """What this machine lacks for a test."""


def test(function):
    TESTS.append(function)
    return function


class Place:
    """Directories, and whatever runs in them during one test."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="evmon-e2e-")
        self.state, self.run, self.cursor, self.inner, self.outer = (
            os.path.join(self.root, name)
            for name in ("state", "run", "state-publish", "inner", "outer"))
        os.mkdir(self.state)
        os.mkdir(self.run)
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.stop(signal.SIGKILL)
        shutil.rmtree(self.root)

    def said(self):
        return last_words(self.processes)

    def start(self, argv, **more):
        process = Lines(argv, **more)
        self.processes.append(process)
        return process

    def furnish(self):
        """Broker, subscriber, journal, configuration, status: all that a publisher needs."""
        self.broker()
        sub = self.subscriber()
        self.open_door()
        writer = self.writer()
        self.write_conf()
        self.write_status()
        return sub, writer

    # --- what the daemon leaves to the publisher --------------------------------------------------

    def write_run(self, name, text):
        path = os.path.join(self.run, name)
        with open(path + ".test", "w", encoding="utf-8") as out:
            out.write(text)
        os.rename(path + ".test", path)

    def write_conf(self, broker=None, **more):
        conf = {"broker": broker or f"unix:{self.outer}", "station": STATION, "prefix": PREFIX,
                "client_id": "evmon-" + STATION, "ca": "", "cert": "", "key": "",
                "state_dir": self.state, **more}
        self.write_run("publish.conf", "".join(f"{k}={v}\n" for k, v in conf.items()))

    def write_status(self, age=0.0, **more):
        """Stamped as if so many seconds old; returns its bytes."""
        stamp = int((time.clock_gettime(time.CLOCK_BOOTTIME) - age) * 1e6)
        text = json.dumps({"state": "protecting", "nested": {"stamp_us": 1}, "stamp_us": stamp,
                           **more})
        self.write_run("status.json", text)
        return text.encode()

    def writer(self, size=16 << 20):
        return Writer(self, size)

    def journal(self):
        """seq -> the line's bytes."""
        found = {}
        for path in glob.glob(f"{self.state}/journal/*.jsonl"):
            with open(path, "rb") as file:
                for line in file.read().split(b"\0", 1)[0].split(b"\n"):
                    if line:
                        found[json.loads(line)["seq"]] = line
        return found

    # --- the publisher and its broker -------------------------------------------------------------

    def publisher(self, **more):
        return self.start([PUBLISH, "--run-dir", self.run, "--cursor-dir", self.cursor], **more)

    @staticmethod
    def peak_kib(publisher):
        """The most memory that it ever had."""
        with open(f"/proc/{publisher.pid}/status", encoding="utf-8") as file:
            return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))

    def cursor_seq(self):
        with open(os.path.join(self.cursor, "cursor"), encoding="utf-8") as file:
            return int(file.read().split()[1])

    def broker(self, *listener):
        """A broker on the inner socket that is ready; behind a shut door."""
        for path in (self.inner, self.outer):
            if os.path.lexists(path):
                os.unlink(path)
        conf = os.path.join(self.root, "mosquitto.conf")
        user = ["user root"] if os.geteuid() == 0 else []
        with open(conf, "w", encoding="utf-8") as out:
            out.write("\n".join([f"listener 0 {self.inner}", "allow_anonymous true",
                                 "max_queued_messages 0", *listener, *user, ""]))
        broker = self.start(["mosquitto", "-c", conf])
        broker.wait_text("running")
        return broker

    def open_door(self):
        os.link(self.inner, self.outer)

    def shut_door(self):
        os.unlink(self.outer)

    def subscriber(self, topic="evmon/#"):
        sub = self.start(["stdbuf", "-oL", "mosquitto_sub", "--unix", self.inner, "-d", "-q", "0",
                          "-t", topic, "-F", "MSG %r %t %p"])
        sub.wait_text("Subscribed")
        return sub

    def retained_status(self):
        """What a newcomer is told: waits for the topic's retained message."""
        sub = self.start(["mosquitto_sub", "--unix", self.inner, "-t", f"{PREFIX}/{STATION}/status",
                          "-F", "%r %p", "-C", "1", "-W", str(PATIENCE)],
                         stderr=subprocess.DEVNULL)
        same("the retained status' end", sub.end(), 0)
        flag, _, text = sub.lines[0].partition(b" ")
        same("the retained status' flag", flag, b"1")
        return text


class Writer:
    """The daemon's journal without the daemon."""

    def __init__(self, place, size):
        self.lines = place.start([f"{BUILD}/tests/e2e/journal-writer", place.state, place.run,
                                  str(size)], stdin=subprocess.PIPE)
        self.lines.wait_text("open")
        self.asked = 0

    def tell(self, command):
        self.asked += 1
        self.lines.process.stdin.write(command.encode() + b"\n")
        self.lines.process.stdin.flush()

    def said(self):
        """The last seq, once all that it was told is done."""
        self.lines.wait("the writer's answer", lambda lines: len(lines) > self.asked)
        return int(self.lines.lines[-1])

    def append(self, what, n):
        self.tell(f"{what} {n}")
        self.tell("sync")
        return self.said()


# --- what came ------------------------------------------------------------------------------------

def messages(lines, kind):
    """(topic, payload) of each message under that topic in a subscriber's lines."""
    found = []
    for line in lines:
        if line.startswith(b"MSG "):
            _, _, topic, payload = line.split(b" ", 3)
            if b"/" + kind in topic:
                found.append((topic.decode(), payload))
    return found


def alerts(sub):
    with sub.changed:
        return messages(sub.lines, b"alert/")


def seq_of(payload):
    return int(re.search(rb'"seq":(\d+),', payload).group(1))


def seqs(received):
    return [seq_of(payload) for _, payload in received]


def statuses(sub):
    with sub.changed:
        return [payload for _, payload in messages(sub.lines, b"status")]


def wait_messages(sub, what, kind, fits, n=1):
    """Until n messages of that kind fit; each line is looked at once."""
    looked = found = 0

    def enough(lines):
        nonlocal looked, found
        new = messages(lines[looked:], kind)
        looked = len(lines)
        found += sum(fits(payload) for _, payload in new)
        return found >= n

    sub.wait(what, enough)


def wait_alerts(sub, n):
    wait_messages(sub, f"{n} alerts", b"alert/", lambda _: True, n)


def wait_seq(sub, seq):
    wait_messages(sub, f"seq {seq}", b"alert/", lambda payload: seq_of(payload) == seq)


def wait_status(sub, part):
    wait_messages(sub, f"a status with {part!r}", b"status", lambda payload: part in payload)


def same_bytes(place, received):
    """What came is, byte for byte, what the journal has, under the topic of its sensor; the journal."""
    journal = place.journal()
    for topic, payload in received:
        same("a line", payload, journal[seq_of(payload)])
        same("its topic", topic, f"{PREFIX}/{STATION}/alert/{json.loads(payload)['sensor']}")
    return journal
