# SPDX-License-Identifier: Apache-2.0
"""evmon-publish end to end: a journal written by journal-writer, a private mosquitto, a subscriber.

The subscriber must be there before the publisher is: so brokers listen on a socket of their own, and
the publisher's socket is a link to it that is made last and taken away first.
"""

import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
FULL = os.environ.get("EVMON_TEST_FULL", "") not in ("", "0")
PATIENCE = 60  # seconds; how long an event may take before the test has failed
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Lines:
    """A process whose output is collected by a thread; waits for what it says."""

    def __init__(self, argv, **more):
        self.lines, self.changed, self.ended = [], threading.Condition(), False
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        **more)
        self.thread = threading.Thread(target=self.collect, daemon=True)
        self.thread.start()

    def collect(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.rstrip(b"\n"))
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait(self, what, condition):
        with self.changed:
            if not self.changed.wait_for(lambda: condition(self.lines) or self.ended, PATIENCE) \
                    or not condition(self.lines):
                tail = b"\n".join(self.lines[-15:]).decode(errors="replace")
                raise AssertionError(f"{what} did not come; last lines:\n{tail}")

    def wait_text(self, text, start=0):
        text = text.encode()
        self.wait(repr(text), lambda lines: any(text in line for line in lines[start:]))

    def count(self, text):
        with self.changed:
            return sum(text.encode() in line for line in self.lines)

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        self.thread.join(PATIENCE)
        return status


class Place:
    """Directories, and whatever runs in them during one test."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="evmon-e2e-")
        self.state, self.run, self.cursor = (os.path.join(self.root, name)
                                             for name in ("state", "run", "cursor"))
        self.inner, self.outer = os.path.join(self.root, "inner"), os.path.join(self.root, "outer")
        os.mkdir(self.state)
        os.mkdir(self.run)
        self.processes = []

    def start(self, argv, **more):
        process = Lines(argv, **more)
        self.processes.append(process)
        return process

    def close(self):
        for process in self.processes:
            process.stop(signal.SIGKILL)
        shutil.rmtree(self.root)

    def write_run(self, name, text):
        with open(os.path.join(self.run, name + ".test"), "w", encoding="utf-8") as out:
            out.write(text)
        os.rename(os.path.join(self.run, name + ".test"), os.path.join(self.run, name))

    def write_conf(self, broker=None, **more):
        conf = {"broker": broker or f"unix:{self.outer}", "station": "cp-test",
                "prefix": "evmon/v1", "client_id": "evmon-cp-test", "ca": "", "cert": "",
                "key": "", "state_dir": self.state, **more}
        self.write_run("publish.conf", "".join(f"{k}={v}\n" for k, v in conf.items()))

    def write_status(self, age=0.0, **more):
        stamp = int((time.clock_gettime(time.CLOCK_BOOTTIME) - age) * 1e6)
        text = json.dumps({"state": "protecting", "nested": {"stamp_us": 1}, "stamp_us": stamp,
                           **more})
        self.write_run("status.json", text)
        return text.encode()

    def publisher(self, **more):
        return self.start([f"{BUILD}/evmon-publish", "--run-dir", self.run, "--cursor-dir",
                           self.cursor], **more)

    def writer(self, size=16 << 20):
        return Writer(self, size)

    def broker(self, extra=""):
        """A broker on the inner socket that is ready."""
        for path in (self.inner, self.outer):
            if os.path.lexists(path):
                os.unlink(path)
        conf = os.path.join(self.root, "mosquitto.conf")
        with open(conf, "w", encoding="utf-8") as out:
            out.write(f"listener 0 {self.inner}\nallow_anonymous true\nmax_queued_messages 0\n{extra}")
            if os.geteuid() == 0:
                out.write("user root\n")
        broker = self.start(["mosquitto", "-c", conf])
        broker.wait_text("running")
        return broker

    def open_door(self):
        os.link(self.inner, self.outer)

    def shut_door(self):
        os.unlink(self.outer)

    def subscriber(self, topic="evmon/#", *more):
        sub = self.start(["stdbuf", "-oL", "mosquitto_sub", "--unix", self.inner, "-d", "-q", "0", "-t", topic,
                          "-F", "MSG %r %t %p", *more])
        sub.wait_text("Subscribed")
        return sub

    def retained_status(self):
        """What a newcomer is told: waits for the topic's retained message."""
        sub = self.start(["mosquitto_sub", "--unix", self.inner, "-t", "evmon/v1/cp-test/status",
                          "-F", "%r %p", "-C", "1", "-W", str(PATIENCE)])
        assert sub.process.wait(PATIENCE) == 0, "no retained status"
        sub.thread.join(PATIENCE)
        flag, text = sub.lines[0].split(b" ", 1)
        assert flag == b"1"
        return text

    def cursor_seq(self):
        with open(os.path.join(self.cursor, "cursor"), encoding="utf-8") as file:
            return int(file.read().split()[1])

    def journal(self):
        """seq -> the line's bytes."""
        found = {}
        for path in glob.glob(f"{self.state}/journal/*.jsonl"):
            with open(path, "rb") as file:
                for line in file.read().split(b"\0", 1)[0].split(b"\n"):
                    if line:
                        found[json.loads(line)["seq"]] = line
        return found


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
        self.lines.wait("the writer's answer", lambda lines: len(lines) > self.asked)
        return int(self.lines.lines[-1])

    def append(self, what, n):
        self.tell(f"{what} {n}")
        self.tell("sync")
        return self.said()


