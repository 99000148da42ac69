#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The policy is replaced while evmon watches: as editors, scripts and packages do it, on SIGHUP, by
bad files and by none; two hundred times while a module binds, where each bind is told by the one
policy or by the other, and all of them are; and a start with a bad file."""

import json
import os
import shutil
import signal
import subprocess
import sys

from lines import PATIENCE
from world import EVMON, Tap, World, coverage, enter_namespace, same, true

PORT = 18765
RELOADS = 200


def bind(rule, action="alert", severity="medium", port=PORT):
    return f"bind: [{{rule: {rule}, port: {port}, subject: everest, severity: {severity}, action: {action}}}]\n"


def text(world, extra):
    """The world's policy with more in it, as bytes of a file that is not in force yet."""
    world.policy, kept = world.dir + "/draft", world.policy
    world.write_policy(extra)
    world.policy = kept
    with open(world.dir + "/draft", encoding="utf-8") as file:
        return file.read()


def by_rename(world, data):
    with open(world.policy + "~", "w", encoding="utf-8") as out:
        os.fchmod(out.fileno(), 0o644)
        out.write(data)
    os.rename(world.policy + "~", world.policy)


def in_place(world, data):
    with open(world.policy, "w", encoding="utf-8") as out:
        out.write(data)


def away_and_anew(world, data):
    """vi with backupcopy=no: the name leads nowhere for a moment."""
    os.rename(world.policy, world.policy + ".orig")
    in_place(world, data)
    os.chmod(world.policy, 0o644)


def by_link(world, data):
    """As a configuration manager does: the name is a link, which is exchanged."""
    os.makedirs(world.dir + "/versions", exist_ok=True)
    target = f"{world.dir}/versions/{len(os.listdir(world.dir + '/versions'))}.yaml"
    with open(target, "w", encoding="utf-8") as out:
        os.fchmod(out.fileno(), 0o644)
        out.write(data)
    os.symlink(target, world.policy + ".link")
    os.rename(world.policy + ".link", world.policy)


def through_link(world, data):
    """What the link leads to is written."""
    with open(os.path.realpath(world.policy), "w", encoding="utf-8") as out:
        out.write(data)


def said(world, words, deed, *args):
    """Does the deed; the daemon's next line with these words."""
    before = len(world.daemon.lines)
    deed(*args)
    return world.daemon.wait_text(words, before).decode()


def status(world):
    done = subprocess.run([EVMON, "status", "--json"], env=world.env(), stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, timeout=PATIENCE, check=False)
    value = json.loads(done.stdout)
    same("status: exit code", done.returncode, 0 if value["state"] == "protecting" else 1)
    return value


def told_by(world, rule):
    """A bind is told by this rule, and by the policy that status shows."""
    world.do("auth", "bind", "tcp", "ipv4", "loopback", str(PORT))
    alert = world.wait_rule(rule, "auth")
    world.do("auth", "release")
    return alert


# --- one reload ----------------------------------------------------------------------------------

def good(world):
    world.watch()
    world.plant()
    first = status(world)["policy"]["hash"]
    for n, replace in enumerate((by_rename, in_place, away_and_anew, by_link, through_link)):
        rule = f"bind.way-{n}"
        line = said(world, " is in force", replace, world, text(world, bind(rule)))
        now = status(world)
        true(f"{line!r} names {now['policy']['hash']}", now["policy"]["hash"] in line)
        same("state", now["state"], "protecting")
        true("another policy", now["policy"]["hash"] != first)
        same("the alert's policy", told_by(world, rule)["policy"], now["policy"]["hash"])
    same("the daemon's end", world.daemon.stop(), 0)


def by_signal(world):
    """SIGHUP reads again even what did not change, and says so by doing nothing."""
    world.watch()
    world.plant()
    shown = status(world)["policy"]["hash"]
    said(world, "SIGHUP", world.daemon.process.send_signal, signal.SIGHUP)
    same("the same policy", status(world)["policy"]["hash"], shown)
    same("the daemon's end", world.daemon.stop(), 0)


