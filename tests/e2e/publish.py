# SPDX-License-Identifier: Apache-2.0
"""evmon-publish end to end: every line of the journal comes to a subscriber, whoever dies or is away
in between. What it says of the daemon's state is in publish_status.py, what it needs to run in
publish_setup.py, bad links and certificates in publish_link.py, what rotation takes in
publish_lost.py; all of them run from here: publish.py [TEST...]."""

import os
import shutil
import signal
import sys
import time

import publish_link  # noqa: F401  its tests
import publish_lost  # noqa: F401
import publish_setup  # noqa: F401
import publish_status  # noqa: F401
from publish_place import PREFIX, STATION, TESTS, Place, Skip, alerts, same_bytes, seqs, statuses
from publish_place import test, wait_alerts, wait_seq, wait_status
from world import FULL, Tap, same, true

WINDOW = 16  # alerts on their way at a time, of evmon-publish
SAVED = 32  # acknowledgements between two savings of its cursor


@test
def waits_for_conf_then_for_the_broker(place):
    writer = place.writer()
    last = writer.append("mixed", 40)
    status = place.write_status()
    publisher = place.publisher()
    publisher.wait_text("waiting for")
    place.write_conf()
    publisher.wait_text("trying again")
    place.broker()
    sub = place.subscriber()
    place.open_door()
    wait_seq(sub, last)
    received = alerts(sub)
    same("alerts", seqs(received), list(range(1, last + 1)))
    same("lines of the journal", len(same_bytes(place, received)), last)
    same("topics", {topic for topic, _ in received},
         {f"{PREFIX}/{STATION}/alert/{sensor}" for sensor in ("bind", "config")})
    same("first status", statuses(sub)[0], status)
    same("retained status", place.retained_status(), status)
    # Said once each, not once a try.
    same("waits told", publisher.count("waiting for"), 1)
    same("tries told", publisher.count("trying again"), 1)
    same("its end", publisher.stop(), 0)
    same("its cursor", place.cursor_seq(), last)


@test
def what_is_not_synced_stays(place):
    sub, writer = place.furnish()
    place.publisher()
    writer.append("urgent", 1)
    wait_seq(sub, 1)
    writer.tell("urgent 1")
    same("last seq", writer.said(), 2)
    wait_status(sub, place.write_status(counter=7))
    same("alerts", seqs(alerts(sub)), [1])
    writer.tell("sync")
    wait_seq(sub, 2)


@test
def broker_killed_in_mid_burst_loses_nothing(place):
    kills = 10 if FULL else 3
    writer = place.writer(64 << 20)
    place.write_conf()
    place.write_status()
    publisher = place.publisher()
    broker, sub, received, last = place.broker(), place.subscriber(), [], 0
    place.open_door()
    for _ in range(kills):
        writer.tell("mixed 2000")
        wait_alerts(sub, 100)
        place.shut_door()
        broker.stop(signal.SIGKILL)
        sub.stop()
        received += alerts(sub)
        writer.tell("sync")
        last = writer.said()
        broker, sub = place.broker(), place.subscriber()
        place.open_door()
    wait_seq(sub, last)
    sub.stop()
    received += alerts(sub)
    same("last seq", last, 2000 * kills)
    journal, order = same_bytes(place, received), seqs(received)
    same("lines of the journal", len(journal), last)
    same("holes", sorted(set(journal) - set(order)), [])
    # In order, but for a step back of at most a window after each reconnect.
    back = [a - b for a, b in zip(order, order[1:]) if b <= a]
    true(f"steps back: {back}", len(back) <= kills and all(step < WINDOW for step in back))
    same("steps forward", {b - a for a, b in zip(order, order[1:]) if b > a}, {1})
    print(f"# duplicates after {kills} kills: {len(order) - len(journal)}")
    same("its end", publisher.stop(), 0)
    same("its cursor", place.cursor_seq(), last)


@test
def publisher_killed_in_mid_burst_goes_on_from_its_cursor(place):
    sub, writer = place.furnish()
    last = 0
    for i in range(3):
        publisher = place.publisher()
        writer.tell("mixed 1000")
        wait_alerts(sub, 1000 * i + 300)
        publisher.stop(signal.SIGKILL)
        writer.tell("sync")
        last = writer.said()
    place.publisher()
    wait_seq(sub, last)
    received = alerts(sub)
    same("alerts", set(seqs(received)), set(same_bytes(place, received)))
    true(f"{len(received)} alerts for {last}", len(received) <= last + 3 * (SAVED + 2 * WINDOW))


@test
def broker_that_stops_answering_is_waited_for(place):
    broker = place.broker()
    sub = place.subscriber()
    place.open_door()
    writer = place.writer()
    place.write_conf()
    place.write_status()
    place.publisher()
    writer.append("urgent", 1)
    wait_seq(sub, 1)
    broker.process.send_signal(signal.SIGSTOP)
    last = writer.append("mixed", 500)
    broker.process.send_signal(signal.SIGCONT)
    wait_seq(sub, last)
    same("alerts", seqs(alerts(sub)), list(range(1, last + 1)))


@test
def another_journal_is_sent_from_its_beginning(place):
    sub, writer = place.furnish()
    publisher = place.publisher()
    writer.append("urgent", 3)
    wait_seq(sub, 3)
    writer.lines.stop()
    shutil.rmtree(os.path.join(place.state, "journal"))
    place.writer().append("urgent", 2)
    wait_alerts(sub, 5)
    publisher.wait_text("starting from its beginning")
    same("alerts", seqs(alerts(sub)), [1, 2, 3, 1, 2])


def backlogged(place, writer, what, n):
    """A publisher that finds n alerts, and then its broker: the subscriber, the publisher, last seq."""
    last = writer.append(what, n)
    place.write_conf()
    place.write_status()
    publisher = place.publisher()
    publisher.wait_text("trying again")
    place.broker()
    sub = place.subscriber()
    place.open_door()
    return sub, publisher, last


@test
def what_rotation_took_is_said(place):
    sub, publisher, last = backlogged(place, place.writer(1), "urgent", 2000)
    wait_seq(sub, last)
    received = seqs(alerts(sub))
    same("alerts", received, sorted(place.journal()))
    publisher.wait_text(f"lines 1 to {received[0] - 1} of journal")


@test
def backlog_costs_no_memory(place):
    n = 20000 if FULL else 5000
    sub, publisher, last = backlogged(place, place.writer(64 << 20), "mixed", n)
    began = time.monotonic()
    wait_seq(sub, last)
    seconds = time.monotonic() - began
    same("alerts", seqs(alerts(sub)), list(range(1, last + 1)))
    peak = place.peak_kib(publisher)
    print(f"# figure: evmon-publish peak memory with a backlog of {n}: {peak} KiB")
    print(f"# figure: evmon-publish lines a second out of a backlog: {n / seconds:.0f}")
    true(f"{peak} KiB", peak < 8192)


def main(only):
    tap = Tap()
    for function in TESTS:
        if only and function.__name__ not in only:
            continue
        with Place() as tap.world:
            try:
                tap.check(function.__name__, function, tap.world)
            except Skip as why:
                tap.skip(function.__name__, why)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
