"""What the fuzzing looks for, put there on purpose: it is found."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
import structlog

from fuzz.answers import odd_answer
from fuzz.asking import odd_request
from fuzz.house import Found, House, house
from fuzz.mailing import odd_script
from support.virtual_time import run


def found(folder: Path, spoil: Callable[[House], Awaitable[None]]) -> str:
    """Return what is found in a service that was spoilt so."""

    async def main() -> None:
        async with house(folder, destinations={}) as built:
            await built.tells("before-x")
            await spoil(built)

    with pytest.raises(Found) as raised:
        run(main())
    return str(raised.value)


def test_a_crash_in_the_log_is_found(tmp_path: Path) -> None:
    async def crash(_: House) -> None:
        structlog.get_logger().error("send_crashed", exc_info=KeyError("bug"))

    assert "send_crashed" in found(tmp_path, crash)


def test_a_service_that_ends_is_found(tmp_path: Path) -> None:
    async def end(built: House) -> None:
        async def bug() -> None:
            raise KeyError("bug")

        assert built.running
        running, built.running = built.running, asyncio.create_task(bug())
        try:
            await built.tells("after-x")
        finally:
            built.running = running

    assert found(tmp_path, end) == "the service ended"


def test_a_stored_text_that_is_no_unicode_is_found(tmp_path: Path) -> None:
    async def spoil(built: House) -> None:
        with closing(sqlite3.connect(built.folder / "n.db")) as db, db:
            db.execute("INSERT INTO notes VALUES ('x', CAST(x'eda080' AS TEXT))")

    assert "no Unicode" in found(tmp_path, spoil)


def test_the_same_seed_says_the_same() -> None:
    for make in (odd_script, odd_request, lambda rng: odd_answer(rng, {"ok": True})):
        assert make(Random("17")) == make(Random("17"))
        assert make(Random("17")) != make(Random("18"))
