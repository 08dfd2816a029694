"""What is wrong by a report, each with what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from notifier.cli.output import counted
from notifier.conclude import Health
from notifier.messages.facts import duration
from notifier.store.reports import DestinationReport, Report, SourceReport

BEHIND_S = 15 * 60
BY_HAND = "disabled by hand"
NEWEST_FIRST = "updated-desc"
ONE_PAGE = 2  # with the empty one that proves the end


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something a person should know; what is ``urgent`` keeps alerts from going out."""

    what: str
    remedy: str
    urgent: bool = True
    details: tuple[str, ...] = ()


def troubles(report: Report, *, at: datetime) -> Iterator[Trouble]:
    """Yield everything that is not as it should be."""
    if not report.sources:
        yield Trouble(what="nothing was polled yet", remedy="start `notifier run`")
    for source in report.sources:
        yield from _source(source, at)
    if report.rules_refused:
        yield Trouble(
            what="the rules on disk are not in force, older ones are",
            remedy="mend these faults, then reload (SIGHUP):",
            details=tuple(report.rules_refused.splitlines()),
        )
    for destination in report.destinations:
        yield from _destination(destination)


def _source(one: SourceReport, at: datetime) -> Iterator[Trouble]:
    behind_s = at.timestamp() - (one.last_success_ms or 0) / 1000
    if one.state == "down":
        yield Trouble(
            what=f"source {one.name} is down: {one.reason or 'no reason was given'}",
            remedy=one.remedy or "it is tried again by itself",
        )
    elif one.last_success_ms is not None and behind_s > BEHIND_S:
        yield Trouble(
            what=f"source {one.name} had no good poll for {duration(behind_s)}",
            remedy="is `notifier run` running? Its log tells",
        )
    if one.quarantined:
        yield Trouble(
            what=f"{counted(one.quarantined, 'bad record')} of {one.name}"
            f" {'was' if one.quarantined == 1 else 'were'} set aside",
            remedy="the log tells why of each (`record_quarantined`); the rest is unharmed",
            urgent=False,
        )
    for listing in one.listings:
        if listing.has_baseline and listing.order != NEWEST_FIRST and listing.pages > ONE_PAGE:
            yield Trouble(
                what=f"the {listing.type} listing of {one.name} is not newest change first"
                f" ({listing.order})",
                remedy="changes of old ones show when the next full walk passes them;"
                " full walks run without a pause",
                urgent=False,
            )


def _destination(one: DestinationReport) -> Iterator[Trouble]:
    name = one.name
    waiting = f", {one.pending} waiting" if one.pending else ""
    if one.state is Health.DISABLED:
        yield Trouble(
            what=f"{name} is disabled{waiting}: {one.reason or BY_HAND}",
            remedy=f"`notifier destinations enable {name}` once it works",
        )
    elif one.state is not Health.UP and one.kind is not None:
        yield Trouble(
            what=f"{name} is {one.state.value}{waiting}: {one.reason or 'no reason was given'}",
            remedy=one.remedy or "it is tried again by itself",
        )
    if one.dead:
        yield Trouble(
            what=f"{counted(one.dead, 'dead delivery', 'dead deliveries')} to {name}",
            remedy=f"why: `notifier deliveries --state dead --destination {name}`;"
            f" again: `notifier retry --dead --destination {name}`",
            urgent=False,
        )
