"""The service as it is shipped, in this process, between a good upstream and receiver.

Its loop jumps from timer to timer; sockets, threads and the database are real. What the
service does wrong is a *find*.
"""

import asyncio
import json
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import parse_qs, urlsplit

import structlog

from fuzz.answers import Answer, whole
from fuzz.good import GOOD_BOT, LATER, page, row, rules_text
from fuzz.web import Asked, HttpDoor, listening
from notifier import log
from notifier.clocks import Clocks
from notifier.configuration.environment import read_environment
from notifier.configuration.load import Configuration, load_configuration
from notifier.core.rows import Json
from notifier.service.assembly import assembled
from notifier.service.service import Service

PATIENCE_S: Final = 600
"""What takes so long is a find."""


class Found(Exception):  # noqa: N818 - what was looked for, not an error of this program
    """The service did something that it must not."""


@dataclass(slots=True, kw_only=True)
class House:
    """A running service; ``listings`` are what the upstream has, by
    bot; ``odd_pages`` it answers first, to any bot but the good one."""

    folder: Path
    listings: dict[str, list[Json]] = field(default_factory=dict)
    odd_pages: list[Answer] = field(default_factory=list)
    good_pages: int = 0
    told: set[str] = field(default_factory=set)
    log: StringIO = field(default_factory=StringIO)
    http_port: int = 0
    upstream: HttpDoor = field(init=False)
    receiver: HttpDoor = field(init=False)
    running: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.upstream = HttpDoor(answer=self._list)
        self.receiver = HttpDoor(answer=self._hear)

    def _list(self, asked: Asked) -> Answer:
        query = parse_qs(urlsplit(asked.path).query)
        bot, number = query["botId"][0], query["page"][0]
        if bot != GOOD_BOT and self.odd_pages:
            return self.odd_pages.pop()
        self.good_pages += bot != GOOD_BOT
        rows = self.listings.get(bot, []) if number == "1" else []
        return whole(json.dumps(page(*rows)).encode())

    def _hear(self, asked: Asked) -> Answer:
        self.told.add(json.loads(asked.body)["subject"])
        return whole(b"", "204")

    async def tells(self, *lead_ids: str) -> None:
        """Let the good bot have these leads too, and return once all were told."""
        known = self.listings.setdefault(GOOD_BOT, [])
        known[:0] = [row(one, profile=_place(one)) for one in lead_ids]
        await self.until(
            self.receiver, lambda: set(lead_ids) <= self.told, "good leads were not told"
        )

    def change(self) -> None:
        """Let the good bot's leads be closed."""
        known = self.listings[GOOD_BOT]
        known[:] = [{**one, "status": "CLOSED", "updatedAt": LATER} for one in known]

    async def until(self, door: Any, true: Callable[[], bool], otherwise: str) -> None:
        """Return once it is true; look again whenever the door has served somebody."""

        async def wait() -> None:
            async with door.ready:
                await door.ready.wait_for(true)

        await self.during(wait(), otherwise)

    async def during(self, work: Coroutine[Any, Any, None], otherwise: str) -> None:
        """Do it while the service lives, within :data:`PATIENCE_S`."""
        assert self.running
        waiting = asyncio.create_task(work)
        await asyncio.wait(
            {waiting, self.running},
            timeout=PATIENCE_S,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if self.running.done():
            waiting.cancel()
            self._ended(self.running)
        if not waiting.done():
            waiting.cancel()
            raise Found(otherwise)
        waiting.result()

    def _ended(self, running: asyncio.Task[None]) -> NoReturn:
        raise Found("the service ended") from running.exception()

    def rows(self, query: str) -> list[Any]:
        """Return what a query finds in the database."""
        with closing(sqlite3.connect(self.folder / "n.db")) as db:
            return db.execute(query).fetchall()

    def waiting(self) -> int:
        """Return how many deliveries are still to be made."""
        query = "SELECT COUNT(*) FROM deliveries WHERE state = 'pending'"
        return int(self.rows(query)[0][0])

    def check(self) -> None:
        """Fail where the log has a crash, or the database a fault; call it at the end."""
        for line in self.log.getvalue().splitlines():
            if any(
                sign in line for sign in ("_crashed", "Traceback", '"exception"', "never r")
            ):
                raise Found(line[:4_000])
        with closing(sqlite3.connect(self.folder / "n.db")) as db:
            if (found := db.execute("PRAGMA integrity_check").fetchall()) != [("ok",)]:
                raise Found(f"integrity_check: {found}")
            db.text_factory = _text
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
                db.execute(f'SELECT * FROM "{name}"').fetchall()


def _text(stored: bytes) -> str:
    """Return a text of the database; what is no Unicode there breaks whoever reads it."""
    try:
        return stored.decode()
    except UnicodeDecodeError as error:
        raise Found(f"a text in the database is no Unicode: {stored[:200]!r}") from error


def _place(lead_id: str) -> Json:
    """Return a profile whose city is the number of the destination for the lead."""
    good = row(lead_id)["profile"]
    city = lead_id.rpartition("-")[2]
    return {**good, "userDetails": {**good["userDetails"], "city": city}}


@asynccontextmanager
async def house(
    folder: Path,
    *,
    destinations: Mapping[str, str],
    everything: bool = False,
    bots: int = 0,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[House]:
    """Run the service, and look for finds when the block ends.

    The n-th of ``destinations`` gets leads called ``…-n``, or all of them ``everything``.
    ``bots`` are watched beside the good one.
    """
    built = House(folder=folder, listings={GOOD_BOT: []})
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(listening(built.upstream))
        await stack.enter_async_context(listening(built.receiver))
        watched = [GOOD_BOT, *(f"odd{number}" for number in range(bots))]
        rules = rules_text(built.receiver.url, destinations, watched, everything=everything)
        (folder / "rules.yaml").write_text(rules, encoding="utf-8")
        environment = {
            "NOTIFIER_BASE_URL": built.upstream.url,
            "NOTIFIER_TOKEN": "t",
            "NOTIFIER_RULES": str(folder / "rules.yaml"),
            "NOTIFIER_DATABASE": str(folder / "n.db"),
            "NOTIFIER_POLL_INTERVAL": "2s",
            "NOTIFIER_RATE_LIMIT": "100000",
            "NOTIFIER_REQUEST_TIMEOUT": "60s",
            "NOTIFIER_FIRST_RUN": "notify",
            "NOTIFIER_TIMEZONE": "America/New_York",
            **(settings or {}),
        }
        stack.enter_context(_logging(built.log))
        config = load_configuration(read_environment(environment, folder=folder))
        service = await stack.enter_async_context(_service(config))
        built.running = asyncio.create_task(service.run())
        stack.push_async_callback(_stop, service, built.running)
        yield built
    built.check()


@asynccontextmanager
async def _service(config: Configuration) -> AsyncIterator[Service]:
    loop = asyncio.get_running_loop()
    begun_s, began = loop.time(), datetime.now(UTC)
    clocks = Clocks(
        now=lambda: began + timedelta(seconds=loop.time() - begun_s),
        monotonic_ms=lambda: round(loop.time() * 1000),
    )
    async with assembled(
        config, clocks=clocks, out=StringIO(), reread=lambda: config
    ) as service:
        yield service


async def _stop(service: Service, running: asyncio.Task[None]) -> None:
    if not running.done():
        service.stop()
        await asyncio.wait({running}, timeout=PATIENCE_S)
    if not running.done():
        running.cancel()
        raise Found("the service does not stop")
    if error := running.exception():
        raise Found(f"the service ended: {error!r}") from error


@contextmanager
def _logging(stream: StringIO) -> Iterator[None]:
    """Log into ``stream``, and afterwards as before."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    log.set_up(log_format="json", level="debug", stream=stream)
    try:
        yield
    finally:
        root.handlers, root.level = handlers, level
        structlog.reset_defaults()
