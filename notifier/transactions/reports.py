"""Reports that come by themselves: when they are due, and what is written then."""

from collections.abc import Collection, Iterable

from notifier.core.events import Event, report_ready
from notifier.core.mutes import Mutes
from notifier.core.outcome import State
from notifier.core.rows import moment_of, ms_of
from notifier.plan import lane_key
from notifier.reports.model import Report, as_json
from notifier.reports.words import message
from notifier.rules.model import DestinationSpec, Ruleset
from notifier.rules.reports import ReportSpec
from notifier.store import events, mutes, outbox, schedules
from notifier.store.outbox import NewDelivery
from notifier.store.schedules import Due
from notifier.store.session import Session
from notifier.transactions.write_events import Written


def keep_schedule(session: Session, reports: Iterable[ReportSpec], *, now_ms: int) -> None:
    """Bring the schedule in line with the rules; what was due while nobody ran stays due.

    A report that is new, or whose ``at`` has changed, is due at its next moment from now.
    """
    known, wanted = schedules.known(session), {one.name: one for one in reports}
    schedules.remove(session, known.keys() - wanted.keys())
    changed = {
        name: Due(at=_written(one), due_ms=next_ms(one, now_ms))
        for name, one in wanted.items()
        if name not in known or _is_wrong(known[name], one, now_ms)
    }
    schedules.set_due(session, changed)


def next_ms(one: ReportSpec, after_ms: int) -> int:
    """Return the report's first moment after this one."""
    return ms_of(one.at.due(moment_of(after_ms)))


def due_reports(
    session: Session, reports: Iterable[ReportSpec], bots: Collection[str], *, now_ms: int
) -> list[tuple[ReportSpec, int]]:
    """Return the reports that are due, and since when.

    Not before each source was read that is not down: what happened until then counts.
    """
    known = schedules.known(session)
    due = [one for one in reports if one.name in known and known[one.name].due_ms <= now_ms]
    # Several missed ones are one report, as of the latest.
    found = [(one, ms_of(one.at.latest(moment_of(now_ms)))) for one in due]
    return [one for one in found if not schedules.unread_since(session, one[1], bots)]


def write_report(
    session: Session,
    one: ReportSpec,
    report: Report,
    rules: Ruleset,
    *,
    due_ms: int,
    now_ms: int,
) -> Written:
    """Write a report and its deliveries, and when it is due next; nothing if it was before."""
    written = Written()
    known = schedules.known(session).get(one.name)
    if known is None or known.due_ms > now_ms:
        return written
    if not schedules.take(session, one.name, due_ms=known.due_ms, next_ms=next_ms(one, now_ms)):
        return written
    due, at = moment_of(due_ms), moment_of(now_ms)
    event = report_ready(one.name, as_json(report), due=due, at=at)
    (seq,) = events.add(session, [event], bot_id=None, observed_ms=now_ms)
    if seq is None:
        return written
    muted = mutes.active(session, now_ms=now_ms)
    planned = [
        _delivery(one, event, report, rules.destinations[name], muted, seq=seq, at_ms=now_ms)
        for name in one.send
    ]
    outbox.add(session, planned)
    written.events.append(event)
    written.deliveries = len(planned)
    written.destinations |= {x.destination for x in planned if x.state is State.PENDING}
    return written


def _delivery(
    one: ReportSpec,
    event: Event,
    report: Report,
    to: DestinationSpec,
    muted: Mutes,
    *,
    seq: int,
    at_ms: int,
) -> NewDelivery:
    # The words name nobody: a person is forgotten in the event alone.
    text = None if to.traits.takes_events else message(report, to.traits.medium)
    is_muted = one.name in muted.rules or to.name in muted.destinations
    return NewDelivery(
        event_seq=seq,
        type=event.type.value,
        rule=one.name,
        destination=to.name,
        lane_key=lane_key(event),
        bundle=f"{event.id}:{to.name}",
        title=text.title if text else None,
        body=text.body if text else None,
        mention=to.options.mention,
        broadcast=None,
        exempt=True,
        state=State.SKIPPED if is_muted else State.PENDING,
        reason="muted" if is_muted else None,
        held=None,
        due_ms=at_ms,
        created_ms=at_ms,
    )


def _written(one: ReportSpec) -> str:
    return f"{one.at.cron} {one.at.timezone}"


def _is_wrong(due: Due, one: ReportSpec, now_ms: int) -> bool:
    """Whether the next moment follows from another line, or from a clock that was ahead."""
    return due.at != _written(one) or due.due_ms > next_ms(one, now_ms)
