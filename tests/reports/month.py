"""A month of leads with known answers, and what must come of them, counted another way.

Nothing here is the program's: open hours are counted minute by minute on the wall, a
rank is found by trying.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from notifier.core.records import LEAD, NON_LEAD
from reports.observed import ASHA, BORIS, NAMELESS, WEBSITE, WHATSAPP, Observed

BERLIN = ZoneInfo("Europe/Berlin")
COUNTRIES = ("India", "Norway", None)


@dataclass(slots=True, kw_only=True)
class Truth:
    """What befell one lead, in moments."""

    created: datetime
    source: str
    country: str | None
    owner: datetime | None = None
    agent: str | None = None
    reply: datetime | None = None
    closed: datetime | None = None
    status: str = "OPEN"
    silent: bool = False
    converted: bool = False
    reassigned: bool = False
    forgotten: bool = False
    lead_id: str = ""

    def moment(self, measure: str) -> datetime | None:
        return {
            "owner": self.owner,
            "reply": self.reply,
            "taken": None,
            "closed": self.closed,
        }[measure]


def play(observed: Observed, *, begins: datetime, days: int, seed: int) -> list[Truth]:
    """Let a month pass: a baseline after three days, polls from then on."""
    rng = Random(seed)
    acts: list[tuple[datetime, int, str, dict[str, str]]] = []
    truths: list[Truth] = []
    for number in range(6 * days):
        born = begins + timedelta(seconds=rng.randrange(days * 86_400 - 60))
        truth = _life(number, born, acts, rng)
        truth.silent = born < begins + timedelta(days=3)
        truths.append(truth)
    ends = begins + timedelta(days=days)
    baseline = begins + timedelta(days=3)
    acts.append((baseline, -1, "baseline", {}))
    for at, number, act, values in sorted(acts, key=lambda one: one[:2]):
        if at >= ends:
            continue  # has not come to pass yet
        observed.go(at)
        truth = truths[number]
        if act == "baseline":
            observed.baseline()
            continue
        _do(observed, truth, at, act, values)
    observed.go(ends)
    for truth in truths[:: len(truths) // 5]:
        if not truth.silent:
            truth.forgotten, truth.country = True, None
            observed.forget(truth.lead_id)
    return truths


def _life(number: int, born: datetime, acts: list, rng: Random) -> Truth:  # type: ignore[type-arg]
    source = rng.choice((WEBSITE, WHATSAPP))
    truth = Truth(created=born, source=source, country=rng.choice(COUNTRIES))
    is_chat = rng.random() < 0.15
    acts.append((born, number, "create", {"listing_type": NON_LEAD if is_chat else LEAD}))
    at = born
    for act, chance, mean_s in (
        ("convert", 1.0 if is_chat else 0.0, 500),
        ("assign", 0.9, 200),
        ("reassign", 0.2, 500),
        ("answer", 0.8, 400),
        ("user", 0.7, 300),
        ("answer", 0.3, 4_000),
        ("reassign", 0.1, 4_000),
        ("close", 0.6, 40_000),
        ("reopen", 0.1, 9_000),
    ):
        if rng.random() < chance:
            at += timedelta(seconds=20 + int(rng.expovariate(1 / mean_s)))
            acts.append((at, number, act, {"agent": rng.choice((ASHA, BORIS, NAMELESS))}))
    return truth


def _do(
    observed: Observed, truth: Truth, at: datetime, act: str, values: dict[str, str]
) -> None:
    match act:
        case "create":
            truth.lead_id = observed.create(
                bot_id=truth.source, listing_type=values["listing_type"], country=truth.country
            )
        case "convert":
            observed.convert(truth.lead_id)
            truth.converted = True
        case "assign" | "reassign":
            had = observed.world.row(truth.lead_id).get("_agentAssigned")
            observed.change(truth.lead_id, assignee=values["agent"])
            truth.owner = truth.owner or at
            if had and had != values["agent"] and truth.reply is None:
                truth.reassigned = True
            if truth.reply is None or truth.agent is None:
                truth.agent = values["agent"]
        case "answer":
            observed.say(truth.lead_id, "agent")
            truth.reply = truth.reply or at
        case "user":
            observed.say(truth.lead_id, "user")
        case "close" | "reopen":
            truth.status = "CLOSED" if act == "close" else "OPEN"
            observed.change(truth.lead_id, status=truth.status)
            if act == "close":
                truth.closed = truth.closed or at


class Wall:
    """Open seconds, counted minute by minute: ``hours`` of ``days`` on Berlin's walls."""

    def __init__(
        self, begins: datetime, ends: datetime, *, days: tuple[int, ...], hours: range
    ) -> None:
        self._begins = begins.replace(second=0, microsecond=0)
        self._open = [0]
        for number in range(int((ends - self._begins).total_seconds() // 60) + 2):
            local = (self._begins + timedelta(minutes=number)).astimezone(BERLIN)
            is_open = local.weekday() in days and local.hour in hours
            self._open.append(self._open[-1] + 60 * is_open)

    def seconds(self, begin: datetime, end: datetime) -> float:
        return max(self._until(end) - self._until(begin), 0.0)

    def is_open(self, at: datetime) -> bool:
        minute = int((at - self._begins).total_seconds() // 60)
        return self._open[minute + 1] > self._open[minute]

    def _until(self, at: datetime) -> float:
        minute, rest = divmod((at - self._begins).total_seconds(), 60)
        before, after = self._open[int(minute)], self._open[int(minute) + 1]
        return before + (after - before) * rest / 60


class EveryHour:
    """All seconds count."""

    def seconds(self, begin: datetime, end: datetime) -> float:
        return max((end - begin).total_seconds(), 0.0)


def rank(values: list[float], percent: int) -> float | None:
    """Return the smallest value that at least so many percent do not exceed, by trying."""
    for value in sorted(values):
        if sum(other <= value for other in values) * 100 >= percent * len(values):
            return value
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One measure of some leads; the share within a goal for a goal a little off, too."""

    count: int
    median_s: float | None
    p90_s: float | None
    shares: tuple[float | None, ...]


def expected(
    truths: list[Truth], measure: str, hours: Wall | EveryHour, *, now: datetime, goal_s: int
) -> Expected:
    took = [
        hours.seconds(one.created, moment) for one in truths if (moment := one.moment(measure))
    ]
    waited = [hours.seconds(one.created, now) for one in truths if not one.moment(measure)]
    return Expected(
        count=len(took),
        median_s=rank(took, 50),
        p90_s=rank(took, 90),
        shares=tuple(share(took, waited, goal_s + off) for off in (-16, 0, 16)),
    )


def share(took: list[float], waited: list[float], goal_s: float) -> float | None:
    judged = len(took) + len([one for one in waited if one > goal_s])
    return len([one for one in took if one <= goal_s]) / judged if judged else None


BEGINS = {
    "into summer time": datetime(2026, 3, 9, tzinfo=UTC),
    "into winter time": datetime(2026, 10, 5, tzinfo=UTC),
}
