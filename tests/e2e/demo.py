#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demo: two chargers, one as EVerest's security page wants it and one as most are, each with
evmon, a broker and a subscriber of its own. What this kernel can show is asked of `evmon coverage`,
and only that is expected; what is expected must come out at both ends with the same bytes."""

import glob
import os
import subprocess
import sys
import time
from collections import namedtuple

import expect
from world import EVMON, PUBLISH_UID, World, boot_us, coverage, enter_namespace

Want = namedtuple("Want", "rule module object", defaults=(None, {}))
Misdeed = namedtuple("Misdeed", "sensor title deed wants")

COLORS = {"critical": "1;31", "high": "31", "medium": "33", "low": "36", "bold": "1", "dim": "2",
          "good": "32", "bad": "1;31"}
IN_COLOR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def paint(color, text):
    return f"\033[{COLORS[color]}m{text}\033[0m" if IN_COLOR else text


def say(text=""):
    print(text, flush=True)


def misdeeds(world):
    """What the modules of the first charger are told to do, and what must come of it."""
    port, mqtt = "the admin panel's port, 8849", "an MQTT port, 1883,"
    controller = world.everest + "/bin/controller"
    return (
        Misdeed("bind", f"a module opens {port}: tcp, IPv4", "auth bind tcp ipv4 any 8849",
                [Want("bind.admin-panel", "auth", {"family": "ipv4", "proto": "tcp"})]),
        Misdeed("bind", f"a module opens {port}: tcp, IPv6", "auth bind tcp ipv6 any 8849",
                [Want("bind.admin-panel", "auth", {"family": "ipv6", "proto": "tcp"})]),
        Misdeed("bind", f"a module opens {mqtt} to the network",
                "energy_manager bind tcp ipv4 any 1883",
                [Want("bind.mqtt-tcp", "energy_manager", {"scope": "any"})]),
        Misdeed("bind", f"a module opens {mqtt} on loopback",
                "evse_security bind tcp ipv4 loopback 1883",
                [Want("bind.mqtt-loopback", "evse_security", {"scope": "loopback"})]),
        Misdeed("bind", "a broker listens on TCP for everybody", world.expose,
                [Want("bind.broker-exposed", None, {"port": 1884, "scope": "any"})]),
        Misdeed("capability", "a module uses a capability that is not in its list: EVerest's"
                " surplus", "slac cap CAP_CHOWN",
                [Want("capability.used", "slac", {"name": "CAP_CHOWN", "kind": "used"})]),
        Misdeed("capability", "a module asks for a capability that it was not given",
                "auth cap CAP_SYS_TIME",
                [Want("capability.denied", "auth", {"name": "CAP_SYS_TIME", "kind": "denied"})]),
        Misdeed("exec", "a module becomes root by a set-uid program",
                f"auth exec-root {world.rooted}",
                [Want("exec.root", "auth", {"path": world.rooted, "euid": 0})]),
        Misdeed("exec", "a module starts the admin panel", f"rpc_api exec {controller}",
                [Want("exec.admin-panel", "rpc_api", {"path": controller})]),
    )


class Charger(World):
    """A world that starts in one go, and can misbehave as a broker."""

    def __init__(self, config):
        super().__init__("evmon-demo")
        self.exposed = None
        self.write_config(config)
        self.write_policy(window=None)

    def go(self):
        self.start_broker()
        self.subscribe()
        self.watch()
        self.publish()
        self.plant()

    def expose(self):
        """A second mosquitto, the machine's own program."""
        since = boot_us()
        self.exposed = self.broker_conf("exposed", "listener 1884 0.0.0.0")
        self.stop_broker(self.exposed)
        return since, "mosquitto, with `listener 1884 0.0.0.0`"


