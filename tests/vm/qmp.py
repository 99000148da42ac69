# SPDX-License-Identifier: Apache-2.0
"""USB hot-plug for a test machine, over QEMU's machine protocol.

A guest asks in words ("usb-add kbd k0"), for several things at once with "and" between them;
Hotplug.ask() does it and answers "ok" or "error WHY". There are several controllers, since a kernel
takes the devices of one in one after the other, with waits of fixed length: PORT is "2", "4.1"
behind a hub, or "3:2" on another controller than the first.

Each device gets the serial number evmon-ID, so that tests know what to expect. A storage device is
backed by a sparse file of its own, which goes away with the machine.
"""
import json
import os
import re

CONTROLLERS = 8
STORAGE_BYTES = 16 << 20
DRIVERS = {
    "kbd": "usb-kbd",
    "mouse": "usb-mouse",
    "tablet": "usb-tablet",
    "storage": "usb-storage",
    "serial": "usb-serial",
    "hub": "usb-hub",
}


class QmpError(Exception):
    """What QEMU answered instead of a result."""


class Qmp:
    """One client of a QMP socket: a command at a time, events kept until asked for."""

    def __init__(self, sock):
        self.lines = sock.makefile("rwb")
        self.events = []
        self._read()
        self.execute("qmp_capabilities")

    def _read(self):
        line = self.lines.readline()
        if not line:
            raise QmpError("QEMU has hung up")
        return json.loads(line)

    def execute(self, command, **arguments):
        message = {"execute": command, "arguments": arguments}
        self.lines.write(json.dumps(message).encode() + b"\n")
        self.lines.flush()
        while True:
            answer = self._read()
            if "event" in answer:
                self.events.append(answer)
            elif "error" in answer:
                raise QmpError(answer["error"]["desc"])
            else:
                return answer["return"]

    def wait_event(self, name, **data):
        """Takes out the first event of that name with these members, seen already or to come."""
        at = 0
        while True:
            for event in self.events[at:]:
                have = event.get("data", {})
                if event["event"] == name and all(have.get(k) == v for k, v in data.items()):
                    self.events.remove(event)
                    return event
            at = len(self.events)
            self.events.append(self._read())


class Hotplug:
    """The USB devices of one machine, by the ids that the guest gave them."""

    def __init__(self, qmp, folder):
        self.qmp = qmp
        self.folder = folder
        self.devices = {}
        self.going = []

    def ask(self, request):
        try:
            for part in request.split(" and "):
                self._do(part.split())
            self._gone()
        except (QmpError, OSError) as err:
            return "error " + str(err).replace("\n", " ")
        return "ok"

    def _do(self, words):
        if len(words) in (3, 4) and words[0] == "usb-add":
            self._add(*words[1:])
        elif len(words) == 2 and words[0] == "usb-del":
            self._remove(words[1])
        else:
            raise QmpError("not understood: " + " ".join(words))

    def _add(self, kind, name, port=None):
        if kind not in DRIVERS:
            raise QmpError(f"no such type: {kind} (there are: {' '.join(DRIVERS)})")
        if not re.fullmatch(r"[a-z][a-z0-9]*", name):
            raise QmpError(f"not an id: {name}")
        if name in self.devices:
            raise QmpError(f"{name} is attached already")
        controller, _, port = (port or "0:").rpartition(":")
        options = {"driver": DRIVERS[kind], "id": name, "bus": f"xhci{controller or 0}.0"}
        if port:
            options["port"] = port
        if kind != "hub":
            options["serial"] = f"evmon-{name}"
        self._backend_add(kind, name, options)
        try:
            self.qmp.execute("device_add", **options)
        except QmpError:
            self._backend_remove(kind, name)
            raise
        self.devices[name] = kind

    def _remove(self, name):
        if name not in self.devices:
            raise QmpError(f"{name} is not attached")
        self.qmp.execute("device_del", id=name)
        self.going.append(name)

    def _gone(self):
        """QEMU takes its time to say so: devices go together."""
        while self.going:
            name = self.going.pop()
            self.qmp.wait_event("DEVICE_DELETED", device=name)
            self._backend_remove(self.devices.pop(name), name)

    def _backend_add(self, kind, name, options):
        if kind == "storage":
            path = os.path.join(self.folder, name + ".img")
            with open(path, "wb") as image:
                image.truncate(STORAGE_BYTES)
            node = {"driver": "raw", "node-name": "n-" + name}
            node["file"] = {"driver": "file", "filename": path}
            self.qmp.execute("blockdev-add", **node)
            options["drive"] = "n-" + name
        elif kind == "serial":
            backend = {"type": "null", "data": {}}
            self.qmp.execute("chardev-add", id="c-" + name, backend=backend)
            options["chardev"] = "c-" + name
            options["always-plugged"] = True  # else it shows only while somebody has the line open

    def _backend_remove(self, kind, name):
        if kind == "storage":
            self.qmp.execute("blockdev-del", **{"node-name": "n-" + name})
            os.unlink(os.path.join(self.folder, name + ".img"))
        elif kind == "serial":
            self.qmp.execute("chardev-remove", id="c-" + name)
