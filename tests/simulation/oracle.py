"""What a life must have told, from BotPenguin's true history and what the receivers have.

Nothing of the program is asked but which deliveries ended how, and why.
"""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from simulation.life import EPOCH, Life
from simulation.receivers import Arrival
from simulation.servers import Trouble
from simulation.story import DAY_S, HOUR_S, MINUTE_S
from simulation.upstream import State

FOR_S = 30 * MINUTE_S
SEEN_S = 40 * MINUTE_S
BESIDE = ("lead.overdue", "lead.taken", "lead.released", "lead.snoozed")
AMBIGUOUS = (Trouble.MUTE, Trouble.CUT, Trouble.LATE)
IN_FLIGHT = 16
PROMPT_S = 25.0
NINE_S = 8 * HOUR_S
"""Nine o'clock in Berlin, in winter; the simulation begins on a Monday."""
SETTLING_S = 10 * MINUTE_S
"""What the program needs to be itself again: a failing source is asked after 5 minutes."""


@dataclass(slots=True)
class Verdict:
    """What was wrong with a life, and how much of it was looked at."""

    faults: list[str] = field(default_factory=list)
    checked: Counter[str] = field(default_factory=Counter)

    def expect(self, what: str, holds: bool, told: str) -> None:
        """Count a check; note the fault where it does not hold."""
        self.checked[what] += 1
        if not holds:
            self.faults.append(f"{what}: {told}")


def judged(life: Life) -> Verdict:
    """Return the verdict on a life that has come to its end."""
    verdict = Verdict()
    for crash in life.crashed[:3]:
        verdict.faults.append(f"a fault of the program itself: {crash}")
    _judge_limit(life, verdict)
    _judge_told(life, verdict)
    _judge_prompt(life, verdict)
    _judge_outbox(life, verdict)
    _judge_overdue(life, verdict)
    _judge_reports(life, verdict)
    _judge_acts(life, verdict)
    return verdict


def _judge_acts(life: Life, verdict: Verdict) -> None:
    """See that what a person did is told to each receiver."""
    for name, hook in (("crm", life.crm), ("audit", life.audit)):
        have = {one.id for one in hook.arrivals}
        for event_id in life.acts:
            verdict.expect("acts", event_id in have, f"{event_id} is not at {name}")


def _judge_limit(life: Life, verdict: Verdict) -> None:
    most = life.upstream.most_in_a_minute
    told = f"{most} requests in a minute, {life.story.limit} allowed"
    verdict.expect("limit", most <= life.story.limit, told)


def _judge_told(life: Life, verdict: Verdict) -> None:
    """Compare each lead's history with what was told of it."""
    first = _first(life.crm.arrivals, verdict)
    of_lead: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for arrival in first.values():
        if arrival.type not in BESIDE:
            of_lead[arrival.lead].append(json.loads(arrival.body))
    for lead_id, history in life.upstream.history.items():
        _judge_lead(life, lead_id, history, of_lead.pop(lead_id, []), verdict)
    for lead_id in of_lead:
        verdict.faults.append(f"told of {lead_id}, which was never there")
    repeats = len(life.crm.arrivals) - len(first)
    doubtful = sum(life.servers["crm"].met.get(one, 0) for one in AMBIGUOUS)
    most = doubtful + IN_FLIGHT * life.met["kill"]
    verdict.expect("repeats", repeats <= most, f"{repeats} repeats, at most {most} excused")


def _first(arrivals: list[Arrival], verdict: Verdict) -> dict[str, Arrival]:
    """Return the first arrival of each id; the others must have the same bytes."""
    first: dict[str, Arrival] = {}
    for arrival in arrivals:
        known = first.setdefault(arrival.id, arrival)
        verdict.expect("same bytes", known.body == arrival.body, f"two bodies of {arrival.id}")
    return first


def _judge_lead(
    life: Life,
    lead_id: str,
    history: list[State | None],
    told: list[dict[str, Any]],
    verdict: Verdict,
) -> None:
    born = history[0]
    assert born is not None
    is_old = born.at_s == 0.0
    created = [one for one in told if one["type"] == "lead.created"]
    path = [(born.status, born.agent)] if is_old else []
    for event in told:
        path = _step(path, event, lead_id, verdict)
    lasts_s = life.upstream.gone_s.get(lead_id, life.story.ends_s) - born.at_s
    if is_old:
        verdict.expect("silent baseline", not created, f"{lead_id} was there before")
    elif lasts_s == life.story.ends_s - born.at_s:
        verdict.expect("created", len(created) == 1, f"{lead_id}: {len(created)} times")
    end = history[-1]
    if end is not None and path:
        now = (end.status, end.agent)
        verdict.expect("comes to rest", path[-1] == now, f"{lead_id}: {path[-1]}, is {now}")
    truth = [(one.status, one.agent) for one in history if one is not None]
    verdict.expect("true path", _is_path(path, truth), f"{lead_id}: {path} of {truth}")
    for state, until_s in _held(life, lead_id, history):
        if _was_visible(life, state.at_s, until_s):
            seen = (state.status, state.agent) in path
            verdict.expect("visible states", seen, f"{lead_id}: {state} till {until_s} untold")


