"""What the database knows, as gauges: computed anew for every scrape."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from notifier.core.destination_state import Health
from notifier.monitoring.sees_within import sees_within
from notifier.store.health import DestinationHealth, Overview, SourceHealth
from notifier.store.leases import MemberHealth


def gauges(
    overview: Overview, *, now_ms: int, interval_ms: int, budget_left: Mapping[str, int]
) -> CollectorRegistry:
    """Return a registry of how everything stands; ``budget_left`` is by source, in requests.

    ``interval_ms`` is between polls.
    """
    registry = CollectorRegistry()
    families = [
        *_families(overview, now_ms=now_ms, budget_left=budget_left),
        _seen(overview.sources, interval_ms),
    ]
    registry.register(_Families(families))
    return registry


class _Families(Collector):
    def __init__(self, families: list[GaugeMetricFamily]) -> None:
        self._families = families

    def collect(self) -> list[GaugeMetricFamily]:
        """Return what was computed beforehand."""
        return self._families


def _families(
    overview: Overview, *, now_ms: int, budget_left: Mapping[str, int]
) -> Iterator[GaugeMetricFamily]:
    yield from _of_sources(overview.sources)
    yield _family(
        "rate_limit_remaining_requests",
        "Requests this source's token may still make within the minute",
        "source",
        budget_left,
    )
    in_force = tuple(one for one in overview.destinations if one.kind is not None)
    yield from _of_destinations(in_force, now_ms)
    if slack := overview.slack:
        yield _family(
            "slack_connections",
            "Connections for clicks on cards that Slack counts; more than are held take some",
            None,
            {"": slack.counted},
        )
        yield _family(
            "slack_connections_held",
            "Connections for clicks on cards that are read here",
            None,
            {"": slack.held},
        )
    yield from _of_members(overview.members)
    yield _family(
        "config_last_reload_successful",
        "1 where the rules on disk are those in force, 0 where they were refused",
        None,
        {"": not overview.rules_refused},
    )
    if overview.rules_loaded_at:
        yield _family(
            "config_last_reload_success_timestamp_seconds",
            "When the rules in force were loaded",
            None,
            {"": datetime.fromisoformat(overview.rules_loaded_at).timestamp()},
        )


def _of_sources(sources: tuple[SourceHealth, ...]) -> Iterator[GaugeMetricFamily]:
    for name, text, values in (
        (
            "source_up",
            "1 where the listing can be read",
            {s.name: s.state == "up" for s in sources},
        ),
        (
            "source_last_success_timestamp_seconds",
            "When the source was last polled to the end",
            {s.name: s.last_success_ms / 1000 for s in sources if s.last_success_ms},
        ),
        ("source_records", "Records known", {s.name: s.records for s in sources}),
        (
            "source_quarantined_records",
            "Records that could not be read",
            {s.name: s.quarantined for s in sources},
        ),
    ):
        yield _family(name, text, "source", values)


def _seen(sources: tuple[SourceHealth, ...], interval_ms: int) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "notifier_sees_within_seconds",
        "Within what time this share of changes is seen, by the present schedule",
        labels=["source", "quantile"],
    )
    for one in sources:
        if wait := sees_within(one, interval_ms=interval_ms):
            family.add_metric([one.name, "0.5"], wait.median_ms / 1000)
            family.add_metric([one.name, "0.9"], wait.p90_ms / 1000)
    return family


def _of_destinations(
    destinations: tuple[DestinationHealth, ...], now_ms: int
) -> Iterator[GaugeMetricFamily]:
    for name, text, values in (
        (
            "destination_up",
            "1 where the destination takes messages",
            {d.name: d.state.health is Health.UP for d in destinations},
        ),
        (
            "deliveries_pending",
            "Deliveries not yet made",
            {d.name: d.pending for d in destinations},
        ),
        ("deliveries_dead", "Deliveries given up", {d.name: d.dead for d in destinations}),
        (
            "oldest_due_delivery_age_seconds",
            "How long the most overdue delivery has been due, 0 where none is",
            {d.name: _age_s(d.oldest_due_ms, now_ms) for d in destinations},
        ),
    ):
        yield _family(name, text, "destination", values)


def _of_members(members: tuple[MemberHealth, ...]) -> Iterator[GaugeMetricFamily]:
    if not members:
        return  # it is alone with its file
    yield _family("members", "Programs that share the database", None, {"": len(members)})
    sources = {one.name: len(one.sources) for one in members}
    yield _family("member_sources", "Sources that a member polls", "member", sources)
    lanes = {one.name: len(one.lanes) for one in members}
    yield _family("member_lanes", "Destinations that a member sends to", "member", lanes)


def _age_s(since_ms: int | None, now_ms: int) -> float:
    return max(now_ms - since_ms, 0) / 1000 if since_ms is not None else 0.0


def _family(
    name: str, text: str, label: str | None, values: Mapping[str, float]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"notifier_{name}", text, labels=[label] if label else [])
    for key, value in values.items():
        family.add_metric([key] if label else [], float(value))
    return family
