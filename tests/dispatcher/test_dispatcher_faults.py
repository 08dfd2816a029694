"""Anything may be raised at every call outside: it is one delivery's or one lane's trouble.

A longer search: ``FAULT_EXAMPLES=500 pytest tests/dispatcher/test_dispatcher_faults.py``.
"""

import asyncio
import os
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar

import pytest
from fakes import Fake
from house import House, house
from structlog.testing import capture_logs

from notifier.destinations.base import Message, Receipt
from notifier.errors import (
    BusyError,
    PermanentDeliveryError,
    StoreError,
    TemporaryDeliveryError,
)
from notifier.store.db import Store
from notifier.store.session import Session
from notifier.transactions.turn import take_turn
from support.databases import Database, poison, poisoned
from support.virtual_time import OneThread

P = ParamSpec("P")
T = TypeVar("T")

EXAMPLES = int(os.environ.get("FAULT_EXAMPLES", "15"))
RULES = """
destinations:
  screen: {type: console}
  other: {type: console}
rules:
  - {name: New, when: lead.created, send: [screen, other]}
"""
NOT_UTF8 = "550 Empf\udce4nger unbekannt"


def anything(chance: random.Random) -> Exception:
    """Return an exception of any kind; none is one that a lane expects."""
    return chance.choice(
        (
            ValueError("anything"),
            MemoryError(),
            RecursionError(),
            KeyError("x"),
            UnicodeEncodeError("utf-8", "\udce4", 0, 1, "no"),
            sqlite3.OperationalError("Could not decode to UTF-8 column"),
            sqlite3.IntegrityError("FOREIGN KEY constraint failed"),
            OverflowError(),
        )
    )


@dataclass(slots=True, kw_only=True)
class Raising(Fake):
    """Raises what ``faults`` gives at an attempt, else takes the message."""

    faults: Callable[[], Exception | None] = lambda: None
    receipt: Receipt = field(default_factory=Receipt)

    async def send(self, message: Message) -> Receipt:
        fault = self.faults()
        if fault is not None:
            raise fault
        await Fake.send(self, message)
        return self.receipt


