# SPDX-License-Identifier: Apache-2.0
"""What an alert must say. Expectations are built from what was done and from /proc, never from what
evmon said; every member of the alert is held against them (problems())."""

import json
import os
import re
from datetime import datetime, timezone

import world as w

MEMBERS = ["schema", "journal", "seq", "station", "time", "clock", "boot", "boot_us", "sensor",
           "rule", "severity", "verdict", "count", "first", "last", "subject", "module", "process",
           "object", "hook", "policy", "message", "durable", "prev", "hash"]
OWN = ("schema", "journal", "seq", "station", "time", "clock", "boot", "boot_us", "first", "last",
       "policy", "durable", "prev", "hash")  # judged by frame() and times()
TICK_US = 1000000 // os.sysconf("SC_CLK_TCK")
PANEL = "the admin panel's port"
MQTT = "an MQTT port that the network can reach"
LOOPBACK = "MQTT over TCP on loopback"


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


# --- who ------------------------------------------------------------------------------------------

def ticks(pid):
    return int(read(f"/proc/{pid}/stat").rpartition(")")[2].split()[19])


def process(pid, **known):
    """A living process as an alert shows it; `ticks` stands for start_us. What is known wins."""
    status = dict(line.split(":\t", 1) for line in read(f"/proc/{pid}/status").splitlines()
                  if ":\t" in line)
    uids = status["Uid"].split()
    cgroup = re.search(r"^0::(.*)$", read(f"/proc/{pid}/cgroup"), re.M)
    return {"pid": pid, "ppid": int(status["PPid"]), "ticks": ticks(pid), "uid": int(uids[0]),
            "euid": int(uids[1]), "gid": int(status["Gid"].split()[0]), "comm": status["Name"],
            "exe": os.readlink(f"/proc/{pid}/exe"), "cgroup": cgroup and cgroup.group(1), **known}


def module(world, ident, name, pid=None, **known):
    """subject, module and process of what a living module did; comm and exe are told apart from
    /proc's, since the point is that they are EVerest's."""
    pid = pid or world.pid_of(ident)
    exe = f"{world.modules}/{name}/{name}"
    return {"subject": "everest", "module": {"id": ident, "name": name},
            "process": process(pid, **{"comm": f"{ident}:{name}"[:15], "exe": exe, "cmdline": [
                f"{ident}:{name}", "--prefix", world.everest, "--module", ident], **known})}


def child(world, ident, name, answer, comm, exe, cmdline, euid):
    """subject, module and process of a child that the module had, and that is gone by now."""
    pid = int(re.search(r"\bchild=(\d+)", answer.text).group(1))
    parent = process(answer.pid)
    return {"subject": "everest", "module": {"id": ident, "name": name},
            "process": {**parent, "pid": pid, "ppid": answer.pid, "ticks": None, "euid": euid,
                        "comm": comm, "exe": exe, "cmdline": cmdline}}


# --- what -----------------------------------------------------------------------------------------

def bind(world, hooks, rule, severity, proto, family, address, port, scope, message, **more):
    return {"sensor": "bind", "rule": rule, "severity": severity, "message": message,
            "hook": hooks["bind"]["hooks"][family == "ipv6"],
            "object": {"proto": proto, "family": family, "address": address, "port": port,
                       "asked_port": port, "scope": scope, "how": "bind", "netns": world.netns,
                       "device": None, "dual": False, "opener": None, **more}}


def capability(hooks, rule, severity, number, name, kind, message):
    hook = hooks["exec" if kind == "held" else "capability"]["hooks"][0]
    return {"sensor": "capability", "rule": rule, "severity": severity, "message": message,
            "hook": hook, "object": {"name": name, "number": number, "kind": kind, "userns": 0,
                                     "on_behalf": False}}


