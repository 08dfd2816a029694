"""The five doors: what comes in at each, and the service that must survive it.

A *round* is a service of its own and some :data:`CASES` at one of its doors, all made
from one seed. It ends with a good lead that must be told.
"""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Final

from fuzz.answers import Answer, bomb, odd_answer, whole
from fuzz.asking import POKE_SECRET, odd_request
from fuzz.good import page, row
from fuzz.good import webhook as webhook_to
from fuzz.house import Found, House, house
from fuzz.mailing import MailDoor, odd_script
from fuzz.web import Asked, HttpDoor, listening
from fuzz.words import changed, encoded
from notifier.core.rows import Json
from support.virtual_time import run

CASES: Final = 60
PLACES: Final = 24  # destinations or sources that meet them, at the same time
QUIET_S: Final = 30
SAY_S: Final = 3
HEALTH_S: Final = 200
CONNECTIONS: Final = 16
HEALTH: Final = b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"

Round = Callable[[Random, Path], Awaitable[int]]
"""Returns how many of its cases were met."""


async def listing(rng: Random, folder: Path) -> int:
    """Let sources meet odd pages, and every medium the leads that stand on them."""
    good = page(row("a"), row("b", status="CLOSED"), row("c", _agentAssigned={"_id": "x"}))
    pages = [_odd_page(rng, good) for _ in range(CASES)]
    mails, posts = MailDoor(scripts=[]), HttpDoor(answer=_as_slack)
    async with (
        listening(mails),
        listening(posts),
        house(
            folder,
            destinations={
                "screen": "{type: console}",
                "mail": "{type: email, to: a@example.com, burst: null}",
                "slack": "{type: slack, channel: C0000000001, burst: null}",
            },
            everything=True,
            bots=PLACES,
            settings=_mail_settings(mails) | _slack_settings(posts),
        ) as built,
    ):
        built.odd_pages = list(pages)
        built.listings |= {f"odd{number}": good["data"] for number in range(PLACES)}
        await built.tells("before-x")
        await _served(built, built.upstream, lambda: built.good_pages >= 3 * PLACES)
        await built.tells("after-x")
        await _served(built, posts, lambda: not built.waiting())
        return CASES - len(built.odd_pages)


def _odd_page(rng: Random, good: Json) -> Answer:
    if rng.random() < 0.6:
        odd_rows = [changed(rng, one) for one in good["data"] for _ in range(rng.randint(1, 4))]
        return whole(encoded(rng, page(*odd_rows)))
    if rng.random() < 0.1:
        count = rng.choice((30, 900, 2_000, 50_000))
        odd = rng.choice((b"{}", b"[]", b"1", b'{"_id":"%d"}', b"[" * 300 + b"]" * 300))
        rows = b",".join(odd.replace(b"%d", b"%d" % number) for number in range(count))
        return whole(b'{"success":true,"data":[' + rows + b"]}")
    if rng.random() < 0.01:
        return whole(bomb(2**26), "200", b"content-encoding: deflate")
    return odd_answer(rng, good)


async def mail(rng: Random, folder: Path) -> int:
    """Let mails meet odd mail servers."""
    door = MailDoor(scripts=[odd_script(rng) for _ in range(CASES)])
    async with listening(door):
        destinations = {
            f"mail{number}": "{type: email, to: [a@example.com, b@example.com]}"
            for number in range(PLACES)
        }
        scheme = rng.choice(("smtp+plain", "smtp+plain", "smtp+plain", "smtp", "smtps"))
        known = _mail_settings(door, scheme, rng.choice(("", "user:password@")))
        async with house(folder, destinations=destinations, settings=known) as built:
            return await _meet(built, door, lambda: door.sessions)


async def webhook(rng: Random, folder: Path) -> int:
    """Let webhooks meet odd receivers."""
    answers = iter([odd_answer(rng, {"ok": True, "id": "x"}) for _ in range(CASES)])
    door = HttpDoor(answer=lambda _: next(answers, None) or whole(b"", "204"))
    async with listening(door):
        destinations = {
            f"hook{number}": webhook_to(f"{door.url}/{number}") for number in range(PLACES)
        }
        async with house(folder, destinations=destinations) as built:
            return await _meet(built, door, lambda: door.asked)


