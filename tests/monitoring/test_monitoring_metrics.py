import subprocess
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest
from monitoring_house import NOW_MS, destination, member, overview, source
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from notifier.core.destination_state import Health
from notifier.core.event_types import EventType
from notifier.core.events import Event, encode
from notifier.core.outcome import Outcome, State
from notifier.core.records import Source
from notifier.errors import UpstreamError, UpstreamPausedError, UpstreamRefusedError
from notifier.messages.samples import sample_event
from notifier.monitoring.gauges import gauges
from notifier.monitoring.metrics import Meters
from notifier.monitoring.pages import MeteredPages
from notifier.store.claims import Claimed
from notifier.store.health import ListingHealth
from notifier.transactions.turn import Turn
from notifier.upstream.client import Listing
from notifier.upstream.page import Page, parse_page
from support.needs import needs

LISTING = Listing(
    source=Source(name="website", bot_id="bot", customer_id="c"),
    listing_type="lead",
    token=SecretStr("t"),
)
LABELS = {"source": "website", "type": "lead"}


class Scripted:
    """A client whose answers are given; each takes half a second of ``clock_ms``."""

    def __init__(self, *answers: Page | UpstreamError) -> None:
        self._answers = list(answers)
        self.now_ms = 0

    def clock_ms(self) -> int:
        return self.now_ms

    async def page(self, listing: Listing, number: int) -> Page:
        assert (listing, number) == (LISTING, 1)
        self.now_ms += 500
        answer = self._answers.pop(0)
        if isinstance(answer, UpstreamError):
            raise answer
        return answer


def claimed(event: Event, *, held: str | None = None) -> Claimed:
    return Claimed(
        id=1,
        claim=1,
        rule="r",
        lane_key="bot/1",
        bundle="b",
        title=None,
        body=None,
        mention=None,
        broadcast=None,
        held=held,
        attempts=0,
        accepted=frozenset(),
        lost=0,
        planned_ms=NOW_MS,
        event=event,
        event_body=encode(event),
    )


def ended(state: State, event: Event, *, held: str | None = None) -> Turn:
    outcome = Outcome(state=state, attempts=1, at_ms=NOW_MS)
    return Turn(ended=[(claimed(event, held=held), outcome)])


def changed(*, time: str, observed_at: str) -> Event:
    event = sample_event(EventType.LEAD_STATUS_CHANGED)
    payload = msgspec.structs.replace(event.data, observed_at=observed_at)
    return msgspec.structs.replace(event, time=time, data=payload)