def execution(world, hooks, rule, severity, path, uid, euid, message, how="exec"):
    at = os.stat(path)
    return {"sensor": "exec", "rule": rule, "severity": severity, "message": message,
            "hook": hooks["exec"]["hooks"][0],
            "object": {"path": path, "interpreter": None,
                       "dev": f"{os.major(at.st_dev)}:{os.minor(at.st_dev)}", "ino": at.st_ino,
                       "mntns": world.mntns, "how": how, "uid": uid, "euid": euid, "gained": [],
                       "deleted": False}}


# --- judging --------------------------------------------------------------------------------------

def micros(text):
    """A time of an alert in microseconds since 1970."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", text):
        raise ValueError(f"no time: {text}")
    when = datetime.strptime(text[:-1], "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=timezone.utc)
    return round(when.timestamp() * 1000000)


def flat(value, path=""):
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from flat(inner, f"{path}.{key}" if path else key)
    else:
        yield path, value


def differences(got, want):
    got, want = dict(flat(got)), dict(flat(want))
    for name in sorted(set(got) | set(want)):
        if got.get(name, "absent") != want.get(name, "absent"):
            yield f"{name}: got {got.get(name, 'absent')!r}, want {want.get(name, 'absent')!r}"


def frame(world, v, seq):
    """What every alert has."""
    daemon = world.status
    if list(v) != MEMBERS:
        yield f"members, or their order: {' '.join(v)}"
    for name, want in (("schema", "evmon.alert/1"), ("durable", True), ("seq", seq),
                       ("boot", read("/proc/sys/kernel/random/boot_id").strip()),
                       ("station", daemon["station"]), ("policy", daemon["policy"]["hash"])):
        if v.get(name) != want:
            yield f"{name}: got {v.get(name)!r}, want {want!r}"
    if not re.fullmatch("[0-9a-f]{8}", v["journal"]) or v["clock"] not in ("synced", "unsynced"):
        yield f"journal or clock: {v['journal']} {v['clock']}"
    if not all(re.fullmatch("[0-9a-f]{64}", v[name]) for name in ("prev", "hash")):
        yield "prev, hash"


def times(v, since, until):
    """Times agree with each other and with when the deed was done (microseconds since boot)."""
    first, last, time = (micros(v[name]) for name in ("first", "last", "time"))
    offset = v["boot_us"] - time
    if not first <= last <= time or (v["count"] == 1 and first != last):
        yield f"times: first {v['first']}, last {v['last']}, time {v['time']}"
    if not since <= first + offset or not v["boot_us"] <= until:
        yield f"times: {first + offset} to {v['boot_us']} us is not within {since} to {until}"


def problems(world, alert, want, since):
    """Every way in which the alert is not what is wanted."""
    v = alert.value
    want = {"verdict": "alert", "count": 1, "module": None, **want}
    yield from frame(world, v, world.seen)
    yield from times(v, since, w.boot_us())
    bare = {name: value for name, value in v.items() if name not in OWN}
    if bare.get("process") and want.get("process"):
        got = dict(bare["process"])
        started, wanted = got.pop("start_us"), dict(want["process"])
        due = wanted.pop("ticks")
        bare, want = dict(bare, process=got), dict(want, process=wanted)
        if due is not None and started // TICK_US != due:
            yield f"process.start_us: {started}, want {due} ticks"
        if due is None and not since <= started <= v["boot_us"]:
            yield f"process.start_us: {started}, not since {since}"
    yield from differences(bare, want)


def expect(world, want, since):
    """The journal's next alert is the one that is wanted, in every member."""
    alert = world.next_alert()
    if alert.value["rule"] != want["rule"]:
        found = [f"got {alert.value['rule']}, want {want['rule']}"]
    else:
        found = list(problems(world, alert, want, since))
    if found:
        world.seen = len(world.journal.lines)  # what comes next is judged by itself
        raise AssertionError("\n  ".join(["the next alert is not as wanted:", *found,
                                          json.dumps(alert.value)]))
    return alert