class Faulty(Store):
    """Raises what ``fault`` gives, before, within or after a transaction's work."""

    fault: Callable[[object], tuple[str, Exception] | None] = staticmethod(lambda _: None)

    async def run(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        found = self.fault(function)
        if found is None:
            return await super().run(function, *args, **kwargs)
        when, error = found
        if when == "before":
            raise error

        def failing(db: Session, /, *args: P.args, **kwargs: P.kwargs) -> T:
            function(db, *args, **kwargs)
            raise error

        return await super().run(failing, *args, **kwargs)


def virtually(main: Any) -> None:
    with capture_logs(), asyncio.Runner(loop_factory=OneThread) as runner:
        runner.run(main)


async def ends(found: House, destination: str = "screen") -> list[tuple[Any, ...]]:
    return await found.rows(
        "SELECT state, reason, error FROM deliveries"
        f" WHERE destination = '{destination}' ORDER BY id"
    )


async def rests(found: House) -> None:
    """Let time pass until nothing is pending any more."""
    for _ in range(400):
        if await found.one("SELECT COUNT(*) FROM deliveries WHERE state = 'pending'") == (0,):
            return
        await asyncio.sleep(30)
        found.pass_(minutes=30)
        await asyncio.sleep(30)
    raise AssertionError(await found.rows("SELECT * FROM deliveries WHERE state = 'pending'"))


@pytest.mark.parametrize("kind", [PermanentDeliveryError, TemporaryDeliveryError])
def test_words_that_no_database_takes_end_their_delivery_alone(
    database: Database, kind: type[Exception]
) -> None:
    async def main() -> None:
        faults: list[Exception | None] = [kind(NOT_UTF8), None]
        fake = Raising(faults=lambda: faults.pop(0) if faults else None)
        async with house(database, RULES, fakes=[fake]) as found:
            await found.create("bad", "good")
            await asyncio.sleep(1)
            reason = "a fault of the program: UnicodeEncodeError while recording"
            assert await ends(found) == [
                ("dead", reason, "550 Empf�nger unbekannt"),
                ("delivered", None, None),
            ]
        assert [subject for _, subject in fake.sent] == ["good"]

    virtually(main())


def test_a_receipt_that_cannot_be_kept_is_a_delivery_all_the_same(database: Database) -> None:
    async def main() -> None:
        fake = Raising(receipt=Receipt(memory={"thread": "\udce4"}))
        async with house(database, RULES, fakes=[fake]) as found:
            await found.create("a")
            await asyncio.sleep(1)
            assert await ends(found) == [("delivered", None, None)]
        assert len(fake.sent) == 1

    virtually(main())


def test_a_delivery_that_cannot_be_written_down_is_dead_and_sent_once(
    database: Database,
) -> None:
    async def main() -> None:
        fake = Raising()
        async with house(database, RULES, fakes=[fake]) as found:
            bad = "NEW.state = 'delivered' AND NEW.lane_key = 'b1/bad'"
            await found.store.run(poison, "UPDATE", "deliveries", bad)
            await found.create("a", "bad", "b")
            await asyncio.sleep(1)
            fault = await found.store.read(poisoned)
            reason = f"a fault of the program: {fault} while recording"
            ended = [("delivered", None), ("dead", reason), ("delivered", None)]
            assert [one[:2] for one in await ends(found)] == ended
        assert sorted(subject for _, subject in fake.sent) == ["a", "b", "bad"]

    virtually(main())


def test_a_bug_that_one_message_meets_delays_no_other(database: Database) -> None:
    async def main() -> None:
        left = [6]

        def bad() -> Exception | None:
            left[0] -= 1
            return OverflowError() if left[0] >= 0 else None

        fake = Raising(faults=bad)
        async with house(database, RULES, fakes=[fake]) as found:
            await found.create("a", "b", "c", "d", "e", "f")
            await asyncio.sleep(1)
            await found.create("good")
            await asyncio.sleep(1)
            assert [subject for _, subject in fake.sent] == ["good"]

    virtually(main())


def test_a_turn_that_cannot_be_taken_loses_and_repeats_nothing(database: Database) -> None:
    async def main() -> None:
        fake = Raising()
        async with house(database, RULES, fakes=[fake], store=Faulty) as found:
            store = found.store
            assert isinstance(store, Faulty)

            def taken() -> None:
                """Take the message, and let no turn record it from now on."""
                store.fault = lambda function: (
                    ("within", MemoryError()) if function is take_turn else None
                )

            fake.faults = taken
            with capture_logs() as logs:
                await found.create("a")
                await asyncio.sleep(20)
            assert len(fake.sent) == 1
            assert await ends(found) == [("delivered", None, None)]
            crashes = [one for one in logs if one["event"] == "lane_crashed"]
            screen = [one for one in crashes if one["destination"] == "screen"]
            assert 3 < len(screen) < 10
            assert ["exc_info" in one for one in screen[:2]] == [True, False]
            (state,) = await found.rows(
                "SELECT state, reason FROM destinations WHERE name = 'screen'"
            )
            assert state == ("failing", "a fault of the program: MemoryError")
            store.fault, fake.faults = lambda _: None, lambda: None
            await found.create("b")
            await rests(found)
            assert await ends(found) == [("delivered", None, None)] * 2
        assert [subject for _, subject in fake.sent] == ["a", "b"]

    virtually(main())


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_whatever_is_raised_everything_ends_and_others_are_not_delayed(
    database: Database, seed: int
) -> None:
    async def main() -> None:
        chance = random.Random(seed)
        calm = [False]

        def sending() -> Exception | None:
            if calm[0] or chance.random() < 0.5:
                return None
            said = TemporaryDeliveryError(NOT_UTF8), PermanentDeliveryError(NOT_UTF8)
            return chance.choice([*said, anything(chance), anything(chance)])

        def storing(function: object) -> tuple[str, Exception] | None:
            mine = function is take_turn and not calm[0]
            if not mine or chance.random() < 0.7:
                return None
            error = chance.choice([StoreError("full"), BusyError("locked"), anything(chance)])
            return chance.choice(["before", "within"]), error

        screen, other = Raising(faults=sending), Raising(name="other")
        async with house(database, RULES, fakes=[screen, other], store=Faulty) as found:
            assert isinstance(found.store, Faulty)
            found.store.fault = storing
            for number in range(12):
                await found.create(f"lead {number}")
                await asyncio.sleep(chance.choice((0.0, 0.1, 3.0)))
                found.pass_(seconds=chance.choice((0, 1, 6, 400)))
            calm[0] = True
            await rests(found)
            assert [one for one, *_ in await ends(found, "other")] == ["delivered"] * 12
            states = await ends(found)
            assert {one for one, *_ in states} <= {"delivered", "dead"}
            assert all(reason for state, reason, _ in states if state == "dead")
        told = [subject for _, subject in other.sent]
        assert len(told) == len(set(told)) == 12, "nothing is repeated"
        sent = [subject for _, subject in screen.sent]
        assert len(sent) == len(set(sent)), "nothing is repeated"

    virtually(main())
