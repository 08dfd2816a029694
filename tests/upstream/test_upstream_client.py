"""The client against real sockets: what it asks, and what it makes of every fault."""

import asyncio
import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest
from listing_server import Server, answer, serving
from pydantic import SecretStr

from notifier.core.records import Source
from notifier.errors import UpstreamError, UpstreamPausedError, UpstreamRefusedError
from notifier.upstream.client import Client, Listing
from support.certificates import self_signed

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TOKEN = "tok-s3cret"
LISTING = Listing(
    source=Source(name="website", bot_id="bot-1", customer_id="customer-1"),
    listing_type="non-lead",
    token=SecretStr(TOKEN),
)
ONE_LEAD = b'{"success": true, "data": [{"_id": "a"}]}'


def client(url: str, *, timeout_s: float = 5, max_bytes: int = 1_000_000) -> Client:
    return Client(url, timeout_s=timeout_s, max_bytes=max_bytes, now=lambda: NOON)


async def fault(server: Server, *, timeout_s: float = 5) -> UpstreamError:
    """Return the error of one request, having checked that it betrays nothing."""
    async with client(server.url, timeout_s=timeout_s) as asking:
        with pytest.raises(UpstreamError) as raised:
            await asking.page(LISTING, 1)
    told = f"{raised.value} {raised.value.remedy}"
    assert TOKEN not in told
    assert "customer-1" not in told
    assert "127.0.0.1" not in told
    return raised.value


async def test_it_asks_as_the_listing_documents() -> None:
    async with serving(answer(ONE_LEAD)) as server, client(server.url + "/") as asking:
        page = await asking.page(LISTING, 7)
    assert [reading.lead_id for reading in page.rows] == ["a"]
    request, *headers = server.heads[0].lower().split("\r\n")
    assert request == (
        "get /inbox/direct/chats"
        "?botid=bot-1&customerid=customer-1&page=7&type=non-lead http/1.1"
    )
    assert f"x-bot-token: {TOKEN}" in headers
    assert "content-type: application/json" in headers
    assert "accept-encoding: identity" in headers


async def test_it_makes_no_second_request_by_itself() -> None:
    async with serving(answer(status="503 Busy")) as server:
        await fault(server)
    assert len(server.heads) == 1


async def test_a_page_knows_the_upstreams_time() -> None:
    told = answer(ONE_LEAD, date="Mon, 02 Mar 2026 11:59:58 GMT")
    async with serving(told) as server, client(server.url) as asking:
        page = await asking.page(LISTING, 1)
    assert page.served_at == datetime(2026, 3, 2, 11, 59, 58, tzinfo=UTC)


async def test_a_page_without_a_usable_date_has_none() -> None:
    async with serving(answer(date="yesterday")) as server, client(server.url) as asking:
        assert (await asking.page(LISTING, 1)).served_at is None


async def test_the_environments_proxy_gets_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(answer()) as proxy, serving(answer()) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with client(server.url) as asking:
            await asking.page(LISTING, 1)
    assert (len(proxy.heads), len(server.heads)) == (0, 1)


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        ("400 Bad Request", "bot id and customer id"),
        ("401 Unauthorized", "support@botpenguin.com"),
        ("403 Forbidden", "support@botpenguin.com"),
    ],
)
async def test_a_refusal_says_what_to_check(status: str, remedy: str) -> None:
    async with serving(answer(b"<html>no</html>", status=status)) as server:
        refused = await fault(server)
    assert isinstance(refused, UpstreamRefusedError)
    assert status[:3] in str(refused)
    assert remedy in refused.remedy


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("404 Not Found", "404"),
        ("418 Teapot", "418"),
        ("500 Oops", "500"),
        ("502 Bad Gateway", "502"),
    ],
)
async def test_other_statuses_are_faults_that_pass(status: str, told: str) -> None:
    async with serving(answer(b"<h1>Bad Gateway</h1>", status=status)) as server:
        error = await fault(server)
    assert type(error) is UpstreamError
    assert told in str(error)


async def test_a_long_header_harms_no_page() -> None:
    async with (
        serving(answer(ONE_LEAD, content_security_policy="x" * 20_000)) as server,
        client(server.url) as asking,
    ):
        assert (await asking.page(LISTING, 1)).rows


async def test_an_answer_without_content_is_a_fault() -> None:
    async with serving(answer(b"", status="204 No Content")) as server:
        assert "answered 204 where 200 belongs" in str(await fault(server))


