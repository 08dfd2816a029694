"""A month of leads, polled: each figure is what is known of it, within the poll distance."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import pytest

from notifier.reports.model import Measures, Report
from notifier.rules.reports import By
from notifier.rules.windows import Span, Window
from reports.month import BEGINS, BERLIN, EveryHour, Truth, Wall, expected, play
from reports.observed import AGENTS, BOTS, GOAL_MS, Observed, in_file

DAYS = 28
HALF = timedelta(days=DAYS / 2)
POLL_S = 15
# Around the hours that the clocks skip and repeat, on a Sunday at 2:00 and 3:00.
CLOCK = Window(
    name="early",
    days=frozenset(range(7)),
    spans=(Span(begins=60, ends=9 * 60),),
    timezone=BERLIN,
)
MEASURES = ("owner", "reply", "taken", "closed")


@dataclass(frozen=True, kw_only=True)
class Month:
    """A month that is over: what was seen of it, and what happened."""

    observed: Observed
    truths: list[Truth]
    now: datetime

    def of(self, *, half: int) -> list[Truth]:
        """Return the leads of the first or second half that count, oldest first."""
        begins, ends = (self.days_ago(HALF.days * (2 - number)) for number in (half, half + 1))
        some = [one for one in self.truths if begins <= one.created < ends]
        # A chat that never became a lead is none.
        leads = [one for one in some if one.lead_id in self.leads() and not one.silent]
        return sorted(leads, key=lambda one: one.created)

    def days_ago(self, days: int) -> datetime:
        """Return when the clocks of Berlin showed what they do now, so many days ago."""
        local = self.now.astimezone(BERLIN)
        return datetime.combine(local.date() - timedelta(days=days), local.time(), BERLIN)

    def leads(self) -> set[str]:
        """Return the ids of what is a lead by now."""
        ids = self.observed.world.ids
        return {lead_id for bot_id in BOTS for lead_id in ids(bot_id=bot_id)}

    @cached_property
    def wall(self) -> Wall:
        """Return the open hours of :data:`CLOCK`."""
        begins = self.now - timedelta(days=DAYS)
        return Wall(begins, self.now, days=tuple(range(7)), hours=range(1, 9))


@pytest.fixture(scope="module", params=BEGINS)
def month(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Month]:
    begins = BEGINS[request.param]
    observed = Observed(in_file(tmp_path_factory.mktemp("month")), begins=begins)
    truths = play(observed, begins=begins, days=DAYS, seed=7)
    yield Month(observed=observed, truths=truths, now=begins + timedelta(days=DAYS))
    observed.session.close()


def check(
    measures: Measures, truths: list[Truth], hours: Wall | EveryHour, now: datetime
) -> None:
    """Compare the four measures with what is known of the leads."""
    for name in MEASURES:
        found = getattr(measures, name)
        known = expected(truths, name, hours, now=now, goal_s=GOAL_MS // 1000)
        assert found.count == known.count, name
        for value, wanted in ((found.median_s, known.median_s), (found.p90_s, known.p90_s)):
            assert (value is None) == (wanted is None), name
            assert value is None or wanted is None or abs(value - wanted) <= POLL_S + 1, name
        shares = [one for one in known.shares if one is not None]
        if found.within_goal is None:
            assert known.shares[1] is None
        else:
            assert min(shares) <= found.within_goal <= max(shares), name


def test_the_month_has_something_of_everything(month: Month) -> None:
    leads = month.of(half=0) + month.of(half=1)
    assert len(leads) > 100
    assert any(one.silent for one in month.truths)
    assert any(one.converted for one in leads)
    assert any(one.reassigned for one in leads)
    assert any(one.forgotten for one in leads)
    assert any(one.agent is None for one in leads)
    assert any(one.closed and not one.reply for one in leads)


def test_the_measures_are_those_of_the_leads_created_in_the_period(month: Month) -> None:
    found = month.observed.report(since=HALF)
    now, before = month.of(half=1), month.of(half=0)
    assert (found.leads, found.before.leads) == (len(now), len(before))
    check(found.measures, now, EveryHour(), month.now)
    check(found.before.measures, before, EveryHour(), month.now)


def test_a_clock_counts_its_hours_alone_over_a_change_of_the_clocks(month: Month) -> None:
    found = month.observed.report(since=HALF, clock=CLOCK)
    check(found.measures, month.of(half=1), month.wall, month.now)
    check(found.before.measures, month.of(half=0), month.wall, month.now)
    outside = [
        one for one in month.of(half=1) if one.reply and not month.wall.is_open(one.reply)
    ]
    assert found.outside_clock == len(outside)


GROUPS: dict[By, Callable[[Truth], str | None]] = {
    By.AGENT: lambda one: one.agent,
    By.SOURCE: lambda one: one.source,
    By.STATUS: lambda one: one.status,
    By.COUNTRY: lambda one: one.country,
    By.HOUR: lambda one: f"{one.created.astimezone(BERLIN):%w %H}",
}


@pytest.mark.parametrize("by", By)
def test_groups_hold_the_leads_that_are_theirs(month: Month, by: By) -> None:
    found = month.observed.report(since=HALF, by=by)
    grouped: dict[str | None, list[Truth]] = {}
    for one in month.of(half=1):
        key = GROUPS[by](one)
        if by is By.HOUR and key:
            day, hour = key.split()
            key = f"{(int(day) - 1) % 7} {hour}"  # strftime's week begins on Sunday
        grouped.setdefault(key, []).append(one)
    assert {one.key: one.leads for one in found.groups} == {
        key: len(members) for key, members in grouped.items()
    }
    for group in found.groups:
        check(group.measures, grouped[group.key], EveryHour(), month.now)


def test_agents_have_their_names_and_others_their_ids(month: Month) -> None:
    found = month.observed.report(since=HALF)
    names = {one.key: one.name for one in found.groups}
    named = {key: one.name for key, one in AGENTS.items()}
    assert {key: name for key, name in names.items() if key in named} == named
    others = {name for key, name in names.items() if key not in named}
    assert others == {"631a000000000000", "nobody"}


def test_counts_beside_the_measures_are_exact(month: Month) -> None:
    found, leads = month.observed.report(since=HALF), month.of(half=1)
    assert found.converted == sum(one.converted for one in leads)
    assert found.reassigned == sum(one.reassigned for one in leads)
    assert found.forgotten == sum(one.forgotten for one in leads)
    assert found.closed_unanswered == sum(
        bool(one.closed and (one.reply is None or one.reply > one.closed)) for one in leads
    )


def test_leads_of_the_silent_baseline_are_counted_apart(month: Month) -> None:
    whole = month.observed.report(since=2 * HALF)
    silent = [one for one in month.truths if one.silent and one.lead_id in month.leads()]
    assert whole.bounds.silent_baseline == len(silent) > 0


def test_who_waits_is_named_the_oldest_first(month: Month) -> None:
    found = month.observed.report(since=HALF)
    waiting = [
        one
        for one in month.of(half=1)
        if one.reply is None and one.status != "CLOSED" and not one.forgotten
    ]
    assert found.still_waiting == len(waiting)
    assert [one.lead for one in found.waiting] == [one.lead_id for one in waiting][:50]
    oldest, known = found.waiting[0], waiting[0]
    assert abs(oldest.waits_s - (month.now - known.created).total_seconds()) <= 1
    assert all(one.name for one in found.waiting)
    links = [one.url for one in found.waiting if one.source == "website"]
    assert all(link and link.startswith("https://chat.example/") for link in links)


def test_days_hours_and_bars_hold_every_lead_once(month: Month) -> None:
    found = month.observed.report(since=HALF)
    leads = month.of(half=1)
    by_day = {one.date: one.leads for one in found.days if one.leads}
    known: dict[str, int] = {}
    for one in leads:
        date = one.created.astimezone(BERLIN).date().isoformat()
        known[date] = known.get(date, 0) + 1
    assert by_day == known
    assert len(found.days) == 15  # Berlin's midnight is not UTC's
    assert sum(one.leads for one in found.hours) == len(leads)
    assert sum(one.count for one in found.distribution) == found.measures.reply.count


def test_a_report_reads_the_same_after_somebody_was_forgotten(month: Month) -> None:
    def figures(report: Report) -> tuple[Measures, Measures]:
        return report.measures, report.before.measures

    before = month.observed.report(since=HALF)
    waiting = before.waiting[-1].lead
    month.observed.forget(waiting)
    after = month.observed.report(since=HALF)
    assert figures(after) == figures(before)
    assert after.forgotten == before.forgotten + 1
    assert waiting not in {one.lead for one in after.waiting}
