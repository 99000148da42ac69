# SPDX-License-Identifier: Apache-2.0
"""What evmon-publish needs to run, and how it takes what changes: its configuration, the runtime
directory, the rights to read the journal and no others."""

import os
import re
import shutil

from publish_place import Skip, alerts, test, wait_seq, wait_status
from world import PUBLISH_GID, PUBLISH_UID, same, true


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
    same("topic", alerts(sub)[-1][0], "other/cp-2/alert/bind")


def daemon_says(place, sub, seq):
    """A daemon starts, and what it says comes out."""
    writer = place.writer()
    place.write_conf()
    place.write_status()
    writer.append("urgent", 1)
    wait_seq(sub, seq)
    return writer


@test
def runtime_directory_may_come_late_and_go(place):
    place.broker()
    sub = place.subscriber()
    place.open_door()
    os.rmdir(place.run)
    publisher = place.publisher()
    publisher.wait_text("waiting for")
    os.mkdir(place.run)
    writer = daemon_says(place, sub, 1)
    # As systemd does it when the daemon stops, and starts.
    writer.lines.stop()
    shutil.rmtree(place.run)
    wait_status(sub, b'"state":"blind"')
    os.mkdir(place.run)
    daemon_says(place, sub, 2)


def status_of(publisher):
    with open(f"/proc/{publisher.pid}/status", encoding="utf-8") as file:
        return file.read()


@test
def it_keeps_no_capability(place):
    place.write_conf()
    publisher = place.publisher()
    publisher.wait_text("trying again")
    status = status_of(publisher)
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        true(name, re.search(name + r":\s+0{16}\n", status))
    true("NoNewPrivs", re.search(r"NoNewPrivs:\s+1\n", status))


@test
def reading_as_the_directorys_group_is_enough(place):
    if os.geteuid() != 0:
        raise Skip("not root: no other user to be")
    os.chmod(place.root, 0o711)
    os.chown(place.state, -1, PUBLISH_GID)
    # What tmpfiles.d or the unit does: the group may enter, and what is made there belongs to it.
    os.chmod(place.state, 0o2750)
    os.mkdir(place.cursor)
    os.chown(place.cursor, PUBLISH_UID, PUBLISH_UID)
    sub, writer = place.furnish()
    os.chmod(place.inner, 0o666)
    publisher = place.publisher(user=PUBLISH_UID, group=PUBLISH_GID, extra_groups=[])
    wait_status(sub, b'"protecting"')
    last = writer.append("mixed", 50)
    wait_seq(sub, last)
    same("root told", publisher.count("runs as root"), 0)
    same("its end", publisher.stop(), 0)
    same("its cursor", place.cursor_seq(), last)
    # Somebody else may not read it, and it says so instead of falling silent.
    other = place.publisher(user=PUBLISH_UID, group=PUBLISH_UID, extra_groups=[])
    other.wait_text("cannot open the journal")
