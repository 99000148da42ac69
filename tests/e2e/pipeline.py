#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From this kernel's hooks to the journal and to a subscriber: one misdeed, one alert, every member
right; its innocent twin gives nothing; a thousand repeats add up; every line is valid and came out
at the subscriber with the same bytes; a broker that is late delays and loses nothing.

Alerts are taken strictly in their order, so whatever an innocent causes fails what comes next."""

import json
import subprocess
import sys

import expect as e
from world import EVMON, ROOT, Lines, Tap, World, boot_us, coverage, enter_namespace, same, true
from world import threads

REPEATS = 1000


class Pipeline:
    def __init__(self, world, tap, hooks):
        self.world, self.tap, self.hooks = world, tap, hooks
        self.innocents = 0

    # --- one deed, one alert ----------------------------------------------------------------------

    def self_alert(self, rule, what, detail, text):
        argv = [EVMON]
        e.expect(self.world, {
            "sensor": "self", "rule": rule, "severity": "low", "hook": None, "subject": "host",
            "process": e.process(self.world.daemon.pid, cmdline=argv),
            "object": {"what": what, "detail": detail}, "message": f"{text}: {detail}"}, 0)

    def started(self):
        version = subprocess.run([EVMON, "--version"], stdout=subprocess.PIPE, text=True,
                                 check=True).stdout.split()[1]
        release = e.read("/proc/sys/kernel/osrelease").strip()
        policy = self.world.status["policy"]["hash"]
        self.self_alert("self.started", "start",
                        f"version {version}, kernel {release}, policy {policy}", "evmon started")

    def baseline(self):
        alert = self.world.next_alert()
        same("rule", alert.value["rule"], "self.usb-baseline")

    def surplus(self, ident, name, since):
        who = e.module(self.world, ident, name, comm=name[:15])
        e.expect(self.world, {**who, **e.capability(
            self.hooks, "capability.everest-chown", "low", 0, "CAP_CHOWN", "held",
            f"module {ident} ({name}) holds CAP_CHOWN beyond its list, as EVerest's manager leaves"
            " it to modules with others")}, since)

    def bind(self, who, deed, rule, severity, found, why):
        ident, name = who
        proto, family, address, port, scope = found
        answer = self.world.do(ident, "bind", *deed.split())
        at = f"[{address}]:{port}" if family == "ipv6" else f"{address}:{port}"
        more = {"dual": True} if deed.split()[1] == "dual" and self.sees_dual() else {}
        e.expect(self.world, {**e.module(self.world, ident, name), **e.bind(
            self.world, self.hooks, rule, severity, *found,
            f"module {ident} ({name}) bound {proto} {at}, {why}", **more)}, answer.started)
        self.world.do(ident, "release")

    def sees_dual(self):
        return "dual stack" not in (self.hooks["bind"]["limits"] or "")

    def capability(self, who, deed, rule, severity, number, kind):
        ident, name = who
        answer = self.world.ask(ident, "cap", deed)
        same("granted", answer.good, kind == "used")
        verb = "used" if kind == "used" else "asked in vain for"
        e.expect(self.world, {**e.module(self.world, ident, name), **e.capability(
            self.hooks, rule, severity, number, deed, kind,
            f"module {ident} ({name}) {verb} {deed}, which is not in its list")}, answer.started)

    def user_namespace(self):
        """Told as it is entered, where a hook sees that, and by each right that is used in it; which
        comes first is the hook's matter."""
        self.world.do("auth", "userns", "cap", "CAP_SYS_CHROOT")
        entered = self.hooks["credentials"]["hooks"]
        wanted = [("used", "CAP_SYS_CHROOT", 18, self.hooks["capability"]["hooks"][0])]
        wanted += [("held", "CAP_SYS_ADMIN", 21, hook) for hook in entered]
        alerts = [self.world.next_alert().value for _ in wanted]
        alerts.sort(key=lambda v: v["object"].get("kind", ""), reverse=True)
        for v, (kind, name, number, hook) in zip(alerts, wanted):
            same("alert", [v[n] for n in ("rule", "severity", "verdict", "count", "module",
                                          "object", "hook")],
                 ["capability.userns", "medium", "alert", 1, {"id": "auth", "name": "Auth"},
                  {"name": name, "number": number, "kind": kind, "userns": 1, "on_behalf": False},
                  hook])

    def root_by_setuid(self):
        answer = self.world.do("auth", "exec-root", self.world.rooted)
        uid = e.process(answer.pid)["uid"]
        e.expect(self.world, {
            **e.child(self.world, "auth", "Auth", answer, "rooted", self.world.rooted,
                      [self.world.rooted], 0),
            **e.execution(self.world, self.hooks, "exec.root", "high", self.world.rooted, uid, 0,
                          f"module auth (Auth) ran {self.world.rooted} as root", "setuid")},
            answer.started)

    def panel(self, deed, path, comm, argv):
        answer = self.world.do("rpc_api", *deed)
        uid = e.process(answer.pid)["uid"]
        e.expect(self.world, {
            **e.child(self.world, "rpc_api", "RpcApi", answer, comm, path, argv, uid),
            **e.execution(self.world, self.hooks, "exec.admin-panel", "critical", path, uid, uid,
                          f"module rpc_api (RpcApi) is the admin panel, {path}")}, answer.started)

    def exposed_broker(self):
        since = boot_us()
        broker = self.world.broker_conf("exposed", "listener 1884 0.0.0.0", "listener 8883 0.0.0.0",
                                        "listener 1886 127.0.0.1", "listener 1883 127.0.0.1")
        argv = {"subject": "broker",
                "process": e.process(broker.pid, cmdline=["/usr/sbin/mosquitto"])}
        for rule, severity, address, port, scope, why in (
                ("bind.broker-exposed", "critical", "0.0.0.0", 1884, "any",
                 "an MQTT listener that the network can reach"),
                ("bind.mqtt-tls", "medium", "0.0.0.0", 8883, "any",
                 "MQTT over TLS that the network can reach"),
                ("bind.mqtt-loopback", "medium", "127.0.0.1", 1883, "loopback", e.LOOPBACK)):
            message = f"the broker bound tcp {address}:{port}, {why}"
            e.expect(self.world, {**argv, **e.bind(self.world, self.hooks, rule, severity, "tcp",
                                                   "ipv4", address, port, scope, message)}, since)
        self.world.stop_broker(broker)

    def host(self):
        since = boot_us()
        misdeed = self.world.everest + "/bin/misdeed"
        holder = self.world.start([misdeed, "--here", "--hold", "bind", "tcp", "ipv4", "loopback",
                                   "8849"], stdin=subprocess.PIPE)
        holder.wait_text("ok pid=")
        e.expect(self.world, {
            "subject": "host", "process": e.process(holder.pid, cmdline=[misdeed]),
            **e.bind(self.world, self.hooks, "bind.admin-panel", "critical", "tcp", "ipv4",
                     "127.0.0.1", 8849, "loopback", f"process misdeed (pid {holder.pid}) bound tcp"
                     f" 127.0.0.1:8849, {e.PANEL}")}, since)
        holder.process.stdin.close()
        holder.end()

    # --- nothing happens --------------------------------------------------------------------------

    def innocent(self, *deeds):
        """Done, and nothing comes of it: the next check takes the journal's next alert."""
        for deed in deeds:
            module, *words = deed.split()
            answer = self.world.ask(module, *words)
            true(f"{deed}: {answer.text}", answer.text.startswith(("ok ", "error E")))
            self.world.ask(module, "release")

    def innocent_refused(self):
        answer = self.world.ask("auth", "bind", "tcp", "ipv4", "192.0.2.99", "8849")
        true(answer.text, answer.text.startswith("error EADDRNOTAVAIL"))

    # --- counts -----------------------------------------------------------------------------------

    def sum_of(self, values, rule, ident):
        return sum(v["count"] for v in values
                   if v["rule"] == rule and v["module"] and v["module"]["id"] == ident)

    def thousand(self, rule, ident, *deed):
        """A thousand of a key that is new; all of them are told, and no more, now or at the end."""
        self.world.ask(ident, *deed)
        self.world.wait_alerts(f"{REPEATS} of {rule}", lambda values: self.sum_of(
            values, rule, ident) >= REPEATS)
        return rule, ident

    def thousand_at_once(self):
        """Four modules at the same time; a key each."""
        modules = ("bsp_dc", "energy_manager", "evse_security", "ocpp")
        deed = ("bind-close", "udp", "ipv4", "loopback", "8849", str(REPEATS))
        threads([lambda m=m: self.thousand("bind.admin-panel", m, *deed) for m in modules])
        return [("bind.admin-panel", m) for m in modules]


