# SPDX-License-Identifier: Apache-2.0
"""What the journal has to remove before it is delivered is told, by chain, from and to, exactly: a
subscriber that counts seq can say of each hole what it is. What was delivered in time is not told."""

import json
import os
import signal

from publish_place import alerts, seqs, test, wait_seq
from world import FULL, same, true

# The numbers, and a sample: a journal that holds about half of what is written meanwhile.
SIZE, ALERTS = (16 << 20, 20000) if FULL else (1 << 20, 2000)


def chain_of(value):
    return "urgent" if value["severity"] in ("critical", "high") else "routine"


def received_values(sub):
    """seq -> what came, once."""
    return {value["seq"]: value for value in (json.loads(payload) for _, payload in alerts(sub))}


def told(values):
    """chain -> the last range that was told, which replaces those before."""
    found = {}
    for seq in sorted(values):
        if values[seq]["rule"] == "self.lost":
            thing = values[seq]["object"]
            found[thing["chain"]] = (thing["from"], thing["to"])
    return found


def all_holes_are_told(values, last, delivered):
    """Of each chain that lost lines, all behind what was delivered and up to `to`, and no other."""
    ranges = told(values)
    missing = sorted(set(range(1, last + 1)) - set(values))
    true("something is missing, and told", missing and ranges)
    same("holes that no range covers", [seq for seq in missing if not any(
        first <= seq <= end for first, end in ranges.values())], [])
    for chain, (first, end) in ranges.items():
        same(f"{chain}: from", first, delivered + 1)
        same(f"{chain}: lines that came all the same",
             [seq for seq in values if first <= seq <= end and chain_of(values[seq]) == chain], [])
        same(f"{chain}: the chain of the first line left", chain_of(values[end + 1]), chain)
    return missing, ranges


def broker_away(place, publisher_runs):
    """30 alerts are delivered, then the broker is away while more come than the journal holds."""
    broker = place.broker()
    sub, writer = place.subscriber(), place.writer(SIZE)
    place.open_door()
    place.write_conf()
    place.write_status()
    publisher = place.publisher()
    delivered = writer.append("mixed", 30)
    wait_seq(sub, delivered)
    if not publisher_runs:
        same("its end", publisher.stop(), 0)
    place.shut_door()
    broker.stop(signal.SIGKILL)
    before = received_values(sub)
    if publisher_runs:
        publisher.wait_text("trying again")
    return writer, before, delivered


def broker_back(place, before, last):
    place.broker()
    sub = place.subscriber()
    place.open_door()
    wait_seq(sub, last)
    order = seqs(alerts(sub))
    same("order", order, sorted(order))
    return {**received_values(sub), **before}


@test
def range_that_rotation_took_is_told_exactly(place):
    writer, before, delivered = broker_away(place, True)
    last = writer.append("mixed", ALERTS)
    values = broker_back(place, before, last)
    missing, ranges = all_holes_are_told(values, last, delivered)
    print(f"# figure: of {last} alerts in a journal of {SIZE >> 20} MiB {len(missing)} rotated away "
          f"undelivered, told as {ranges}")


@test
def writer_killed_behind_a_rotation_tells_at_its_next_start(place):
    writer, before, delivered = broker_away(place, False)
    writer.append("mixed", ALERTS)
    # Whatever it had told itself of it is not counted here: only what its successor tells.
    writer.lines.stop(signal.SIGKILL)
    writer = place.writer(SIZE)
    last = writer.append("urgent", 1)
    publisher = place.publisher()
    values = broker_back(place, before, last)
    _, ranges = all_holes_are_told(values, last, delivered)
    anew = [seq for seq in values if values[seq]["rule"] == "self.lost" and seq > last - 3]
    same("told anew", len(anew), len(ranges))
    publisher.stop()


@test
def nothing_was_ever_delivered(place):
    writer = place.writer(SIZE)
    place.write_conf()
    place.write_status()
    last = writer.append("mixed", ALERTS)
    place.publisher().wait_text("trying again")
    values = broker_back(place, {}, last)
    all_holes_are_told(values, last, 0)


@test
def what_was_delivered_in_time_is_not_told(place):
    """The innocent twin: the same journal rotates as often, and the broker is there."""
    broker_lines = ALERTS // 8
    place.broker()
    sub, writer = place.subscriber(), place.writer(SIZE)
    place.open_door()
    place.write_conf()
    place.write_status()
    place.publisher()
    for _ in range(8):
        last = writer.append("mixed", broker_lines)
        wait_seq(sub, last)
    names = os.listdir(os.path.join(place.state, "journal"))
    true(f"rotated: {names}", "routine-00000001.jsonl" not in names)
    same("alerts", seqs(alerts(sub)), list(range(1, last + 1)))
    same("told", told(received_values(sub)), {})
