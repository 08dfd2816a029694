"""Whatever one record, one timer or one source brings about is its own trouble."""

from collections.abc import Iterator

import pytest
from poller_house import Build, houses
from structlog.testing import capture_logs

from notifier.simulator.world import BOT_ID
from support.databases import Database, cured, poison, poisoned

OTHER_BOT = "638d99eeee9e558f1247ae04"


@pytest.fixture
def build(database: Database) -> Iterator[Build]:
    yield from houses(database)


def test_a_record_that_cannot_be_committed_is_quarantined_and_the_page_goes_on(
    build: Build,
) -> None:
    house = build(page_size=5)
    house.world.populate(8)
    house.poll(20)
    good = [house.world.create(status="OPEN") for _ in range(2)]
    bad = house.world.create(status="OPEN")
    late = house.world.create(status="OPEN")
    poison(house.store.db, "INSERT", "records", f"NEW.lead_id = '{bad}'")
    with capture_logs() as logs:
        house.poll(60)
    assert sorted(house.told()) == sorted(("lead.created", one) for one in [*good, late])
    reason = f"a fault of the program: {poisoned(house.store.db)}"
    assert house.value("SELECT reason FROM quarantine") == reason
    assert house.value("SELECT state FROM sources") == "up"
    told = [one for one in logs if one["event"] in ("record_quarantined", "record_crashed")]
    assert len(told) == 2, "told once, and its traceback"
    cured(house.store.db, "records")
    house.poll(60)
    assert house.told()[-1] == ("lead.created", bad)
    assert len(house.told()) == 4


def test_a_damaged_row_is_stored_anew_and_its_next_change_is_told(build: Build) -> None:
    house = build()
    house.world.populate(3)
    house.poll(20)
    broken, sound = house.world.ids()[:2]
    for damage in ('{"_id": ', '{"name": "no id"}', "[]"):
        house.store.db.execute(
            "UPDATE records SET row = :damage WHERE lead_id = :id",
            {"damage": damage, "id": broken},
        )
        house.world.change(broken, status=f"A {damage}")
        house.world.change(sound, status=f"B {damage}")
        house.poll(40)
        house.world.change(broken, status=f"C {damage}")
        house.poll(40)
        assert house.told()[-2:] == [
            ("lead.status_changed", sound),
            ("lead.status_changed", broken),
        ]
    assert len(house.told()) == 6
    assert house.value("SELECT COUNT(*) FROM quarantine") == 3


@pytest.mark.file_alone("PostgreSQL stores no text that is no UTF-8")
def test_a_stored_byte_that_is_no_utf8_is_damage_of_its_record_alone(build: Build) -> None:
    house = build()
    house.world.populate(3)
    house.poll(20)
    broken, sound = house.world.ids()[:2]
    house.store.db.execute(
        "UPDATE records SET row = CAST(X'7B22E4' AS TEXT) WHERE lead_id = :id", {"id": broken}
    )
    house.world.change(broken, status="A")
    house.world.change(sound, status="B")
    house.poll(40)
    assert house.told() == [("lead.status_changed", sound)]


def test_a_source_that_meets_a_fault_fails_alone_and_is_down_in_the_end(build: Build) -> None:
    house = build(bots=(BOT_ID, OTHER_BOT))
    house.world.populate(3)
    house.world.populate(3, bot_id=OTHER_BOT)
    house.poll(20)
    poison(house.store.db, "INSERT", "listings", f"NEW.bot_id = '{BOT_ID}'")
    house.world.create(status="OPEN")
    other = house.world.create(status="OPEN", bot_id=OTHER_BOT)
    with capture_logs() as logs:
        house.poll(100)
    crashes = [one for one in logs if one["event"] == "poll_crashed"]
    assert 3 <= len(crashes) <= 12
    assert ["exc_info" in one for one in crashes] == [True] + [False] * (len(crashes) - 1)
    assert ("lead.created", other) in house.told()
    states = house.store.db.execute("SELECT bot_id, state, reason FROM sources ORDER BY 1")
    assert states.fetchall() == [
        (BOT_ID, "down", f"a fault of the program: {poisoned(house.store.db)}"),
        (OTHER_BOT, "up", None),
    ]
    cured(house.store.db, "listings")
    house.poll(200)
    assert house.value(f"SELECT state FROM sources WHERE bot_id = '{BOT_ID}'") == "up"
