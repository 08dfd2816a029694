"""``reports:`` in the rules file, and every mistake in it at its place."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from rules_examples import faults, load

from notifier.rules.digests import Digest
from notifier.rules.reports import By

NO_CRON = "is not a cron line of five fields; write 0 9 * * mon for Mondays at 9:00"
PLACES = """\
windows: {office: {days: mon-fri, hours: "09:00-18:00"}}
destinations: {managers: {type: console}, sales: {type: console}}
rules: [{name: New, when: lead.created, send: sales}]
"""


def report(keys: str) -> str:
    return f"{PLACES}reports:\n  - {{{keys}}}\n"


def test_a_report_has_all_its_keys() -> None:
    text = report(
        'name: Monday, at: "0 9 * * mon", since: 14d, goal: 10m, clock: office, by: source,'
        " send: [managers, sales]"
    )
    (one,) = load(text).reports
    assert (one.name, one.send, one.by) == ("Monday", ("managers", "sales"), By.SOURCE)
    assert (one.since, one.goal) == (timedelta(days=14), timedelta(minutes=10))
    assert one.clock is not None
    assert one.clock.name == "office"


def test_a_report_needs_no_more_than_a_name_a_time_and_somebody_to_read_it() -> None:
    (one,) = load(report('name: Monday, at: "0 9 * * mon", send: managers')).reports
    assert (one.since, one.goal) == (timedelta(days=7), timedelta(minutes=5))
    assert (one.clock, one.by, one.send) == (None, By.AGENT, ("managers",))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            'name: M, at: "0 9 * *", send: sales',
            f"5:19: `at`: `0 9 * *` {NO_CRON}",
        ),
        (
            "name: M, at: 7d, send: sales",
            f"5:19: `at`: `7d` {NO_CRON}",
        ),
        (
            'name: M, at: "61 9 * * mon", send: sales',
            "5:19: `at`: `61 9 * * mon` is not a cron line: Bad minute",
        ),
        (
            'name: M, at: "0 9 * * mon", send: mangers',
            "5:40: `mangers` is not a destination; did you mean `managers`?",
        ),
        (
            'name: M, at: "0 9 * * mon", send: "sales, managers"',
            "5:40: `send`: several names stand in one text (write a list: [sales, managers])",
        ),
        (
            'name: M, at: "0 9 * * mon", send: sales, clock: ofice',
            "5:54: `ofice` is not a window; did you mean `office`?",
        ),
        (
            'name: M, at: "0 9 * * mon", send: sales, by: agnet',
            "5:47: `by`: it is one of agent, source, status, country or hour",
        ),
        (
            'name: M, at: "0 9 * * mon", send: sales, sinse: 7d',
            "5:47: `sinse` is not a report key; did you mean `since`?",
        ),
        (
            'name: New, at: "0 9 * * mon", send: sales',
            "5:12: a rule `New` exists already (see a.yaml:3:16)",
        ),
        ("name: M, send: sales", "5:5: `at` is missing"),
        (
            'name: M, at: "0 9 * * mon", send: sales, goal: "0"',
            "5:47: `goal`: it must be longer than nothing",
        ),
    ],
)
def test_a_mistake_is_told_at_its_place(keys: str, said: str) -> None:
    assert faults(report(keys)) == [f"a.yaml:{said}"]


def test_reports_are_a_list() -> None:
    found = faults(f"{PLACES}reports: {{name: M}}\n")
    assert found == ["a.yaml:4:1: `reports` is a list (begin each report with `- name:`)"]


def test_a_destination_of_a_report_alone_is_used() -> None:
    told = [
        str(one) for one in load(report('name: M, at: "0 9 * * *", send: managers')).warnings
    ]
    assert not any("no rule sends to" in one for one in told)


def test_no_rule_listens_to_reports() -> None:
    (fault,) = faults(PLACES.replace("lead.created", "report.ready"))
    assert "`report.ready` is not an event type" in fault


def test_the_last_moment_that_is_over_is_on_the_wall_too() -> None:
    nine = Digest(cron="0 9 * * mon", timezone=ZoneInfo("Europe/Berlin"))
    monday = datetime(2026, 3, 30, 7, tzinfo=UTC)  # clocks went forward the day before
    assert nine.latest(monday) == monday
    assert nine.latest(monday - timedelta(seconds=1)) == datetime(2026, 3, 23, 8, tzinfo=UTC)
    assert nine.due(monday) == monday + timedelta(days=7)
