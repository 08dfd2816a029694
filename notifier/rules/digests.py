"""When a collected message goes out: some time after its first event, or by a cron line."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from cronsim import CronSim, CronSimError

from notifier.rules.durations import parse_duration
from notifier.rules.meanings import meant_digest
from notifier.rules.unfit import UnfitError


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A rule's ``digest``: ``every`` or else a five-field ``cron`` line in ``timezone``."""

    every: timedelta | None = None
    cron: str = ""
    timezone: tzinfo = UTC

    def due(self, begun_at: datetime) -> datetime:
        """Return when a digest whose first event came at ``begun_at`` is sent."""
        if self.every is not None:
            return begun_at + self.every
        line: datetime = next(CronSim(self.cron, begun_at.astimezone(self.timezone)))
        return line.astimezone(UTC)

    def latest(self, at: datetime) -> datetime:
        """Return the last moment of the cron line that is over at ``at``."""
        behind = at.astimezone(self.timezone) + timedelta(microseconds=1)
        line: datetime = next(CronSim(self.cron, behind, reverse=True))
        return line.astimezone(UTC)


def parse_cron(text: str, *, timezone: tzinfo) -> Digest:
    """Return what a five-field cron line means; raises ``ValueError`` for anything else."""
    if len(text.split()) != 5:
        problem = "is not a cron line of five fields; write 0 9 * * mon for Mondays at 9:00"
        raise UnfitError(text, problem)
    return parse_digest(text, timezone=timezone)


def parse_digest(text: str, *, timezone: tzinfo) -> Digest:
    """Return what a duration or cron line means; raises ``ValueError`` for neither."""
    fields = text.split()
    near = meant_digest(text)
    example = "write 2h, or 0 9 * * * for 9:00 each day"
    hint = f", so here {near}" if near else ""
    if len(fields) == 1:
        try:
            every = parse_duration(text)
        except ValueError as error:
            problem = f"is not a duration and not a cron line; {example}"
            raise UnfitError(text, problem, hint) from error
        if not every:
            raise ValueError("it must be longer than nothing")
        return Digest(every=every)
    if len(fields) != 5:
        raise UnfitError(
            text, f"has {len(fields)} fields; a cron line has five; {example}", hint
        )
    try:
        CronSim(text, datetime(2024, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise UnfitError(text, f"is not a cron line: {error}") from error
    return Digest(cron=text, timezone=timezone)
