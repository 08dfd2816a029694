"""Lanes against webhook receivers: isolation, retries, probes, and a receiver that is gone."""

import asyncio
from typing import Any

import pytest
import structlog
from house import SECRET, House, enable, house, lead

from support.databases import Database
from support.loopback import Ending, Reply
from support.receivers import Receiver

pytestmark = pytest.mark.virtual_time

OK = Reply(status=204)
BROKEN = Reply(status=500, body=b"oops")
TRIES = "SELECT COUNT(*) FROM attempts"


def rules(*receivers: Receiver, crm: str = "", alerts: str = "") -> str:
    """Return rules that tell every receiver of new leads, and ``alerts`` of trouble."""
    names = ("crm", "ops")[: len(receivers)]
    more = {"crm": crm}
    places = "".join(
        f'  {name}: {{type: webhook, url: "{receiver.url}", secret: "{SECRET}"'
        f"{more.get(name, '')}}}\n"
        for name, receiver in zip(names, receivers, strict=True)
    )
    told = f"  - {{name: Trouble, when: [{alerts}], send: ops}}\n" if alerts else ""
    to = "crm" if alerts else f"[{', '.join(names)}]"
    return (
        f"destinations:\n{places}rules:\n"
        f"  - {{name: New, when: [lead.created, lead.status_changed], send: {to}}}\n{told}"
    )


def subjects(receiver: Receiver) -> list[str]:
    return [one.event["subject"] for one in receiver.received]


def told(receiver: Receiver) -> list[tuple[str, str, Any]]:
    return [
        (one.event["type"], one.event["subject"], one.event["data"].get("count"))
        for one in receiver.received
    ]


async def failing(found: House, *names: str) -> None:
    """Bring the destination `crm` down with three failures, those of new leads."""
    await found.create(*names)
    await found.stands("crm", "failing")


async def test_one_destination_that_hangs_delays_no_other(database: Database) -> None:
    gate = asyncio.Event()
    async with (
        Receiver(SECRET, default=Reply(status=204, gate=gate)) as slow,
        Receiver(SECRET) as quick,
        house(database, rules(slow, quick)) as found,
    ):
        await found.create(*(f"lead{number}" for number in range(40)))
        await quick.arrived(40)
        await found.states("ops", delivered=40)
        await found.states("crm", pending=40)
        assert len(slow.requests) == 16
        gate.set()
        await found.states("crm", delivered=40)


async def test_a_lane_sends_sixteen_at_once_and_never_two_of_one_lead(
    database: Database,
) -> None:
    gate = asyncio.Event()
    async with (
        Receiver(SECRET, default=Reply(status=204, gate=gate)) as receiver,
        house(database, rules(receiver)) as found,
    ):
        await found.create(*(f"lead{number:02}" for number in range(20)))
        await found.read(lead("lead00", status="CLOSED"))
        await receiver.arrived(16)
        assert sorted(subjects(receiver)) == [f"lead{number:02}" for number in range(16)]
        # No more are claimed: a kill may repeat whatever is.
        assert await found.one("SELECT SUM(claimed) FROM deliveries") == (16,)
        gate.set()
        await found.states("crm", delivered=21)
        of_the_first = [one for one in receiver.received if one.event["subject"] == "lead00"]
        assert [one.event["type"] for one in of_the_first] == [
            "lead.created",
            "lead.status_changed",
        ]


async def test_a_failed_message_comes_again_with_the_same_id_and_bytes(
    database: Database,
) -> None:
    async with (
        Receiver(SECRET, replies=[BROKEN]) as receiver,
        house(database, rules(receiver)) as found,
    ):
        await found.create("asha")
        await found.until("SELECT attempts, error LIKE '%500%' FROM deliveries", 1, 1)
        found.pass_(seconds=5)
        await found.states("crm", delivered=1)
    first, again = receiver.received
    assert (first.id, first.body) == (again.id, again.body)


async def test_retry_after_wins_over_the_schedule(database: Database) -> None:
    busy = Reply(status=503, headers={"retry-after": "120"})
    async with (
        Receiver(SECRET, replies=[busy]) as receiver,
        house(database, rules(receiver)) as found,
    ):
        await found.create("asha")
        await found.until("SELECT attempts FROM deliveries", 1)
        (due_ms,) = await found.one("SELECT due_ms FROM deliveries")
        assert due_ms == found.now_ms() + 120_000


async def test_a_schedule_that_ends_is_told_as_dead_and_goes_on_by_hand(
    database: Database,
) -> None:
    async with Receiver(SECRET, default=BROKEN) as receiver, Receiver(SECRET) as ops:
        spec = ", retry: {attempts: 2, max_age: 1h}"
        text = rules(receiver, ops, crm=spec, alerts="delivery.dead")
        async with house(database, text) as found:
            await found.create("asha")
            await found.until("SELECT attempts FROM deliveries", 1)
            found.pass_(seconds=5)
            await found.states("crm", dead=1)
            await ops.arrived(1)
            assert told(ops) == [("delivery.dead", "crm", 1)]


