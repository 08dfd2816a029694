"""Whether `for` rules, their ladders, snoozes and reports came at their times."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from simulation.life import Life
from simulation.rules import FOR_S, LADDER_S, STEPS_S, nine_of
from simulation.story import DAY_S, HOUR_S, MINUTE_S, SORTED
from simulation.upstream import State
from simulation.verdict import (
    Verdict,
    clock_was_wrong,
    first_of,
    is_quiet,
    need_s,
    quiet,
    wall_s,
)

SNOOZE_S = HOUR_S
SWEEP_S = 8 * HOUR_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """What was told of a lead: since when it waits, and when that was said."""

    rule: str
    lead: str
    since_s: float
    said_s: float
    step: int


def judge(life: Life, verdict: Verdict) -> None:
    """Judge all that has its time."""
    told: defaultdict[tuple[str, str], list[Overdue]] = defaultdict(list)
    for one in _overdue(life):
        told[one.rule, one.lead].append(one)
    calm = list(quiet(life))
    for lead_id, history in life.upstream.history.items():
        gone_s = life.upstream.gone_s.get(lead_id, life.story.ends_s)
        waited = list(_waiting(history, gone_s))
        for rule, after_s in (("Waiting", FOR_S), ("Ladder", LADDER_S + STEPS_S[-1])):
            lead = _Rule(life, lead_id, after_s, waited, calm)
            lead.judge(told.pop((rule, lead_id), []), rule, verdict)
    verdict.expect("overdue leads", not told, f"of no lead: {list(told)}")
    _judge_acts(life, verdict)
    _judge_reports(life, verdict)


def _overdue(life: Life) -> Iterator[Overdue]:
    for hook in (life.audit, life.crm):
        for arrival in first_of(hook.arrivals).values():
            if arrival.type == "lead.overdue":
                found = json.loads(arrival.body)["data"]
                yield Overdue(
                    rule=found["overdue"]["rule"],
                    lead=arrival.lead,
                    since_s=wall_s(found["overdue"]["since"]),
                    said_s=wall_s(found["observed_at"]),
                    step=found["overdue"].get("step", 0),
                )


@dataclass(frozen=True, slots=True)
class _Rule:
    """One lead by one rule: ``after_s`` is how long it must have waited."""

    life: Life
    lead_id: str
    after_s: float
    waited: list[tuple[float, float]]
    calm: list[tuple[float, float]]

    def judge(self, told: list[Overdue], rule: str, verdict: Verdict) -> None:
        """See that each time the lead waited for so long is told, once, and no other."""
        starts_s = [one.since_s for one in told]
        once = len(set(starts_s)) == len(starts_s)
        verdict.expect(f"{rule}: once", once, f"{self.lead_id}: since {sorted(starts_s)}")
        for one in told:
            self._judge_one(one, rule, verdict)
        joined = self._joined(need_s(self.life))
        for begin_s, end_s in self.waited:
            from_s = max(joined_s for joined_s, _ in joined if joined_s <= begin_s)
            # What waits since before the baseline, for all that was seen, starts nothing.
            is_known = from_s > self._known_s(rule)
            is_true = not clock_was_wrong(self.life, from_s, end_s)  # since when it waits
            if is_known and is_true and self._must_be_told(begin_s, end_s, rule):
                found = any(from_s <= since_s <= end_s for since_s in starts_s)
                told_of = f"{self.lead_id}: nothing of {begin_s}-{end_s}"
                verdict.expect(f"{rule}: told", found, told_of)

    def _judge_one(self, one: Overdue, rule: str, verdict: Verdict) -> None:
        life, poll_s = self.life, self.life.story.poll_s
        if clock_was_wrong(life, one.since_s, one.said_s):
            return
        early_s = one.since_s + self.after_s - one.said_s
        verdict.expect(f"{rule}: not too soon", early_s < 1.0, f"{one}: {early_s} s too soon")
        if not any(begin_s < one.since_s < end_s for begin_s, end_s in self.calm):
            return
        true = any(
            begin_s - 1 <= one.since_s
            and self._unseen_s(end_s) >= one.since_s + self.after_s - 2 * poll_s
            for begin_s, end_s in self._joined(poll_s + 2 * MINUTE_S)
        )
        verdict.expect(f"{rule}: true", true, f"{one} of {self.waited}")
        late_s = -early_s
        if is_quiet(self.calm, one.since_s, one.said_s) and not self._was_acted_on():
            most_s = need_s(life)
            verdict.expect(f"{rule}: in time", late_s < most_s, f"{one}: {late_s} s late")

    def _known_s(self, rule: str) -> float:
        """Return since when the program has the rule: the version before had no ladders."""
        return self.life.story.upgraded_s if rule == "Ladder" else 0.0

    def _must_be_told(self, begin_s: float, end_s: float, rule: str) -> bool:
        if rule == "Ladder" and self._was_acted_on():
            return False
        seen_s = begin_s + need_s(self.life) + MINUTE_S
        due_s = seen_s + self.after_s
        return self._was_visible(begin_s, seen_s) and self._was_visible(due_s, end_s)

    def _was_visible(self, from_s: float, until_s: float) -> bool:
        """Whether the program must have seen what was there from then until then."""
        if self.life.story.order != SORTED:
            return False
        return self._calm_s(from_s, until_s) >= need_s(self.life)

    def _joined(self, gap_s: float) -> list[tuple[float, float]]:
        """Return the times in which the lead waited, joined where nobody need know of the gap.

        A gap is seen where for ``gap_s`` of it a process lived that nothing kept from
        reading; in a listing that is not sorted by change, only a long one is.
        """
        least_s = gap_s if self.life.story.order == SORTED else SWEEP_S
        joined: list[tuple[float, float]] = []
        for begin_s, end_s in self.waited:
            if joined and self._calm_s(joined[-1][1], begin_s) < least_s:
                joined[-1] = joined[-1][0], end_s
            else:
                joined.append((begin_s, end_s))
        return joined

    def _calm_s(self, from_s: float, until_s: float) -> float:
        """Return how long at most nothing kept the program from reading, in one piece."""
        pieces = (min(until_s, end_s) - max(from_s, begin_s) for begin_s, end_s in self.calm)
        return max(pieces, default=0.0)

    def _unseen_s(self, end_s: float) -> float:
        """Return until when nobody may notice that a lead waits no more.

        It may be deleted, then or before anybody has looked.
        """
        gone_s = self.life.upstream.gone_s.get(self.lead_id)
        is_unseen = gone_s is not None and self._calm_s(end_s, gone_s) < need_s(self.life)
        return end_s + SWEEP_S if is_unseen else end_s

    def _was_acted_on(self) -> bool:
        return any(act.lead == self.lead_id for act in self.life.acts)


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


def _judge_acts(life: Life, verdict: Verdict) -> None:
    """See that no rule speaks of a lead that is snoozed, nor a ladder of one that is taken."""
    told = list(_overdue(life))
    for act in life.acts:
        if act.what == "release":
            continue
        until_s = act.at_s + SNOOZE_S if act.what == "snooze" else _given_up_s(life, act.lead)
        if clock_was_wrong(life, act.at_s - HOUR_S, until_s):
            continue
        for one in told:
            if one.lead == act.lead and (act.what == "snooze" or one.rule == "Ladder"):
                within = act.at_s + 1.0 < one.said_s < until_s - 1.0
                verdict.expect(f"silent after a {act.what}", not within, f"{act}: {one}")


def _given_up_s(life: Life, lead_id: str) -> float:
    """Return until when a lead is surely taken: until a release, or an owner, at any time."""
    released = [one.at_s for one in life.acts if one.lead == lead_id and one.what == "release"]
    owned = [one.at_s for one in life.upstream.history[lead_id] if one and one.agent]
    return min([*released, *owned, life.story.ends_s])


def _judge_reports(life: Life, verdict: Verdict) -> None:
    """See that each Monday's report came, if late, and once."""
    came: Counter[float] = Counter()
    for arrival in first_of(life.audit.arrivals).values():
        if arrival.type.startswith("report"):
            came[wall_s(json.loads(arrival.body)["time"])] += 1
    for day in range(0, life.story.days + 2, 7):
        due_s = nine_of(day)
        count = came.pop(due_s, 0)
        told = f"of {due_s}: {count}"
        verdict.expect("reports once", count <= 1, told)
        is_wrong = clock_was_wrong(life, due_s - DAY_S, due_s + DAY_S)
        upgraded_s = life.story.upgraded_s
        is_known = not upgraded_s or due_s > upgraded_s + DAY_S / 2
        if is_known and due_s < life.story.ends_s - DAY_S / 2 and not is_wrong:
            verdict.expect("reports", count == 1, told)
    was_wrong = any(entry.what == "clock" for entry in life.story.entries)
    verdict.expect("no other report", was_wrong or not came, f"{came}")
