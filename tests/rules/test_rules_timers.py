"""When the clocks of ``for`` rules start, come due and start over."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_examples import MONDAY_10, SCREEN, lead, load

from notifier.core.records import Lead
from notifier.rules.model import Rule, Ruleset
from notifier.rules.timers import TimerChange, again, due, repeats_from, timer_changes

OFFICE = 'windows: {office: {days: mon-fri, hours: "09:00-18:00", timezone: UTC}}\n'
OPEN, CLOSED = lead(status="OPEN"), lead(status="CLOSED")
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)


def ruleset(more: str = "", condition: str = "{status: OPEN}") -> Ruleset:
    rule = f"rules: [{{name: R, if: {condition}, for: 15m, send: screen{more}}}]"
    return load(OFFICE + SCREEN + rule)


def only_rule(more: str = "") -> Rule:
    (rule,) = ruleset(more).rules
    return rule


def changes(before: Lead | None, after: Lead, rules: Ruleset) -> list[TimerChange]:
    return list(timer_changes(before, after, rules, at=MONDAY_10))


STARTED = TimerChange(rule="R", since=MONDAY_10, due=MONDAY_10 + timedelta(minutes=15))
CANCELLED = TimerChange(rule="R")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, OPEN, [STARTED]),
        (None, CLOSED, []),
        (CLOSED, OPEN, [STARTED]),
        (OPEN, OPEN, []),
        (OPEN, CLOSED, [CANCELLED]),
        (CLOSED, CLOSED, [CANCELLED]),
    ],
)
def test_a_condition_that_turns_true_starts_and_one_that_is_not_cancels(
    before: Lead | None, after: Lead, expected: list[TimerChange]
) -> None:
    assert changes(before, after, ruleset()) == expected


def test_a_disabled_rule_has_no_clock() -> None:
    assert changes(None, OPEN, ruleset(", enabled: false")) == []


def test_without_a_condition_every_new_lead_starts_one() -> None:
    assert changes(None, CLOSED, ruleset(condition="{}")) == [STARTED]


def test_a_chat_starts_one_only_where_the_type_is_named() -> None:
    chat = lead(type="non-lead")
    assert changes(None, chat, ruleset()) == []
    named = ruleset(condition="{any: [{type: non-lead}, {status: CLOSED}]}")
    assert changes(None, chat, named) == [STARTED]


def test_a_clock_counts_its_own_hours_alone() -> None:
    late = MONDAY_10.replace(hour=17, minute=50)
    assert due(only_rule(", clock: office"), late) == MONDAY_10.replace(day=3, hour=9, minute=5)


def test_a_repetition_counts_from_the_due_time_that_was_told() -> None:
    rule, told = only_rule(", repeat: 1h"), MONDAY_10
    late = told + timedelta(minutes=5)
    assert again(rule, repeats_from(rule, told, at=late)) == told + timedelta(hours=1)


def test_what_was_missed_is_not_made_up_for() -> None:
    rule, much_later = only_rule(", repeat: 1h"), MONDAY_10 + timedelta(days=3, minutes=7)
    told_from = repeats_from(rule, MONDAY_10, at=much_later)
    assert again(rule, told_from) == much_later + timedelta(hours=1)


@given(MOMENTS, st.timedeltas(timedelta(), timedelta(days=30)), st.booleans())
def test_the_next_alarm_is_always_still_to_come(
    told: datetime, lateness: timedelta, by_office: bool
) -> None:
    rule = only_rule(", repeat: 45m" + (", clock: office" if by_office else ""))
    at = told + lateness
    assert again(rule, repeats_from(rule, told, at=at)) > at