async def test_a_redirect_is_not_followed() -> None:
    async with serving(answer()) as other:
        moved = answer(status="302 Found", location=f"{other.url}/inbox/direct/chats")
        async with serving(moved) as server:
            error = await fault(server)
    assert "redirect (302)" in str(error)
    assert "NOTIFIER_BASE_URL" in error.remedy
    assert other.heads == []


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "17"}, 17),
        ({"retry_after": " 2.5 "}, 2.5),
        ({"retry_after": "7200"}, 3600),
        ({"retry_after": "Mon, 02 Mar 2026 12:00:30 GMT"}, 30),
        (
            {
                "retry_after": "Mon, 02 Mar 2026 09:00:30 GMT",
                "date": "Mon, 02 Mar 2026 09:00:00 GMT",
            },
            30,
        ),
        ({"retry_after": "Mon, 02 Mar 2026 11:00:00 GMT"}, None),
        ({"retry_after": "-5"}, None),
        ({"retry_after": "0"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "Mon, 99 Mar 2026 12:00:00 GMT"}, None),
        ({"retry_after": "99999999999"}, 3600),
        ({"retry_after": "9" * 400}, 3600),
        ({"retry_after": "Fri, 01 Jan 2100 00:00:00 GMT"}, 3600),
        ({"retry_after": "nan"}, None),
        ({"retry_after": ""}, None),
        ({}, None),
    ],
)
async def test_a_429_says_how_long_the_token_pauses(
    headers: dict[str, str], seconds: float | None
) -> None:
    limited = answer(b"", status="429 Too Many Requests", **headers)
    async with serving(limited) as server:
        paused = await fault(server)
    assert isinstance(paused, UpstreamPausedError)
    assert paused.retry_after_s == seconds


CUT = answer(ONE_LEAD, content_length="500")
CHUNKS = answer(b'5\r\n{"suc\r\n', transfer_encoding="chunked")
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + ONE_LEAD[:-9]


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (CUT, "broke the connection off"),
        (CHUNKS, "broke the connection off"),
        (UNTIL_CLOSE, "broken or truncated"),
        (b"", "broke the connection off"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "answered, but not as HTTP can be read"),
        (b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n", "answered, but not as HTTP can be read"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000, "answered, but not as HTTP can be read"),
        (answer(b"<html>"), "HTML"),
        (answer(b'{"success": false}'), "success: false"),
    ],
)
async def test_an_answer_cut_short_or_garbled_is_a_failed_request(
    reply: bytes, told: str
) -> None:
    async with serving(reply) as server:
        assert told in str(await fault(server))


async def test_a_body_that_drips_is_given_up_at_the_deadline() -> None:
    async with serving(answer(ONE_LEAD, content_length="500"), hangs=True) as server:
        assert "within 0.05 s" in str(await fault(server, timeout_s=0.05))


async def test_headers_that_never_end_are_given_up_at_the_deadline() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\nx-a: 1\r\n", hangs=True) as server:
        assert "within 0.05 s" in str(await fault(server, timeout_s=0.05))


async def test_a_body_that_keeps_coming_is_given_up_at_the_deadline() -> None:
    endless = answer(b"{", content_length="99999999999")
    async with (
        serving(endless, b" ", repeats=True) as server,
        Client(server.url, timeout_s=0.1, max_bytes=10**12) as asking,
    ):
        with pytest.raises(UpstreamError, match=r"within 0\.1 s"):
            await asking.page(LISTING, 1)


async def test_a_body_beyond_the_limit_is_given_up_at_the_limit() -> None:
    endless = answer(b"{", content_length="200000000")
    async with serving(endless, b" " * 65_536, repeats=True) as server:
        assert "more than 1000000 bytes" in str(await fault(server))


async def test_a_gzip_bomb_is_never_unpacked() -> None:
    bomb = gzip.compress(b"[" + b" " * 50_000_000)
    async with serving(answer(bomb, content_encoding="gzip")) as server:
        assert "compressed" in str(await fault(server))


async def test_requests_that_hang_delay_no_other() -> None:
    hanging = Listing(source=LISTING.source, listing_type="hangs", token=LISTING.token)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if b"type=non-lead" in await reader.read(65_536):
            writer.write(answer(ONE_LEAD))
        else:
            await reader.read()
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=256)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with client(url) as asking:
        waiting = [asyncio.create_task(asking.page(hanging, 1)) for _ in range(200)]
        await asyncio.sleep(0)
        page = await asking.page(LISTING, 1)
        for task in waiting:
            task.cancel()
        ended = await asyncio.gather(*waiting, return_exceptions=True)
    listener.close()
    await listener.wait_closed()
    assert [reading.lead_id for reading in page.rows] == ["a"]
    assert all(isinstance(end, asyncio.CancelledError) for end in ended)


async def test_a_port_where_nobody_listens_is_a_failed_request() -> None:
    async with serving() as server:
        pass
    error = await fault(server)
    assert str(error) == "no connection to BotPenguin (connection refused)"
    assert error.remedy


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("nowhere.invalid", "BotPenguin cannot be resolved"),
        ("api..example.com", "BotPenguin has no usable address"),
        (f"{'a' * 64}.com", "BotPenguin has no usable address"),
        ("xn--.com", "BotPenguin has no usable address"),
        ("☃..com", "BotPenguin has no usable address"),
    ],
)
async def test_a_host_without_an_address_is_a_failed_request(host: str, told: str) -> None:
    error = await fault(Server(parts=[], url=f"http://{host}"))
    assert str(error) == told
    assert "NOTIFIER_BASE_URL" in error.remedy


