# SPDX-License-Identifier: Apache-2.0
"""A process whose output is collected line by line, each with the time of its arrival."""

import os
import select
import signal
import subprocess
import threading
import time

PATIENCE = 120  # seconds; how long an event may take before the test has failed


class Lines:
    """Waits for what the process says; nothing here looks again and again."""

    def __init__(self, argv, **more):
        self.lines, self.stamps = [], []  # bytes without the newline; CLOCK_BOOTTIME in ns
        self.changed, self.ended = threading.Condition(), False
        self.over = os.eventfd(0, os.EFD_CLOEXEC)  # readable: the process has ended
        more.setdefault("stdin", subprocess.DEVNULL)
        more.setdefault("stderr", subprocess.STDOUT)
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, **more)
        self.thread = threading.Thread(target=self.collect, daemon=True)
        self.thread.start()

    @property
    def pid(self):
        return self.process.pid

    def pieces(self):
        """What it writes until nobody can write any more, or until it has ended and what it wrote
        is read: who outlives it may hold the pipe for long."""
        pipe = self.process.stdout.fileno()
        while ready := select.select([pipe, self.over], [], [])[0]:
            if pipe not in ready:
                return
            piece = os.read(pipe, 65536)
            if not piece:
                return
            yield piece

    def collect(self):
        rest = b""
        for piece in self.pieces():
            *lines, rest = (rest + piece).split(b"\n")
            self.add(lines)
        with self.changed:
            self.ended = True
        self.add([rest] if rest else [])

    def add(self, lines):
        now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        with self.changed:
            self.lines += lines
            self.stamps += [now] * len(lines)
            self.changed.notify_all()

    def wait(self, what, condition, patience=PATIENCE):
        """Returns what condition(lines) gives once that is true."""
        with self.changed:
            self.changed.wait_for(lambda: condition(self.lines) or self.ended, patience)
            result = condition(self.lines)
            if not result:
                raise AssertionError(f"{what} did not come from {self.name()}; last lines:\n"
                                     + self.tail(4))
            return result

    def wait_text(self, text, start=0):
        """The first line from start on that has the text."""
        text = text.encode()
        return self.wait(repr(text), lambda lines: next(
            (line for line in lines[start:] if text in line), None))

    def count(self, text):
        with self.changed:
            return sum(text.encode() in line for line in self.lines)

    def tail(self, n=15):
        return b"\n".join(line[:400] for line in self.lines[-n:]).decode(errors="replace")

    def name(self):
        return " ".join(self.process.args[:2])

    def end(self):
        """Its status once it has ended by itself, and has said all."""
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name()} does not end; last lines:\n{self.tail(4)}") \
                from None
        self.finish()
        return status

    def finish(self):
        """It has ended: what is in the pipe is all that it has said."""
        if self.over >= 0:
            os.eventfd_write(self.over, 1)
            self.thread.join()
            os.close(self.over)
            self.over = -1
            self.process.stdout.close()

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.end()

    def kill(self):
        """For the end of a test: asks, and does not ask twice."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self.finish()


def last_words(processes):
    """What processes said at last, for a failure."""
    told = []
    for process in processes:
        if process.lines:
            told.append(process.name() + " said at last:")
            told += ["    " + line[:200] for line in process.tail(6).splitlines()]
    return "\n".join(told)
