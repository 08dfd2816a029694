"""Who may poke, and what a caller can send at that door."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from notifier.monitoring.http import Answers, serving
from notifier.monitoring.listening import Bounds
from notifier.monitoring.poke import PokeDoor
from support import readme

SECRET = "s3cret-$&'()*+,;=:@~"
PATIENCE_S = 10.0


@dataclass(slots=True, kw_only=True)
class Program:
    """What is poked: it knows a few sources."""

    poked: list[str | None] = field(default_factory=list)

    def poke(self, source: str | None) -> bool:
        if source in (None, "website", "Ä b/c"):
            self.poked.append(source)
            return True
        return False


async def nothing() -> list[str]:
    return []


async def no_metrics() -> bytes:
    return b""


@asynccontextmanager
async def served(
    program: Program, *, is_open: bool = True, bounds: Bounds | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    door = PokeDoor(secret=SecretStr(SECRET), poke=program.poke) if is_open else None
    answers = Answers(troubles=nothing, metrics=no_metrics, door=door)
    async with (
        serving("127.0.0.1", 0, answers, bounds=bounds or Bounds()) as port,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, verify=False
        ) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("path", "source"),
    [("", None), ("/website", "website"), ("/%C3%84%20b%2Fc", "Ä b/c"), ("?lead=7", None)],
)
async def test_whoever_knows_the_secret_has_all_or_one_source_polled(
    path: str, source: str | None
) -> None:
    program = Program()
    async with served(program) as client:
        answer = await client.post(f"/poke/{SECRET}{path}", json={"lead": 7})
    assert (answer.status_code, answer.content) == (204, b"")
    assert program.poked == [source]


@pytest.mark.parametrize(
    "path",
    [
        "/poke",
        "/poke/",
        "/poke/wrong",
        f"/poke/{SECRET}x",
        f"/poke/{SECRET[:-1]}",
        "/poke/wrong/website",
        "/poke/%FF%ED%A0%80",
        f"/poke/{SECRET}/unknown",
        f"/poke/{SECRET}/",
        f"/poke/{SECRET}/website/more",
        f"/POKE/{SECRET}",
    ],
)
async def test_anything_else_is_not_found_and_pokes_nothing(path: str) -> None:
    program = Program()
    async with served(program) as client:
        answer = await client.post(path)
    assert (answer.status_code, answer.text) == (404, "404: Not Found")
    assert program.poked == []


async def test_without_a_secret_there_is_nothing_to_poke() -> None:
    async with served(Program(), is_open=False) as client:
        for path in ("/poke/", "/poke/None", f"/poke/{SECRET}"):
            assert (await client.post(path)).status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("secret", [SECRET, "wrong"])
async def test_other_methods_poke_nothing_and_tell_nothing_of_the_secret(
    method: str, secret: str
) -> None:
    program = Program()
    async with served(program) as client:
        answer = await client.request(method, f"/poke/{secret}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert program.poked == []


async def test_the_answer_does_not_wait_for_the_body_which_is_dropped_within_bounds() -> None:
    program = Program()
    async with served(program, bounds=Bounds(unread_s=0.05)) as client:
        port = client.base_url.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST /poke/{SECRET} HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n"
        writer.write(head.encode() + b"x" * 1_000)
        async with asyncio.timeout(PATIENCE_S):
            said = await reader.readuntil(b"\r\n\r\n")
            assert said.startswith(b"HTTP/1.1 204 ")
            await reader.read()  # it hangs up although most of the body never came
        writer.close()
    assert program.poked == [None]


async def test_every_address_that_the_page_names_can_be_poked() -> None:
    page = (readme.ROOT / "docs" / "poke.md").read_text(encoding="utf-8")
    paths = re.findall(r"https?://[\w.:]+(/poke/[\w/]+)", page)
    assert len(paths) >= 3
    async with served(Program()) as client:
        for path in paths:
            answer = await client.post(path.replace("SECRET", SECRET))
            assert answer.status_code == 204, path


async def test_the_secret_stands_in_no_repr_and_no_log() -> None:
    program = Program()
    door = PokeDoor(secret=SecretStr(SECRET), poke=program.poke)
    assert SECRET not in repr(door)
    with capture_logs() as logs:
        async with served(program) as client:
            for method in ("POST", "GET"):
                await client.request(method, f"/poke/{SECRET}/unknown", content=b"x" * 100_000)
    assert logs == []
