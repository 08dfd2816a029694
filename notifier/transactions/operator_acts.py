"""What a person does by hand: each act takes effect and is remembered in one transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from notifier.core.destination_state import DISABLED_BY_HAND, DestinationState, Health
from notifier.core.outcome import State
from notifier.store import (
    acts,
    deliveries,
    destinations,
    due_times,
    mutes,
    outbox,
    pages_deliveries,
    registry,
)
from notifier.store.acts import Act
from notifier.store.deliveries import Delivery
from notifier.store.forgotten import FORGOTTEN
from notifier.store.health import MuteTarget
from notifier.store.pages_deliveries import Chosen
from notifier.store.session import Session

BATCH = 200
BY_HAND = "by hand"
# Between two deliveries of many that are retried: new ones find their place in between.
SPREAD_MS = 5
SPREAD_FOR_PEOPLE_MS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who acts, as far as the door knows, and the door it comes through."""

    who: str
    through: str


COMMAND_LINE = Operator(who="command line", through="cli")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What came of a part of many: go on below ``below``, until it is ``None``."""

    done: int
    left_alone: int
    below: int | None
    act_id: int


def enable(session: Session, name: str, operator: Operator, *, now_ms: int) -> Health:
    """Let a destination deliver again, at once; return how it was."""
    before = destinations.state(session, name)
    destinations.set_state(session, name, DestinationState())
    due_times.release_retries(session, name, now_ms=now_ms)
    _remember(session, "enable", f"destination {name}", operator, now_ms=now_ms)
    return before.health


def disable(session: Session, name: str, operator: Operator, *, now_ms: int) -> None:
    """Send nothing more to a destination; what is for it waits."""
    disabled = DestinationState(
        health=Health.DISABLED,
        since_ms=now_ms,
        reason=DISABLED_BY_HAND,
        remedy=f"`notifier destinations enable {name}`",
    )
    destinations.set_state(session, name, disabled)
    _remember(session, "disable", f"destination {name}", operator, now_ms=now_ms)


def mute(
    session: Session,
    target: MuteTarget,
    name: str,
    operator: Operator,
    *,
    until_ms: int,
    now_ms: int,
) -> None:
    """Silence a rule or destination until then."""
    mutes.mute(session, target, name, until_ms=until_ms)
    _remember(session, "mute", f"{target} {name}", operator, now_ms=now_ms, until_ms=until_ms)


def unmute(
    session: Session, target: MuteTarget, name: str, operator: Operator, *, now_ms: int
) -> bool:
    """End a silence; False where there was none."""
    if not mutes.unmute(session, target, name):
        return False
    _remember(session, "unmute", f"{target} {name}", operator, now_ms=now_ms)
    return True


def replayed(
    session: Session, name: str, operator: Operator, *, count: int, now_ms: int
) -> None:
    """Remember that past events go to a destination anew, in so many deliveries."""
    _remember(session, "replay", f"destination {name}", operator, now_ms=now_ms, count=count)


def forgot(session: Session, operator: Operator, *, now_ms: int) -> None:
    """Remember that somebody was forgotten, and not who."""
    _remember(session, "forget", FORGOTTEN, operator, now_ms=now_ms)


def retry(
    session: Session, ids: Sequence[int], operator: Operator, *, about: str, now_ms: int
) -> None:
    """Make these deliveries due now, whose retrying nothing forbids."""
    outbox.retry(session, ids, now_ms=now_ms)
    if ids:
        _remember(session, "retry", about, operator, now_ms=now_ms, count=len(ids))


def why_no_retry(one: Delivery, in_force: Collection[str]) -> str | None:
    """Return why a delivery cannot be sent again, ``None`` where it can."""
    if one.state == State.DELIVERED:
        return "has been delivered; `notifier replay` sends past events anew"
    if one.reason == FORGOTTEN:
        return "is about somebody who was forgotten"
    if one.in_flight:
        return "is being sent right now"
    if one.destination not in in_force:
        return f"goes to {one.destination}, which the rules in force do not name"
    return None


def retry_some(
    session: Session,
    chosen: Chosen,
    operator: Operator,
    *,
    about: str,
    for_people: Collection[str],
    before: Batch | None,
    now_ms: int,
) -> Batch:
    """Retry a part of all that match: call it until there is nothing below.

    Their due times are spread, wider for destinations ``for_people``: those that come
    anew meanwhile are not kept waiting behind them.
    """
    found = _some(session, chosen, before)
    in_force = registry.names(session).destinations
    may = [one for one in deliveries.by_id(session, found) if not why_no_retry(one, in_force)]
    done = before.done if before else 0
    for place, one in enumerate(may):
        spread_ms = SPREAD_FOR_PEOPLE_MS if one.destination in for_people else SPREAD_MS
        outbox.retry(session, [one.id], now_ms=now_ms + (done + place) * spread_ms)
    act = _Counted(act="retry", about=about, operator=operator, found=found, done=len(may))
    return _counted(session, act, before, now_ms=now_ms)


def skip_some(
    session: Session,
    chosen: Chosen,
    operator: Operator,
    *,
    about: str,
    before: Batch | None,
    now_ms: int,
) -> Batch:
    """Skip a part of all that match: call it until there is nothing below."""
    found = _some(session, chosen, before)
    skipped = sum(outbox.skip(session, one, BY_HAND) for one in found)
    act = _Counted(act="skip", about=about, operator=operator, found=found, done=skipped)
    return _counted(session, act, before, now_ms=now_ms)


def _some(session: Session, chosen: Chosen, before: Batch | None) -> list[int]:
    below = before.below if before else None
    edge = {} if below is None else {"before": below}
    return pages_deliveries.ids(session, chosen, limit=BATCH, **edge)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """A part of an act on many: those that were found, and how many it was done to."""

    act: str
    about: str
    operator: Operator
    found: Sequence[int]
    done: int


def _counted(session: Session, one: _Counted, before: Batch | None, *, now_ms: int) -> Batch:
    if before:
        act_id = before.act_id
        acts.count_more(session, act_id, one.done)
    else:
        act_id = _remember(
            session, one.act, one.about, one.operator, now_ms=now_ms, count=one.done
        )
    return Batch(
        done=one.done + (before.done if before else 0),
        left_alone=len(one.found) - one.done + (before.left_alone if before else 0),
        below=one.found[-1] if len(one.found) == BATCH else None,
        act_id=act_id,
    )


def _remember(
    session: Session,
    act: str,
    target: str,
    operator: Operator,
    *,
    now_ms: int,
    until_ms: int | None = None,
    count: int | None = None,
) -> int:
    return acts.record(
        session,
        Act(
            at_ms=now_ms,
            act=act,
            target=target,
            who=operator.who,
            through=operator.through,
            until_ms=until_ms,
            count=count,
        ),
    )
