import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from notifier.errors import StoreError
from notifier.monitoring.heartbeat import Heartbeat, Successes, is_round
from support.certificates import self_signed
from support.loopback import Reply
from support.receivers import Receiver


@pytest.mark.parametrize(
    ("before", "now", "complete"),
    [
        ({}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, True),
        ({"a": 1}, {"a": 1}, False),
        ({"a": 1, "b": 1}, {"a": 2, "b": 1}, False),
        ({"a": 1, "b": 1}, {"a": 2, "b": 2}, True),
        ({"a": 1}, {"a": 2, "b": None}, False),
        ({"a": 1, "b": 1}, {"a": 2}, True),
        ({}, {}, False),
    ],
)
def test_a_round_is_complete_when_every_source_has_succeeded_anew(
    before: Successes, now: Successes, complete: bool
) -> None:
    assert is_round(before, now) is complete


class Polls:
    """The database's answers: whatever ``found`` holds now."""

    def __init__(self) -> None:
        self.found: Successes | StoreError = {"a": 1}
        self.asked = asyncio.Event()

    async def answered(self) -> None:
        """Return once what is found now has been asked for."""
        self.asked.clear()
        await self.asked.wait()

    async def __call__(self) -> Successes:
        self.asked.set()
        if isinstance(self.found, StoreError):
            raise self.found
        return self.found


@asynccontextmanager
async def beating(url: str, polls: Polls) -> AsyncIterator[None]:
    heartbeat = Heartbeat(
        SecretStr(f"{url}/ping/s3cret?key=s3cret"), polls, every_s=0.02, timeout_s=5
    )
    task = asyncio.create_task(heartbeat.run())
    try:
        await polls.answered()
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_each_complete_round_is_one_get() -> None:
    polls = Polls()
    async with Receiver() as receiver, asyncio.timeout(10), beating(receiver.base_url, polls):
        polls.found = {"a": 2}
        await receiver.arrived(1)
        polls.found = {"a": 3}
        await receiver.arrived(2)
    assert [(one.method, one.path) for one in receiver.requests] == [
        ("GET", "/ping/s3cret?key=s3cret")
    ] * 2


async def test_a_refused_beat_and_a_lost_database_end_nothing_and_tell_no_secret() -> None:
    polls = Polls()
    replies = [Reply(status=500)]
    async with Receiver(replies=replies) as receiver, asyncio.timeout(10):
        with capture_logs() as logs:
            async with beating(receiver.base_url, polls):
                polls.found = {"a": 2}
                await receiver.arrived(1)
                polls.found = StoreError("disk full")
                await polls.answered()
                polls.found = {"a": 3}
                await receiver.arrived(2)
    assert [line["error"] for line in logs] == ["127.0.0.1 answered 500"]
    assert "s3cret" not in str(logs)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 R\xe9ussi\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 204 x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 x\r\nset-cookie: " + b"x" * 60_000 + b"\r\n\r\n",
        b"no HTTP at all\r\n\r\n",
        b"",
    ],
)
async def test_no_answer_ends_the_heartbeat(said: bytes) -> None:
    polls, beats = Polls(), asyncio.Semaphore(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        beats.release()
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, asyncio.timeout(10):
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with capture_logs() as logs:
            async with beating(url, polls):
                for at_ms in (2, 3):
                    polls.found = {"a": at_ms}
                    await beats.acquire()
                await polls.answered()
    failed = [line["error"] for line in logs]
    assert bool(failed) is not said.startswith(b"HTTP/1.1 2")
    assert all(one.startswith("127.0.0.1 ") for one in failed)


async def test_a_wrong_certificate_is_told_as_that(tmp_path: Path) -> None:
    made = self_signed(tmp_path)
    async with Receiver(tls=made.server()) as receiver:
        url = SecretStr(f"{receiver.base_url}/ping")
        with capture_logs() as logs:
            await Heartbeat(url, Polls(), every_s=1, timeout_s=5).beat()
    assert [line["error"] for line in logs] == [
        "the certificate of 127.0.0.1 does not verify (self-signed certificate)"
    ]


def test_a_clock_set_back_silences_no_beat() -> None:
    assert is_round({"website": 9_000}, {"website": 5_000})
