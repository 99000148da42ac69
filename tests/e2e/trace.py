#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""evmon --trace on the running kernel: what it shows of a tree that it starts, of one that runs, as
columns and as JSON; what it leaves out when asked; how it ends."""

import json
import os
import pty
import re
import signal
import subprocess
import sys

from lines import PATIENCE
from world import EVMON, ROOT, Tap, World, enter_namespace, same, true

COLUMNS = "TIME PID UID MODULE SENSOR VERDICT RULE DETAIL"
LINE = re.compile(r"^(\d\d:\d\d:\d\d\.\d{3}) +(\d+|-) +(\d+|-) +(\S+) +(bind|capability|exec|usb) +"
                  r"(allow|alert|denied) +(\S+) +(\S.*)$")


class Trace:
    """One evmon --trace; its output and its errors are kept apart, since programs read the one."""

    def __init__(self, world, *options, command=None, env=None):
        self.world, self.errors = world, world.dir + "/errors"
        argv = [EVMON, "--trace", *options] + (["--", *command] if command else [])
        with open(self.errors, "wb") as errors:
            self.run = world.start(argv, stderr=errors, env={**world.tree_env(), **(env or {})})

    def said(self):
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            return file.read()

    def lines(self):
        return [line.decode() for line in self.run.lines]

    def rows(self):
        """(module, sensor, verdict, rule, detail) of each event."""
        found = [LINE.match(line) for line in self.lines()]
        return [match.groups()[3:] for match in found if match]

    def has(self, *row):
        """Waits for a row of columns."""
        def there(lines):
            found = [LINE.match(line.decode()) for line in lines]
            return row in [match.groups()[3:] for match in found if match]
        self.run.wait(f"row {row}", there)


def manager(world, *options):
    return [world.everest + "/bin/manager", "--config", world.config, "--sim-dir", world.sim,
            "--status-fifo", world.status_fifo, *options]


def starting(world, *options, env=None):
    """A trace that starts the tree; it is back when the tree is up."""
    before = len(world.states.lines)
    trace = Trace(world, *options, command=manager(world), env=env)
    world.states.wait_text("ALL_MODULES_STARTED", before)
    return trace


def misbehave(world):
    world.do("auth", "bind", "tcp", "ipv4", "any", "8849")
    world.do("auth", "bind", "tcp", "ipv4", "any", "18849")
    world.do("slac", "cap", "CAP_CHOWN")
    world.do("auth", "exec-root", world.rooted)


def shows(world):
    """Every event with its verdict, the command's status at the end, a summary."""
    trace = starting(world)
    misbehave(world)
    auth, slac = "auth:Auth", "slac:EvseSlac"
    for row in ((auth, "bind", "alert", "bind.admin-panel", "tcp 0.0.0.0:8849"),
                (auth, "bind", "allow", "-", "tcp 0.0.0.0:18849"),
                (slac, "capability", "alert", "capability.used", "CAP_CHOWN used"),
                (slac, "capability", "alert", "capability.everest-chown", "CAP_CHOWN held"),
                (auth, "exec", "allow", "-", f"{world.modules}/Auth/Auth"),
                (auth, "exec", "alert", "exec.root", world.rooted)):
        trace.has(*row)
    world.ask("auth", "die", "3")
    same("the command's status", trace.run.end(), 1)
    text = trace.lines()
    heads = [line for line in text if line.split() == COLUMNS.split()]
    same("heads", len(heads), 1)
    columns = [heads[0].index(word) for word in COLUMNS.split()]
    for line in filter(LINE.match, text):
        true(f"columns: {line}", all(line[at] != " " and line[at - 1] == " "
                                     for at in columns[1:]))
    totals = re.search(r"^[\d.]+ s, (\d+) events, (\d+) violations, 0 lost$", "\n".join(text), re.M)
    rows = trace.rows()
    same("the summary", totals.groups(),
         (str(len(rows)), str(sum(row[2] == "alert" for row in rows))))
    for rule in {row[3] for row in rows if row[2] == "alert"}:
        n = sum(row[3] == rule for row in rows)
        true(f"{rule} in the summary", re.search(rf"^ +{n}  {re.escape(rule)}$", "\n".join(text),
                                                 re.M))
    true("a tree that is its own: the panel's port of others", not any(
        row[0].startswith("(") for row in rows))


def status_of_command(world):
    """The command's, 128 and the signal's number, 127 where there is none."""
    for command, status in ((["/bin/sh", "-c", "exit 7"], 7), (["/bin/sh", "-c", "kill -9 $$"], 137),
                            (["/bin/true"], 0)):
        same(" ".join(command), Trace(world, command=command).run.end(), status)
    missing = Trace(world, command=["/nonexistent"])
    true("a command that is not there", missing.run.end() not in (0, 2))
    true(f"it is told: {missing.said()}", "/nonexistent" in missing.said())


