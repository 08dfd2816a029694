"""A member's turn: it says that it lives, hands over, and takes its share, as one whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from notifier.core.leases import LANE, Board, Decision, Lease, decide, name_of
from notifier.store import leases, outbox
from notifier.store.leases import Card
from notifier.store.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a member asks for, at ``asked_ms`` by a clock of its own.

    ``replaces`` is set where ``member`` joins: whom it was before, or may have been.
    ``ended`` is handed over, ``ending`` soon will be.
    """

    asked_ms: int
    member: str
    card: Card
    things: frozenset[str]
    joins: bool = False
    replaces: str = ""
    takes_all: bool = False
    ending: frozenset[str] = frozenset()
    ended: tuple[Lease, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of it: all that the member holds, and what of that it is to give up.

    ``is_in`` is false where it was removed, ``renewed`` where it only looked; ``wants``
    says that a turn would change something. ``removed`` are the names of members whose time
    was over, ``pokes`` counts how often somebody asked for a thing that is held. ``now_ms``
    is by the database's clock.
    """

    is_in: bool
    now_ms: int
    held: tuple[Lease, ...] = ()
    give_up: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    pokes: Mapping[str, int] = field(default_factory=dict)
    renewed: bool = True
    wants: bool = False


def take_turn(session: Session, request: Request, *, host_ms: int) -> Answer:
    """Do what a member asks for; nothing where it was removed meanwhile."""
    me, now_ms = request.member, session.shared_ms(host_ms)
    if request.joins:
        leases.resign(session, request.replaces)
        leases.join(session, me, request.card, now_ms=now_ms)
    # Its own row is written first: nobody removes it before the end of this transaction.
    elif not leases.renew(session, me, request.card, now_ms=now_ms):
        return Answer(is_in=False, now_ms=now_ms)
    for lease in request.ended:
        leases.hand_over(session, lease)
    removed = leases.remove_expired(session, now_ms=now_ms)
    board = leases.board(session)
    decision = _decided(request, board, now_ms=now_ms)
    taken = [leases.take(session, thing, me) for thing in decision.take]
    lanes = [name for one in taken if one and (name := name_of(one.thing, LANE)) is not None]
    outbox.release_cut_off(session, lanes, now_ms=now_ms)
    return Answer(
        is_in=True,
        now_ms=now_ms,
        held=(
            *(one for one in board.leases if one.holder == me),
            *(one for one in taken if one is not None),
        ),
        give_up=decision.give_up,
        pokes=leases.pokes(session, me),
        removed=tuple(removed),
    )


def check_in(session: Session, request: Request, *, renews: bool, host_ms: int) -> Answer:
    """Say that the member lives, where it ``renews``, and look whether there is more to do.

    Each statement stands for itself: no long transaction of others keeps it waiting.
    """
    me, now_ms = request.member, session.shared_ms(host_ms)
    if renews and not leases.renew(session, me, request.card, now_ms=now_ms):
        return Answer(is_in=False, now_ms=now_ms)
    board = leases.board(session)
    decision = _decided(request, board, now_ms=now_ms)
    return Answer(
        is_in=any(one.id == me for one in board.members),
        now_ms=now_ms,
        held=tuple(one for one in board.leases if one.holder == me),
        give_up=decision.give_up,
        pokes=leases.pokes(session, me),
        renewed=renews,
        wants=bool(decision.expired or decision.take or request.ended),
    )


def _decided(request: Request, board: Board, *, now_ms: int) -> Decision:
    return decide(
        board,
        request.member,
        request.things,
        ending=request.ending,
        takes_all=request.takes_all,
        now_ms=now_ms,
    )
