"""Leases in the database: who comes late changes nothing, who has lost one writes nothing."""

from collections.abc import Iterator

import pytest

from notifier.core.leases import LEASE_MS, UPKEEP, Lease, lane, source
from notifier.errors import BusyError, LeaseLostError
from notifier.store import leases, sources
from notifier.store.db import Store
from notifier.store.leases import Card
from notifier.store.owned import OwnedStore
from notifier.store.schema import MIGRATIONS, Migration
from notifier.store.session import Session
from support.databases import Database

NOW_MS = 1_772_425_800_000
CARD = Card(name="host/1", version="1.0", rules="r", knows="k", share=True)
CRM = lane("crm")


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    session = database.open()
    leases.join(session, "a", CARD, now_ms=NOW_MS)
    leases.join(session, "b", CARD, now_ms=NOW_MS + 1)
    yield session
    session.close()


def taken(db: Session, thing: str, member: str) -> Lease:
    lease = leases.take(db, thing, member)
    assert lease is not None
    return lease


def test_a_thing_has_one_holder_at_a_time(db: Session) -> None:
    assert taken(db, CRM, "a") == Lease(thing=CRM, holder="a", epoch=1)
    assert leases.take(db, CRM, "b") is None


def test_each_holder_has_an_epoch_of_its_own(db: Session) -> None:
    first = taken(db, CRM, "a")
    leases.hand_over(db, first)
    assert taken(db, CRM, "b").epoch == 2
    leases.prove(db, Lease(thing=CRM, holder="b", epoch=2))


def test_a_late_hand_over_of_an_earlier_term_changes_nothing(db: Session) -> None:
    first = taken(db, CRM, "a")
    leases.hand_over(db, first)
    again = taken(db, CRM, "a")
    leases.hand_over(db, first)
    leases.prove(db, again)
    with pytest.raises(LeaseLostError, match="lane/crm"):
        leases.prove(db, first)


def test_who_was_removed_can_renew_and_write_nothing(db: Session) -> None:
    lease = taken(db, CRM, "a")
    later_ms = NOW_MS + LEASE_MS
    assert leases.remove_expired(db, now_ms=later_ms) == ["host/1"]
    assert leases.renew(db, "a", CARD, now_ms=later_ms) is False
    with pytest.raises(LeaseLostError):
        leases.prove(db, lease)
    assert taken(db, CRM, "b").epoch == 2


def test_who_renews_lives_on(db: Session) -> None:
    assert leases.renew(db, "a", CARD, now_ms=NOW_MS + 5_000)
    leases.remove_expired(db, now_ms=NOW_MS + LEASE_MS + 1)
    assert [one.id for one in leases.board(db).members] == ["a"]


def test_a_time_that_the_clock_does_not_allow_ends_within_a_lease(db: Session) -> None:
    hour_ms = 3_600_000
    leases.remove_expired(db, now_ms=NOW_MS - hour_ms)
    leases.remove_expired(db, now_ms=NOW_MS - hour_ms + LEASE_MS)
    assert leases.board(db).members == ()


def test_who_resigns_hands_over_everything(db: Session) -> None:
    for thing in (CRM, source("bot"), UPKEEP):
        taken(db, thing, "a")
    leases.resign(db, "a")
    assert leases.board(db).leases == ()
    assert taken(db, CRM, "b").epoch == 2


def test_people_see_who_works_on_what(db: Session) -> None:
    sources.register(db, "bot", "website")
    for thing in (CRM, source("bot"), UPKEEP):
        taken(db, thing, "a")
    first, second = leases.living(db, now_ms=NOW_MS + 1)
    assert (first.sources, first.lanes, first.chores) == (("website",), ("crm",), ("upkeep",))
    assert (second.sources, second.lanes) == ((), ())
    assert leases.living(db, now_ms=NOW_MS + LEASE_MS + 1) == ()


def test_a_poke_is_counted_for_whoever_holds_the_thing(db: Session) -> None:
    taken(db, source("bot"), "a")
    leases.poke(db, [source("bot"), source("unknown")])
    assert leases.pokes(db, "a") == {source("bot"): 1}
    assert leases.pokes(db, "b") == {}


def nothing(_session: Session) -> None: ...


def test_a_step_that_older_members_cannot_live_with_waits_for_their_end(
    database: Database, db: Session
) -> None:
    if database.is_file:
        return  # it has one program, which is not running then
    later = Migration(name="9999_later", apply=nothing)
    alone = Migration(name="9999_tomorrow_alone", apply=nothing)
    leases.renew(db, "a", CARD, now_ms=leases.now_ms(db, 0))
    database.of((*MIGRATIONS, later)).open().close()
    with pytest.raises(BusyError, match=r"stop host/1 first"):
        database.of((*MIGRATIONS, later, alone)).open()
    leases.resign(db, "a")
    database.of((*MIGRATIONS, later, alone)).open().close()


async def test_the_owner_of_a_lane_writes_and_who_has_lost_it_does_not(
    database: Database,
) -> None:
    store = Store(database.engine)
    try:
        await store.run(leases.join, "a", CARD, now_ms=NOW_MS)
        lease = await store.run(taken, CRM, "a")
        trusted = True
        owned = OwnedStore(store, lease, lambda _: trusted)
        await owned.run(sources.register, "bot", "website")
        await store.run(leases.hand_over, lease)
        with pytest.raises(LeaseLostError):
            await owned.run(sources.register, "bot", "other")
        trusted = False
        with pytest.raises(LeaseLostError, match="is over"):
            owned.check()
        assert await owned.read(names) == ["website"]
    finally:
        store.close()


def names(db: Session) -> list[str]:
    return [name for (name,) in db.execute("SELECT name FROM sources").fetchall()]
