# SPDX-License-Identifier: Apache-2.0
"""What evmon-publish says of the daemon: its status as it is, blind once it dies or falls silent, and
offline by will, however the publisher itself ends."""

import json
import signal

from publish_place import STATION, statuses, test, wait_seq, wait_status
from world import same

BLIND = b'"state":"blind"'


@test
def daemon_that_dies_is_blind_at_once(place):
    sub, writer = place.furnish()
    publisher = place.publisher()
    wait_status(sub, b'"protecting"')
    # Its last stamp is fresh: what tells is that nobody holds its lock.
    writer.lines.stop(signal.SIGKILL)
    publisher.wait_text("the daemon does not run")
    wait_status(sub, BLIND)
    same("retained state", json.loads(place.retained_status())["state"], "blind")
    # Its successor takes over; the first word of it ends the blindness.
    writer = place.writer()
    wait_status(sub, place.write_status(counter=2))
    writer.append("urgent", 1)
    wait_seq(sub, 1)


@test
def daemon_that_falls_silent_is_blind(place):
    sub, _ = place.furnish()
    status = place.write_status(age=28)
    place.publisher()
    wait_status(sub, status)
    wait_status(sub, b"silent")


@test
def stamp_alone_is_no_news(place):
    sub, writer = place.furnish()
    first = place.write_status(counters={"alerts": 0})
    place.publisher()
    wait_status(sub, first)
    place.write_status(counters={"alerts": 0})
    writer.append("urgent", 1)
    wait_seq(sub, 1)
    # Nor are counters: the text has kilobytes, and a link may have few.
    place.write_status(counters={"alerts": 1})
    writer.append("urgent", 1)
    wait_seq(sub, 2)
    news = place.write_status(counters={"alerts": 1}, counter=1)
    wait_status(sub, news)
    same("statuses", statuses(sub), [first, news])


@test
def will_says_offline_however_the_publisher_ends(place):
    sub, _ = place.furnish()
    offline = f'{{"state":"offline","station":"{STATION}"}}'.encode()
    for number in (signal.SIGKILL, signal.SIGTERM):
        status = place.write_status(counter=int(number))
        publisher = place.publisher()
        wait_status(sub, status)
        publisher.stop(number)
        sub.wait("the will", lambda lines: statuses(sub)[-1:] == [offline])
        same("retained status", place.retained_status(), offline)
