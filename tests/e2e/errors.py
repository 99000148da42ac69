#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong is said in one line, with what and where, and ends with the exit code that the
design gives it; hostile names break neither JSON nor a terminal."""

import gzip
import json
import os
import signal
import subprocess
import sys

from lines import PATIENCE
from world import EVMON, PUBLISH, ROOT, Tap, World, boot_us, enter_namespace, same, true

FAILED, USAGE, NO_SENSOR, PERMISSION = 1, 2, 4, 5  # NO_SENSOR: of status, not running
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]

USAGES = (  # arguments, what the line has to name
    ((), "--help"), (("frobnicate",), "frobnicate"), (("logg",), 'did you mean "log"'),
    (("run", "--bogus"), "--bogus"), (("run", "--policy"), "--policy"), (("run", "more"), "more"),
    (("run", "--mqtt", "http://x"), "http://x"), (("log", "-n", "x"), "-n"),
    (("log", "--since", "yesteryear"), "yesteryear"), (("log", "--sensor", "bynd"), "bynd"),
    (("log", "--severity", "huge"), "huge"), (("status", "--bogus"), "--bogus"),
    (("status", "--listeners", "--prom"), "--prom"), (("coverage", "--bogus"), "--bogus"),
    (("coverage", "--kernel-config"), "--kernel-config"), (("--trace", "-p", "x"), "-p"),
    (("--trace", "-s", "foo"), "foo"), (("--trace", "foo"), "foo"),
    (("--trace", "-n", "0"), "-n"), (("--trace", "-p", "1", "--", "/bin/true"), "-p"),
)


def run(world, *argv, prefix=(), env=None, program=EVMON):
    """status, standard output and the lines of standard error."""
    done = subprocess.run([*prefix, program, *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, env={**world.env(), **(env or {})},
                          timeout=PATIENCE, check=False)
    return done.returncode, done.stdout, done.stderr.decode().splitlines()


def refused(world, status, names, *argv, **more):
    """Ends with that status, and one line that names what it is about; nothing on stdout."""
    got, out, said = run(world, *argv, **more)
    what = " ".join(argv)
    same(f"{what}: status ({said})", got, status)
    same(f"{what}: standard output", out, b"")
    same(f"{what}: lines of {said}", len(said), 1)
    for name in (names,) if isinstance(names, str) else names:
        true(f"{what}: {said[0]!r} does not name {name}", name in said[0])


def usage(world):
    for argv, name in USAGES:
        refused(world, USAGE, name, *argv)


def directories(world):
    plain = world.dir + "/plain"
    with open(plain, "w", encoding="utf-8"):
        pass
    for path in ("/proc/nope", plain, plain + "/below"):
        refused(world, FAILED, (path, "--state-dir"), "run", "--state-dir", path)
    for path in ("/proc/nope", "/proc", plain):  # not to be made, not to be written, none at all
        refused(world, FAILED, (f": {path}: ", "runtime directory", "$RUNTIME_DIRECTORY"), "run",
                "--state-dir", world.state, env={"RUNTIME_DIRECTORY": path})
    refused(world, FAILED, (world.dir + "/none", "--state-dir"), "log", "--state-dir",
            world.dir + "/none")


def not_running(world):
    refused(world, NO_SENSOR, world.run, "status")


def no_permission(world):
    """As nobody: the missing right is named where there is one, else the path."""
    own = world.dir + "/own"
    os.mkdir(own)
    os.chown(own, 65534, 65534)
    rights, env = ("CAP_BPF", "CAP_PERFMON"), {"RUNTIME_DIRECTORY": own + "/run"}
    for argv in (("coverage",), ("status", "--listeners"), ("--trace", "--", "/bin/true"),
                 ("run", "--state-dir", own + "/state")):
        refused(world, PERMISSION, rights, *argv, prefix=NOBODY, env=env)
    refused(world, PERMISSION, (f": {world.dir}: ", "$RUNTIME_DIRECTORY"), "run", "--state-dir",
            own + "/state", prefix=NOBODY, env={"RUNTIME_DIRECTORY": world.dir})
    os.chmod(world.state, 0o700)
    for verb in ("run", "log"):
        refused(world, PERMISSION, world.state, verb, "--state-dir", world.state, prefix=NOBODY,
                env=env)


def kernel_config(world):
    """A file that is none, an unreadable one, half a one."""
    path = world.dir + "/config"
    for data, place in ((b"", ""), (b"\x7fELF\x02\x01", ":1"), (b"CONFIG_A=y\nA=y\n", ":2"),
                        (gzip.compress(b"CONFIG_A=y\n" * 99)[:-9], "")):
        with open(path, "wb") as out:
            out.write(data)
        refused(world, FAILED, path + place, "coverage", "--kernel-config", path)
    for path in (world.dir, world.dir + "/none"):
        refused(world, FAILED, path, "coverage", "--kernel-config", path)
    refused(world, FAILED, ("/etc/shadow", "Permission denied"), "coverage", "--kernel-config",
            "/etc/shadow", prefix=NOBODY)


def trace(world):
    refused(world, FAILED, "999999999", "--trace", "-p", "999999999")
    refused(world, FAILED, "/nonexistent/x", "--trace", "-o", "/nonexistent/x", "--", "/bin/true")


def publisher(world):
    status, _, said = run(world, "--bogus", program=PUBLISH)
    same("status", status, USAGE)
    true(f"names it: {said}", "--bogus" in said[0])


def bad_policies(world):
    """A policy that is not valid stops nothing: it is told, with its place, and evmon is degraded."""
    with open(world.policy, "a", encoding="utf-8") as out:
        out.write("bind: [{rule: bind.admin-panel, prot: tcp, port: 8849}]\n")
    with open(world.policy, encoding="utf-8") as file:
        line = len(file.read().splitlines())
    world.watch()
    said = world.daemon.wait_text(f"{world.policy}:{line}:").decode()
    true(f"{said!r} does not name the key", '"prot"' in said or "'prot'" in said or "prot" in said)
    alert = world.wait_rule("self.policy-invalid")
    same("severity", alert["severity"], "high")
    true(f"detail {alert['object']['detail']!r}",
         alert["object"]["detail"].startswith(f"{world.policy}:{line}:"))
    status, _, _ = run(world, "status", "--json")
    same("status: degraded", status, 1)
    refused(world, FAILED, (world.state, "another evmon"), "run", "--state-dir", world.state)
    true("the first goes on", world.daemon.process.poll() is None)
    same("the daemon's end", world.daemon.stop(), 0)


def signals(world):
    """However often it is told to stop, it stops once, in its own time, and says so once."""
    for number in (signal.SIGTERM, signal.SIGINT):
        world.watch()
        while world.daemon.process.poll() is None:
            world.daemon.process.send_signal(number)
        same(f"{number.name}, again and again: the daemon's end", world.daemon.end(), 0)
        _, out, _ = run(world, "log", "--state-dir", world.state, "-n", "all", "--json")
        rules = [json.loads(line)["rule"] for line in out.splitlines()]
        begun = len(rules) - rules[::-1].index("self.started")
        same("the last word", rules[-1], "self.stopped")
        same("said once", rules[begun:].count("self.stopped"), 1)
    status, _, said = run(world, "log", "--state-dir", world.state, "--verify")
    same(f"verified: {said}", status, 0)


def harmless(raw):
    """What a terminal may be sent: no control but the line's end, no reordering, valid UTF-8."""
    return all(c == "\n" or (c >= " " and not "\x7f" <= c <= "\x9f" and c not in "\u202e\u2066")
               for c in raw.decode())


