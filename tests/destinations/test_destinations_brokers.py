"""What every broker's kind promises, with a real broker and a real consumer."""

import asyncio
from typing import Any

import pytest
from benches import Stand
from broker_benches import BROKER_KINDS
from examples import change_of, lead, message, new_lead, part

from notifier.core.events import Event
from notifier.destinations.base import Destination, Receipt
from notifier.errors import TemporaryDeliveryError

pytest_plugins = ["broker_fixtures"]

BINARY = sorted(BROKER_KINDS.keys() - {"redis"})


def event_of(number: int) -> Event:
    return new_lead(lead(id=f"lead{number:03}"))


async def taken(destination: Destination, event: Event) -> bool:
    try:
        await destination.send(message(part(event)))
    except TemporaryDeliveryError:
        return False
    return True


@pytest.mark.parametrize("kind", BROKER_KINDS)
async def test_a_consumer_gets_the_bytes_that_a_webhook_gets(kind: str, stand: Stand) -> None:
    event = change_of(lead(name="Zoë 🦄"), "status", "OPEN", "CLOSED")
    async with BROKER_KINDS[kind](stand) as bench:
        await bench.destination.send(message(part(event)))
        (got,) = await bench.got()
    assert got.body == part(event).body
    assert got.event.get_attributes() | {"time": None} == {
        "specversion": "1.0",
        "id": event.id,
        "type": "lead.status_changed",
        "source": "/botpenguin/638d99eeee9e558f1247ae03",
        "subject": "63d9ffa77a8d152facbe2f2f",
        "time": None,
        "datacontenttype": "application/json",
    }
    content: Any = got.event.get_data()
    assert content["lead"]["name"] == "Zoë 🦄"


@pytest.mark.parametrize("kind", BINARY)
async def test_in_binary_mode_the_attributes_stand_in_headers(kind: str, stand: Stand) -> None:
    event, make = new_lead(lead(id="Zoë 100%")), BROKER_KINDS[kind]
    async with make(stand) as bench:
        await bench.destination.send(message(part(event)))
        (structured,) = await bench.got()
    async with make(stand, mode="binary") as bench:
        await bench.destination.send(message(part(event)))
        (binary,) = await bench.got()
    assert binary.event.get_attributes() == structured.event.get_attributes()
    assert binary.event.get_data() == structured.event.get_data()
    assert binary.body in structured.body
    assert b"specversion" not in binary.body


@pytest.mark.parametrize("kind", BROKER_KINDS)
async def test_an_answer_that_was_lost_makes_a_repeat_under_the_same_id(
    kind: str, stand: Stand
) -> None:
    first, second = event_of(1), event_of(2)
    async with BROKER_KINDS[kind](stand) as bench:
        assert await taken(bench.destination, first)
        bench.answer("unheard")
        assert not await taken(bench.destination, second)
        assert await taken(bench.destination, second)
        ids = [one.event.get_id() for one in await bench.got()]
    assert ids in ([first.id, second.id], [first.id, second.id, second.id])


@pytest.mark.parametrize("kind", BROKER_KINDS)
async def test_one_lead_s_events_arrive_in_their_order(kind: str, stand: Stand) -> None:
    events = [change_of(lead(), "status", f"{n}", f"{n + 1}") for n in range(20)]
    async with BROKER_KINDS[kind](stand) as bench:
        for event in events:
            await bench.destination.send(message(part(event)))
        assert [one.event.get_id() for one in await bench.got()] == [one.id for one in events]


@pytest.mark.parametrize("kind", BROKER_KINDS)
async def test_a_broker_that_was_paused_is_a_passing_trouble(kind: str, stand: Stand) -> None:
    async with BROKER_KINDS[kind](stand) as bench:
        assert await taken(bench.destination, event_of(1))
        bench.broker.pause()
        try:
            assert not await taken(bench.destination, event_of(2))
        finally:
            bench.broker.resume()
        assert await taken(bench.destination, event_of(2))


@pytest.mark.parametrize("kind", BROKER_KINDS)
async def test_what_was_acknowledged_before_a_kill_under_load_is_there(
    kind: str, stand: Stand
) -> None:
    events = [event_of(number) for number in range(200)]
    async with BROKER_KINDS[kind](stand) as bench:
        slots = asyncio.Semaphore(bench.destination.slots)
        acknowledged: list[str] = []

        async def send(event: Event) -> None:
            async with slots:
                if await taken(bench.destination, event):
                    acknowledged.append(event.id)
                    if len(acknowledged) == 60:
                        bench.broker.kill()

        await asyncio.gather(*map(send, events))
        assert 60 <= len(acknowledged) < 200
        bench.broker.start()
        lost = set(acknowledged)
        if not bench.begins_anew:
            lost -= {one.event.get_id() for one in await bench.got()}
            assert len(lost) <= bench.unsaved
        for event in events:
            if event.id not in acknowledged:
                assert isinstance(await bench.destination.send(message(part(event))), Receipt)
        got = {one.event.get_id() for one in await bench.got()}
    assert got | lost == {event.id for event in events}


@pytest.mark.parametrize("kind", BROKER_KINDS)
async def test_a_check_sends_nothing(kind: str, stand: Stand) -> None:
    async with BROKER_KINDS[kind](stand) as bench:
        await bench.destination.send(message())
        assert (await bench.destination.check()).found
        assert len(await bench.got()) == 1
