# SPDX-License-Identifier: Apache-2.0
"""Reads what a test machine says on its KTAP line, and judges it.

init marks where a test begins and ends ("# vm: begin NAME"); between the marks the test speaks
KTAP, or the TAP of cmocka. A test is good if it met its plan, failed nothing and exited with 0; one
that gives no result at all is a failure, never a silence. What comes out is one flat KTAP list, each
line with the row's name, and with the seconds that a result took; other lines of the guest become
diagnostics.
"""
import re
import time

RESULT = re.compile(r"(not )?ok\b ?(\d+)?(?: -)? ?(.*)")
PLAN = re.compile(r"1\.\.(\d+)(?:\s*# *SKIP\b *(.*))?$", re.I)
SKIP = re.compile(r"# *SKIP\b *(.*)$", re.I)
FIGURE = re.compile(r"# (figure|seen): (.+?): (.+)")
MARK = re.compile(r"# vm: (\w+) ?(.*)")


def printable(text):
    """A line from the guest as it may go to a terminal."""
    return "".join(c if c.isprintable() or c == "\t" else f"\\x{ord(c):02x}" for c in text)


class Reader:
    """Results of one machine. show(TEXT) takes each line for the user."""

    def __init__(self, row, show):
        self.row = row
        self.number = 1
        self.show = show
        self.passed = self.failed = self.skipped = 0
        self.up = None
        self.done = False
        self.tests_planned = None
        self.tests_ended = 0
        self.test = None
        self._start(None)

    def _start(self, name):
        self.test = name
        self.plan = None
        self.seen = 0
        self.failed_before = self.failed
        self.since = time.monotonic()

    def report(self, verdict, what):
        self.show(f"{verdict} {self.number} - {self.row} {printable(what)}")
        self.number += 1

    def diag(self, text):
        self.show(f"# {self.row}: {printable(text)}")

    def fail(self, what):
        """A failure that no test has reported of itself."""
        self.failed += 1
        self.report("not ok", what)

    def line(self, raw):
        text = raw.rstrip("\r\n")
        mark = MARK.fullmatch(text)
        if mark:
            return self._mark(mark[1], mark[2], text)
        text = text.strip()
        plan = PLAN.match(text)
        result = RESULT.match(text)
        if not text or text.startswith(("KTAP version", "TAP version")):
            return None
        if plan and self.test is not None:
            return self._plan(int(plan[1]), plan[2])
        if result and self.test is not None:
            return self._result(result[1], result[2], result[3])
        figure = FIGURE.fullmatch(text)
        if figure:
            return self.show(printable(f"# {figure[1]}: {figure[2]} ({self.row}): {figure[3]}"))
        return self.diag(text.removeprefix("#").lstrip(" "))

    def _mark(self, word, rest, text):
        if word == "up":
            self.up = rest
        elif word == "plan":
            self.tests_planned = int(rest)
        elif word == "begin":
            self._start(rest)
        elif word == "end":
            self._end(int(rest.split(" ", 1)[0]))
        elif word == "done":
            self.done = True
        else:
            self.diag(text)

    def _plan(self, count, why):
        self._check_plan()
        self.plan = count
        self.seen = 0
        if count == 0:
            self.skipped += 1
            self.report("ok", f"{self.test} # SKIP {why or 'nothing planned'}")

    def _result(self, bad, number, name):
        self.seen += 1
        skip = SKIP.search(name)
        if name.startswith("# SKIP "):  # cmocka's: "not ok 2 # SKIP name"
            bad, name = None, name.removeprefix("# SKIP ") + " # SKIP"
        if bad:
            self.failed += 1
        elif skip:
            self.skipped += 1
        else:
            self.passed += 1
        now = time.monotonic()
        name, mark, why = name.partition(" # ")
        self.report("not ok" if bad else "ok",
            f"{self.test}: {name} ({now - self.since:.1f} s){mark}{why}")
        self.since = now
        if number and int(number) != self.seen:
            self.fail(f"{self.test}: result {number} where {self.seen} was due")

    def _check_plan(self):
        if self.plan is not None and self.plan != self.seen:
            self.fail(f"{self.test}: {self.plan} results planned, {self.seen} came")

    def _end(self, status):
        if self.plan is None:
            self.fail(f"{self.test}: no plan (1..N) was given")
        self._check_plan()
        if status and self.failed == self.failed_before:
            self.fail(f"{self.test}: exit status {status}")
        self.tests_ended += 1
        self._start(None)

    def finish(self, why):
        """The machine is gone: what is missing? why: the reason, if it did not end by itself."""
        if self.test is not None:
            self._check_plan()
            self.fail(f"{self.test}: {why or 'the machine ended while it ran'}")
        elif why or not self.done:
            self.fail(f"machine: {why or 'ended before its tests did'}")
        if self.tests_planned is not None:
            missing = self.tests_planned - self.tests_ended - (self.test is not None)
            if missing > 0:
                self.fail(f"machine: {missing} of {self.tests_planned} tests never ran")