def alerts(lines):
    """(topic, payload) of each alert in a subscriber's lines."""
    found = []
    for line in lines:
        if line.startswith(b"MSG "):
            _, _, topic, payload = line.split(b" ", 3)
            if b"/alert/" in topic:
                found.append((topic.decode(), payload))
    return found


def seq_of(payload):
    return int(re.search(rb'"seq":(\d+),', payload).group(1))


def wait_alerts(sub, n):
    sub.wait(f"{n} alerts", lambda lines: len(alerts(lines)) >= n)


def wait_seq(sub, seq):
    sub.wait(f"seq {seq}", lambda lines: any(seq_of(p) == seq for _, p in alerts(lines)))


def statuses(sub):
    with sub.changed:
        return [line.split(b" ", 3)[3] for line in sub.lines
                if line.startswith(b"MSG ") and b"/status " in line[:60]]


def wait_status(sub, text):
    sub.wait(f"status {text!r}", lambda lines: any(
        line.startswith(b"MSG ") and b"/status " in line and line.endswith(text) for line in lines))


def assert_same_bytes(place, received):
    """What came is, byte for byte, what the journal has, under the topic of its sensor."""
    journal = place.journal()
    for topic, payload in received:
        assert journal[seq_of(payload)] == payload
        assert topic == "evmon/v1/cp-test/alert/" + json.loads(payload)["sensor"]
    return journal


@test
def waits_for_conf_then_for_the_broker(place):
    writer = place.writer()
    last = writer.append("mixed", 40)
    status = place.write_status()
    publisher = place.publisher()
    publisher.wait_text("waiting for")
    place.write_conf()
    publisher.wait_text("trying again")
    place.broker()
    sub = place.subscriber()
    place.open_door()
    wait_seq(sub, last)
    received = alerts(sub.lines)
    assert [seq_of(p) for _, p in received] == list(range(1, last + 1))
    assert len(assert_same_bytes(place, received)) == last
    assert {topic for topic, _ in received} == {"evmon/v1/cp-test/alert/bind",
                                                "evmon/v1/cp-test/alert/config"}
    assert statuses(sub)[0] == status
    assert place.retained_status() == status
    # Said once each, not once a try.
    assert publisher.count("waiting for") == 1
    assert publisher.count("trying again") == 1
    assert publisher.stop() == 0
    assert place.cursor_seq() == last


@test
def what_is_not_synced_stays(place):
    place.broker()
    sub = place.subscriber()
    place.open_door()
    writer = place.writer()
    place.write_conf()
    place.write_status()
    place.publisher()
    writer.append("urgent", 1)
    wait_seq(sub, 1)
    writer.tell("urgent 1")
    assert writer.said() == 2
    status = place.write_status(counter=7)
    wait_status(sub, status)
    assert len(alerts(sub.lines)) == 1
    writer.tell("sync")
    wait_seq(sub, 2)


