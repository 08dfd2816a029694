"""Whether what was observed went where it belongs, in its time, and no more often."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing
from typing import Any

from notifier.destinations.mail_build import message_id
from simulation.life import Life
from simulation.receivers import Arrival
from simulation.rules import LONGEST_SETTLE_S, SENT, SETTLE_S, eight_after, office_from
from simulation.story import HOUR_S, MINUTE_S
from simulation.verdict import (
    Verdict,
    clock_was_wrong,
    first_of,
    is_quiet,
    quiet,
    wall_s,
    was_full,
)

IN_FLIGHT_S = 60.0
AGAIN_S = 15 * MINUTE_S
"""A destination that failed is probed each 5 minutes, and one success releases all."""


def judge(life: Life, verdict: Verdict) -> None:
    """Judge what each receiver has, and what the program says of it."""
    for name, arrivals in (
        ("crm", life.crm.arrivals),
        ("audit", life.audit.arrivals),
        ("slack", life.slack.arrivals),
        ("mail", life.mail.arrivals),
    ):
        _judge_repeats(life, name, arrivals, verdict)
    _judge_prompt(life, verdict)
    _judge_release(life, verdict)
    _judge_waits(life, verdict)
    _judge_order(life, verdict)
    _judge_outbox(life, verdict)
    _judge_alerts(life, verdict)
    for name, hook in (("crm", life.crm), ("audit", life.audit)):
        have = {one.id for one in hook.arrivals}
        for act in life.acts:
            verdict.expect("acts", act.event in have, f"{act} is not at {name}")


def _judge_repeats(life: Life, name: str, arrivals: list[Arrival], verdict: Verdict) -> None:
    """See that only what was in doubt or in flight came again, and as it was."""
    last: dict[str, Arrival] = {}
    for arrival in arrivals:
        before = last.get(arrival.id)
        last[arrival.id] = arrival
        if before is None:
            verdict.checked[f"once at {name}"] += 1
            continue
        same = before.body == arrival.body
        verdict.expect("same bytes", same, f"two bodies of {arrival.id} at {name}")
        if before.in_doubt:
            continue
        excused = _was_in_flight(life, before.at_s, arrival.at_s)
        if name == "slack":  # which is asked first whether it has the message
            excused = excused and _cannot_ask(life, before.at_s, arrival.at_s)
        told = f"{arrival.id} at {before.at_s:.1f} and {arrival.at_s:.1f}"
        verdict.expect(f"once at {name}", excused, told)


def _was_in_flight(life: Life, taken_s: float, again_s: float) -> bool:
    """Whether a process ended before it can have written that a message was taken."""
    return any(
        taken_s <= end_s <= again_s
        and (end_s - taken_s <= IN_FLIGHT_S or was_full(life, taken_s, end_s))
        for end_s in life.ends_s()
    )


def _cannot_ask(life: Life, from_s: float, until_s: float) -> bool:
    """Whether Slack could not say what stands there, or the clock not since when."""
    is_away = any(
        entry.text.startswith("slack")
        and entry.at_s - life.prompt_s < until_s < entry.at_s + entry.lasts_s + AGAIN_S
        for entry in life.story.entries
    )
    return is_away or clock_was_wrong(life, from_s, until_s)


def _judge_prompt(life: Life, verdict: Verdict) -> None:
    """See that what was observed is told at once where the receiver works."""
    calm, acts = list(quiet(life, "crm")), {one.event for one in life.acts}
    for arrival in first_of(life.crm.arrivals).values():
        at_s = _observed_s(arrival)
        is_from_elsewhere = arrival.id in acts  # it is looked for each minute
        if is_from_elsewhere or clock_was_wrong(life, at_s, arrival.at_s):
            continue
        if is_quiet(calm, at_s, at_s + life.prompt_s):
            late_s = arrival.at_s - at_s
            verdict.expect(
                "prompt", late_s < life.prompt_s, f"{arrival.id}: after {late_s:.1f} s"
            )


def _judge_release(life: Life, verdict: Verdict) -> None:
    """See that what a trouble has held up comes soon after its end."""
    calm = list(quiet(life, "crm"))
    first = list(first_of(life.crm.arrivals).values())
    for entry in life.story.entries:
        is_of_crm = entry.what in ("trouble", "odd answers") and entry.text.startswith("crm")
        over_s = entry.at_s + entry.lasts_s
        if not is_of_crm or clock_was_wrong(life, entry.at_s, over_s + AGAIN_S):
            continue
        if not is_quiet(calm, over_s + AGAIN_S - MINUTE_S, over_s + AGAIN_S):
            continue
        for arrival in first:
            if entry.at_s < _observed_s(arrival) < over_s:
                soon = arrival.at_s < over_s + AGAIN_S
                told = f"{arrival.id} came at {arrival.at_s:.0f}, works since {over_s:.0f}"
                verdict.expect("released", soon, told)


def _judge_waits(life: Life, verdict: Verdict) -> None:
    """See that digests, windows and what settles come at their times to the audit."""
    waits: dict[str, Callable[[float], tuple[float, float]]] = {
        "lead.status_changed": lambda at_s: (eight_after(at_s), eight_after(at_s)),
        "lead.assigned": lambda at_s: (office_from(at_s), office_from(at_s)),
        "lead.created": lambda at_s: (at_s + SETTLE_S, at_s + LONGEST_SETTLE_S),
    }
    calm = list(quiet(life, "audit"))
    for arrival in first_of(life.audit.arrivals).values():
        if arrival.type not in waits:
            continue
        seen_s = _observed_s(arrival)
        soonest_s, latest_s = waits[arrival.type](seen_s)
        if clock_was_wrong(life, seen_s - HOUR_S, arrival.at_s):
            continue
        told = f"{arrival.type} {arrival.id} seen {seen_s:.1f}, came {arrival.at_s:.1f}"
        verdict.expect("not too soon", arrival.at_s > soonest_s - 1.0, told)
        # A lead's events keep their order behind what settles of it.
        latest_s = max(latest_s, seen_s + LONGEST_SETTLE_S) + life.prompt_s
        if is_quiet(calm, latest_s - MINUTE_S, latest_s):
            verdict.expect("not too late", arrival.at_s < latest_s, told)


def _judge_order(life: Life, verdict: Verdict) -> None:
    """See that what is told of a lead at once waits behind what settles of it."""
    calm, first = list(quiet(life, "audit")), first_of(life.audit.arrivals).values()
    created = {one.lead: one for one in first if one.type == "lead.created"}
    for arrival in first:
        before = created.get(arrival.lead)
        if before is None or arrival.type in ("lead.created", "lead.status_changed"):
            continue
        seen_s, next_s = _observed_s(before), _observed_s(arrival)
        came_s = max(before.at_s, arrival.at_s)
        if clock_was_wrong(life, seen_s, came_s) or not is_quiet(calm, seen_s, came_s):
            continue
        told = f"{arrival.type} of {arrival.lead} at {arrival.at_s}, new at {before.at_s}"
        in_order = seen_s > next_s or before.at_s <= arrival.at_s
        verdict.expect("in order", in_order, told)


def _judge_outbox(life: Life, verdict: Verdict) -> None:
    """See that each delivery has ended, and that receivers have what is said to be theirs."""
    database = life.folder / "notifier.db"
    with closing(sqlite3.connect(database)) as db:
        rows = db.execute(
            "SELECT e.id, d.destination, d.state, d.error, d.reason FROM deliveries d"
            " JOIN events e ON e.seq = d.event_seq"
        ).fetchall()
        bundles = db.execute(
            "SELECT d.destination, d.bundle, d.id, e.id FROM deliveries d"
            " JOIN events e ON e.seq = d.event_seq WHERE d.state = 'delivered' ORDER BY d.id"
        ).fetchall()
        sound = db.execute("PRAGMA integrity_check").fetchone()
    verdict.expect("sound database", sound == ("ok",), str(sound))
    _judge_bundles(life, bundles, verdict)
    have = {"crm": {one.id for one in life.crm.arrivals}}
    have["audit"] = {one.id for one in life.audit.arrivals}
    sent: defaultdict[str, set[str]] = defaultdict(set)
    for event_id, name, state, error, reason in rows:
        sent[event_id].add(name)
        ended = state in ("delivered", "dead", "skipped")
        verdict.expect("ended", ended, f"{event_id} to {name} is {state}: {error}")
        if state == "delivered" and name in have:
            verdict.expect("arrived", event_id in have[name], f"{event_id} is not at {name}")
        if state in ("dead", "skipped"):
            verdict.expect("reason", bool(error or reason), f"{event_id} to {name} is {state}")
    strangers = (have["crm"] | have["audit"]) - sent.keys()
    verdict.expect("only ours", not strangers, f"{len(strangers)} events that are not kept")
    for arrival in first_of(life.crm.arrivals).values():
        if arrival.type in SENT:
            meant = SENT[arrival.type]
            told = f"{arrival.type} {arrival.id} went to {sent[arrival.id]}, not {meant}"
            verdict.expect("to each", sent[arrival.id] == meant, told)


def _judge_bundles(
    life: Life, delivered: list[tuple[str, str, int, str]], verdict: Verdict
) -> None:
    """See that Slack and the mail server have each message that is said to be there."""
    bundles: defaultdict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for name, bundle, delivery_id, event_id in delivered:
        bundles[name, bundle][delivery_id] = event_id
    in_slack, mails = life.slack.deliveries, {one.id for one in life.mail.arrivals}
    for (name, bundle), events in bundles.items():
        if name == "sales":
            is_there = not in_slack.isdisjoint(events)
            verdict.expect("arrived in Slack", is_there, f"{bundle} is not in Slack")
        if name == "boss":
            # A digest's has the ids of all its events.
            ids = {_mail_id(bundle), _mail_id(bundle, *events.values())}
            verdict.expect("arrived as mail", bool(ids & mails), f"{bundle} did not come")


def _mail_id(*parts: str) -> str:
    return message_id("boss", *parts, domain="example.com")


def _judge_alerts(life: Life, verdict: Verdict) -> None:
    """See that sources and destinations go down and up in turn, and end up."""
    turns: defaultdict[str, list[str]] = defaultdict(list)
    told = first_of(life.audit.arrivals).values()
    for arrival in sorted(told, key=_observed_s):
        thing, _, turn = arrival.type.partition(".")
        if thing in ("source", "destination"):
            turns[f"{thing} {arrival.lead}"].append(turn)
    is_wrong = any(entry.what == "clock" for entry in life.story.entries)
    for name, found in turns.items():
        counts = Counter(found)
        in_turn = is_wrong or found == ["down", "up"] * counts["up"]
        verdict.expect("alerts", in_turn, f"{name}: {found}")


def _observed_s(arrival: Arrival) -> float:
    written: Any = json.loads(arrival.body)
    return wall_s(written["data"]["observed_at"])
