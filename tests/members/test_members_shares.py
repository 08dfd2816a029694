"""Who takes what and who gives what up: decided from the board alone."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from notifier.core.leases import (
    LEASE_MS,
    UPKEEP,
    Board,
    Decision,
    Lease,
    Member,
    decide,
    lane,
    name_of,
    source,
    trusted_until_ms,
)

NOW_MS = 1_000_000
SOURCES = tuple(source(f"b{number}") for number in range(5))


def member(name: str, *, since_ms: int = 0, knows: str = "k", share: bool = True) -> Member:
    until_ms = NOW_MS + LEASE_MS
    return Member(id=name, since_ms=since_ms, until_ms=until_ms, knows=knows, share=share)


def board(*members: Member, **held: Iterable[str]) -> Board:
    leases = [
        Lease(thing=thing, holder=holder, epoch=1)
        for holder, things in held.items()
        for thing in things
    ]
    return Board(members=members, leases=leases)


def decided(found: Board, me: str, things: Iterable[str] = SOURCES, **more: object) -> Decision:
    return decide(found, me, list(things), now_ms=NOW_MS, **more)  # type: ignore[arg-type]


def test_who_is_alone_takes_everything() -> None:
    things = (*SOURCES, lane("crm"), UPKEEP)
    assert set(decided(board(member("a")), "a", things).take) == set(things)


def test_of_two_each_takes_its_share_of_what_is_free() -> None:
    both = board(member("a"), member("b", since_ms=1))
    assert len(decided(both, "a").take) == 3
    assert len(decided(both, "b").take) == 2


def test_who_has_too_much_gives_it_up_for_one_who_joined() -> None:
    found = board(member("a"), member("b", since_ms=1), a=SOURCES)
    assert decided(found, "a").give_up == SOURCES[3:]
    assert decided(found, "b") == Decision()


def test_what_ends_already_is_not_given_up_once_more() -> None:
    found = board(member("a"), member("b"), a=SOURCES)
    assert decided(found, "a", ending=SOURCES[:2]).give_up == ()


def test_nothing_moves_where_the_shares_are_within_one_of_each_other() -> None:
    found = board(member("a"), member("b"), a=SOURCES[:2], b=SOURCES[2:])
    assert decided(found, "a") == decided(found, "b") == Decision()


def test_what_a_dead_member_held_is_free() -> None:
    dead = Member(id="b", since_ms=0, until_ms=NOW_MS, knows="k")
    found = board(member("a"), dead, a=SOURCES[:2], b=SOURCES[2:])
    assert decided(found, "a") == Decision(expired=("b",), take=SOURCES[2:])


def test_who_stops_takes_nothing_and_its_share_is_for_the_others() -> None:
    found = board(member("a"), member("b", share=False), b=SOURCES[:1])
    assert decided(found, "b") == Decision()
    assert decided(found, "a").take == SOURCES[1:]


def test_who_makes_one_round_takes_what_nobody_has() -> None:
    found = board(member("a"), member("b", share=False), a=SOURCES[:3])
    assert decided(found, "b", takes_all=True).take == SOURCES[3:]


def test_what_the_rules_name_no_more_is_given_up() -> None:
    assert decided(board(member("a"), a=SOURCES), "a", SOURCES[1:]).give_up == SOURCES[:1]


def test_members_with_other_rules_give_nothing_up_for_one_another() -> None:
    found = board(member("a"), member("b", knows="other"), a=SOURCES)
    assert decided(found, "a") == Decision()
    more = (*SOURCES, source("new"))
    assert decided(found, "b", more).take == (source("new"),)


def test_who_was_removed_takes_nothing() -> None:
    assert decided(board(member("b")), "a") == Decision()


def test_the_name_of_a_thing_may_hold_anything() -> None:
    assert name_of(lane("a/b"), "lane") == "a/b"
    assert name_of(lane("a"), "source") is None


def test_trust_ends_before_the_lease_even_where_the_answer_was_slow() -> None:
    assert trusted_until_ms(5_000) < 5_000 + LEASE_MS


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=6),
    st.integers(0, 20),
)
def test_shares_even_out_in_a_few_turns(counts: list[int], free: int) -> None:
    names = [f"m{number}" for number in range(len(counts))]
    held: dict[str, list[str]] = {}
    for name, count in zip(names, counts, strict=True):
        held[name] = [source(f"{name}-{number}") for number in range(count)]
    things = [one for some in held.values() for one in some]
    things += [source(f"free-{number}") for number in range(free)]
    for _ in range(3):
        for name in names:
            found = board(*map(member, names), **held)
            decision = decided(found, name, things)
            held[name] = [one for one in held[name] if one not in decision.give_up]
            held[name] += decision.take
    sizes = [len(some) for some in held.values()]
    assert sum(sizes) == len(things)
    assert max(sizes) - min(sizes) <= 1