def _step(
    path: list[tuple[str, str | None]],
    event: dict[str, Any],
    lead_id: str,
    verdict: Verdict,
) -> list[tuple[str, str | None]]:
    """Go along one event; what it says was before must be what was told last."""
    lead, changes = event["data"]["lead"], event["data"]["changes"]
    if event["type"] == "lead.created":
        verdict.expect("first", not path, f"{lead_id}: created after {path}")
        return [*path, (lead["status"], (lead["assignee"] or {}).get("id"))]
    if not path:
        verdict.faults.append(f"{lead_id}: {event['type']} before lead.created")
        return path
    status, agent = path[-1]
    for name, before in (("status", status), ("assignee", agent)):
        if name in changes:
            told = f"{lead_id}: {name} from {changes[name]['from']}, told before: {before}"
            verdict.expect("unbroken chain", changes[name]["from"] == before, told)
    status = changes.get("status", {}).get("to", status)
    agent = changes["assignee"]["to"] if "assignee" in changes else agent
    return [*path, (status, agent)]


def _is_path(path: list[tuple[str, str | None]], truth: list[tuple[str, str | None]]) -> bool:
    """Whether the statuses and agents told are a part of those that were, in their order."""
    for place in (0, 1):
        told = _changes([one[place] for one in path])
        were = iter(_changes([one[place] for one in truth]))
        if not all(any(one == other for other in were) for one in told):
            return False
    return True


def _changes(values: list[Any]) -> list[Any]:
    return [one for index, one in enumerate(values) if index == 0 or values[index - 1] != one]


def _held(
    life: Life, lead_id: str, history: list[State | None]
) -> Iterator[tuple[State, float]]:
    """Yield each state of a lead, and until when it was."""
    gone_s = life.upstream.gone_s.get(lead_id, life.story.ends_s)
    for state, after in pairwise([*history, None]):
        if state is not None:
            yield state, after.at_s if after else gone_s


def _was_visible(life: Life, from_s: float, until_s: float) -> bool:
    """Whether the program must have seen what was there from then until then."""
    if life.story.order != "updated-desc":
        return False
    need_s = 2 * life.story.poll_s + SETTLING_S
    return any(
        min(until_s, end_s) - max(from_s, begin_s) >= need_s for begin_s, end_s in quiet(life)
    )


def quiet(life: Life, host: str = "upstream") -> Iterator[tuple[float, float]]:
    """Yield the times in which a process lived and nothing kept it from asking this host."""
    bad = [(0.0, HOUR_S)]
    for entry in life.story.entries:
        if entry.what in ("disk full", "clock", "others use the token") or (
            entry.what == "trouble" and entry.text.startswith(host)
        ):
            bad.append((entry.at_s, entry.at_s + entry.lasts_s + SETTLING_S))
    for begin_s, end_s in life.lives:
        at_s = begin_s
        for bad_s, good_s in sorted(bad):
            if bad_s < end_s and good_s > at_s:
                if bad_s > at_s:
                    yield at_s, bad_s
                at_s = max(at_s, good_s)
        if end_s > at_s:
            yield at_s, end_s


def _wall_s(written: str) -> float:
    return (datetime.fromisoformat(written) - EPOCH).total_seconds()


def _clock_was_wrong(life: Life, from_s: float, until_s: float) -> bool:
    """Whether the host's clock was wrong at a moment that may lie between these."""
    return any(
        entry.what == "clock"
        and entry.at_s - abs(entry.number) < until_s
        and from_s < entry.at_s + entry.lasts_s + abs(entry.number)
        for entry in life.story.entries
    )


def _judge_prompt(life: Life, verdict: Verdict) -> None:
    """See that what was observed is told at once where the receiver works."""
    calm = list(quiet(life, "crm"))
    for arrival in _first(life.crm.arrivals, verdict).values():
        at_s = _wall_s(json.loads(arrival.body)["data"]["observed_at"])
        is_from_elsewhere = arrival.id in life.acts  # it is looked for each WATCH_S
        if is_from_elsewhere or _clock_was_wrong(life, at_s, arrival.at_s):
            continue
        if any(begin_s < at_s and at_s + PROMPT_S < end_s for begin_s, end_s in calm):
            late_s = arrival.at_s - at_s
            verdict.expect("prompt", late_s < PROMPT_S, f"{arrival.id}: after {late_s:.1f} s")


