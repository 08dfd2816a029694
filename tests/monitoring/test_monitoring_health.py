"""One judgement of how everything stands, for ``status``, ``/readyz`` and systemd."""

from dataclasses import replace

import pytest
from monitoring_house import MINUTE_MS, NOW_MS, destination, member, overview, source

from notifier.core.destination_state import Health
from notifier.core.rows import iso_of_ms
from notifier.monitoring.health import Trouble, status_line, troubles
from notifier.store.health import DestinationHealth, ListingHealth, Overview, SourceHealth
from notifier.store.service_state import SlackConnections

HOUR_MS = 60 * MINUTE_MS


def judged(found: Overview, *, interval_ms: int = 15_000) -> list[Trouble]:
    return troubles(found, now_ms=NOW_MS, interval_ms=interval_ms)


def down(part: SourceHealth | DestinationHealth) -> list[str]:
    """Return what /readyz says of a part, beside a good source."""
    return [one.what for one in judged(overview(source(), part)) if one.down]


@pytest.mark.parametrize(
    ("part", "sentences"),
    [
        (source(), []),
        (source(age_ms=15 * MINUTE_MS), []),
        (destination(), []),
        (destination(Health.FAILING, since_ms=NOW_MS - 4 * MINUTE_MS), []),
        (
            source("down", reason="BotPenguin refused the token (401)"),
            ["source website is down: BotPenguin refused the token (401)"],
        ),
        (source("starting", age_ms=None), ["source website has not been read yet"]),
        (
            source(age_ms=16 * MINUTE_MS),
            ["source website had no good poll for 16 minutes"],
        ),
        (
            destination(Health.PARKED, reason="not_in_channel"),
            ["destination crm is parked, 4 waiting: not_in_channel"],
        ),
        (
            destination(Health.DISABLED),
            ["destination crm is disabled by hand, 4 waiting"],
        ),
        (
            destination(Health.FAILING, since_ms=NOW_MS - 5 * MINUTE_MS, reason="500"),
            ["destination crm is failing, 4 waiting: 500"],
        ),
    ],
)
def test_each_trouble_is_one_sentence_and_work_as_usual_is_none(
    part: SourceHealth | DestinationHealth, sentences: list[str]
) -> None:
    assert down(part) == sentences


def test_a_source_polled_once_an_hour_may_be_silent_for_two() -> None:
    found = overview(source(age_ms=40 * MINUTE_MS, quarantined=0))
    assert judged(found, interval_ms=HOUR_MS) == []
    assert judged(found) != []
    found = overview(source(age_ms=2 * HOUR_MS + 1, quarantined=0))
    assert [one.what for one in judged(found, interval_ms=HOUR_MS)] == [
        "source website had no good poll for 2 hours"
    ]


def test_a_refused_rules_file_is_a_trouble_with_its_faults_beside_it() -> None:
    (found,) = judged(overview(source(quarantined=0), refused="rules.yaml:3: …"))
    assert found.what == "the rules on disk are not in force, older ones are"
    assert found.details == ("rules.yaml:3: …",)


def test_what_was_given_up_needs_a_person_but_stops_nothing() -> None:
    (found,) = judged(overview(source(quarantined=0), destination(dead=12_000)))
    assert found.what == "12,000 dead deliveries to crm"
    assert (found.urgent, found.down) == (True, False)


def test_a_failure_that_may_pass_by_itself_needs_nobody_yet() -> None:
    part = destination(Health.FAILING, since_ms=NOW_MS - 4 * MINUTE_MS, dead=0)
    (found,) = judged(overview(source(quarantined=0), part))
    assert (found.urgent, found.down) == (False, False)


AGAIN = "at once: `notifier destinations enable crm`"