def bad(world):
    """A bad file changes nothing; each first mistake is told once; a good file clears it."""
    world.write_policy(bind("bind.kept"))
    world.watch()
    world.plant()
    before = status(world)["policy"]["hash"]
    data = text(world, bind("bind.kept"))
    broken = data + "usb: {alow: []}\n"
    line = len(broken.splitlines())
    said(world, "not valid", by_rename, world, broken)
    alert = world.wait_rule("self.policy-invalid")
    place = f"{world.policy}:{line}:7: "
    true(f"{alert['object']} has {place}", alert["object"]["detail"].startswith(place))
    now = status(world)
    same("state", now["state"], "degraded")
    same("the policy in force", now["policy"]["hash"], before)
    true("status: where", place in now["policy"]["error"] and "not valid" in now["reason"])
    same("told by the old one", told_by(world, "bind.kept")["policy"], before)
    said(world, "not valid", os.unlink, world.policy)
    world.wait_alerts("the vanished file", lambda values: any(
        v["rule"] == "self.policy-invalid" and "cannot be read" in v["object"]["detail"]
        for v in values))
    same("still the old one", status(world)["policy"]["hash"], before)
    said(world, "not valid", in_place, world, "x" * 3)
    os.chmod(world.policy, 0o644)
    said(world, "valid again", by_rename, world, data)
    now = status(world)
    same("state", (now["state"], now["policy"]["error"]), ("protecting", None))
    said(world, "can be written by others", os.chmod, world.policy, 0o666)
    said(world, "valid again", os.chmod, world.policy, 0o644)
    same("the daemon's end", world.daemon.stop(), 0)


def start_with_bad(world):
    """The last good one, be it not the first; without one, or with one that others can write, the
    built-in."""
    world.write_policy(bind("bind.good"))
    world.watch()
    shown = status(world)["policy"]["hash"]
    same("the daemon's end", world.daemon.stop(), 0)
    in_place(world, "version: 2\n")
    world.watch()
    world.plant()
    now = status(world)
    same("the last good one", now["policy"]["hash"], shown)
    true(f"{now['reason']} says so", "last good one" in now["reason"])
    detail = world.wait_rule("self.policy-invalid")["object"]["detail"]
    true(f"{detail} names the place", detail.startswith(f"{world.policy}:1:10: "))
    same("told by it", told_by(world, "bind.good")["policy"], shown)
    same("the daemon's end", world.daemon.stop(), 0)
    kept = world.state + "/policy.good.yaml"
    for spoil in (lambda: os.chmod(kept, 0o666), lambda: os.unlink(kept)):
        spoil()
        world.watch()
        now = status(world)
        true("the built-in one", now["policy"]["hash"] != shown and "built-in" in now["reason"])
        same("the daemon's end", world.daemon.stop(), 0)


def config(world):
    """What EVerest's config says wrong is told when it comes up, and once."""
    def findings():
        return sorted(a.value["object"]["what"] for a in world.alerts()
                      if a.value["sensor"] == "config")

    def change(data):
        with open(world.config + "~", "w", encoding="utf-8") as out:
            out.write(data)
        os.rename(world.config + "~", world.config)

    world.write_config("root.yaml")
    with open(world.config, encoding="utf-8") as file:
        data = file.read()
    world.watch()
    world.wait_rule("config.no-run-as-user")
    before = findings()
    same("the daemon's end", world.daemon.stop(), 0)
    world.watch()
    change(data.replace("settings:", "settings:\n  mqtt_broker_host: 10.0.0.7", 1)
           if "settings:" in data else data + "settings: {mqtt_broker_host: 10.0.0.7}\n")
    change("settings: [\n")
    alert = world.wait_rule("config.lint")
    true(f"{alert['object']} has the place", f"{world.config}:" in alert["object"]["detail"])
    same("subject, module, process", (alert["module"], alert["process"]), (None, None))
    same("the daemon lives", world.daemon.process.poll(), None)
    same("the daemon's end", world.daemon.stop(), 0)
    world.wait_alerts("the end", lambda values: sum(
        v["rule"] == "self.stopped" for v in values) == 2)
    got = findings()
    for what in before:
        same(f"{what}: once", got.count(what), 1)


# --- many, under load ----------------------------------------------------------------------------

def summed(world, rules):
    sums = {}
    for alert in world.alerts():
        v = alert.value
        if v["sensor"] == "bind" and v["object"].get("port") in (PORT, None):
            key = v["rule"], v["verdict"], v.get("asked")
            sums[key] = sums.get(key, 0) + v["count"]
    true(f"{sums} only {rules}", set(sums) <= set(rules))
    return sums


