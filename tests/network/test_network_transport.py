"""httpx's requests over our connections: each goes out once, as it is, and no further."""

import asyncio

import httpx
import pytest

from notifier.network.exchange import ask
from notifier.network.faults import ConnectionFault, Reason
from notifier.network.targets import target_of
from notifier.network.transport import Transport
from support.connections import conversing
from support.raw_server import answer, raw, raw_server, read_request, reset

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


async def test_a_request_of_httpx_and_its_answer_pass() -> None:
    reply = raw(b"HTTP/1.1 200 R\xe9ussi\r\nx-one: 1\r\ncontent-length: 2\r\n\r\nok")
    async with raw_server(reply) as server, Transport() as transport:
        request = httpx.Request("POST", f"{server.url}/a?b=c", content=b"body")
        response = await transport.handle_async_request(request)
        assert await response.aread() == b"ok"
        await response.aclose()
    (asked,) = server.requests
    assert (response.status_code, response.headers["X-One"]) == (200, "1")
    assert (asked.line, asked.body) == ("POST /a?b=c HTTP/1.1", b"body")
    assert asked.headers["host"] == f"127.0.0.1:{server.port}"
    assert asked.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_nothing_is_asked_twice_where_a_kept_connection_breaks(method: str) -> None:
    async with raw_server(answer(200), reset) as server, Transport() as transport:
        request = target_of(server.url).request(method)
        await ask(transport, request, timeout_s=5)
        with pytest.raises(ConnectionFault) as raised:
            await ask(transport, request, timeout_s=5)
    assert raised.value.reason is Reason.BROKEN_OFF
    assert (len(server.requests), server.connections) == (2, 1)


@pytest.mark.parametrize("first", [OK, b"HTTP/1.1 204 No Content\r\n\r\n"])
async def test_a_second_answer_to_one_request_is_none_to_the_next(first: bytes) -> None:
    asked, answered_twice, dropped = [], asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await read_request(reader))
        if len(asked) == 1:
            writer.write(first)
            await answered_twice.wait()
            writer.write(OK)
            await reader.read()  # until the client hangs up
            dropped.set()
        writer.close()

    patience = asyncio.timeout(10)
    async with conversing(serve) as port, Transport(idle_s=60) as transport, patience:
        request = target_of(f"http://127.0.0.1:{port}").request("POST", body=b"event")
        await ask(transport, request, timeout_s=5)
        answered_twice.set()
        await dropped.wait()
        with pytest.raises(ConnectionFault):
            await ask(transport, request, timeout_s=5)
    assert len(asked) == 2


async def test_a_second_answer_that_comes_with_the_first_is_none_either() -> None:
    async with raw_server(raw(OK + OK), reset) as server, Transport() as transport:
        request = target_of(server.url).request("POST", body=b"event")
        await ask(transport, request, timeout_s=5)
        with pytest.raises(ConnectionFault):
            await ask(transport, request, timeout_s=5)
    assert (len(server.requests), server.connections) == (2, 2)


async def test_no_cookie_and_no_redirect_is_followed() -> None:
    moved = answer(302, set_cookie="a=b", location="/elsewhere")
    async with raw_server(moved) as server, Transport() as transport:
        request = target_of(server.url).request("GET")
        statuses = [(await ask(transport, request, timeout_s=5)).status for _ in range(2)]
    assert statuses == [302, 302]
    assert all("cookie" not in asked.headers for asked in server.requests)
    assert len(server.requests) == 2


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.0.1]"])
async def test_nobody_is_connected_to_a_forbidden_address(host: str) -> None:
    async with Transport() as transport:
        with pytest.raises(ConnectionFault) as raised:
            await ask(transport, target_of(f"http://{host}/").request("GET"), timeout_s=5)
    assert raised.value.reason is Reason.FORBIDDEN
    assert raised.value.told("it").endswith("is a link-local or metadata address")


async def test_what_a_kept_connection_breaks_off_may_be_repeated_over_a_new_one() -> None:
    async with raw_server(answer(200), reset, answer(204)) as server:
        transport = Transport(repeats=True)
        target = target_of(server.url)
        for status in (200, 204):
            request = target.request("POST", body=b"event")
            assert (await ask(transport, request, timeout_s=5)).status == status
        await transport.aclose()
    assert server.connections == 2
    assert [request.body for request in server.requests] == [b"event"] * 3


async def test_a_kept_connection_that_breaks_is_told_from_a_new_one() -> None:
    async with raw_server(answer(200), reset) as server:
        transport = Transport(idle_s=20)
        request = target_of(server.url).request("GET")
        await ask(transport, request, timeout_s=5)
        told = []
        for _ in range(2):
            with pytest.raises(ConnectionFault) as raised:
                await ask(transport, request, timeout_s=5)
            told.append(raised.value.is_stale)
        await transport.aclose()
    assert told == [True, False]
    assert (len(server.requests), server.connections) == (3, 2)


async def test_what_a_new_connection_breaks_off_is_asked_once() -> None:
    async with raw_server(reset) as server:
        transport = Transport(repeats=True)
        with pytest.raises(ConnectionFault, match="broke the connection off"):
            await ask(transport, target_of(server.url).request("POST"), timeout_s=5)
        await transport.aclose()
    assert len(server.requests) == 1
