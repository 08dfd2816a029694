"""Who works on what, where several programs share a database. Pure.

Each program is a *member*. It renews its row every :data:`RENEW_MS`; who did not for
:data:`LEASE_MS`, by the database's clock, is removed by any other, and all that it held
is free. A *thing* (a source, a destination's lane, a chore) is held by one member at a
time, by a lease whose epoch grows with each holder.

A member trusts what it holds only until :func:`trusted_until_ms`, by a clock of its own
that never jumps: it ends before anybody can have removed it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

LEASE_MS = 10_000
RENEW_MS = 3_000
LOOK_MS = 1_000
MARGIN_MS = 1_000

SOURCE, LANE, CHORE = "source", "lane", "chore"
UPKEEP = f"{CHORE}/upkeep"
"""What one member does for all: it prunes, makes reports, tells of a round."""
CLICKS = f"{CHORE}/clicks"
"""The connections by which clicks on Slack cards come: of one member, not to lose any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """That a member holds a thing; with another holder the epoch is another, too."""

    thing: str
    holder: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A program that shares the work.

    ``knows`` is a digest of the things that its rules name. One with no ``share``, since
    it stops or only makes a round, is given nothing; it may keep what it has.
    """

    id: str
    since_ms: int
    until_ms: int
    knows: str
    share: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All members and leases at one moment."""

    members: Sequence[Member]
    leases: Sequence[Lease]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a member does next: remove others, take what is free, give up a surplus."""

    expired: tuple[str, ...] = ()
    take: tuple[str, ...] = ()
    give_up: tuple[str, ...] = ()


def source(bot_id: str) -> str:
    """Return the name of the thing that a bot's polling is."""
    return f"{SOURCE}/{bot_id}"


def lane(destination: str) -> str:
    """Return the name of the thing that a destination's lane is."""
    return f"{LANE}/{destination}"


def name_of(thing: str, sort: str) -> str | None:
    """Return the own name of a thing of that sort, ``None`` for one of another."""
    return thing.removeprefix(f"{sort}/") if _is(sort, thing) else None


def digest(things: Iterable[str]) -> str:
    """Return what is the same for two members that know the same things."""
    return blake2b("\n".join(sorted(things)).encode(), digest_size=8).hexdigest()


def trusted_until_ms(asked_ms: int) -> int:
    """Return until when to trust a renewal that was asked for at ``asked_ms``."""
    return asked_ms + LEASE_MS - MARGIN_MS


def expired(board: Board, *, now_ms: int) -> tuple[str, ...]:
    """Return the members whose time is over, by their ids."""
    return tuple(one.id for one in board.members if one.until_ms <= now_ms)


def decide(
    board: Board,
    me: str,
    things: Collection[str],
    *,
    ending: Collection[str] = (),
    takes_all: bool = False,
    now_ms: int,
) -> Decision:
    """Return what member ``me``, who knows ``things``, does next.

    ``ending`` is what it holds and gives up already. What is held by somebody who is to
    be removed counts as free. Members with other rules share nothing with one another:
    each takes what it finds free, and keeps it, until their rules agree. Who
    ``takes_all`` that is free minds no shares.
    """
    gone = tuple(one for one in expired(board, now_ms=now_ms) if one != me)
    living = {one.id: one for one in board.members if one.id not in gone}
    held = {one.thing: one.holder for one in board.leases if one.holder in living}
    mine = {thing for thing, holder in held.items() if holder == me}
    free = sorted(set(things) - held.keys())
    myself, sharing = living.get(me), [one for one in living.values() if one.share]
    unknown = sorted(mine - set(things) - set(ending))
    if myself is None:
        return Decision(expired=gone)
    if takes_all or (myself.share and any(one.knows != myself.knows for one in sharing)):
        return Decision(expired=gone, take=tuple(free), give_up=tuple(unknown))
    if not myself.share:
        return Decision(expired=gone, give_up=tuple(unknown))
    take, surplus = list[str](), list[str]()
    for sort in (SOURCE, LANE, CHORE):
        quota = _quotas(sharing, held, [one for one in things if _is(sort, one)])[me]
        has = sorted(one for one in mine if _is(sort, one) and one in things)
        take += [one for one in free if _is(sort, one)][: max(quota - len(has), 0)]
        kept = [one for one in has if one not in ending]
        surplus += kept[quota:]
    return Decision(expired=gone, take=tuple(take), give_up=(*unknown, *surplus))


def _is(sort: str, thing: str) -> bool:
    return thing.startswith(f"{sort}/")


def _quotas(
    sharing: Sequence[Member], held: Mapping[str, str], things: Collection[str]
) -> dict[str, int]:
    """Return how many of the things each member should hold: no two differ by two.

    Who holds more today may keep one more, so that nothing moves without need.
    """
    counts = Counter(holder for thing, holder in held.items() if thing in things)
    order = sorted(sharing, key=lambda one: (-counts[one.id], one.since_ms, one.id))
    each, more = divmod(len(things), len(order))
    return {one.id: each + (place < more) for place, one in enumerate(order)}