async def test_a_last_attempt_that_finds_the_receiver_broken_is_the_last(
    database: Database,
) -> None:
    async with (
        Receiver(SECRET, default=BROKEN) as receiver,
        house(database, rules(receiver, crm=", retry: {attempts: 3}")) as found,
    ):
        await found.create("asha")
        await found.until("SELECT attempts FROM deliveries", 1)
        found.pass_(seconds=5)
        await found.until("SELECT attempts FROM deliveries", 2)
        found.pass_(minutes=6)
        await found.states("crm", dead=1)


async def test_deaths_are_told_once_an_hour_with_their_count(database: Database) -> None:
    async with Receiver(SECRET, default=BROKEN) as receiver, Receiver(SECRET) as ops:
        text = rules(receiver, ops, crm=", retry: {attempts: 1}", alerts="delivery.dead")
        async with house(database, text) as found:
            await found.create("a")
            await ops.arrived(1)
            await found.create("b")
            await found.states("crm", dead=2)
            receiver.default = OK
            await found.create("c")
            await found.states("crm", dead=2, delivered=1)
            receiver.default = BROKEN
            await found.create("d")
            await found.states("crm", dead=3, delivered=1)
            assert len(ops.received) == 1
            found.pass_(minutes=59)
            found.pass_(minutes=1)
            await ops.arrived(2)
            assert told(ops) == [("delivery.dead", "crm", 1), ("delivery.dead", "crm", 2)]


async def test_a_failing_destination_is_probed_and_one_success_releases_all(
    database: Database,
) -> None:
    async with (
        Receiver(SECRET, default=BROKEN) as receiver,
        house(database, rules(receiver)) as found,
    ):
        await failing(found, "a", "b", "c")
        await found.create("d", "e", "f")
        assert len(receiver.requests) == 3
        for probes, pause_s in enumerate((5, 10, 20), start=1):
            found.pass_(seconds=pause_s)
            await receiver.arrived(3 + probes)
            await found.until("SELECT failures FROM destinations", 3 + probes)
        # The never-tried leads come first, a different one each time.
        assert subjects(receiver)[3:] == ["d", "e", "f"]
        assert await found.rows(
            "SELECT DISTINCT attempts FROM deliveries ORDER BY attempts"
        ) == [(0,), (1,)]
        receiver.default = OK
        found.pass_(seconds=40)
        await found.states("crm", delivered=6)
        await found.stands("crm", "up")


async def test_the_message_that_found_a_receiver_broken_keeps_its_place(
    database: Database,
) -> None:
    async with (
        Receiver(SECRET, default=BROKEN) as receiver,
        house(database, rules(receiver)) as found,
    ):
        await found.create("asha")
        await found.until("SELECT attempts FROM deliveries", 1)
        found.pass_(seconds=5)
        await found.until("SELECT attempts FROM deliveries", 2)
        found.pass_(minutes=6)
        await found.stands("crm", "failing")
        await found.read(lead("asha", status="CLOSED"))
        receiver.default = OK
        found.pass_(minutes=5)
        await found.states("crm", delivered=2)
    taken = [one.event["type"] for one in receiver.received][-2:]
    assert taken == ["lead.created", "lead.status_changed"]


async def test_a_receiver_that_stumbles_as_it_comes_back_still_hears_in_order(
    database: Database,
) -> None:
    async with (
        Receiver(SECRET, replies=[*[BROKEN] * 3, OK, BROKEN]) as receiver,
        house(database, rules(receiver)) as found,
    ):
        await found.create("asha")
        for failures in (1, 2):  # and the third brings the receiver down
            await found.until(TRIES, failures)
            found.pass_(minutes=6)
        await found.stands("crm", "failing")
        await found.create("ravi")
        await found.read(lead("asha", status="CLOSED"), lead("ravi"))
        found.pass_(seconds=5)
        await found.until(TRIES, 5)
        found.pass_(minutes=6)
        await found.states("crm", delivered=3)
    told = [one.event["type"] for one in receiver.received if one.event["subject"] == "asha"]
    assert told[-2:] == ["lead.created", "lead.status_changed"]


async def test_an_outage_of_days_kills_nothing_before_its_age(database: Database) -> None:
    async with (
        Receiver(SECRET, default=BROKEN) as receiver,
        house(database, rules(receiver)) as found,
    ):
        await failing(found, "a", "b", "c")
        for probes in range(4, 24):
            found.pass_(hours=3)
            await found.until("SELECT failures FROM destinations", probes)
        await found.states("crm", pending=3)
        found.pass_(hours=21)
        await found.states("crm", dead=3)
        reasons = await found.rows("SELECT DISTINCT reason, attempts FROM deliveries")
        assert reasons == [("too old", 1)]


@pytest.mark.parametrize("status", [410, 301])
async def test_what_waits_for_too_long_is_dead_then_not_at_the_next_probe(
    database: Database, status: int
) -> None:
    async with Receiver(SECRET, default=Reply(status=status)) as receiver:
        text = rules(receiver, crm=", retry: {max_age: 4s}")
        async with house(database, text) as found:
            await found.create("a", "b", "c")
            await found.stands("crm", "disabled" if status == 410 else "failing")
            await found.until("SELECT COUNT(*) FROM deliveries WHERE claimed = 1", 0)
            assert found.turns[-1][1].next_ms == found.now_ms() + 4_001