@test
def broker_killed_in_mid_burst_loses_nothing(place):
    kills = 10 if FULL else 3
    writer = place.writer(64 << 20)
    place.write_conf()
    place.write_status()
    publisher = place.publisher()
    broker, sub, received = place.broker(), place.subscriber(), []
    place.open_door()
    last = 0
    for _ in range(kills):
        start = len(received)
        writer.tell("mixed 2000")
        wait_alerts(sub, 100)
        place.shut_door()
        broker.stop(signal.SIGKILL)
        sub.stop()
        received += alerts(sub.lines)
        assert len(received) > start
        writer.tell("sync")
        last = writer.said()
        broker, sub = place.broker(), place.subscriber()
        place.open_door()
    wait_seq(sub, last)
    sub.stop()
    received += alerts(sub.lines)
    journal = assert_same_bytes(place, received)
    assert len(journal) == last == 2000 * kills
    order = [seq_of(p) for _, p in received]
    assert set(order) == set(journal), "holes"
    # In order, but for a step back of at most a window after each reconnect.
    steps = [a - b for a, b in zip(order, order[1:]) if b <= a]
    assert len(steps) <= kills and all(step < 16 for step in steps), steps
    assert all(b == a + 1 for a, b in zip(order, order[1:]) if b > a)
    print(f"# duplicates after {kills} kills: {len(order) - len(journal)}")
    assert publisher.stop() == 0
    assert place.cursor_seq() == last


@test
def publisher_killed_in_mid_burst_goes_on_from_its_cursor(place):
    place.broker()
    sub = place.subscriber()
    place.open_door()
    writer = place.writer()
    place.write_conf()
    place.write_status()
    last = 0
    for i in range(3):
        publisher = place.publisher()
        writer.tell("mixed 1000")
        wait_alerts(sub, 1000 * i + 300)
        publisher.stop(signal.SIGKILL)
        writer.tell("sync")
        last = writer.said()
    publisher = place.publisher()
    wait_seq(sub, last)
    received = alerts(sub.lines)
    assert set(assert_same_bytes(place, received)) == {seq_of(p) for _, p in received}
    # A cursor is saved every 32 acknowledgements: that and a window is what a kill repeats.
    assert len(received) <= last + 3 * (32 + 16)


@test
def daemon_that_dies_is_blind_at_once(place):
    place.broker()
    sub = place.subscriber()
    place.open_door()
    writer = place.writer()
    place.write_conf()
    status = place.write_status()
    publisher = place.publisher()
    wait_status(sub, status)
    began = time.monotonic()
    writer.lines.stop(signal.SIGKILL)
    publisher.wait_text("the daemon does not run")
    sub.wait("blind", lambda lines: any(b'"state":"blind"' in line for line in lines))
    assert time.monotonic() - began < 5
    assert json.loads(place.retained_status())["state"] == "blind"
    # Its successor takes over; the first word of it ends the blindness.
    writer = place.writer()
    status = place.write_status(counter=2)
    wait_status(sub, status)
    writer.append("urgent", 1)
    wait_seq(sub, 1)


@test
def daemon_that_falls_silent_is_blind(place):
    place.broker()
    sub = place.subscriber()
    place.open_door()
    place.writer()
    place.write_conf()
    status = place.write_status(age=28)
    place.publisher()
    wait_status(sub, status)
    sub.wait("blind", lambda lines: any(b"silent" in line for line in lines))


@test
def stamp_alone_is_no_news(place):
    place.broker()
    sub = place.subscriber()
    place.open_door()
    writer = place.writer()
    place.write_conf()
    first = place.write_status()
    place.publisher()
    wait_status(sub, first)
    place.write_status()
    writer.append("urgent", 1)
    wait_seq(sub, 1)
    news = place.write_status(counter=1)
    wait_status(sub, news)
    assert statuses(sub) == [first, news]


@test
def will_says_offline_however_the_publisher_ends(place):
    place.broker()
    sub = place.subscriber()
    place.open_door()
    place.writer()
    place.write_conf()
    for number in (signal.SIGKILL, signal.SIGTERM):
        status = place.write_status(counter=int(number))
        publisher = place.publisher()
        wait_status(sub, status)
        publisher.stop(number)
        offline = b'{"state":"offline","station":"cp-test"}'
        sub.wait("the will", lambda lines: statuses(sub)[-1:] == [offline])
        assert place.retained_status() == offline


