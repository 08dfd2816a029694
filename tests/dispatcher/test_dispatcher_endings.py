"""Stops, a database that fails, a destination that never answers: in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fakes import Fake
from house import House, house
from structlog.testing import capture_logs

from notifier.destinations.base import Message, Receipt
from notifier.errors import StoreError, TemporaryDeliveryError
from support.databases import Database
from support.full_disk import FullDisk
from support.virtual_time import OneThread, VirtualLoop

RULES = """
destinations:
  screen: {type: console}
  other: {type: console}
rules:
  - {name: New, when: lead.created, send: [screen, other]}
"""


@dataclass(slots=True, kw_only=True)
class Scripted(Fake):
    """Takes messages as scripted: an error to raise, or seconds to take; then at once."""

    script: list[float | Exception] = field(default_factory=list)
    patience_s: float | None = None

    async def send(self, message: Message) -> Receipt:
        receipt = await Fake.send(self, message)
        step = self.script.pop(0) if self.script else 0.0
        if isinstance(step, Exception):
            raise step
        try:
            async with asyncio.timeout(self.patience_s):
                await asyncio.sleep(step)
        except TimeoutError as error:
            raise TemporaryDeliveryError("its own deadline") from error
        return receipt


def virtually(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=OneThread) as runner:
        runner.run(main)


def seconds() -> float:
    return asyncio.get_running_loop().time()


async def states(found: House, destination: str = "screen") -> list[tuple[str, int]]:
    return await found.rows(
        f"SELECT state, attempts FROM deliveries WHERE destination = '{destination}'"
    )


@asynccontextmanager
async def sending_as_the_disk_fills(
    database: Database,
) -> AsyncIterator[tuple[House, FullDisk, Scripted]]:
    """Give a house whose disk is full from the middle of its first message on."""
    fake = Scripted(script=[5.0])
    async with house(database, RULES, fakes=[fake], store=FullDisk) as found:
        assert isinstance(found.store, FullDisk)
        await found.create("asha")
        await asyncio.sleep(1)
        found.store.full = True
        yield found, found.store, fake


def test_a_full_disk_loses_no_outcome_and_sends_nothing_twice(database: Database) -> None:
    async def main() -> None:
        async with sending_as_the_disk_fills(database) as (found, store, fake):
            await asyncio.sleep(600)
            assert await states(found) == [("pending", 0)]
            store.full = False
            await asyncio.sleep(16)
            assert await states(found) == [("delivered", 1)]
        assert [subject for _, subject in fake.sent] == ["asha"]

    virtually(main())


def test_a_disk_that_is_freed_while_the_program_stops_still_gets_the_outcome(
    database: Database,
) -> None:
    async def main() -> None:
        async with sending_as_the_disk_fills(database) as (found, store, _):
            await asyncio.sleep(600)
            found.dispatcher.stop()
            await asyncio.sleep(1)
            store.full = False
            await asyncio.sleep(1.5)
            assert await states(found) == [("delivered", 1)]

    virtually(main())


def test_a_database_that_stays_broken_does_not_keep_the_program(database: Database) -> None:
    async def main() -> None:
        async with sending_as_the_disk_fills(database) as (found, _, _):
            begun = seconds()
            found.dispatcher.stop()
        assert seconds() - begun <= 11

    virtually(main())


def test_a_stop_gives_a_hanging_destination_ten_seconds(database: Database) -> None:
    async def main() -> None:
        fake = Scripted(script=[3.0, 10_000.0])
        async with house(database, RULES, fakes=[fake]) as found:
            await found.create("a", "b", "c")
            await asyncio.sleep(1)
            begun = seconds()
            found.dispatcher.stop()
        assert seconds() - begun == 10
        async with house(database, RULES, fakes=[fake]) as found:
            await asyncio.sleep(1)
            assert await states(found) == [("delivered", 1)] * 3
            assert await found.one("SELECT MAX(lost) FROM deliveries") == (0,)
        assert [subject for _, subject in fake.sent] == ["a", "b", "b", "c"]

    virtually(main())


def test_a_stop_sends_no_probe(database: Database) -> None:
    async def main() -> None:
        broken = StoreError("not one of ours")
        fake = Scripted(script=[broken, broken, broken])
        async with house(database, RULES, fakes=[fake]) as found:
            await found.create("a", "b", "c")
            await asyncio.sleep(1)
            found.dispatcher.stop()
            found.pass_(minutes=10)
        assert len(fake.sent) == 3

    virtually(main())


def test_a_send_that_never_ends_is_given_up_and_tried_again(database: Database) -> None:
    async def main() -> None:
        fake = Scripted(script=[10_000.0])
        async with house(database, RULES, fakes=[fake]) as found:
            await found.create("asha")
            await asyncio.sleep(91)
            assert await states(found) == [("pending", 1)]
            assert await states(found, "other") == [("delivered", 1)]

    virtually(main())


def test_a_process_that_was_held_while_it_sent_tells_of_no_bug(database: Database) -> None:
    async def main() -> None:
        fake = Scripted(script=[10_000.0], patience_s=20.0)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        async with house(database, RULES, fakes=[fake]) as found:
            await found.create("asha")
            await asyncio.sleep(1)
            loop.skip(100)  # its own deadline and the lane's are over at once
            await asyncio.sleep(1)
            assert await states(found) == [("pending", 1)]

    with capture_logs() as lines:
        virtually(main())
    told = [line for line in lines if line.get("destination") == "screen"]
    assert [(line["event"], line.get("error")) for line in told] == [
        ("delivery_retried", "no end within 90 seconds")
    ]


def test_a_bug_in_one_destination_stops_no_other(database: Database) -> None:
    async def main() -> None:
        fake = Scripted(script=[ZeroDivisionError("a bug")])
        async with house(database, RULES, fakes=[fake]) as found:
            await found.create("asha")
            await asyncio.sleep(1)
            assert await states(found) == [("pending", 1)]
            assert await states(found, "other") == [("delivered", 1)]
            found.pass_(seconds=5)
            await asyncio.sleep(1)
            assert await states(found) == [("delivered", 1 + 1)]

    virtually(main())


def test_a_damaged_event_costs_only_itself(database: Database) -> None:
    async def main() -> None:
        fake = Scripted()
        async with house(database, RULES, fakes=[fake], running=False) as found:
            await found.create("a", "b")
            await found.store.run(
                lambda db: db.execute("UPDATE events SET body = '{' WHERE subject = 'a'")
            )
            await found.dispatcher.drain()
            assert sorted(await states(found)) == [("dead", 0), ("delivered", 1)]

    virtually(main())


def test_a_clock_set_forward_or_back_sends_nothing_twice(database: Database) -> None:
    async def main() -> None:
        fake = Scripted(script=[5.0])
        async with house(database, RULES, fakes=[fake]) as found:
            await found.create("a")
            await asyncio.sleep(1)
            found.pass_(hours=3)
            await asyncio.sleep(1)
            found.pass_(hours=-6)
            await asyncio.sleep(5)
            await found.create("b")
            await asyncio.sleep(1)
            assert await states(found) == [("delivered", 1)] * 2
        assert [subject for _, subject in fake.sent] == ["a", "b"]

    virtually(main())