BINDS = (  # who, deed, rule, severity, (proto, family, address, port, scope), why; innocent twin
    ("tcp ipv4 any 8849", "bind.admin-panel", ("tcp", "ipv4", "0.0.0.0", 8849, "any"), e.PANEL,
     "tcp ipv4 any 8850"),
    ("tcp ipv6 any 8849", "bind.admin-panel", ("tcp", "ipv6", "::", 8849, "any"), e.PANEL,
     "tcp ipv6 any 8848"),
    ("udp ipv4 loopback 8849", "bind.admin-panel", ("udp", "ipv4", "127.0.0.1", 8849, "loopback"),
     e.PANEL, "udp ipv4 loopback 0"),
    ("udp ipv6 loopback 8849", "bind.admin-panel", ("udp", "ipv6", "::1", 8849, "loopback"),
     e.PANEL, "udp ipv6 loopback 18849"),
    ("tcp ipv4 any 1883", "bind.mqtt-tcp", ("tcp", "ipv4", "0.0.0.0", 1883, "any"), e.MQTT,
     "udp ipv4 any 1883"),
    ("tcp ipv6 any 1883", "bind.mqtt-tcp", ("tcp", "ipv6", "::", 1883, "any"), e.MQTT,
     "tcp ipv6 any 1884"),
    ("tcp ipv4 192.0.2.1 9001", "bind.mqtt-tcp", ("tcp", "ipv4", "192.0.2.1", 9001, "interface"),
     e.MQTT, "tcp ipv4 loopback 9001"),
    ("tcp ipv4 loopback 1883", "bind.mqtt-loopback", ("tcp", "ipv4", "127.0.0.1", 1883, "loopback"),
     e.LOOPBACK, "tcp ipv4 any 8883"),
    ("tcp ipv6 loopback 1883", "bind.mqtt-loopback", ("tcp", "ipv6", "::1", 1883, "loopback"),
     e.LOOPBACK, "tcp ipv6 loopback 1880"),
)


