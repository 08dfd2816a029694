"""What is wrong, and what to do about it: one judgement, shown by all who are asked.

``status`` exits with 1 for what is ``urgent``, ``/readyz`` answers 503 for what is
``down``, systemd's line has the names. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from notifier.core.destination_state import DISABLED_BY_HAND, Health, is_down
from notifier.core.rows import instant, ms_of
from notifier.messages.facts import counted, duration, number
from notifier.store.health import (
    NEWEST_FIRST,
    DestinationHealth,
    ListingHealth,
    Overview,
    SourceHealth,
)
from notifier.store.leases import MemberHealth
from notifier.store.service_state import SlackConnections
from notifier.upstream.health import silence_ms

UNKNOWN = "unknown"
LONG_MS = 5 * 60_000


class Fix(StrEnum):
    """What a person may do about a trouble with one press of a button."""

    ENABLE = "enable"
    RETRY = "retry"
    READ_FAULTS = "read faults"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something a person should know, in a sentence, and the remedy in another.

    What is ``urgent`` needs a person; what is ``down`` does not do its work now. ``fix``
    is what the page offers a button for, and ``about`` the destination it is for.
    """

    what: str
    remedy: str
    urgent: bool = True
    down: bool = True
    details: tuple[str, ...] = ()
    fix: Fix | None = None
    about: str = ""


def troubles(overview: Overview, *, now_ms: int, interval_ms: int) -> list[Trouble]:
    """Return everything that is not as it should be; ``interval_ms`` is between polls."""
    found: list[Trouble] = []
    if not overview.sources:
        found.append(Trouble(what="nothing was polled yet", remedy="start `notifier run`"))
    for source in overview.sources:
        found += _source(source, now_ms=now_ms, interval_ms=interval_ms)
    if overview.rules_refused:
        found.append(
            Trouble(
                what="the rules on disk are not in force, older ones are",
                remedy="mend these faults, then reload (SIGHUP):",
                details=tuple(overview.rules_refused.splitlines()),
                fix=Fix.READ_FAULTS,
            )
        )
    for destination in overview.destinations:
        found += _destination(destination, now_ms)
    if overview.slack:
        found += _buttons(overview.slack, now_ms)
    found += _members(overview.members)
    return found


def _members(members: Sequence[MemberHealth]) -> Iterator[Trouble]:
    """Tell where members do not agree: each reads its own files, and is upgraded alone."""
    for told, remedy, values in (
        (
            "not all members have the same rules",
            "put the same files on each host and reload it (SIGHUP)",
            {one.name: one.rules for one in members},
        ),
        (
            "not all members are of the same version",
            "upgrade the others, too",
            {one.name: one.version for one in members},
        ),
    ):
        if len(set(values.values())) > 1:
            details = tuple(f"{name}: {kind}" for name, kind in values.items())
            yield Trouble(what=told, remedy=remedy, urgent=False, down=False, details=details)


def status_line(overview: Overview, *, now_ms: int) -> str:
    """Return the line that ``systemctl status`` shows."""
    up = sum(source.state != "down" for source in overview.sources)
    down = len(overview.sources) - up
    polled_ms = [one.last_success_ms for one in overview.sources if one.last_success_ms]
    parts = [f"{counted(up, 'source')} up", f"{down} down" if down else ""]
    parts.append(f"last poll {(now_ms - max(polled_ms)) // 1000} s ago" if polled_ms else "")
    parts += [f"{number(overview.pending)} pending", f"{number(overview.dead)} dead"]
    parts += [
        f"{one.name} {one.state.health.value}"
        for one in overview.destinations
        if is_down(one.state, now_ms)
    ]
    parts.append("rules on disk refused" if overview.rules_refused else "")
    return ", ".join(filter(None, parts))