def _judge_outbox(life: Life, verdict: Verdict) -> None:
    """See that each delivery has ended, and that receivers have what is said to be theirs."""
    database = life.folder / "notifier.db"
    with closing(sqlite3.connect(database)) as db:
        rows = db.execute(
            "SELECT e.id, d.destination, d.state, d.error FROM deliveries d"
            " JOIN events e ON e.seq = d.event_seq"
        ).fetchall()
        sound = db.execute("PRAGMA integrity_check").fetchone()
    verdict.expect("sound database", sound == ("ok",), str(sound))
    have = {"crm": {one.id for one in life.crm.arrivals}}
    have["audit"] = {one.id for one in life.audit.arrivals}
    for event_id, name, state, error in rows:
        ended = state in ("delivered", "dead", "skipped")
        verdict.expect("ended", ended, f"{event_id} to {name} is {state}: {error}")
        if state == "delivered" and name in have:
            verdict.expect("arrived", event_id in have[name], f"{event_id} is not at {name}")
        if state in ("dead", "skipped"):
            verdict.expect("reason", bool(error), f"{event_id} to {name} is {state}")
    known = {row[0] for row in rows}
    strangers = (have["crm"] | have["audit"]) - known
    verdict.expect("only ours", not strangers, f"{len(strangers)} events that are not kept")


def _judge_overdue(life: Life, verdict: Verdict) -> None:
    """See that the rule tells of each lead that was open and nobody's for its time, once."""
    told: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for arrival in _first(life.audit.arrivals, verdict).values():
        if arrival.type == "lead.overdue" and b'"Waiting"' in arrival.body:
            since = json.loads(arrival.body)["data"]["overdue"]["since"]
            told[arrival.lead].append((_wall_s(since), arrival.at_s))
    for lead_id, history in life.upstream.history.items():
        _judge_overdue_of(life, lead_id, history, told.pop(lead_id, []), verdict)
    verdict.expect("overdue leads", not told, f"of no lead: {list(told)}")


def _judge_overdue_of(
    life: Life,
    lead_id: str,
    history: list[State | None],
    told: list[tuple[float, float]],
    verdict: Verdict,
) -> None:
    starts_s = [since_s for since_s, _ in told]
    once = len(set(starts_s)) == len(starts_s)
    verdict.expect("overdue once", once, f"{lead_id}: since {sorted(starts_s)}")
    gone_s = life.upstream.gone_s.get(lead_id, life.story.ends_s)
    stretches = list(_waiting(history, gone_s))
    for since_s, at_s in told:
        if _clock_was_wrong(life, since_s, at_s):
            continue
        if not any(begin_s < since_s < end_s for begin_s, end_s in quiet(life)):
            continue
        true = any(
            begin_s - 1 <= since_s and end_s >= since_s + FOR_S - 2 * life.story.poll_s
            for begin_s, end_s in stretches
        )
        verdict.expect("overdue true", true, f"{lead_id}: since {since_s}, of {stretches}")
    for begin_s, end_s in stretches:
        seen = _was_visible(life, begin_s, begin_s + SEEN_S) and begin_s > 0.0
        if seen and _was_visible(life, begin_s + FOR_S, end_s):
            if _clock_was_wrong(life, begin_s, end_s):
                continue
            found = any(begin_s <= since_s <= end_s for since_s in starts_s)
            verdict.expect("overdue told", found, f"{lead_id}: nothing of {begin_s}-{end_s}")


def _waiting(history: list[State | None], ends_s: float) -> Iterator[tuple[float, float]]:
    """Yield from when until when a lead was open and nobody's."""
    begun_s: float | None = None
    for state in history:
        waits = state is not None and state.status == "OPEN" and state.agent is None
        if waits and begun_s is None and state:
            begun_s = state.at_s
        if not waits and begun_s is not None:
            yield begun_s, state.at_s if state else ends_s
            begun_s = None
    if begun_s is not None:
        yield begun_s, ends_s


def _judge_reports(life: Life, verdict: Verdict) -> None:
    """See that each Monday's report went out once."""
    made = [one for one in life.audit.arrivals if one.type.startswith("report")]
    ids = Counter(one.id for one in made)
    due_s = [day * DAY_S + NINE_S for day in range(0, life.story.days + 1, 7)]
    due = sum(one < life.story.ends_s - DAY_S for one in due_s)
    verdict.expect("reports", due - 1 <= len(ids) <= due + 1, f"{len(ids)} of {due}")
    once = max(ids.values(), default=1)
    excused = sum(life.servers["audit"].met.get(one, 0) for one in AMBIGUOUS)
    excused += life.met["kill"]
    verdict.expect("reports once", once <= 1 + excused, f"one came {once} times")