def bind_checks(tests, tap):
    for deed, rule, found, why, twin in BINDS:
        severity = "medium" if rule == "bind.mqtt-loopback" else "critical"
        tap.check(f"innocent: bind {twin}", tests.innocent, f"auth bind {twin}")
        tap.check(f"{rule}: {deed}", tests.bind, ("auth", "Auth"), deed, rule, severity, found, why)
    tap.check("innocent: a bind that the kernel refuses", tests.innocent_refused)
    tap.check("bind.admin-panel: outside the tree", tests.host)
    tap.check("bind.broker-exposed, bind.mqtt-tls, bind.mqtt-loopback: a broker", tests.exposed_broker)


def capability_checks(tests, tap):
    slac, auth = ("slac", "EvseSlac"), ("auth", "Auth")
    tap.check("innocent: a module's own capability", tests.innocent, "slac cap CAP_NET_RAW",
              "setup cap CAP_NET_ADMIN")
    tap.check("capability.used", tests.capability, slac, "CAP_CHOWN", "capability.used", "high", 0,
              "used")
    tap.check("innocent: what every EACCES asks for", tests.innocent, "auth cap CAP_DAC_OVERRIDE")
    tap.check("capability.userns", tests.user_namespace)
    tap.check("capability.denied", tests.capability, auth, "CAP_SYS_TIME", "capability.denied",
              "low", 25, "denied")


def exec_checks(tests, tap):
    world = tests.world
    plain, controller = world.everest + "/libexec/everest/rooted", world.everest + "/bin/controller"
    tap.check("innocent: the same program without the bit", tests.innocent, f"auth exec {plain}")
    tap.check("exec.root: a set-uid program", tests.root_by_setuid)
    tap.check("innocent: another argv[0]", tests.innocent, "rpc_api exec-as MT.EVERESTS /bin/true")
    tap.check("exec.admin-panel: by its file", tests.panel, ("exec", controller), controller,
              "controller", [controller])
    tap.check("exec.admin-panel: by its name", tests.panel,
              ("exec-as", "MT.EVEREST", "/usr/bin/true"), "/usr/bin/true", "true", ["MT.EVEREST"])