@pytest.mark.parametrize(
    ("remedy", "wait_ms", "told"),
    [
        (
            "invite the app",
            4 * MINUTE_MS,
            f"invite the app; then it is tried again in 4 minutes; {AGAIN}",
        ),
        ("", -1, f"it is tried again now; {AGAIN}"),
    ],
)
def test_what_is_parked_tells_when_it_is_tried_next(
    remedy: str, wait_ms: int, told: str
) -> None:
    probe_ms = NOW_MS + wait_ms
    part = destination(Health.PARKED, remedy=remedy, probe_ms=probe_ms, dead=0)
    (found,) = judged(overview(source(quarantined=0), part))
    assert found.remedy == told


@pytest.mark.parametrize(("pages", "is_told"), [(1, False), (2, True), (30, True)])
def test_an_order_that_hides_changes_is_told_from_the_second_page_on(
    pages: int, is_told: bool
) -> None:
    listing = ListingHealth(type="lead", order="created-desc", pages=pages, has_baseline=True)
    found = judged(overview(source(listing=listing, quarantined=0)))
    assert [one.what for one in found] == [
        "the lead listing of website is not newest change first (created-desc)"
    ] * is_told


def test_an_order_that_is_not_known_yet_is_not_called_a_wrong_one() -> None:
    listing = ListingHealth(type="lead", order="unknown", pages=2, has_baseline=True)
    (found,) = judged(overview(source(listing=listing, quarantined=0)))
    assert found.what == "the lead listing of website has an order that cannot be told yet"


def test_the_status_line_says_what_a_person_wants_to_know_first() -> None:
    line = status_line(
        overview(source(), source("down", name="shop", age_ms=None), destination()),
        now_ms=NOW_MS,
    )
    assert line == "1 source up, 1 down, last poll 3 s ago, 4 pending, 1 dead"


def test_the_status_line_names_destinations_in_trouble() -> None:
    line = status_line(overview(destination(Health.PARKED), refused="…"), now_ms=NOW_MS)
    assert line == "0 sources up, 4 pending, 1 dead, crm parked, rules on disk refused"


def test_where_nothing_waits_the_next_message_tries_a_failing_destination() -> None:
    failing = destination(Health.FAILING, since_ms=NOW_MS, reason="500")
    idle = judged(overview(source(), replace(failing, pending=0, dead=0)))[-1]
    assert idle.remedy == "the next message tries it again"
    busy = judged(overview(source(), replace(failing, dead=0)))[-1]
    assert busy.remedy.startswith("it is tried again now; at once: ")


def test_clicks_that_do_not_arrive_are_told_with_their_remedy() -> None:
    slack = SlackConnections(fault="invalid_auth", remedy="make a token", since="")
    (found,) = judged(overview(source(quarantined=0), slack=slack))
    assert found.what == "buttons on Slack cards do not work: invalid_auth"
    assert (found.remedy, found.urgent, found.down) == ("make a token", True, False)


def test_a_passing_fault_of_one_connection_is_nothing_to_hurry_for() -> None:
    slack = SlackConnections(
        held=1, counted=1, fault="Slack is silent", since=iso_of_ms(NOW_MS)
    )
    (found,) = judged(overview(source(quarantined=0), slack=slack))
    assert found.what == "a click may be lost: Slack is silent"
    assert not found.urgent


def test_connections_that_are_not_ours_are_told() -> None:
    slack = SlackConnections(held=2, counted=5)
    (found,) = judged(overview(source(quarantined=0), slack=slack))
    assert "Slack counts 5 connections of the app, and 2 are ours" in found.what


def test_members_that_do_not_agree_are_told_of_with_what_each_has() -> None:
    ours = member("one/1"), member("two/2", rules="r2")
    (told,) = judged(replace(overview(source(quarantined=0)), members=ours))
    assert told.what == "not all members have the same rules"
    assert told.details == ("one/1: r1", "two/2: r2")
    assert not told.urgent
    assert not told.down


def test_members_of_two_versions_are_worth_knowing() -> None:
    ours = member("one/1"), member("two/2", version="1.1")
    (told,) = judged(replace(overview(source(quarantined=0)), members=ours))
    assert told.what == "not all members are of the same version"


def test_members_that_agree_are_no_trouble() -> None:
    ours = member("one/1"), member("two/2")
    assert judged(replace(overview(source(quarantined=0)), members=ours)) == []
