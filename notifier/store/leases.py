"""Members and what they hold, in the database that they share.

Removing a member's row frees all that it held, and no row of a member comes back: what
arrives late from one that was removed finds nothing to change. All times are of the
database's clock (:meth:`~notifier.store.session.Session.shared_ms`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from notifier.core.leases import (
    CHORE,
    LANE,
    LEASE_MS,
    SOURCE,
    Board,
    Lease,
    Member,
    name_of,
)
from notifier.errors import LeaseLostError
from notifier.store.batches import NOBODY
from notifier.store.mapping import named, rows_of
from notifier.store.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a member says of itself: ``name`` is for people, ``rules`` a digest of its own."""

    name: str
    version: str
    rules: str
    knows: str
    share: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberHealth:
    """A member that lives: since when, by which rules, and what it works on, by names."""

    name: str
    version: str
    rules: str
    since_ms: int
    share: bool
    sources: tuple[str, ...]
    lanes: tuple[str, ...]
    chores: tuple[str, ...]


def living(session: Session, *, now_ms: int) -> tuple[MemberHealth, ...]:
    """Return the members whose time is not over, the oldest first."""
    rows = session.execute(
        "SELECT id, name, version, rules, since_ms, share FROM members"
        " WHERE until_ms > :now_ms ORDER BY since_ms, id",
        {"now_ms": now_ms},
    )
    members = list(named(rows))
    names = dict(session.execute("SELECT bot_id, name FROM sources").fetchall())
    held: dict[str, list[str]] = {one.pop("id"): [] for one in members}
    for lease in board(session).leases if members else ():
        held.get(lease.holder, []).append(lease.thing)
    return tuple(
        _health(one, things, names) for one, things in zip(members, held.values(), strict=True)
    )


def _health(member: dict[str, Any], things: list[str], names: dict[str, str]) -> MemberHealth:
    bots, lanes, chores = (
        [name for one in things if (name := name_of(one, sort)) is not None]
        for sort in (SOURCE, LANE, CHORE)
    )
    return MemberHealth(
        **member | {"share": bool(member["share"])},
        sources=tuple(sorted(names.get(one, one) for one in bots)),
        lanes=tuple(lanes),
        chores=tuple(chores),
    )


def now_ms(session: Session, host_ms: int) -> int:
    """Return the present by the clock that all members share."""
    return session.shared_ms(host_ms)


def board(session: Session) -> Board:
    """Return all members and leases."""
    members = session.execute(
        "SELECT id, since_ms, until_ms, knows, share FROM members ORDER BY since_ms, id"
    )
    found = tuple(rows_of(Member, members, share=bool))
    leases = session.execute(
        "SELECT thing, holder, epoch FROM leases WHERE holder IS NOT NULL ORDER BY thing"
    )
    return Board(members=found, leases=tuple(rows_of(Lease, leases)))


def join(session: Session, member: str, card: Card, *, now_ms: int) -> None:
    """Add a member, under an id that none ever had."""
    session.execute(
        "INSERT INTO members (id, name, version, rules, knows, share, since_ms, until_ms)"
        " VALUES (:id, :name, :version, :rules, :knows, :share, :now_ms, :until_ms)",
        {"id": member, "now_ms": now_ms, **_written(card, now_ms)},
    )


def renew(session: Session, member: str, card: Card, *, now_ms: int) -> bool:
    """Let the member live on from now; False where it was removed."""
    return (
        session.execute(
            "UPDATE members SET name = :name, version = :version, rules = :rules,"
            " knows = :knows, share = :share, until_ms = :until_ms WHERE id = :id",
            {"id": member, **_written(card, now_ms)},
        ).rowcount
        == 1
    )


def remove_expired(session: Session, *, now_ms: int) -> list[str]:
    """Remove the members whose time is over; return their names.

    A time that the clock does not allow, since it was set back, is over in one lease.
    """
    session.execute(
        "UPDATE members SET until_ms = :latest_ms WHERE until_ms > :latest_ms",
        {"latest_ms": now_ms + LEASE_MS},
    )
    gone = session.execute(
        "DELETE FROM members WHERE until_ms <= :now_ms RETURNING name", {"now_ms": now_ms}
    )
    return [name for (name,) in gone.fetchall()]


def resign(session: Session, member: str) -> None:
    """Remove a member, and free what it holds."""
    session.execute("DELETE FROM members WHERE id = :id", {"id": member})


def take(session: Session, thing: str, member: str) -> Lease | None:
    """Let the member hold a thing that is free, else ``None``."""
    found = session.execute(
        "INSERT INTO leases (thing, holder, epoch) VALUES (:thing, :holder, 1)"
        " ON CONFLICT (thing) DO UPDATE SET holder = excluded.holder,"
        " epoch = leases.epoch + 1 WHERE leases.holder IS NULL RETURNING epoch",
        {"thing": thing, "holder": member},
    ).fetchall()
    return Lease(thing=thing, holder=member, epoch=found[0][0]) if found else None


def hand_over(session: Session, lease: Lease) -> None:
    """Free a thing, where it is still held by this lease."""
    session.execute(
        "UPDATE leases SET holder = NULL"
        " WHERE thing = :thing AND holder = :holder AND epoch = :epoch",
        _key(lease),
    )


def poke(session: Session, things: Collection[str]) -> None:
    """Ask those who hold these things to look at them at once."""
    session.spread(
        "UPDATE leases SET pokes = pokes + 1 WHERE thing IN (:things)",
        {"things": [*things, NOBODY]},
    )


def pokes(session: Session, member: str) -> dict[str, int]:
    """Return how often each thing that the member holds was asked for."""
    rows = session.execute(
        "SELECT thing, pokes FROM leases WHERE holder = :member", {"member": member}
    )
    return dict(rows.fetchall())


def prove(session: Session, lease: Lease) -> None:
    """Raise :class:`LeaseLostError` unless the lease stands, and will until the commit."""
    found = session.execute(
        "SELECT 1 FROM leases WHERE thing = :thing AND holder = :holder AND epoch = :epoch",
        _key(lease),
    ).fetchall()
    if not found:
        raise LeaseLostError(f"somebody else has taken over {lease.thing}")


def held_by_others(session: Session, member: str, *, now_ms: int) -> Collection[str]:
    """Return the things that other living members hold."""
    rows = session.execute(
        "SELECT thing FROM leases JOIN members ON members.id = leases.holder"
        " WHERE holder <> :member AND until_ms > :now_ms",
        {"member": member, "now_ms": now_ms},
    )
    return {thing for (thing,) in rows.fetchall()}


def _key(lease: Lease) -> dict[str, object]:
    return {"thing": lease.thing, "holder": lease.holder, "epoch": lease.epoch}


def _written(card: Card, now_ms: int) -> dict[str, object]:
    return {
        "name": card.name,
        "version": card.version,
        "rules": card.rules,
        "knows": card.knows,
        "share": int(card.share),
        "until_ms": now_ms + LEASE_MS,
    }