def at(seconds_before_now: float) -> str:
    moment = datetime.fromtimestamp(NOW_MS / 1000 - seconds_before_now, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def test_every_request_is_counted_by_how_it_ended() -> None:
    good = parse_page(b'{"success": true, "data": [{"_id": "1"}, {"_id": "2"}, null]}')
    faults = [
        UpstreamError("500"),
        UpstreamRefusedError("401"),
        UpstreamPausedError("429", retry_after_s=3),
    ]
    client, meters = Scripted(good, *faults), Meters()
    metered = MeteredPages(client, meters, clock_ms=client.clock_ms)
    assert await metered.page(LISTING, 1) is good
    for fault in faults:
        with pytest.raises(UpstreamError) as caught:
            await metered.page(LISTING, 1)
        assert caught.value is fault
    value = meters.registry.get_sample_value
    for result in ("ok", "failed", "refused", "paused"):
        assert value("notifier_upstream_requests_total", LABELS | {"result": result}) == 1
    assert value("notifier_polls_total", LABELS) == 4
    assert value("notifier_records_read_total", LABELS) == 3
    took = value("notifier_upstream_request_duration_seconds_sum", {"source": "website"})
    assert took == pytest.approx(0.5)


def test_every_recorded_attempt_is_counted_by_its_result() -> None:
    meters = Meters()
    for state in State:
        meters.turned("crm", ended(state, sample_event(EventType.SOURCE_DOWN)))
    value = meters.registry.get_sample_value
    for result in ("delivered", "retried", "dead", "skipped"):
        labels = {"destination": "crm", "result": result}
        assert value("notifier_deliveries_total", labels) == 1


@pytest.mark.parametrize(
    ("time", "observed_at", "delay_s"),
    [
        (at(20), at(5), 20.0),
        (at(400 * 24 * 3600), at(5), 5.0),  # an old lead changed without its updatedAt
        (at(-3600), at(5), 5.0),  # the upstream's clock is ahead
        (at(-3600), at(-3600), 0.0),  # ours was set back
    ],
)
def test_a_delay_counts_from_the_change_where_its_time_can_be_believed(
    time: str, observed_at: str, delay_s: float
) -> None:
    meters = Meters()
    meters.turned("crm", ended(State.DELIVERED, changed(time=time, observed_at=observed_at)))
    labels = {"destination": "crm"}
    value = meters.registry.get_sample_value
    assert value("notifier_change_to_delivery_seconds_sum", labels) == pytest.approx(delay_s)


def test_what_was_held_on_purpose_is_no_delay() -> None:
    meters = Meters()
    meters.turned(
        "crm", ended(State.DELIVERED, changed(time=at(9), observed_at=at(5)), held="hold")
    )
    assert (
        meters.registry.get_sample_value(
            "notifier_change_to_delivery_seconds_count", {"destination": "crm"}
        )
        is None
    )


def known(registry: CollectorRegistry) -> dict[tuple[str, str], float]:
    return {
        (sample.name.removeprefix("notifier_"), next(iter(sample.labels.values()), "")): (
            sample.value
        )
        for family in registry.collect()
        for sample in family.samples
    }


def test_the_database_knows_the_rest() -> None:
    found = overview(source(), source("down", name="shop", age_ms=None), destination())
    registry = gauges(
        found, now_ms=NOW_MS, interval_ms=15_000, budget_left={"website": 75, "shop": 90}
    )
    assert known(registry) == {
        ("source_up", "website"): 1,
        ("source_up", "shop"): 0,
        ("source_last_success_timestamp_seconds", "website"): NOW_MS / 1000 - 3,
        ("source_records", "website"): 45,
        ("source_records", "shop"): 45,
        ("source_quarantined_records", "website"): 2,
        ("source_quarantined_records", "shop"): 2,
        ("rate_limit_remaining_requests", "website"): 75,
        ("rate_limit_remaining_requests", "shop"): 90,
        ("destination_up", "crm"): 1,
        ("deliveries_pending", "crm"): 4,
        ("deliveries_dead", "crm"): 1,
        ("oldest_due_delivery_age_seconds", "crm"): 90,
        ("config_last_reload_successful", ""): 1,
        ("config_last_reload_success_timestamp_seconds", ""): NOW_MS / 1000,
    }


def test_how_long_changes_wait_is_told_by_its_share() -> None:
    listing = ListingHealth(
        type="lead",
        order="created-desc",
        pages=9,
        has_baseline=True,
        median_ms=40_000,
        p90_ms=150_000,
    )
    found = overview(source(listing=listing), source(name="new"))
    registry = gauges(found, now_ms=NOW_MS, interval_ms=15_000, budget_left={})
    told = {
        (sample.labels["source"], sample.labels["quantile"]): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "notifier_sees_within_seconds"
    }
    assert told == {("website", "0.5"): 40.0, ("website", "0.9"): 150.0}


def exposition() -> bytes:
    meters = Meters()
    meters.told("lead.created", 2)
    meters.asked(LISTING, 1)
    meters.failed(LISTING, UpstreamError("500"))
    meters.turned("crm", ended(State.DELIVERED, changed(time=at(9), observed_at=at(5))))
    found = overview(source(), destination(Health.PARKED), refused="…")
    registry = gauges(found, now_ms=NOW_MS, interval_ms=15_000, budget_left={"website": 3})
    return generate_latest(meters.registry) + generate_latest(registry)


def test_both_registries_together_are_one_exposition_without_doubles() -> None:
    families = [*text_string_to_metric_families(exposition().decode())]
    names = [family.name for family in families]
    assert len(set(names)) == len(names) > 20
    assert all(family.documentation for family in families if "created" not in family.name)


def test_names_and_units_keep_prometheus_own_conventions() -> None:
    command = [needs("promtool"), "check", "metrics"]
    checked = subprocess.run(command, input=exposition(), capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_members_are_counted_with_what_they_work_on() -> None:
    found = replace(overview(), members=(member("one/1"), member("two/2")))
    text = generate_latest(
        gauges(found, now_ms=NOW_MS, interval_ms=15_000, budget_left={})
    ).decode()
    assert "notifier_members 2.0" in text
    assert 'notifier_member_sources{member="two/2"} 1.0' in text
    assert 'notifier_member_lanes{member="one/1"} 0.0' in text


def test_who_is_alone_with_a_file_counts_no_members() -> None:
    assert b"notifier_member" not in generate_latest(
        gauges(overview(), now_ms=NOW_MS, interval_ms=15_000, budget_left={})
    )