@test
def broker_that_stops_answering_is_waited_for(place):
    broker = place.broker()
    sub = place.subscriber()
    place.open_door()
    writer = place.writer()
    place.write_conf()
    place.write_status()
    place.publisher()
    writer.append("urgent", 1)
    wait_seq(sub, 1)
    broker.process.send_signal(signal.SIGSTOP)
    last = writer.append("mixed", 500)
    broker.process.send_signal(signal.SIGCONT)
    wait_seq(sub, last)
    assert [seq_of(p) for _, p in alerts(sub.lines)] == list(range(1, last + 1))


@test
def conf_that_changes_is_followed(place):
    place.broker()
    sub = place.subscriber("#")
    place.open_door()
    writer = place.writer()
    place.write_conf()
    place.write_status()
    publisher = place.publisher()
    writer.append("urgent", 1)
    wait_seq(sub, 1)
    place.write_conf(broker="http://nowhere")
    publisher.wait_text("is no broker")
    place.write_conf(prefix="other/#")
    publisher.wait_text("make no topic")
    place.write_conf(prefix="other", station="cp-2")
    writer.append("urgent", 1)
    wait_seq(sub, 2)
    assert alerts(sub.lines)[-1][0] == "other/cp-2/alert/bind"


@test
def runtime_directory_may_come_late_and_go(place):
    place.broker()
    sub = place.subscriber()
    place.open_door()
    os.rmdir(place.run)
    publisher = place.publisher()
    publisher.wait_text("waiting for")
    os.mkdir(place.run)
    writer = place.writer()
    place.write_conf()
    place.write_status()
    writer.append("urgent", 1)
    wait_seq(sub, 1)
    # As systemd does it when the daemon stops, and starts.
    writer.lines.stop()
    shutil.rmtree(place.run)
    sub.wait("blind", lambda lines: any(b'"state":"blind"' in line for line in lines))
    os.mkdir(place.run)
    writer = place.writer()
    place.write_conf()
    place.write_status()
    writer.append("urgent", 1)
    wait_seq(sub, 2)


@test
def another_journal_is_sent_from_its_beginning(place):
    place.broker()
    sub = place.subscriber()
    place.open_door()
    writer = place.writer()
    place.write_conf()
    place.write_status()
    publisher = place.publisher()
    writer.append("urgent", 3)
    wait_seq(sub, 3)
    writer.lines.stop()
    shutil.rmtree(os.path.join(place.state, "journal"))
    writer = place.writer()
    writer.append("urgent", 2)
    wait_alerts(sub, 5)
    publisher.wait_text("starting from its beginning")
    assert [seq_of(p) for _, p in alerts(sub.lines)] == [1, 2, 3, 1, 2]


@test
def what_rotation_took_is_said(place):
    writer = place.writer(1)
    last = writer.append("urgent", 2000)
    place.write_conf()
    place.write_status()
    publisher = place.publisher()
    publisher.wait_text("trying again")
    place.broker()
    sub = place.subscriber()
    place.open_door()
    wait_seq(sub, last)
    received = [seq_of(p) for _, p in alerts(sub.lines)]
    assert received == sorted(place.journal())
    publisher.wait_text(f"lines 1 to {received[0] - 1} of journal")


@test
def backlog_costs_no_memory(place):
    n = 20000 if FULL else 5000
    writer = place.writer(64 << 20)
    last = writer.append("mixed", n)
    place.write_conf()
    place.write_status()
    publisher = place.publisher()
    publisher.wait_text("trying again")
    place.broker()
    sub = place.subscriber()
    place.open_door()
    began = time.monotonic()
    wait_seq(sub, last)
    seconds = time.monotonic() - began
    assert [seq_of(p) for _, p in alerts(sub.lines)] == list(range(1, last + 1))
    with open(f"/proc/{publisher.process.pid}/status", encoding="utf-8") as file:
        peak = int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))
    print(f"# figure: evmon-publish peak memory with a backlog of {n}: {peak} KiB")
    print(f"# figure: evmon-publish lines a second out of a backlog: {n / seconds:.0f}")
    assert peak < 16384


@test
def it_keeps_no_capability(place):
    place.write_conf()
    publisher = place.publisher()
    publisher.wait_text("trying again")
    with open(f"/proc/{publisher.process.pid}/status", encoding="utf-8") as file:
        status = file.read()
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert re.search(name + r":\s+0{16}\n", status), name
    assert re.search(r"NoNewPrivs:\s+1\n", status)