async def test_a_request_that_is_read_and_not_answered_is_not_made_again() -> None:
    async with serving() as server:
        error = await fault(server)
    assert "broke the connection off" in str(error)
    assert len(server.heads) == 1


@pytest.mark.parametrize(("poll_s", "kept_s"), [(15, 20), (60, 65), (300, 5), (0, 5)])
async def test_a_connection_outlives_the_time_between_polls_unless_that_is_long(
    poll_s: float, kept_s: float
) -> None:
    asking = Client("http://127.0.0.1:9", timeout_s=1, poll_s=poll_s)
    connector = asking._transport.session.connector
    assert connector is not None
    assert connector._keepalive_timeout == kept_s
    await asking.aclose()


async def test_the_next_request_after_a_fault_works() -> None:
    async with (
        serving(answer(ONE_LEAD, content_length="500"), hangs=True) as server,
        client(server.url, timeout_s=0.2) as asking,
    ):
        with pytest.raises(UpstreamError):
            await asking.page(LISTING, 1)
        server.parts, server.hangs = [answer(ONE_LEAD)], False
        assert (await asking.page(LISTING, 1)).rows


@pytest.mark.parametrize("token", ["", "two\nlines", "trailing ", "tökén", "\x7f"])
async def test_a_token_that_no_header_can_carry_is_refused_unquoted(token: str) -> None:
    listing = Listing(source=LISTING.source, listing_type="lead", token=SecretStr(token))
    async with serving() as server, client(server.url) as asking:
        with pytest.raises(UpstreamRefusedError, match="no HTTP header") as raised:
            await asking.page(listing, 1)
    assert not token or token not in str(raised.value)
    assert server.heads == []


@pytest.mark.parametrize(
    ("names", "expired", "told"),
    [
        ("DNS:localhost", True, "certificate has expired"),
        ("DNS:elsewhere.example", False, "Hostname mismatch"),
    ],
)
async def test_a_bad_certificate_is_named(
    tmp_path: Path, names: str, expired: bool, told: str
) -> None:
    certificate = self_signed(tmp_path, names=names, expired=expired)
    async with (
        serving(answer(ONE_LEAD), tls=certificate.server()) as server,
        Client(server.url, timeout_s=5, tls=certificate.client()) as asking,
    ):
        with pytest.raises(UpstreamError, match=told):
            await asking.page(LISTING, 1)
    assert server.heads == []


async def test_a_certificate_that_nobody_vouches_for_is_named(tmp_path: Path) -> None:
    async with serving(answer(ONE_LEAD), tls=self_signed(tmp_path).server()) as server:
        assert "self-signed certificate" in str(await fault(server))
    assert server.heads == []


async def test_a_good_certificate_is_let_pass(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    async with (
        serving(answer(ONE_LEAD), tls=certificate.server()) as server,
        Client(server.url, timeout_s=5, tls=certificate.client()) as asking,
    ):
        assert (await asking.page(LISTING, 1)).rows


async def test_a_tls_handshake_that_hangs_is_given_up() -> None:
    async with serving(b"", hangs=True) as server:
        server.url = server.url.replace("http:", "https:")
        error = await fault(server, timeout_s=0.1)
    assert str(error) == "no connection to BotPenguin (nobody answers)"


async def test_plain_http_behind_an_https_address_is_named() -> None:
    async with serving(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        server.url = server.url.replace("http:", "https:")
        assert "TLS" in str(await fault(server))


ODD_HEADERS = "".join(f"set-cookie: c{number}={'x' * 100}\r\n" for number in range(400))


@pytest.mark.parametrize(
    "reply",
    [
        answer(ONE_LEAD).replace(b"200 OK", b"200 R\xe9ussi"),
        answer(ONE_LEAD).replace(b"200 OK", b"200 " + b"x" * 60_000),
        answer(ONE_LEAD, set_cookie="x" * 60_000),
        answer(ONE_LEAD).replace(b"connection", ODD_HEADERS.encode() + b"connection"),
        answer(ONE_LEAD) + b"and more",
    ],
    ids=["a reason in Latin-1", "a long reason", "a long header", "many headers", "more"],
)
async def test_a_page_is_read_whatever_is_odd_beside_it(reply: bytes) -> None:
    async with serving(reply) as server, client(server.url) as asking:
        page = await asking.page(LISTING, 1)
    assert [reading.lead_id for reading in page.rows] == ["a"]


async def test_a_refusal_counts_whatever_is_odd_behind_it() -> None:
    async with serving(b"HTTP/1.1 401 x\r\nnonsense\r\n\r\n") as server:
        assert isinstance(await fault(server), UpstreamRefusedError)