def hostile_names(world):
    """Paths, argv[0] and an argument; each comes back from the JSON byte for byte."""
    name = b"/n\x1b[31m\r\n\t\"q\"'\\\xff\xfe\xc0\xaf\x01\x7f\xc2\x9b\xe2\x80\xae{\"seq\":1}"
    path = world.dir.encode() + name
    subprocess.run([b"cp", b"-p", world.rooted.encode(), path], check=True)
    world.write_policy("alert: {cmdline: full}\n")
    world.watch()
    world.plant()
    since = boot_us()
    subprocess.run([f"{world.everest}/bin/misdeed", "--sim-dir", world.sim, "auth", "exec-as",
                    b"\x1b]0;title\x07\n\xff", path, b"--module", b"a\"b\n\xfe"],
                   stdout=subprocess.DEVNULL, check=True, timeout=PATIENCE)
    world.do("auth", "exec-nasty", world.rooted)
    found = world.wait_alerts("two of exec.root", lambda values: (
        lambda roots: roots if len(roots) == 2 else None)(
            [v for v in values if v["rule"] == "exec.root"]))
    true("of these deeds", all(v["boot_us"] >= since for v in found))
    same("the path", unescape(found[0]["object"]["path"]), path)
    same("the arguments", [unescape(word) for word in found[0]["process"]["cmdline"]],
         [b"\x1b]0;title\x07\n\xff", b"--module", b"a\"b\n\xfe"])
    true("nasty arguments", any("\\x1b[31mred" in word for word in found[1]["process"]["cmdline"]))
    same("the daemon's end", world.daemon.stop(), 0)
    status, out, _ = run(world, "log", "--state-dir", world.state, "-n", "all", "--json")
    same("status", status, 0)
    check = subprocess.run([ROOT + "/tests/check/schema.py", "-"], input=out, check=False,
                           stdout=subprocess.PIPE)
    true(check.stdout.decode(), check.returncode == 0)
    status, text, _ = run(world, "log", "--state-dir", world.state, "-n", "all")
    same("status", status, 0)
    true("log's columns", harmless(text))
    same("a line an alert, and the head", len(text.splitlines()),
         len([json.loads(line) for line in out.splitlines()]) + 1)


def unescape(text):
    r"""The bytes behind \\ and \xHH, as the design has them."""
    out, at, raw = bytearray(), 0, text.encode()
    while at < len(raw):
        if raw[at:at + 2] == b"\\x":
            out.append(int(raw[at + 2:at + 4], 16))
            at += 4
        else:
            out.append(raw[at])
            at += 2 if raw[at:at + 2] == b"\\\\" else 1
    return bytes(out)


def main():
    enter_namespace()
    tap = Tap()
    for name, function in (("usage", usage), ("directories", directories),
                           ("status where nothing runs", not_running),
                           ("an unprivileged user", no_permission), ("--trace", trace),
                           ("a kernel's configuration", kernel_config),
                           ("evmon-publish", publisher),
                           ("a policy that is not valid, a second daemon", bad_policies),
                           ("signals while it stops", signals),
                           ("hostile names", hostile_names)):
        with World() as tap.world:
            tap.world.write_config("mini.yaml")
            tap.world.write_policy()
            tap.check(name, function, tap.world)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