def count_checks(tests, tap):
    thousands = [
        tap.check("a thousand binds", tests.thousand, "bind.admin-panel", "system", "bind-close",
                  "tcp", "ipv4", "any", "8849", str(REPEATS)),
        tap.check("a thousand capabilities used", tests.thousand, "capability.used", "setup", "cap",
                  "CAP_CHOWN", str(REPEATS)),
        tap.check("a thousand capabilities denied", tests.thousand, "capability.denied", "system",
                  "cap", "CAP_SYS_TIME", str(REPEATS)),
        tap.check("a thousand programs as root", tests.thousand, "exec.root", "system", "repeat",
                  str(REPEATS), "exec-root", tests.world.rooted)]
    at_once = tap.check("four thousand binds of four modules at once", tests.thousand_at_once)
    return [key for key in thousands if key] + (at_once or [])


def exactly(tests, thousands):
    values = [alert.value for alert in tests.world.alerts()]
    for rule, ident in thousands:
        same(f"{rule} of {ident}", tests.sum_of(values, rule, ident), REPEATS)
    true("nothing was counted", len(thousands) == 8)


def valid(world):
    run = subprocess.run([EVMON, "log", "--state-dir", world.state, "-n", "all", "--json"],
                         stdout=subprocess.PIPE, check=True)
    check = subprocess.run([ROOT + "/tests/check/schema.py", "-"], input=run.stdout,
                           stdout=subprocess.PIPE, check=False)
    true(check.stdout.decode(), check.returncode == 0)
    same("what is followed and what is read", run.stdout.splitlines(), world.journal.lines)


def delivered_all(world):
    """Every line of the journal, the same bytes, in order, once, below its sensor's topic."""
    world.wait_delivered(world.journal.lines[-1])
    came = world.delivered()
    same("payloads", [payload for _, payload, _ in came], world.journal.lines)
    for topic, payload, _ in came:
        sensor = json.loads(payload)["sensor"]
        same("topic", topic, f"evmon/v1/{world.status['station']}/alert/{sensor}")


def verified(world):
    run = subprocess.run([EVMON, "log", "--state-dir", world.state, "--verify"], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    same(run.stdout, run.returncode, 0)


def ends(world):
    same("status", world.daemon.stop(), 0)
    world.wait_rule("self.stopped")


def publisher_is_nobody(world):
    status = dict(line.split(":\t", 1) for line in e.read(
        f"/proc/{world.publisher.pid}/status").splitlines() if ":\t" in line)
    same("uids", set(status["Uid"].split()), {"64123"})
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        same(name, int(status[name], 16), 0)


def late_broker(tap):
    """Misdeeds come first, then the publisher, then the broker: nothing is lost on the way."""
    with World() as world:
        tap.world = world
        world.write_config("mini.yaml")
        world.write_policy()
        world.watch()
        world.publish()
        world.plant("--no-broker")
        world.do("auth", "bind", "tcp", "ipv4", "any", "8849")
        world.wait_rule("bind.admin-panel")
        world.publisher.wait_text("trying again")
        world.start_broker(door=False)
        world.subscribe()
        world.open_door()
        delivered_all(world)
        world.do("auth", "bind", "tcp", "ipv6", "any", "8849")
        world.wait_alerts("the second", lambda values: sum(
            v["rule"] == "bind.admin-panel" for v in values) == 2)
        ends(world)
        delivered_all(world)
        verified(world)


def main():
    enter_namespace()
    tap = Tap()
    subprocess.run(["ip", "addr", "add", "192.0.2.1/32", "dev", "lo"], check=True)
    hooks = coverage()
    with World() as world:
        tap.world = world
        tests = Pipeline(world, tap, hooks)
        world.write_config("hardened.yaml")
        world.write_policy()
        world.start_broker()
        world.subscribe()
        tap.check("evmon starts", world.watch)
        tap.check("evmon-publish starts", world.publish)
        tap.check("self.started", tests.started)
        tap.check("self.usb-baseline", tests.baseline)
        since = boot_us()
        tap.check("the tree starts", world.plant)
        tap.check("capability.everest-chown: setup", tests.surplus, "setup", "Setup", since)
        tap.check("capability.everest-chown: slac", tests.surplus, "slac", "EvseSlac", since)
        bind_checks(tests, tap)
        capability_checks(tests, tap)
        exec_checks(tests, tap)
        thousands = count_checks(tests, tap)
        tap.check("evmon-publish has no right", publisher_is_nobody, world)
        tap.check("SIGTERM ends it well", ends, world)
        tap.check("a thousand each, to the last", exactly, tests, thousands)
        tap.check("every line is valid", valid, world)
        tap.check("the same bytes came out at the subscriber", delivered_all, world)
        tap.check("the journal is whole", verified, world)
    tap.check("a broker that comes late delays and loses nothing", late_broker, tap)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