def under_load(world, a, b, rules, silent=False):
    """Rounds of binds, so many a reload, until all reloads have been; what each round says is summed."""
    world.write_policy(a)
    data = [text(world, b), text(world, a)]
    world.watch()
    world.plant()
    done = refused = 0
    for n in range(RELOADS):
        before = len(world.daemon.lines)
        by_rename(world, data[n % 2])
        if n % 2:
            world.daemon.process.send_signal(signal.SIGHUP)
        seen = False
        while not seen:  # binds go on until the daemon says that the new one is in force
            answer = world.ask("auth", "repeat", "200", "bind", "tcp", "ipv4", "loopback",
                               str(PORT))
            words = dict(word.split("=", 1) for word in answer.text.split() if "=" in word)
            done += int(words["done"])
            refused += int(words["failed"])
            world.do("auth", "release")
            true("the daemon lives", world.daemon.process.poll() is None)
            with world.daemon.changed:
                seen = any(b" is in force, after " in line
                           for line in world.daemon.lines[before:])
    same("the daemon's end", world.daemon.stop(), 0)
    world.wait_rule("self.stopped")
    sums = summed(world, rules)
    alerted, denied = (sum(n for (_, v, _), n in sums.items() if v == verdict)
                       for verdict in ("alert", "denied"))
    same("denied", denied, refused)
    true("both ruled", all(sums.get(rule) for rule in rules))
    if silent:
        true(f"{alerted} of {done} are told", 0 < alerted < done)
    else:
        same("alerted", alerted, done)
    print(f"# {done} binds, {refused} refusals: {sums}")


def drop_ins(world):
    """Without --policy: /etc/evmon/policy.yaml and policy.d, here a copy of /etc of the daemon's own."""
    etc = world.dir + "/etc"
    shutil.copytree("/etc", etc, symlinks=True, ignore=shutil.ignore_patterns("evmon"))
    os.makedirs(etc + "/evmon/policy.d", mode=0o755)
    world.policy = etc + "/evmon/policy.yaml"
    world.write_policy()
    world.daemon = world.start(["unshare", "--mount", "sh", "-c",
                                f"mount --bind {etc} /etc && exec {EVMON} run --no-mqtt "
                                f"--state-dir {world.state}"], env=world.env())
    world.daemon.wait_text("protecting: ")
    world.policy = etc + "/evmon/policy.d/50-site.yaml"
    said(world, "is in force", by_rename, world, "version: 1\n" + bind("bind.x"))
    line = said(world, "50-site.yaml:", by_rename, world, "version: 1\nbindd: []\n")
    true(line, "/etc/evmon/policy.d/50-site.yaml:2:1: unknown key" in line)
    said(world, "valid again", by_rename, world, "version: 1\n" + bind("bind.x"))
    said(world, "is in force", os.unlink, world.policy)
    same("the daemon's end", world.daemon.stop(), 0)


def main():
    enter_namespace()
    tap = Tap()
    # The root of cgroup v2 is everybody's: a hook there is for machines of their own.
    denies = coverage()["bind-deny"]["hooks"]
    denies = denies and not denies[0].startswith("cgroup/")
    alert_x, alert_y = ("bind.x", "alert", None), ("bind.y", "alert", None)
    cases = [
        ("a good file, by every way to replace one", good),
        ("SIGHUP", by_signal),
        ("a bad file, a vanished one, one that others can write", bad),
        ("drop-ins that come, go wrong and go", drop_ins),
        ("a start with a bad file", start_with_bad),
        ("EVerest's config changes", config),
        ("two hundred reloads, told by one rule or by another", under_load, bind("bind.x"),
         bind("bind.y", severity="high"), [alert_x, alert_y]),
        ("two hundred reloads, told or not", under_load, bind("bind.x"),
         bind("bind.y", action="allow"), [alert_x], True),
    ]
    if denies:
        cases.append(("two hundred reloads, refused or told", under_load,
                      bind("bind.x", action="deny"), bind("bind.y"),
                      [("bind.x", "denied", None), alert_y]))
    only = sys.argv[1:]
    for name, function, *args in cases:
        if only and function.__name__ not in only:
            continue
        with World() as tap.world:
            tap.world.write_config("mini.yaml")
            tap.world.write_policy()
            tap.check(name, function, tap.world, *args)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