@test
def reading_as_the_directorys_group_is_enough(place):
    if os.geteuid() != 0:
        return "not root: no other user to be"
    user, group = 64123, 64124
    os.chmod(place.root, 0o711)
    os.chown(place.state, -1, group)
    # What tmpfiles.d or the unit does: the group may enter, and what is made there belongs to it.
    os.chmod(place.state, 0o2750)
    os.mkdir(place.cursor)
    os.chown(place.cursor, user, user)
    place.broker()
    os.chmod(place.inner, 0o666)
    sub = place.subscriber()
    place.open_door()
    writer = place.writer()
    place.write_conf()
    status = place.write_status()
    publisher = place.publisher(user=user, group=group, extra_groups=[])
    wait_status(sub, status)
    last = writer.append("mixed", 50)
    wait_seq(sub, last)
    assert not publisher.count("runs as root")
    assert publisher.stop() == 0
    assert place.cursor_seq() == last
    # Somebody else may not read it, and it says so instead of falling silent.
    other = place.publisher(user=user, group=user, extra_groups=[])
    other.wait_text("cannot open the journal")
    return None


def make_certificates(root):
    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, cwd=root, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    for ca in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", f"{ca}.key", "-out", f"{ca}.pem", "-days", "2", "-subj", f"/CN={ca}")
    with open(os.path.join(root, "names"), "w", encoding="utf-8") as out:
        out.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-out", f"{name}.pem", "-days", "2", "-extfile", "names")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@test
def tls_failures_are_tried_again_until_they_mend(place):
    if not shutil.which("openssl"):
        return "no openssl"
    make_certificates(place.root)
    port, root = free_port(), place.root
    place.broker(f"listener {port} 127.0.0.1\ncafile {root}/ca.pem\ncertfile {root}/server.pem\n"
                 f"keyfile {root}/server.key\nrequire_certificate true\n")
    sub = place.subscriber()
    writer = place.writer()
    place.write_status()
    last = writer.append("mixed", 300)
    client = {"cert": f"{root}/client.pem", "key": f"{root}/client.key"}
    place.write_conf(f"mqtts://127.0.0.1:{port}", ca=f"{root}/other.pem", **client)
    publisher = place.publisher()
    publisher.wait_text("trying again")
    publisher.wait_text("verify failed")
    # The same settings, the certificate mended: nothing tells, the next try finds out.
    shutil.copy(f"{root}/ca.pem", f"{root}/other.pem")
    wait_seq(sub, last)
    received = alerts(sub.lines)
    assert_same_bytes(place, received)
    assert [seq_of(p) for _, p in received] == list(range(1, last + 1))
    # Without a client certificate the broker refuses; with it again all goes on.
    place.write_conf(f"mqtts://127.0.0.1:{port}", ca=f"{root}/ca.pem")
    publisher.wait("a second failure", lambda lines: sum(b"trying again" in l for l in lines) >= 2)
    last = writer.append("mixed", 30)
    place.write_conf(f"mqtts://localhost:{port}", ca=f"{root}/ca.pem", **client)
    wait_seq(sub, last)
    return None


def run(function):
    place = Place()
    try:
        return function(place), None
    except Exception as error:  # pylint: disable=broad-except
        why = [f"{type(error).__name__}: {error}"]
        trace = error.__traceback__
        while trace:
            why.append(f"  {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}")
            trace = trace.tb_next
        for process in place.processes:
            why.append("  " + " ".join(process.process.args[:2]) + " said at last:")
            why += ["    " + l.decode(errors="replace")[:200] for l in process.lines[-5:]]
        return None, "\n".join(why)
    finally:
        place.close()


def main():
    only = sys.argv[1:]
    chosen = [t for t in TESTS if not only or t.__name__ in only]
    print(f"1..{len(chosen)}")
    failed = 0
    for number, function in enumerate(chosen, 1):
        skip, failure = run(function)
        name = function.__name__
        if failure:
            failed += 1
            print("\n".join("# " + line for line in failure.splitlines()))
        print(f"{'not ok' if failure else 'ok'} {number} - {name}{' # SKIP ' + skip if skip else ''}",
              flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