def violations(world):
    trace = starting(world, "-x")
    misbehave(world)
    trace.has("auth:Auth", "exec", "alert", "exec.root", world.rooted)
    trace.run.process.terminate()
    same("SIGTERM is passed on", trace.run.end(), 0)
    same("allowed ones", [row for row in trace.rows() if row[2] == "allow"], [])
    same("rules", sorted(row[3] for row in trace.rows()),
         ["bind.admin-panel", "capability.everest-chown", "capability.used", "exec.root"])


def running(world):
    """-p: a tree that runs, with its names; -m and -s show only what is asked for."""
    world.plant()
    pid = str(world.manager.pid)
    by_module = Trace(world, "-p", pid, "-m", "auth")
    by_sensor = Trace(world, "-p", pid, "-s", "bind")
    by_name = Trace(world, "-p", pid, "-m", "EvseSlac", "-x", "-n", "1")
    for trace in (by_module, by_sensor, by_name):
        trace.run.wait_text(COLUMNS.split()[0])
    misbehave(world)
    same("-n 1 ends it", by_name.run.end(), 0)
    same("-m EvseSlac", by_name.rows(),
         [("slac:EvseSlac", "capability", "alert", "capability.used", "CAP_CHOWN used")])
    by_module.has("auth:Auth", "exec", "alert", "exec.root", world.rooted)
    by_sensor.has("auth:Auth", "bind", "allow", "-", "tcp 0.0.0.0:18849")
    for trace in (by_module, by_sensor):
        same("SIGINT ends it", trace.run.stop(signal.SIGINT), 0)
    same("-m auth", {row[0] for row in by_module.rows()}, {"auth:Auth"})
    same("-s bind", {row[1] for row in by_sensor.rows()}, {"bind"})
    same("-s bind, both", len(by_sensor.rows()), 2)
    true("the tree does not mind", world.manager.process.poll() is None)
    same("the tree's end", world.manager.stop(), 0)


def only_its_tree(world):
    """-p and -- CMD show whoever descends from the root, and nobody who runs the same files elsewhere."""
    world.plant()
    trace = Trace(world, "-p", str(world.pid_of("auth")))
    beside = Trace(world, command=["cat"])
    for each in (trace, beside):
        each.run.wait_text(COLUMNS.split()[0])
    world.do("slac", "bind", "tcp", "ipv4", "any", "8849")
    subprocess.run([world.modules + "/Auth/Auth", "--version"], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False)
    world.do("auth", "fork-deep", "2", "bind", "udp", "ipv4", "any", "8849")
    trace.has("manager", "bind", "alert", "bind.admin-panel", "udp 0.0.0.0:8849")
    for each in (trace, beside):
        each.run.stop(signal.SIGINT)
    same("the tree of auth", [row[1:] for row in trace.rows() if row[1] != "exec"],
         [("bind", "alert", "bind.admin-panel", "udp 0.0.0.0:8849")])
    same("the tree of cat", [row for row in beside.rows() if row[1] != "exec"], [])
    same("the tree's end", world.manager.stop(), 0)


def by_script(world):
    """A manager that a script starts is known by its name, and tells where the modules are."""
    script = world.dir + "/start"
    with open(script, "w", encoding="utf-8") as out:
        out.write('#!/bin/sh\n"$@"\n')
    os.chmod(script, 0o755)
    before = len(world.states.lines)
    trace = Trace(world, "-x", command=[script, *manager(world)])
    world.states.wait_text("ALL_MODULES_STARTED", before)
    trace.run.wait_text("# modules in " + world.modules)
    world.do("slac", "cap", "CAP_CHOWN")
    trace.has("slac:EvseSlac", "capability", "alert", "capability.used", "CAP_CHOWN used")
    world.ask("auth", "die", "0")
    trace.run.end()
    # What was quicker than the news of the manager is named late, and not judged for what it held.
    rules = {row[3] for row in trace.rows()}
    true(f"rules: {rules}", {"capability.used"} <= rules <= {"capability.everest-chown",
                                                             "capability.used"})


def counted(world):
    trace = Trace(world, "-n", "2", command=["/bin/sh", "-c", "/bin/true; /bin/true; /bin/true"])
    trace.run.end()
    same("-n 2", len(trace.rows()), 2)
    # What was started for the trace ends with it, and its status is the command's.
    for options in (("-n", "1"), ("-d", "1")):
        trace = Trace(world, *options, command=["/bin/sh", "-c", "exec sleep 1000"])
        pid = trace.run.wait("the command's exec", lambda lines: next(
            (match.group(2) for match in map(LINE.match, map(bytes.decode, lines)) if match), None))
        same(f"{options}: it is told to end", trace.run.end(), 128 + signal.SIGTERM)
        true(f"{options}: it has ended", not os.path.exists(f"/proc/{pid}"))
        true("it is waited for, and that is told", "waiting for /bin/sh" in trace.said())
    stubborn = Trace(world, "-n", "2", command=["/bin/sh", "-c", "trap 'echo DEFIANT' TERM; "
                                                "while :; do sleep 1000 & wait; done"])
    stubborn.run.wait_text("DEFIANT")
    stubborn.run.process.terminate()
    same("asked again, it is killed", stubborn.run.end(), 128 + signal.SIGKILL)
    same("-d 1", Trace(world, "-d", "1", "-p", str(os.getpid())).run.end(), 0)


