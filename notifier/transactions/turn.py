"""One turn of a lane, as one transaction: record what ended, claim what is due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from notifier.core.destination_state import DestinationState, Health, failing_for, state_after
from notifier.core.outcome import Policy, State
from notifier.core.records import Lead
from notifier.core.rows import moment_of
from notifier.errors import RecipientRefusedError
from notifier.rules.destinations import Burst
from notifier.rules.model import Ruleset
from notifier.store import bursts, claims, destinations, due_times, expiry, outbox
from notifier.store.claims import Claimed
from notifier.store.destinations import Told
from notifier.store.savepoints import savepoint
from notifier.store.session import Session
from notifier.transactions import alerts
from notifier.transactions.attempts import Attempt, Ended, record, spared
from notifier.transactions.leads import CurrentLead
from notifier.transactions.release import release_due
from notifier.transactions.write_events import Written


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneFacts:
    """What a lane knows of itself at the start of a turn; ``free`` slots may be filled.

    ``uses_lead_memory``: its messages need their lead's current state and what earlier ones
    remembered. ``owes_probe``: the last one told of its recipient alone, so that
    another may go at once.
    """

    destination: str
    policy: Policy
    burst: Burst | None
    current_lead: CurrentLead
    free: int
    in_flight: int
    uses_lead_memory: bool = True
    owes_probe: bool = False


@dataclass(slots=True, kw_only=True)
class Turn:
    """What a turn brought: bundles to send, and when to look again at the latest.

    ``ended`` pairs each recorded delivery with its outcome; the destination stood as
    ``before`` says and now has its ``state``; ``written`` are operations events and
    who has to send them. ``faults`` are of parts that were left out.
    """

    claimed: list[tuple[Claimed, ...]] = field(default_factory=list)
    memories: dict[str, Mapping[str, str]] = field(default_factory=dict)
    leads: dict[str, Lead | None] = field(default_factory=dict)
    probe: bool = False
    owes_probe: bool = False
    next_ms: int | None = None
    ended: list[Ended] = field(default_factory=list)
    before: DestinationState = field(default_factory=DestinationState)
    state: DestinationState = field(default_factory=DestinationState)
    written: Written = field(default_factory=Written)
    faults: list[Exception] = field(default_factory=list)


def take_turn(
    session: Session,
    lane: LaneFacts,
    attempts: Sequence[Attempt],
    rules: Ruleset,
    *,
    now_ms: int,
) -> Turn:
    """Record ``attempts``, tell of what they mean for the destination, claim anew."""
    name = lane.destination
    found = spared(session, name, attempts, lane.policy, now_ms=now_ms)
    ended = record(session, found, lane.policy, now_ms=now_ms)
    before, told, is_due = destinations.at_turn(session, name, now_ms=now_ms)
    state = before
    owes_probe = lane.owes_probe or any(map(_proved_nothing, attempts))
    turn = Turn(before=before, owes_probe=owes_probe, ended=ended)
    for attempt in attempts:
        state = state_after(
            None if attempt.was_taken else attempt.failure,
            state,
            probe=attempt.probe,
            now_ms=now_ms,
        )
    if state != before:
        destinations.set_state(session, name, state)
    is_back = state.health is Health.UP and before.health is not Health.UP
    if is_back:
        due_times.release_retries(session, name, now_ms=now_ms)
        due_times.forgive(session, name)
    turn.state = state
    if not lane.in_flight:
        outbox.release_orphans(session, name)
    dead = _expire(session, lane, state, turn, now_ms)
    told = replace(told, dead_untold=told.dead_untold + dead)
    _write_alerts(session, lane, told, turn, rules, now_ms=now_ms)
    if is_due or is_back or not lane.in_flight:
        _release(session, lane, rules, turn, now_ms)
    _sum_up(session, lane, turn, now_ms)
    _claim(session, lane, state, turn, now_ms)
    return turn


def _proved_nothing(attempt: Attempt) -> bool:
    """Whether it was a probe that the recipient refused, not the destination."""
    return attempt.probe and isinstance(attempt.failure, RecipientRefusedError)


def record_alone(
    session: Session,
    lane: LaneFacts,
    attempts: Sequence[Attempt],
    reason: str,
    *,
    fails: bool,
    now_ms: int,
) -> list[Ended]:
    """Write how sendings ended where no turn can be taken.

    ``fails``: it was so for some time, so that the destination counts as failing.
    """
    ended = record(session, attempts, lane.policy, now_ms=now_ms)
    state = destinations.state(session, lane.destination)
    if fails and state.health is Health.UP:
        failing = failing_for(reason, state, now_ms=now_ms)
        destinations.set_state(session, lane.destination, failing)
    return ended


def _expire(
    session: Session, lane: LaneFacts, state: DestinationState, turn: Turn, now_ms: int
) -> int:
    """Count the dead, those included that were cut off or waited for too long."""
    dead = sum(outcome.state is State.DEAD for _, outcome in turn.ended)
    if not lane.in_flight:  # what was cut off was so before this lane began
        dead += expiry.expire_crashed(session, lane.destination)
    if state.health is not Health.UP:
        oldest_ms = now_ms - lane.policy.max_age_ms
        dead += expiry.expire_overdue(session, lane.destination, older_than_ms=oldest_ms)
        planned_ms = due_times.earliest_planned_ms(session, lane.destination, from_ms=oldest_ms)
        turn.next_ms = None if planned_ms is None else planned_ms + lane.policy.max_age_ms + 1
    if dead:
        destinations.count_dead(session, lane.destination, dead)
    return dead


def _write_alerts(
    session: Session,
    lane: LaneFacts,
    told: Told,
    turn: Turn,
    rules: Ruleset,
    *,
    now_ms: int,
) -> None:
    """Tell others of the destination; where that fails, the next turn tries again."""
    written = Written()
    with savepoint(session) as writing:
        told_ms = alerts.write_due_alerts(
            *(session, lane.destination, turn.state, told, rules),
            now_ms=now_ms,
            written=written,
        )
        turn.next_ms = _earliest(turn.next_ms, told_ms)
        turn.written = written
    if writing.fault:
        turn.faults.append(writing.fault)


def _release(
    session: Session, lane: LaneFacts, rules: Ruleset, turn: Turn, now_ms: int
) -> None:
    """Look again at what waited long enough."""
    turn.faults += release_due(
        session,
        lane.destination,
        rules,
        lane.current_lead,
        at=moment_of(now_ms),
    )


def _sum_up(session: Session, lane: LaneFacts, turn: Turn, now_ms: int) -> None:
    """Gather what would flood."""
    if lane.burst is not None:
        per_ms = int(lane.burst.per.total_seconds() * 1000)
        with savepoint(session) as summing:
            bursts.summarise(
                session, lane.destination, limit=lane.burst.limit, per_ms=per_ms, now_ms=now_ms
            )
        if summing.fault:
            turn.faults.append(summing.fault)


def _claim(
    session: Session, lane: LaneFacts, state: DestinationState, turn: Turn, now_ms: int
) -> None:
    """Fill the free slots; a destination in trouble gets one probe at its time."""
    name = lane.destination
    if state.health is Health.DISABLED:
        return
    due_ms: int | None = None
    if state.health is Health.UP:
        turn.claimed = claims.claim(session, name, now_ms=now_ms, limit=lane.free)
        if not turn.claimed and not lane.in_flight:
            # Alone: one of several that were cut off together may end the program again.
            alone = min(lane.free, 1)
            turn.claimed = claims.claim(
                session, name, now_ms=now_ms, limit=alone, crash_suspects=True
            )
        if len(turn.claimed) < lane.free:  # else the end of what is in flight wakes it
            due_ms = due_times.next_due_ms(session, name, now_ms=now_ms)
    elif lane.free and not lane.in_flight:  # else the end of what is in flight wakes it
        due_ms = state.probe_ms or now_ms
        is_time = due_ms <= now_ms
        if is_time or turn.owes_probe:
            # A probe also takes what waits, such as the one that it is to replace.
            turn.claimed = claims.claim(session, name, now_ms=now_ms, limit=1, probe=is_time)
            turn.probe, turn.owes_probe = True, False
        if is_time:
            due_ms = due_times.next_due_ms(session, name, now_ms=now_ms)
    turn.next_ms = _earliest(turn.next_ms, due_ms)
    for bundle in turn.claimed if lane.uses_lead_memory else ():
        _recall(session, lane, turn, bundle[0].lane_key)


def _recall(session: Session, lane: LaneFacts, turn: Turn, lead: str) -> None:
    """Look up what a message builds on; without it, it tells of its event alone."""
    with savepoint(session) as recalling:
        turn.memories[lead] = destinations.memory(session, lead)
        turn.leads[lead] = lane.current_lead(session, lead)
    if recalling.fault:
        turn.faults.append(recalling.fault)


def _earliest(one: int | None, other: int | None) -> int | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)
