"""Odd answers on real sockets: the status line decides, whatever stands behind it."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from notifier.network.exchange import Answer, ask
from notifier.network.faults import ConnectionFault
from notifier.network.targets import target_of
from notifier.network.transport import Transport
from support.raw_server import Reply, answer, endless, raw, raw_server

MANY = b"".join(b"set-cookie: c%d=x\r\n" % number for number in range(400))
LONG = b"set-cookie: " + b"x" * 60_000 + b"\r\n"
PLAIN = b"content-length: 0\r\n\r\n"


@asynccontextmanager
async def transport() -> AsyncIterator[Transport]:
    found = Transport(headers_s=0.05)
    try:
        yield found
    finally:
        await found.aclose()


async def answered(*replies: Reply) -> list[Answer]:
    """Return what each of the replies is taken for, asked for one after another."""
    async with raw_server(*replies) as server, transport() as asking:
        target = target_of(f"{server.url}/hook")
        return [
            await ask(asking, target.request("POST", body=b"event"), timeout_s=5)
            for _ in replies
        ]


ODD = {
    "a 204 with a body": raw(b"HTTP/1.1 204 x\r\ncontent-length: 5\r\n\r\nhello"),
    "a 204 with an unannounced body": raw(b"HTTP/1.1 204 x\r\n\r\nhello"),
    "a 204 with an empty chunked body": raw(
        b"HTTP/1.1 204 x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "a long header": raw(b"HTTP/1.1 200 x\r\n" + LONG + PLAIN),
    "a header beyond all bounds": raw(b"HTTP/1.1 200 x\r\n" + LONG * 2 + LONG[:-2] * 3 + PLAIN),
    "many headers": raw(b"HTTP/1.1 200 x\r\n" + MANY + PLAIN),
    "thousands of headers": raw(b"HTTP/1.1 200 x\r\n" + MANY * 10 + PLAIN),
    "a reason in Latin-1": raw(b"HTTP/1.1 200 R\xe9ussi\r\n" + PLAIN),
    "a reason of any bytes": raw(b"HTTP/1.1 200 \x01\xff\x00\xed\xa0\x80\r\n" + PLAIN),
    "a long reason": raw(b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n" + PLAIN),
    "no reason": raw(b"HTTP/1.1 200\r\n" + PLAIN),
    "an old version": raw(b"HTTP/1.0 200 x\r\n" + PLAIN),
    "a new version": raw(b"HTTP/2 200 \r\n" + PLAIN),
    "a status of two blanks": raw(b"HTTP/1.1  202  x\r\n" + PLAIN),
    "a header without a colon": raw(b"HTTP/1.1 200 x\r\nnonsense\r\n\r\n"),
    "a header with a zero byte": raw(b"HTTP/1.1 200 x\r\nx: a\x00b\r\n" + PLAIN),
    "a header outside UTF-8": raw(b"HTTP/1.1 200 x\r\nx-\xe9: \xff\r\n" + PLAIN),
    "bare line feeds": raw(b"HTTP/1.1 200 x\ncontent-length: 0\n\n"),
    "garbage at once": raw(b"HTTP/1.1 201 x\r\n\x00\xff\x00\xff"),
    "the end at once": raw(b"HTTP/1.1 200 x\r\n", close=True),
    "the end within the line": raw(b"HTTP/1.1 200", close=True),
    "the end within the headers": raw(b"HTTP/1.1 200 x\r\ncontent-le", close=True),
    "the end within the body": raw(b"HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\nx", close=True),
    "nothing more": raw(b"HTTP/1.1 200 x\r\n"),
    "headers for ever": endless(b"HTTP/1.1 200 x\r\n", b"x-drip: 1\r\n", pause_s=0.01),
    "a bad length": raw(b"HTTP/1.1 200 x\r\ncontent-length: many\r\n\r\n"),
    "two lengths": raw(b"HTTP/1.1 200 x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx"),
    "a length and chunks": raw(
        b"HTTP/1.1 200 x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "bad chunks": raw(b"HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n"),
    "an unknown encoding": raw(b"HTTP/1.1 200 x\r\ntransfer-encoding: rot13\r\n\r\nuryyb"),
    "gzip that is none": raw(
        b"HTTP/1.1 200 x\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello"
    ),
    "more than was announced": raw(b"HTTP/1.1 200 x\r\ncontent-length: 2\r\n\r\nok, and more"),
    "hints first": raw(
        b"HTTP/1.1 100 x\r\n\r\nHTTP/1.1 103 x\r\nlink: y\r\n\r\n"
        b"HTTP/1.1 204 x\r\ncontent-length: 2\r\n\r\nok"
    ),
    "hints and a cut": raw(b"HTTP/1.1 103 x\r\nlink: y\r\n\r\nHTTP/1.1 200 x\r\n", close=True),
}


@pytest.mark.parametrize("reply", ODD.values(), ids=ODD.keys())
async def test_a_2xx_is_a_yes_whatever_stands_behind_it(reply: Reply) -> None:
    first, second = await answered(reply, answer(204))
    assert first.taken
    assert second.status == 204  # the next event is not mixed up with the rest


@pytest.mark.parametrize("status", [301, 410, 429, 503])
async def test_any_other_status_counts_as_well(status: int) -> None:
    (found,) = await answered(raw(b"HTTP/1.1 %d x\r\nnonsense\r\n\r\n" % status))
    assert found.status == status


async def test_a_bad_body_takes_no_header_along() -> None:
    head = b"HTTP/1.1 503 x\r\nretry-after: 7\r\ntransfer-encoding: chunked\r\n\r\n"
    (found,) = await answered(raw(head + b"4\r\nbusy\r\nzz\r\n"))
    assert (found.status, found.headers["Retry-After"]) == (503, "7")


async def test_what_was_said_outside_utf_8_is_text_all_the_same() -> None:
    (found,) = await answered(answer(400, b"R\xe9fus\xe9 \x9b2J\x07\r\n"))
    assert found.excerpt == "R�fus� �2J�\n"


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"hello\r\n\r\n",
        b"HTTP/1.1 20\r\n\r\n",
        b"HTTP/1.1 2000 x\r\n\r\n",
        b"HTTP/1.1 OK 200\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_told_as_that(said: bytes) -> None:
    with pytest.raises(ConnectionFault) as raised:
        await answered(raw(said))
    assert raised.value.told("x") == "x answered, but not as HTTP can be read"


@pytest.mark.parametrize(
    "line", [b"x-more: " + b"x" * 9_000 + b"\r\n", b"x: " + b"y" * 50_000 + b"\r\n"]
)
async def test_headers_without_end_end_soon(line: bytes) -> None:
    (found,) = await answered(endless(b"HTTP/1.1 200 x\r\nx: y\r\n", line))
    assert found.taken
    with pytest.raises(ConnectionFault, match="not as HTTP can be read"):
        await answered(endless(b"", b"HTTP/1.1 103 x\r\nlink: y\r\n\r\n" * 2_000))


async def test_interim_answers_alone_are_no_answer() -> None:
    hints = b"HTTP/1.1 103 x\r\n\r\n" * 2_000
    with pytest.raises(ConnectionFault, match="broke the connection off"):
        await answered(raw(hints, close=True))


async def test_random_answers_are_an_answer_or_our_own_error() -> None:
    chance = random.Random(7)
    good = b"HTTP/1.1 200 OK\r\nretry-after: 3\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n"
    async with transport() as asking:
        for _ in range(150):
            said = bytearray(good)
            for _ in range(chance.randint(1, 6)):
                said[chance.randrange(len(said))] = chance.randrange(256)
            async with raw_server(raw(bytes(said), close=True)) as server:
                try:
                    await ask(asking, target_of(server.url).request("POST"), timeout_s=5)
                except ConnectionFault as fault:
                    assert fault.told("x").startswith("x ")  # noqa: PT017 - or none at all


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
async def test_a_url_is_asked_for_as_it_was_written(method: str) -> None:
    written = "/%7Euser/a%2fb/../x?sig=a%2Bb%2Fc%3D&at=10%3A00&zoë&"
    async with raw_server(answer(200)) as server, transport() as asking:
        url = server.url.replace("://", "://me:p%40ss@") + written + "#top"
        await ask(asking, target_of(url).request(method), timeout_s=5)
    (request,) = server.requests
    assert request.line == f"{method} {written.replace('ë', '%C3%AB')} HTTP/1.1"
    assert request.headers["authorization"] == "Basic bWU6cEBzcw=="
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