async def slack(rng: Random, folder: Path) -> int:
    """Let Slack's methods and incoming webhooks answer oddly."""
    posted = {
        "ok": True,
        "channel": "C0000000001",
        "ts": "1700000000.000100",
        "error": "not_in_channel",
        "message": {"ts": "1700000000.000100"},
        "response_metadata": {"messages": ["[ERROR] must be"]},
    }
    odd = iter([odd_answer(rng, posted) for _ in range(CASES)])
    door = HttpDoor(answer=lambda asked: next(odd, None) or _as_slack(asked))
    async with listening(door):
        hook = f"{{type: slack, webhook_url: {door.url}/services/T0/B0/x}}"
        destinations = {
            f"slack{number}": hook if number % 2 else f"{{type: slack, channel: C{number:010}}}"
            for number in range(PLACES)
        }
        known = _slack_settings(door)
        async with house(folder, destinations=destinations, settings=known) as built:
            return await _meet(built, door, lambda: door.asked)


async def http(rng: Random, folder: Path) -> int:
    """Let anybody send anything to the HTTP endpoint."""
    requests = [odd_request(rng) for _ in range(CASES * 4)]
    port = _free_port()
    known = {
        "NOTIFIER_HTTP": f"127.0.0.1:{port}",
        "NOTIFIER_POKE_SECRET": POKE_SECRET.decode(),
    }
    async with (
        house(folder, destinations={}, settings=known) as built,
        _silent(port, rng.choice((0, 10, 100))),
    ):
        await built.tells("before-x")
        for start in range(0, len(requests), CONNECTIONS):
            some = requests[start : start + CONNECTIONS]
            await asyncio.gather(*(_say(port, one, SAY_S) for one in some))
            health = await _say(port, HEALTH, HEALTH_S)
            if b" 200 " not in health.split(b"\r\n")[0]:
                raise Found(f"/healthz answered {health[:200]!r}")
        await built.tells("after-x")
    return len(requests)


ROUNDS: Final[dict[str, Round]] = {
    "listing": listing,
    "mail": mail,
    "webhook": webhook,
    "slack": slack,
    "http": http,
}


def run_round(door: str, seed: int) -> int:
    """Run one round; raises :class:`Found` where the service does what it must not.

    Returns how many cases were met: some answers stop a lane or a source for long.
    """

    async def main() -> int:
        with tempfile.TemporaryDirectory(prefix="notifier-fuzz-") as folder:
            return await ROUNDS[door](Random(f"{door}/{seed}"), Path(folder))

    return run(main())


def _mail_settings(
    door: MailDoor, scheme: str = "smtp+plain", login: str = ""
) -> dict[str, str]:
    return {
        "NOTIFIER_SMTP_URL": f"{scheme}://{login}127.0.0.1:{door.port}",
        "NOTIFIER_SMTP_FROM": "notifier@example.com",
    }


def _slack_settings(door: HttpDoor) -> dict[str, str]:
    return {
        "NOTIFIER_SLACK_TOKEN": "xoxb-1",
        "NOTIFIER_SLACK_API_URL": f"{door.url}/api/",
    }


def _as_slack(asked: Asked) -> Answer:
    good = b'{"ok":true,"channel":"C0000000001","ts":"1700000000.000100"}'
    return whole(good if "/api/" in asked.path else b"ok")


async def _meet(built: House, door: MailDoor | HttpDoor, served: Callable[[], int]) -> int:
    """Send leads to each odd destination, until all that is odd was met."""
    await built.tells(*(f"first-{number}" for number in range(PLACES)))
    await _served(built, door, lambda: served() >= PLACES)
    built.change()
    await built.tells(*(f"second-{number}" for number in range(PLACES)))
    await _served(built, door, lambda: served() >= CASES)
    await built.tells("last-x")
    return min(served(), CASES)


async def _served(
    built: House, door: MailDoor | HttpDoor, is_enough: Callable[[], bool]
) -> None:
    """Wait for the door, though not for long."""

    async def wait() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(QUIET_S), door.ready:
                await door.ready.wait_for(is_enough)

    await built.during(wait(), "the service does nothing")


@asynccontextmanager
async def _silent(port: int, count: int) -> AsyncIterator[None]:
    """Keep so many connections that say half a request and no more."""
    async with AsyncExitStack() as stack:
        for number in range(count):
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                stack.callback(writer.close)
                writer.write(b"GET /healthz HT" if number % 2 else b"")
        yield


async def _say(port: int, content: bytes, patience_s: float) -> bytes:
    """Return what the endpoint answers until it closes or patience ends."""
    said = b""
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(patience_s):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(content)
                while part := await reader.read(65_536):
                    said += part
            finally:
                writer.close()
    return said


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