async def test_trouble_is_told_after_five_minutes_and_its_end_too(database: Database) -> None:
    async with Receiver(SECRET, default=BROKEN) as receiver, Receiver(SECRET) as ops:
        text = rules(receiver, ops, alerts="destination.down, destination.up")
        async with house(database, text) as found:
            await failing(found, "a", "b", "c")
            found.pass_(seconds=299)
            await found.until("SELECT failures FROM destinations WHERE name = 'crm'", 4)
            assert ops.requests == []
            found.pass_(seconds=1)
            await ops.arrived(1)
            assert told(ops) == [("destination.down", "crm", None)]
            assert "500" in ops.received[0].event["data"]["reason"]
            receiver.default = OK
            found.pass_(minutes=5)
            await ops.arrived(2)
            assert told(ops)[1] == ("destination.up", "crm", None)


async def test_short_trouble_is_told_to_nobody(database: Database) -> None:
    async with Receiver(SECRET, default=BROKEN) as receiver, Receiver(SECRET) as ops:
        text = rules(receiver, ops, alerts="destination.down, destination.up")
        async with house(database, text) as found:
            await failing(found, "a", "b", "c")
            receiver.default = OK
            found.pass_(seconds=5)
            await found.states("crm", delivered=3)
        assert ops.requests == []


async def test_a_receiver_that_is_gone_gets_nothing_more_until_enabled(
    database: Database,
) -> None:
    gate = asyncio.Event()
    first = [Reply(status=410), *[Reply(status=410, gate=gate)] * 15]
    async with Receiver(SECRET, replies=first) as receiver, Receiver(SECRET) as ops:
        text = rules(receiver, ops, alerts="destination.down, destination.up")
        async with house(database, text) as found:
            await found.create(*(f"lead{number}" for number in range(20)))
            await found.stands("crm", "disabled")
            await found.create("later")
            await ops.arrived(1)
            assert "destinations enable crm" in ops.received[0].event["data"]["remedy"]
            gate.set()
            await found.until("SELECT COUNT(*) FROM deliveries WHERE claimed = 1", 0)
            found.pass_(hours=1)
            await found.states("crm", pending=21)
            assert len(receiver.requests) == 16
            assert await found.rows(
                "SELECT DISTINCT attempts FROM deliveries WHERE destination = 'crm'"
            ) == [(0,)]

            await found.store.run(enable, "crm")
            found.dispatcher.wake_all()
            await found.states("crm", delivered=21)
            await ops.arrived(2)
            assert told(ops)[1][:2] == ("destination.up", "crm")


async def test_a_410_that_comes_late_stops_the_probes_too(database: Database) -> None:
    gate = asyncio.Event()
    replies = [BROKEN, BROKEN, BROKEN, Reply(status=410, gate=gate)]
    async with (
        Receiver(SECRET, replies=replies) as receiver,
        house(database, rules(receiver)) as found,
    ):
        await found.create("a", "b", "c", "d")
        await found.stands("crm", "failing")
        gate.set()
        await found.stands("crm", "disabled")
        found.pass_(hours=1)
        await found.states("crm", pending=4)
        assert len(receiver.requests) == 4


@pytest.mark.parametrize("ending", [Ending.RESET, Ending.TRUNCATED])
async def test_a_connection_that_breaks_is_a_failure_like_others(
    database: Database, ending: Ending
) -> None:
    broken = Reply(status=200, body=b"{}", ending=ending)
    async with (
        Receiver(SECRET, replies=[broken]) as receiver,
        house(database, rules(receiver)) as found,
    ):
        await found.create("asha")
        await found.until("SELECT attempts FROM deliveries", 1)
        found.pass_(seconds=5)
        await found.states("crm", delivered=1)


async def test_a_stop_waits_for_what_is_in_flight_and_records_it(database: Database) -> None:
    gate = asyncio.Event()
    async with (
        Receiver(SECRET, default=Reply(status=204, gate=gate)) as receiver,
        house(database, rules(receiver)) as found,
    ):
        await found.create(*(f"lead{number}" for number in range(20)))
        await receiver.arrived(16)
        found.dispatcher.stop()
        gate.set()
        await found.states("crm", delivered=16, pending=4)
        assert len(receiver.requests) == 16


async def test_what_a_receiver_says_is_kept_and_not_logged(database: Database) -> None:
    echo = Reply(status=500, body=b"cannot store Meera Nair")
    with structlog.testing.capture_logs() as lines:
        async with (
            Receiver(SECRET, default=echo) as receiver,
            house(database, rules(receiver)) as found,
        ):
            await found.create("a")
            await receiver.arrived(1)
            await found.until(
                "SELECT error FROM deliveries WHERE error IS NOT NULL",
                "127.0.0.1 answered 500: cannot store Meera Nair",
            )
    retried = [line for line in lines if line["event"] == "delivery_retried"]
    assert [line["error"] for line in retried] == ["127.0.0.1 answered 500"]
    assert "Meera" not in str(lines)
