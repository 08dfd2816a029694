"""One lead each: what a report makes of what was seen, and what it says of its bounds."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from notifier.core.event_types import EventType
from notifier.core.records import LEAD, NON_LEAD
from notifier.core.responses import Response
from notifier.core.rows import iso_ms, ms_of
from notifier.reports.model import Bounds, Outage, Report
from notifier.store import responses
from notifier.store.backfill import recollect
from reports.observed import AGENTS, ASHA, BORIS, Observed
from support.databases import Database

# A Monday, and not far from the polls' own seconds.
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def observed(database: Database) -> Iterator[Observed]:
    """Watched since a day ago, when nobody had written yet."""
    stage = Observed(database.open(), begins=NINE - DAY)
    stage.baseline()
    stage.go(NINE)
    yield stage
    stage.session.close()


def after(observed: Observed, **elapsed: float) -> None:
    """Let so much time pass since nine."""
    observed.go(NINE + timedelta(**elapsed))


def evening(observed: Observed) -> Report:
    """Return the report of the day at six in the evening."""
    after(observed, hours=9)
    return observed.report(since=timedelta(hours=12))


def test_a_lead_answered_within_the_goal(observed: Observed) -> None:
    lead = observed.create()
    after(observed, seconds=90)
    observed.change(lead, assignee=ASHA)
    after(observed, seconds=200)
    observed.say(lead, "agent")
    after(observed, hours=2)
    observed.change(lead, status="CLOSED")
    found = evening(observed).measures
    assert (found.owner.median_s, found.reply.p90_s, found.closed.median_s) == (90, 200, 7200)
    assert (found.owner.within_goal, found.closed.within_goal) == (1.0, 0.0)
    assert (found.taken.count, found.taken.median_s, found.taken.within_goal) == (0, None, 0.0)


def test_a_lead_that_may_still_be_answered_in_time_is_not_judged(observed: Observed) -> None:
    observed.create()
    after(observed, minutes=4)
    found = observed.report(since=DAY)
    assert found.measures.reply.within_goal is None
    after(observed, minutes=6)
    assert observed.report(since=DAY).measures.reply.within_goal == 0.0


def test_a_reply_overwritten_between_two_polls_is_seen_with_the_next(
    observed: Observed,
) -> None:
    lead = observed.create()
    after(observed, seconds=61)
    observed.say(lead, "agent")
    after(observed, seconds=66)
    observed.say(lead, "user")
    after(observed, seconds=400)
    observed.say(lead, "agent")
    assert evening(observed).measures.reply.median_s == 400


def test_the_bot_is_no_person(observed: Observed) -> None:
    lead = observed.create()
    after(observed, seconds=61)
    observed.say(lead, "bot")
    found = evening(observed)
    assert (found.measures.reply.count, found.still_waiting) == (0, 1)


def test_a_lead_that_was_answered_before_it_was_seen_was_answered_then(
    observed: Observed,
) -> None:
    lead = observed.create(assignee=ASHA)
    after(observed, seconds=7)
    observed.say(lead, "agent")
    found = evening(observed).measures
    assert (found.owner.median_s, found.reply.median_s) == (7, 7)


def test_a_chat_that_became_a_lead_counts_from_its_own_beginning(observed: Observed) -> None:
    chat = observed.create(listing_type=NON_LEAD)
    after(observed, seconds=100)
    observed.say(chat, "agent")
    after(observed, seconds=160)
    observed.say(chat, "user")
    after(observed, hours=1)
    observed.convert(chat)
    found = evening(observed)
    assert (found.leads, found.converted) == (1, 1)
    assert found.measures.reply.median_s == 100
    assert found.bounds.seen_late == 0


def test_a_chat_is_no_lead(observed: Observed) -> None:
    observed.create(listing_type=NON_LEAD)
    assert evening(observed).leads == 0


def test_a_lead_belongs_to_who_answered_it(observed: Observed) -> None:
    lead = observed.create(assignee=ASHA)
    after(observed, seconds=60)
    observed.change(lead, assignee=BORIS)
    after(observed, seconds=120)
    observed.say(lead, "agent")
    after(observed, seconds=600)
    observed.change(lead, assignee=ASHA)
    found = evening(observed)
    assert [(one.key, one.name) for one in found.groups] == [(BORIS, "Boris Ek")]
    assert found.reassigned == 1


def test_who_changes_hands_after_the_answer_does_not_count(observed: Observed) -> None:
    lead = observed.create(assignee=ASHA)
    after(observed, seconds=60)
    observed.say(lead, "agent")
    after(observed, seconds=120)
    observed.change(lead, assignee=BORIS)
    assert evening(observed).reassigned == 0


def test_a_closed_lead_waits_for_nobody_until_it_is_open_again(observed: Observed) -> None:
    lead = observed.create()
    after(observed, minutes=10)
    observed.change(lead, status="Closed")
    after(observed, minutes=20)
    found = observed.report(since=DAY)
    assert (found.closed_unanswered, found.still_waiting) == (1, 0)
    observed.change(lead, status="OPEN")
    after(observed, minutes=30)
    found = observed.report(since=DAY)
    assert (found.still_waiting, found.measures.closed.median_s) == (1, 600)


def test_a_deleted_lead_waits_for_nobody(observed: Observed) -> None:
    lead = observed.create()
    after(observed, minutes=10)
    observed.delete(lead)
    found = evening(observed)
    assert (found.leads, found.still_waiting) == (1, 0)


def test_who_waits_since_the_period_before_is_counted(observed: Observed) -> None:
    observed.create()
    after(observed, hours=30)
    found = observed.report(since=DAY)
    assert (found.leads, found.before.leads, found.before.waiting) == (0, 1, 1)


def test_the_bounds_name_what_could_not_be_seen(observed: Observed) -> None:
    observed.trouble(EventType.SOURCE_DOWN, "website")
    after(observed, hours=1)
    observed.trouble(EventType.SOURCE_UP, "website")
    after(observed, hours=2)
    observed.trouble(EventType.SOURCE_DOWN, "whatsapp")
    observed.create(createdAt=iso_ms(NINE + timedelta(minutes=30)))
    found = evening(observed)
    assert found.bounds == Bounds(
        silent_baseline=0,
        seen_late=1,
        outages=(
            Outage(source="website", begins=iso_ms(NINE), ends="2026-03-02T10:00:00.000Z"),
            Outage(source="whatsapp", begins="2026-03-02T11:00:00.000Z", ends=None),
        ),
        kept_since=None,
    )


def test_an_outage_that_was_over_before_is_not_told(observed: Observed) -> None:
    observed.trouble(EventType.SOURCE_DOWN, "website")
    after(observed, hours=1)
    observed.trouble(EventType.SOURCE_UP, "website")
    after(observed, hours=40)
    assert observed.report(since=DAY).bounds.outages == ()


def test_an_outage_that_began_before_the_period_is_told(observed: Observed) -> None:
    observed.trouble(EventType.SOURCE_DOWN, "website")
    after(observed, hours=40)
    (outage,) = observed.report(since=DAY).bounds.outages
    assert (outage.begins, outage.ends) == (iso_ms(NINE), None)


def test_what_is_no_longer_kept_is_said(observed: Observed) -> None:
    after(observed, hours=9)
    found = observed.report(since=timedelta(days=8), kept=timedelta(days=10))
    assert found.bounds.kept_since == "2026-02-20T18:00:00.000Z"
    assert observed.report(since=timedelta(days=5), kept=timedelta(days=10)).bounds == Bounds(
        silent_baseline=0, seen_late=0, outages=(), kept_since=None
    )


def test_an_agents_own_name_in_the_listing_does(observed: Observed) -> None:
    observed.create(assignee={"_id": "631a000000000001", "name": "Chi"})
    (group,) = evening(observed).groups
    assert (group.key, group.name) == ("631a000000000001", "Chi")
    assert "631a000000000001" not in AGENTS


def test_the_country_is_that_which_was_told_last(observed: Observed) -> None:
    lead = observed.create(country=None)
    after(observed, minutes=1)
    observed.change(lead, country="Nepal")
    after(observed, hours=9)
    found = responses.created_between(observed.session, from_ms=0, until_ms=observed.now_ms)
    assert [one.country for one in found] == ["Nepal"]


def test_slices_have_each_lead_of_the_period_once(observed: Observed) -> None:
    for minute in range(7):
        after(observed, minutes=minute)
        for _ in range(2):  # of one moment
            observed.create(listing_type=NON_LEAD)
            observed.create()
    evening(observed)
    period = partial(
        responses.created_between,
        observed.session,
        from_ms=ms_of(NINE + timedelta(minutes=1)),
        until_ms=ms_of(NINE + timedelta(minutes=6)),
    )
    read: list[Response] = []
    while some := period(after=read[-1] if read else None, limit=3):
        read += some
    assert len(read) == 10
    assert read == period()


def test_an_upgraded_database_tells_the_same(observed: Observed) -> None:
    for number in range(3):
        lead = observed.create(listing_type=LEAD if number else NON_LEAD)
        after(observed, hours=number, minutes=2)
        observed.change(lead, assignee=ASHA)
        after(observed, hours=number, minutes=5)
        observed.say(lead, "agent")
    observed.convert(observed.create(listing_type=NON_LEAD))
    before = evening(observed)
    observed.session.execute("DELETE FROM responses")
    recollect(observed.session)
    assert evening(observed) == before


def test_old_leads_are_pruned_by_their_creation(observed: Observed) -> None:
    observed.create()
    after(observed, hours=1)
    new = observed.create()
    after(observed, hours=2)
    before_ms = observed.now_ms - 5_400_000
    assert responses.prune(observed.session, before_ms=before_ms) == 1
    left = observed.session.execute("SELECT lead_id FROM responses").fetchall()
    assert left == [(new,)]
