"""What a life must have told, from BotPenguin's true history and what the receivers have.

Nothing of the program is asked but which deliveries ended how, and why.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from simulation import deliveries, timers
from simulation.life import Life
from simulation.story import HOUR_S
from simulation.upstream import State
from simulation.verdict import (
    Verdict,
    clock_was_wrong,
    first_of,
    need_s,
    quiet,
    wall_s,
)

BESIDE = ("lead.overdue", "lead.taken", "lead.released", "lead.snoozed")


@dataclass(frozen=True, slots=True)
class Told:
    """What a lead was said to be, and when that was seen."""

    status: str
    agent: str | None
    seen_s: float


def judged(life: Life) -> Verdict:
    """Return the verdict on a life that has come to its end."""
    verdict = Verdict()
    for crash in life.crashed[:3]:
        verdict.faults.append(f"a fault of the program itself: {crash}")
    _judge_asking(life, verdict)
    _judge_told(life, verdict)
    deliveries.judge(life, verdict)
    timers.judge(life, verdict)
    return verdict


def _judge_asking(life: Life, verdict: Verdict) -> None:
    """See that BotPenguin was asked no more, and no sooner, than it allows."""
    most = life.upstream.most_in_a_minute
    told = f"{most} requests in a minute, {life.story.limit} allowed"
    verdict.expect("limit", most <= life.story.limit, told)
    for told_s, asked_s in life.upstream.too_early:
        is_known = _was_answered(life, told_s) and not life.changed_hands(told_s, asked_s)
        verdict.expect("waits as told", not is_known, f"told at {told_s}, asked at {asked_s}")
    verdict.checked["waits as told"] += life.upstream.refused


def _was_answered(life: Life, at_s: float) -> bool:
    """Whether what BotPenguin said then came back in time: no trouble took or held it."""
    return not any(
        one.what == "trouble"
        and one.text.startswith("upstream")
        and one.at_s <= at_s <= one.at_s + one.lasts_s
        for one in life.story.entries
    )


def _judge_told(life: Life, verdict: Verdict) -> None:
    """Compare each lead's history with what was told of it."""
    of_lead: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for arrival in first_of(life.crm.arrivals).values():
        if arrival.type not in BESIDE:
            of_lead[arrival.lead].append(json.loads(arrival.body))
    calm = list(quiet(life))
    for lead_id, history in life.upstream.history.items():
        told = of_lead.pop(lead_id, [])
        if _is_of_the_first_hour(history, told):
            verdict.checked["leads of the first hour"] += 1
        else:
            _Lead(life, lead_id, history, calm, verdict).judge(told)
    for lead_id in of_lead:
        verdict.faults.append(f"told of {lead_id}, which was never there")


def _is_of_the_first_hour(history: list[State | None], told: list[dict[str, Any]]) -> bool:
    """Whether nobody can say how the first walk found a lead."""
    early = [one for one in history if one is not None and one.at_s < HOUR_S]
    is_created = any(one["type"] == "lead.created" for one in told)
    return not is_created and bool(early) and (len(early) > 1 or early[0].at_s > 0.0)


@dataclass(frozen=True, slots=True)
class _Lead:
    """A lead as it was, beside what was told of it."""

    life: Life
    id: str
    history: list[State | None]
    calm: list[tuple[float, float]]
    verdict: Verdict

    def judge(self, told: list[dict[str, Any]]) -> None:
        """See that what was told is what was."""
        verdict, born = self.verdict, self.history[0]
        assert born is not None
        is_old = born.at_s == 0.0
        created = [one for one in told if one["type"] == "lead.created"]
        path = [Told(born.status, born.agent, 0.0)] if is_old else []
        for event in told:
            path = _step(path, event, self.id, verdict)
        if is_old:
            verdict.expect("silent baseline", not created, f"{self.id} was there before")
        elif self.id not in self.life.upstream.gone_s:
            verdict.expect("created", len(created) == 1, f"{self.id}: {len(created)} times")
        end = self.history[-1]
        if end is not None and path:
            now, last = (end.status, end.agent), (path[-1].status, path[-1].agent)
            verdict.expect("comes to rest", last == now, f"{self.id}: {last}, is {now}")
        truth = [one for one in self.history if one is not None]
        verdict.expect("true path", _is_path(path, truth), f"{self.id}: {path} of {truth}")
        for state, until_s in self._held():
            self._judge_state(state, until_s, path)

    def _judge_state(self, state: State, until_s: float, path: list[Told]) -> None:
        """See that a state which the program must have seen was told, and by then."""
        life, verdict = self.life, self.verdict
        if life.story.order != "updated-desc":
            return
        now = (state.status, state.agent)
        for begin_s, end_s in self.calm:
            by_s = max(begin_s, state.at_s) + need_s(life)
            if by_s > min(end_s, until_s):
                continue
            seen = any((one.status, one.agent) == now for one in path)
            told = f"{self.id}: {state} till {until_s}"
            verdict.expect("visible states", seen, f"{told} untold")
            if not clock_was_wrong(life, state.at_s, by_s):
                known = [one for one in path if one.seen_s <= by_s]
                is_known = bool(known) and (known[-1].status, known[-1].agent) == now
                verdict.expect("seen in time", is_known, f"{told}, by {by_s}: {known[-1:]}")

    def _held(self) -> Iterator[tuple[State, float]]:
        """Yield each state of the lead, and until when it was."""
        gone_s = self.life.upstream.gone_s.get(self.id, self.life.story.ends_s)
        for state, after in pairwise([*self.history, None]):
            if state is not None:
                yield state, after.at_s if after else gone_s


def _step(
    path: list[Told], event: dict[str, Any], lead_id: str, verdict: Verdict
) -> list[Told]:
    """Go along one event; what it says was before must be what was told last."""
    lead, changes = event["data"]["lead"], event["data"]["changes"]
    seen_s = wall_s(event["data"]["observed_at"])
    if event["type"] == "lead.created":
        verdict.expect("first", not path, f"{lead_id}: created after {path}")
        return [*path, Told(lead["status"], (lead["assignee"] or {}).get("id"), seen_s)]
    if not path:
        verdict.faults.append(f"{lead_id}: {event['type']} before lead.created")
        return path
    status, agent = path[-1].status, path[-1].agent
    for name, before in (("status", status), ("assignee", agent)):
        if name in changes:
            told = f"{lead_id}: {name} from {changes[name]['from']}, told before: {before}"
            verdict.expect("unbroken chain", changes[name]["from"] == before, told)
    status = changes.get("status", {}).get("to", status)
    agent = changes["assignee"]["to"] if "assignee" in changes else agent
    return [*path, Told(status, agent, seen_s)]


def _is_path(path: list[Told], truth: list[State]) -> bool:
    """Whether the statuses and agents told are a part of those that were, in their order."""
    statuses = [one.status for one in path], [one.status for one in truth]
    agents = [one.agent for one in path], [one.agent for one in truth]
    for told, were in (statuses, agents):
        left = iter(_changes(were))
        if not all(any(one == other for other in left) for one in _changes(told)):
            return False
    return True


def _changes(values: list[Any]) -> list[Any]:
    return [one for index, one in enumerate(values) if index == 0 or values[index - 1] != one]