def _source(one: SourceHealth, *, now_ms: int, interval_ms: int) -> Iterator[Trouble]:
    name = f"source {one.name}"
    if one.state == "down":
        yield Trouble(
            what=f"{name} is down: {one.reason or 'no reason was given'}",
            remedy=one.remedy or "it is tried again by itself",
        )
    elif one.last_success_ms is None:
        yield Trouble(
            what=f"{name} has not been read yet",
            remedy="a start takes some seconds; later `notifier doctor` tells why",
            urgent=False,
        )
    elif now_ms - one.last_success_ms > silence_ms(interval_ms):
        behind_s = (now_ms - one.last_success_ms) / 1000
        yield Trouble(
            what=f"{name} had no good poll for {duration(behind_s)}",
            remedy="is `notifier run` running? Its log tells",
        )
    if one.quarantined:
        was = counted(one.quarantined, "bad record was", "bad records were")
        yield Trouble(
            what=f"{was} set aside of {one.name}",
            remedy="the log tells why (`record_quarantined`); the rest is unharmed",
            urgent=False,
            down=False,
        )
    for listing in one.listings:
        yield from _listing(listing, one.name)


def _listing(one: ListingHealth, source: str) -> Iterator[Trouble]:
    # A single page is read whole at every poll, whatever its order.
    if one.has_baseline and one.order != NEWEST_FIRST and one.pages > 1:
        told = (
            "has an order that cannot be told yet"
            if one.order == UNKNOWN
            else f"is not newest change first ({one.order})"
        )
        yield Trouble(
            what=f"the {one.type} listing of {source} {told}",
            remedy="full walks, and glances where changes are likely, look for those of old"
            " ones all the time; `notifier doctor` says what would make that quicker",
            urgent=False,
            down=False,
        )


def _destination(one: DestinationHealth, now_ms: int) -> Iterator[Trouble]:
    name, state = f"destination {one.name}", one.state
    waiting = f", {number(one.pending)} waiting" if one.pending else ""
    if state.health is Health.DISABLED:
        yield Trouble(
            what=f"{name} is {DISABLED_BY_HAND}{waiting}"
            if state.reason in ("", DISABLED_BY_HAND)
            else f"{name} is disabled{waiting}: {state.reason}",
            remedy=f"`notifier destinations enable {one.name}` once it works",
            fix=Fix.ENABLE,
            about=one.name,
        )
    elif state.health is not Health.UP and one.kind is not None:
        is_long = is_down(state, now_ms)
        yield Trouble(
            what=f"{name} is {state.health.value}{waiting}: "
            f"{state.reason or 'no reason was given'}",
            remedy=_tried_again(one, now_ms),
            urgent=is_long,
            down=is_long,
            fix=Fix.ENABLE,
            about=one.name,
        )
    if one.dead:
        dead = counted(one.dead, "dead delivery", "dead deliveries")
        yield Trouble(
            what=f"{dead} to {one.name}",
            remedy=f"why: `notifier deliveries --state dead --destination {one.name}`;"
            f" again: `notifier retry --dead --destination {one.name}`",
            down=False,
            fix=Fix.RETRY,
            about=one.name,
        )


def _buttons(one: SlackConnections, now_ms: int) -> Iterator[Trouble]:
    """Yield why clicks on Slack cards do not arrive, or not all of them."""
    if one.fault:
        since = instant(one.since)
        is_long = since is None or now_ms - ms_of(since) >= LONG_MS
        what = "buttons on Slack cards do not work" if not one.held else "a click may be lost"
        yield Trouble(
            what=f"{what}: {one.fault}",
            remedy=one.remedy or "it is tried again by itself; the log tells more",
            urgent=bool(one.remedy) or is_long,
            down=False,
        )
    elif one.counted > one.held:
        yield Trouble(
            what=f"Slack counts {one.counted} connections of the app, and {one.held} are ours:"
            " of the clicks, some go to the others",
            remedy="stop what else uses this app's token; what nobody reads any more Slack"
            " gives up within some hours",
            urgent=False,
            down=False,
        )


def _tried_again(one: DestinationHealth, now_ms: int) -> str:
    if not one.pending:
        again = "the next message tries it again"
        return f"{one.state.remedy}; {again}" if one.state.remedy else again
    wait_ms = max((one.state.probe_ms or now_ms) - now_ms, 0)
    when = f"in {duration(wait_ms / 1000)}" if wait_ms >= 1000 else "now"
    again = f"tried again {when}; at once: `notifier destinations enable {one.name}`"
    return f"{one.state.remedy}; then it is {again}" if one.state.remedy else f"it is {again}"