class Demo:
    def __init__(self):
        self.began = time.monotonic()
        self.n = self.expected = self.in_journal = self.on_topic = self.same = 0
        self.hooks, self.not_shown, self.used = {}, [], set()
        self.patience = 15  # seconds for an alert; who has waited in vain once waits less

    # --- one misdeed ------------------------------------------------------------------------------

    def fits(self, world, value, want):
        return (value["rule"] == want.rule
                and (value["module"] or {}).get("id") == want.module
                and (value["journal"], value["seq"]) not in self.used
                and all(value["object"].get(k) == v for k, v in want.object.items())
                and not world.foreign(value))

    def find(self, world, want):
        def fitting(_):
            for alert in world.alerts():
                if self.fits(world, alert.value, want):
                    return alert
            return None
        return world.journal.wait(want.rule, fitting, self.patience)

    def show_alert(self, world, want, since):
        """Both ends of one alert; False where one of them has it not."""
        self.expected += 1
        try:
            alert = self.find(world, want)
        except AssertionError:
            say(f"    journal  {paint('bad', 'nothing came')}: {want.rule} {want.module or ''}")
            self.patience = 2
            return False
        v = alert.value
        self.used.add((v["journal"], v["seq"]))
        self.in_journal += 1
        count = f", {v['count']} times" if v["count"] > 1 else ""
        say(f"    journal  {paint(v['severity'], v['severity'])} {paint('bold', v['rule'])}: "
            f"{v['message']}")
        say(f"             seq {v['seq']}{count}{self.after(alert, alert.stamp, since)}")
        try:
            topic, stamp = world.wait_delivered(alert.line, self.patience)
        except AssertionError:
            self.patience = 2
            return self.show_missing(world, v)
        self.on_topic += 1
        self.same += 1
        say(f"    topic    {topic}")
        say(f"             seq {v['seq']}, {paint('good', 'the same')} {len(alert.line)} bytes"
            f"{self.after(alert, stamp, since)}")
        return True

    def show_missing(self, world, v):
        """It came with other bytes, or it came not at all."""
        mark = f'"journal":"{v["journal"]}","seq":{v["seq"]},'.encode()
        other = [topic for topic, payload, _ in world.delivered() if mark in payload]
        if other:
            self.on_topic += 1
            say(f"    topic    {other[0]}: {paint('bad', 'other bytes')}")
        else:
            say(f"    topic    {paint('bad', 'nothing came')}")
        return False

    @staticmethod
    def after(alert, stamp, since):
        if since is None:
            return ""
        v = alert.value
        done = v["boot_us"] - expect.micros(v["time"]) + expect.micros(v["first"])
        return f", {stamp / 1000000 - done / 1000:.1f} ms after the deed"

    def show(self, world, misdeed):
        self.n += 1
        say()
        say(paint("bold", f"{self.n:3} {misdeed.title}"))
        since = None
        if callable(misdeed.deed):
            since, done = misdeed.deed()
            say(paint("dim", f"    $ {done}"))
        elif misdeed.deed:
            say(paint("dim", f"    $ misdeed {misdeed.deed}"))
            answer = world.ask(*misdeed.deed.split())
            since = answer.started
            if not answer.good and misdeed.sensor != "capability":
                say(f"      {paint('bad', 'not done')}: {answer.text}")
        return all([self.show_alert(world, want, since) for want in misdeed.wants])

    def can(self, sensor):
        return self.hooks[sensor]["state"] == "proven"

    def show_all(self, world, deeds):
        good = True
        for misdeed in deeds:
            if self.can(misdeed.sensor):
                good &= self.show(world, misdeed)
        return good

    # --- the chargers -----------------------------------------------------------------------------

    def hardened(self):
        with Charger("hardened.yaml") as world:
            self.start(world, "A charger as EVerest's security page wants it",
                       "13 modules as user nobody, each with its few capabilities")
            surplus = [Want("capability.everest-chown", m, {"name": "CAP_CHOWN", "kind": "held"})
                       for m in ("setup", "slac")]
            first = Misdeed("exec", "the tree starts: EVerest's manager leaves CAP_CHOWN to each"
                            " module that has capabilities", None, surplus)
            good = self.show_all(world, (first, *misdeeds(world)))
            good &= self.thousand(world) if self.can("bind") else self.stop(world)
            return good or self.fail(world)

    def thousand(self, world):
        """The first is told at once, the others when the window ends: here, when evmon stops."""
        told = [Want("bind.admin-panel", "system")]
        good = self.show(world, Misdeed(
            "bind", "a module opens the admin panel's port a thousand times: told at once, once",
            "system bind-close tcp ipv4 any 8849 1000", told))
        world.daemon.process.terminate()
        good &= self.show(world, Misdeed(
            "bind", "evmon is told to stop: it tells what its windows still hold", None, told))
        counts = sum(alert.value["count"] for alert in world.alerts()
                     if (alert.value["module"] or {}).get("id") == "system")
        say(f"    counted  {counts} of 1000")
        return self.ended(world.daemon.end()) and good and counts == 1000

    def stop(self, world):
        return self.ended(world.daemon.stop())

    @staticmethod
    def ended(status):
        if status:
            say(f"    evmon ended with status {status}")
        return status == 0

    def root(self):
        with Charger("root.yaml") as world:
            self.start(world, "A charger as many are: no run_as_user", "5 modules as root")
            modules = ("auth", "connector_1", "iso15118_charger", "setup", "slac")
            good = self.show_all(world, (
                Misdeed("exec", "EVerest's configuration keeps everything root", None,
                        [Want("config.no-run-as-user")]),
                Misdeed("exec", "each module runs as root", None,
                        [Want("exec.root", m) for m in modules]),
                Misdeed("exec", "the manager is still root once it is up", None,
                        [Want("exec.root-steady")])))
            return (self.stop(world) and good) or self.fail(world)

    def start(self, world, title, tree):
        try:
            world.go()
        except AssertionError:
            self.fail(world)
            raise
        say()
        say(paint("bold", title))
        say(f"    tree           {tree}, broker on a unix socket")
        say(f"    evmon run      pid {world.daemon.pid}, built-in policy but for where this tree"
            f" stands, journal in {world.state}")
        say(f"    evmon-publish  pid {world.publisher.pid}, uid {PUBLISH_UID}, no capability,"
            f" to {world.socket}")

    def fail(self, world):
        say()
        say(paint("bad", "What the processes said at last:"))
        say(world.said())
        return False

    # --- the whole --------------------------------------------------------------------------------

    def see(self):
        say(paint("bold", "What this kernel lets evmon see"))
        say(paint("dim", "    $ evmon coverage"))
        run = subprocess.run([EVMON, "coverage"], stdout=subprocess.PIPE, text=True, check=False)
        for line in run.stdout.splitlines():
            say(("    " + line).rstrip())
        self.hooks = coverage()
        for sensor in ("bind", "capability", "exec"):
            if not self.can(sensor):
                self.not_shown.append(f"{sensor}: {self.hooks[sensor]['state']} on this kernel")
        bus = glob.glob("/sys/bus/usb/devices/usb*")
        self.not_shown.append("usb: nothing can be plugged in from here; make test does it in a"
                              " virtual machine" if bus else "usb: this machine has no USB bus")

    def run(self):
        self.see()
        good = self.hardened()
        good = self.root() and good
        good = good and self.expected == self.in_journal == self.on_topic == self.same > 0
        say()
        say(paint("bold", "Summary"))
        say(f"    alerts expected    {self.expected}")
        say(f"    in the journal     {self.in_journal}")
        say(f"    at the subscriber  {self.on_topic}")
        say(f"    the same bytes     {self.same}")
        say(f"    time               {time.monotonic() - self.began:.1f} s")
        for what in self.not_shown:
            say(f"    not shown          {what}")
        say(paint("good", "all came out at both ends") if good
            else paint("bad", "something did not come out"))
        return 0 if good else 1


def main():
    enter_namespace()
    try:
        return Demo().run()
    except AssertionError as error:
        say(paint("bad", f"The demo cannot go on: {error}"))
        return 1
    except KeyboardInterrupt:
        say("\ninterrupted")
        return 130


if __name__ == "__main__":
    sys.exit(main())
