"""Whoever asks over HTTP, in numbers and manners that no monitoring has."""

import asyncio
import logging
import os
import resource
import select
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from notifier.monitoring.listening import Bounds, listening

PATIENCE_S = 10.0
HEALTHZ = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"


async def healthz(_request: web.Request) -> web.Response:
    return web.Response(text="alive")


async def huge(_request: web.Request) -> web.Response:
    return web.Response(body=b"x" * 2**23)


async def hangs(_request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError("nobody wakes it")


async def crashes(request: web.Request) -> web.Response:
    return web.Response(text=str(int(request.query["id"])))


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


@asynccontextmanager
async def server(**bounds: float) -> AsyncIterator[int]:
    routes = [
        web.get("/healthz", healthz),
        web.get("/huge", huge),
        web.get("/hangs", hangs),
        web.get("/crashes", crashes),
        web.post("/echo", echo),
    ]
    given = Bounds(**bounds)  # type: ignore[arg-type] # the numbers are whole where they must be
    async with listening(routes, "127.0.0.1", 0, bounds=given) as port:
        yield port


async def said(port: int, request: bytes) -> bytes:
    """Return all that the server says until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(PATIENCE_S):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def is_alive(port: int) -> bool:
    closing = HEALTHZ.replace(b"host", b"connection: close\r\nhost")
    return (await said(port, closing)).endswith(b"\r\n\r\nalive")


async def crowd(stack: ExitStack, port: int, words: bytes, count: int) -> list[socket.socket]:
    """Connect so often and say the words each time; the sockets are never read."""
    loop, found = asyncio.get_running_loop(), []
    for _ in range(count):
        one = stack.enter_context(socket.socket())
        one.setblocking(False)
        await loop.sock_connect(one, ("127.0.0.1", port))
        await loop.sock_sendall(one, words)
        found.append(one)
    return found


def is_cut(one: socket.socket) -> bool:
    """Whether the other end is gone, without reading what it said before."""
    poll = select.poll()
    poll.register(one, select.POLLRDHUP)
    return bool(poll.poll(0))


def len_of(one: socket.socket) -> int:
    """Read to the end and return how many bytes came."""
    one.settimeout(PATIENCE_S)
    return sum(iter(lambda: len(one.recv(2**20)), 0))


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-hal",
        HEALTHZ,
        HEALTHZ.replace(b"health", b""),
    ],
    ids=["silent", "half a header", "idle after an answer", "idle after a 404"],
)
async def test_a_crowd_that_stays_keeps_nobody_out(words: bytes) -> None:
    async with server(connections=8) as port:
        with ExitStack() as stack:
            sockets = await crowd(stack, port, words, 300)
            assert await is_alive(port)
            assert sum(not is_cut(one) for one in sockets) <= 8


async def test_a_crowd_of_slow_readers_keeps_nobody_out() -> None:
    async with server(connections=8) as port:
        with ExitStack() as stack:
            await crowd(stack, port, HEALTHZ.replace(b"healthz", b"huge"), 40)
            assert await is_alive(port)


async def test_one_with_a_request_under_way_is_spared_where_others_are_idle() -> None:
    async with server(connections=3) as port:
        with ExitStack() as stack:
            (asking,) = await crowd(stack, port, HEALTHZ.replace(b"healthz", b"hangs"), 1)
            await crowd(stack, port, b"", 30)
            assert await is_alive(port)
            assert not is_cut(asking)


@pytest.mark.parametrize("words", [b"", b"GET /healthz HTTP/1.1\r\nx-hal"])
async def test_one_that_sends_no_whole_request_in_time_is_cut_off(words: bytes) -> None:
    async with server(idle_s=0.05) as port:
        assert await said(port, words) == b""


async def test_one_that_stays_idle_after_its_answer_is_cut_off() -> None:
    async with server(idle_s=0.05) as port:
        assert (await said(port, HEALTHZ)).endswith(b"\r\n\r\nalive")


async def test_an_answer_that_takes_too_long_is_broken_off() -> None:
    async with server(answer_s=0.05) as port:
        assert await said(port, HEALTHZ.replace(b"healthz", b"hangs")) == b""


async def test_a_body_that_takes_too_long_is_broken_off() -> None:
    async with server(answer_s=0.05) as port:
        head = b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n"
        assert await said(port, head + b"half") == b""


async def test_one_that_does_not_read_its_answer_is_cut_off() -> None:
    async with server(answer_s=0.05) as port:
        with ExitStack() as stack:
            (slow,) = await crowd(stack, port, HEALTHZ.replace(b"healthz", b"huge"), 1)
            # Asked for later, so that the other's time is over, too.
            assert await said(port, HEALTHZ.replace(b"healthz", b"hangs")) == b""
            assert await asyncio.to_thread(len_of, slow) < 2**23


async def test_a_body_beyond_reason_is_not_read() -> None:
    async with server(unread_s=0.05) as port:
        head = b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n"
        answer = await said(port, head + b"x" * 100_000)
        assert answer.startswith(b"HTTP/1.1 413 ")


BAD = [
    b"tok-secret\r\n\r\n",
    b"GET /healthz?tok-secret HTTP/9.9\r\n\r\n",
    b"GET /healthz?tok-secret HTTP/1.1\r\n\r\n",  # no host
    b"GET /healthz HTTP/1.1\r\nhost: x\r\nauthorization tok-secret\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nhost: x\r\ncookie: tok-secret" + b"x" * 9000 + b"\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nhost: x\r\n" + b"x-tok: secret\r\n" * 200 + b"\r\n",
    b"GET /healthz HTTP/1.1\r\nhost: x\r\ntok-secret\x00: x\r\n\r\n",
    b"GET /" + b"tok-secret" * 1000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    b"GET http://[tok-secret/ HTTP/1.1\r\nhost: x\r\n\r\n",
    b"CONNECT tok-secret:a:b HTTP/1.1\r\nhost: x\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: tok-secret\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: tok-secret\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03tok-secret\r\n\r\n",
    HEALTHZ + b"tok-secret \xff\xfe\r\n\r\n",
]


@pytest.mark.parametrize("request_", BAD)
async def test_a_bad_request_is_answered_with_400_and_stands_in_no_log(
    request_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with capture_logs() as lines:
        async with server(idle_s=0.5) as port:
            answers = await said(port, request_)
            assert b"HTTP/1.1 400 " in answers or b"HTTP/1.0 400 " in answers
            assert await is_alive(port)
    assert (caplog.messages, lines) == ([], [])


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\ntok-secret\r\n",
        b"POST /echo HTTP/1.1\r\nhost:\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\n!",
        b"POST /echo HTTP/1.1\r\nhost: x\r\nexpect: tok-secret\r\n\r\n",
        HEALTHZ.replace(b"host", b"upgrade: websocket\r\nconnection: upgrade\r\nhost")
        + b"tok\xff",
        b"OPTIONS * HTTP/1.1\r\nhost: [::\r\n\r\n",
        b"GET //tok-secret/%zz HTTP/1.1\r\nhost: \xff\xfe\r\n\r\n",
    ],
)
async def test_nothing_of_an_odd_request_stands_in_a_log(
    request_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with capture_logs() as lines:
        async with server(idle_s=0.1) as port:
            await said(port, request_)
            assert await is_alive(port)
    assert (caplog.messages, lines) == ([], [])


@pytest.mark.parametrize("path", [b"healthz", b"nowhere"])
@pytest.mark.parametrize("expected", [b"tok-secret", b"1\x8e0"], ids=["text", "bytes"])
async def test_an_expectation_is_refused_and_neither_repeated_nor_logged(
    path: bytes, expected: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    head = HEALTHZ.replace(b"healthz", path).replace(
        b"host", b"expect: " + expected + b"\r\nhost"
    )
    with capture_logs() as lines:
        async with server(idle_s=0.1) as port:
            answer = await said(port, head)
            assert answer.startswith(b"HTTP/1.1 417 ")
            assert expected not in answer
    assert (caplog.messages, lines) == ([], [])


async def test_a_body_that_waits_to_be_asked_for_is_asked_for() -> None:
    head = (
        b"POST /echo HTTP/1.1\r\nhost: x\r\nexpect: 100-Continue\r\ncontent-length: 4\r\n\r\n"
    )
    async with server(idle_s=0.1) as port:
        answer = await said(port, head + b"body")
        assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
        assert answer.endswith(b"\r\n\r\nbody")


async def test_a_fault_of_ours_is_told_without_the_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with server(idle_s=0.1) as port:
        with capture_logs() as lines:
            request = b"GET /crashes?id=tok-secret HTTP/1.1\r\nhost: x\r\n\r\n"
            answer = await said(port, request)
        assert answer.startswith(b"HTTP/1.1 500 ")
        assert b"tok-secret" not in answer
    (line,) = lines
    assert (line["log_level"], line["event"]) == ("error", "request_crashed")
    assert caplog.messages == []


@contextmanager
def no_file_left() -> Iterator[None]:
    """Let the process open no further file for a while."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_where_no_file_is_left_it_says_so_once_and_goes_on_later() -> None:
    loop = asyncio.get_running_loop()
    async with server(full_s=0) as port:
        with ExitStack() as stack, capture_logs() as lines:
            waiting = [stack.enter_context(socket.socket()) for _ in range(30)]
            with no_file_left():
                for one in waiting:
                    one.setblocking(False)
                    await loop.sock_connect(one, ("127.0.0.1", port))
                for _ in range(200):
                    await asyncio.sleep(0)  # everything else has its turn all the while
            assert [(line["event"], line["error"]) for line in lines] == [
                ("http_full", "Too many open files")
            ]
            assert await is_alive(port)