def json_lines(world):
    """Each line is an event of the schema; the summary is not among them."""
    path = world.dir + "/events"
    trace = starting(world, "--json", "-o", path)
    misbehave(world)
    world.ask("auth", "exec-nasty", world.rooted)
    world.ask("auth", "die", "0")
    trace.run.end()
    same("standard output", trace.run.lines, [])
    true("the summary", re.search(r"events, \d+ violations, 0 lost", trace.said()))
    check = subprocess.run([ROOT + "/tests/check/schema.py", path], stdout=subprocess.PIPE,
                           text=True, check=False)
    true(check.stdout, check.returncode == 0)
    with open(path, encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    same("schema", {event["schema"] for event in events}, {"evmon.event/1"})
    for event in events:
        same("allow", event["verdict"] == "allow", event["rule"] is None)
    same("binds", [(event["verdict"], event["object"]["port"]) for event in events
                   if event["sensor"] == "bind"], [("alert", 8849), ("allow", 18849)])


def on_terminal(world, options, env):
    """What a terminal gets."""
    control, terminal = pty.openpty()
    run = subprocess.Popen([EVMON, "--trace", *options, "--", "/bin/sh", "-c", world.rooted + "; :"],
                           stdout=terminal, stderr=terminal, stdin=subprocess.DEVNULL,
                           env={**world.tree_env(), "TERM": "xterm", **env})
    os.close(terminal)
    text = b""
    try:
        while piece := os.read(control, 4096):
            text += piece
    except OSError:  # the other end is closed
        pass
    os.close(control)
    same("status", run.wait(PATIENCE), 0)
    return text


def colour(world):
    true("colour on a terminal", b"\033[" in on_terminal(world, ["-x"], {}))
    true("NO_COLOR", b"\033" not in on_terminal(world, ["-x"], {"NO_COLOR": "1"}))
    true("NO_COLOR that is empty is none", b"\033[" in on_terminal(world, ["-x"], {"NO_COLOR": ""}))
    piped = Trace(world, "-x", command=["/bin/sh", "-c", world.rooted])
    piped.run.end()
    true("none elsewhere", not piped.run.count("\033"))


def nasty(world):
    """Names with control bytes reach neither the terminal nor the columns as they are."""
    bad = world.dir + "/bad\033[31m\n\xe2\x80\xae\x9b1m"
    subprocess.run(["cp", "-p", world.rooted, bad], check=True)
    trace = starting(world)
    world.ask("auth", "exec-as", "nasty\033]0;title\007\n17:00:00 root", bad)
    trace.run.wait_text("\\x1b[31m\\x0a")
    trace.run.process.terminate()
    trace.run.end()
    for line in trace.run.lines:
        text = line.decode("utf-8", "surrogateescape")
        true(repr(text), all(c >= " " and not "\x7f" <= c <= "\x9f" and c != "\u202e"
                             and not "\udc80" <= c <= "\udcff" for c in text))


def beside_the_daemon(world):
    """Neither sees less for the other."""
    world.write_policy()
    world.watch()
    world.plant()
    trace = Trace(world, "-x", "-p", str(world.manager.pid))
    trace.run.wait_text(COLUMNS.split()[0])
    misbehave(world)
    trace.has("auth:Auth", "exec", "alert", "exec.root", world.rooted)
    world.wait_rule("exec.root", "auth")
    world.do("auth", "bind", "udp", "ipv4", "any", "8849")
    trace.has("auth:Auth", "bind", "alert", "bind.admin-panel", "udp 0.0.0.0:8849")
    same("the trace's end", trace.run.stop(signal.SIGINT), 0)
    world.do("auth", "bind", "udp", "ipv6", "any", "8849")
    world.wait_alerts("the last", lambda values: any(
        v["object"].get("address") == "::" for v in values))
    same("the daemon's end", world.daemon.stop(), 0)


def main():
    enter_namespace()
    tap = Tap()
    only = sys.argv[1:]
    for name, function in (("-- CMD: every event, verdict, rule, summary", shows),
                           ("-- CMD: its status", status_of_command),
                           ("-x: only violations", violations),
                           ("-p, -m, -s, -n: of a running tree", running),
                           ("-p, -- CMD: nobody else", only_its_tree),
                           ("-- CMD: a script that starts the manager", by_script),
                           ("-n, -d: an end", counted),
                           ("--json, -o: events of the schema", json_lines),
                           ("colour", colour),
                           ("hostile names", nasty),
                           ("beside the daemon", beside_the_daemon)):
        if only and function.__name__ not in only:
            continue
        with World() as tap.world:
            tap.world.write_config("mini.yaml")
            tap.world.start_broker()
            tap.check(name, function, tap.world)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
