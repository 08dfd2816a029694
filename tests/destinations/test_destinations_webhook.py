"""Signed webhooks, on real sockets."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from examples import NOON, lead, message, new_lead, part
from pydantic import ValidationError
from standardwebhooks.webhooks import Webhook

from notifier.destinations.base import Receipt
from notifier.destinations.webhook import WebhookDestination, WebhookOptions, sign
from notifier.errors import (
    DeliveryError,
    DestinationGoneError,
    DestinationRefusedError,
    TemporaryDeliveryError,
)
from notifier.network.transport import Transport
from support.certificates import self_signed
from support.mail import MailServer
from support.raw_server import Reply, answer, endless, raw, raw_server, reset, silence
from support.receivers import Receiver

pytestmark = pytest.mark.virtual_time

OLD_SECRET = "whsec_" + base64.b64encode(b"o" * 24).decode()
SECRET = "whsec_" + base64.b64encode(b"n" * 32).decode()


def options(url: str = "http://127.0.0.1/hook", **fields: Any) -> WebhookOptions:
    return WebhookOptions.model_validate(
        {"type": "webhook", "url": url, "secret": SECRET} | fields
    )


@asynccontextmanager
async def webhook(
    url: str,
    *,
    now: Callable[[], datetime] = lambda: NOON,
    timeout_s: float = 5,
    tls: ssl.SSLContext | None = None,
    **fields: Any,
) -> AsyncIterator[WebhookDestination]:
    destination = WebhookDestination(
        "crm",
        options(url, **fields),
        transport=Transport(tls=tls),
        now=now,
        timeout_s=timeout_s,
    )
    try:
        yield destination
    finally:
        await destination.aclose()


async def refusal(reply: Reply, *, timeout_s: float = 5) -> DeliveryError:
    async with raw_server(reply) as server, webhook(server.url, timeout_s=timeout_s) as crm:
        with pytest.raises(DeliveryError) as raised:
            await crm.send(message())
        return raised.value


async def test_the_stored_bytes_are_posted_under_the_events_id() -> None:
    sent = part(new_lead(lead(name="Zoë 🐧 रवि")))
    async with raw_server(answer(204)) as server, webhook(f"{server.url}/hook?k=1") as crm:
        assert await crm.send(message(sent)) == Receipt()
    (request,) = server.requests
    assert request.line == "POST /hook?k=1 HTTP/1.1"
    assert request.body == sent.body
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert request.headers["webhook-id"] == sent.event.id
    assert request.headers["webhook-timestamp"] == "1772452800"
    assert request.headers["accept-encoding"] == "identity"


async def test_the_reference_library_verifies_every_signature_while_secrets_rotate() -> None:
    now = lambda: datetime.now(UTC)  # noqa: E731 - the library compares with its own clock
    async with (
        raw_server(answer(200)) as server,
        webhook(server.url, now=now, secret=[SECRET, OLD_SECRET]) as crm,
    ):
        await crm.send(message(part(new_lead(lead(name="Zoë 🐧")))))
    (request,) = server.requests
    assert len(request.headers["webhook-signature"].split(" ")) == 2
    for secret in (SECRET, OLD_SECRET):
        Webhook(secret).verify(request.body, request.headers)


def test_a_signature_is_the_one_of_the_published_example() -> None:
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert (
        sign(
            key,
            message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
            sent_at_s=1614265330,
            body=b'{"test": 2432232314}',
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


async def test_a_retry_has_the_same_id_and_a_new_timestamp() -> None:
    clock = iter([NOON, NOON, NOON.replace(minute=5)])
    async with (
        raw_server(answer(500), answer(200)) as server,
        webhook(server.url, now=lambda: next(clock)) as crm,
    ):
        with pytest.raises(TemporaryDeliveryError):
            await crm.send(message())
        await crm.send(message())
    first, second = server.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] == "1772452800"
    assert second.headers["webhook-timestamp"] == "1772453100"
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


async def test_a_check_sends_no_event() -> None:
    async with raw_server(answer(405)) as server, webhook(server.url) as crm:
        assert (await crm.check()).found == "somebody answers (HEAD: 405)"
    (request,) = server.requests
    assert (request.line, request.body) == ("HEAD / HTTP/1.1", b"")
    assert "webhook-id" not in request.headers


async def test_one_connection_serves_many_events() -> None:
    async with raw_server(answer(200, b"ok")) as server, webhook(server.url) as crm:
        for _ in range(3):
            await crm.send(message())
    assert (len(server.requests), server.connections) == (3, 1)


@pytest.mark.parametrize("status", [300, 400, 401, 403, 404, 405, 413, 422, 429, 500, 502, 503])
async def test_a_refusal_is_tried_again(status: int) -> None:
    error = await refusal(answer(status, b"no such\x1b[31m route"))
    assert type(error) is TemporaryDeliveryError
    redirect = ", a redirect, which is not followed" if status == 300 else ""
    assert str(error) == f"127.0.0.1 answered {status}{redirect}"
    assert error.excerpt == "no such�[31m route"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_visited(status: int) -> None:
    async with raw_server(answer(200)) as target:
        error = await refusal(answer(status, location=target.url))
    assert type(error) is TemporaryDeliveryError
    assert target.requests == []


async def test_gone_disables_the_destination() -> None:
    error = await refusal(answer(410))
    assert type(error) is DestinationGoneError
    assert error.remedy == "`destinations enable crm`"


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("Mon, 02 Mar 2026 12:05:00 GMT", 300.0),
        ("99999999999", 86_400.0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 86_400.0),
        ("Mon, 02 Mar 2026 11:00:00 GMT", None),
        ("0", None),
        ("-5", None),
        ("1.5", 1.5),
        ("٣", None),
        ("soon", None),
        ("", None),
    ],
)
async def test_a_usable_retry_after_is_obeyed_up_to_a_day(
    status: int, value: str, seconds: float | None
) -> None:
    reply = raw(
        f"HTTP/1.1 {status} x\r\ncontent-length: 0\r\nretry-after: {value}\r\n\r\n".encode()
    )
    error = await refusal(reply)
    assert isinstance(error, TemporaryDeliveryError)
    assert error.retry_after_s == seconds


async def test_the_first_kib_of_a_refusal_is_kept() -> None:
    error = await refusal(
        endless(b"HTTP/1.1 500 x\r\ncontent-length: 99999999\r\n\r\n", b"x" * 4096)
    )
    assert error.excerpt == "x" * 1024


async def test_a_success_with_an_endless_body_is_a_success() -> None:
    fast = endless(b"HTTP/1.1 200 x\r\ncontent-length: 99999999999\r\n\r\n", b"x" * 65536)
    slow = endless(b"HTTP/1.1 200 x\r\nconnection: close\r\n\r\n", b"x", pause_s=0.05)
    async with raw_server(fast, slow) as server, webhook(server.url, timeout_s=60) as crm:
        assert await crm.send(message()) == Receipt()
        assert await crm.send(message()) == Receipt()


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (silence, "127.0.0.1 did not answer within 0.2 s"),
        (
            endless(b"HTTP/1.1 200 x\r\n", b"x-drip: 1\r\n", pause_s=0.05),
            "127.0.0.1 did not answer within 0.2 s",
        ),
        (reset, "127.0.0.1 broke the connection off"),
        (
            raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
            "127.0.0.1 answered, but not as HTTP can be read",
        ),
        (
            raw(b"", close=True),
            "127.0.0.1 broke the connection off",
        ),
    ],
)
async def test_a_receiver_that_does_not_answer_is_tried_again(
    reply: Reply, problem: str
) -> None:
    error = await refusal(reply, timeout_s=0.2 if "within" in problem else 5)
    assert type(error) is TemporaryDeliveryError
    assert str(error) == problem


async def test_a_refusal_whose_body_never_ends_is_still_a_refusal() -> None:
    drip = endless(b"HTTP/1.1 410 x\r\ncontent-length: 500\r\n\r\n", b".", pause_s=0.05)
    assert type(await refusal(drip, timeout_s=1)) is DestinationGoneError


async def test_a_closed_port_is_tried_again() -> None:
    async with raw_server(silence) as server:
        pass
    async with webhook(server.url) as crm:
        with pytest.raises(TemporaryDeliveryError, match=r"no connection to 127\.0\.0\.1"):
            await crm.send(message())


async def test_a_name_that_does_not_resolve_is_tried_again() -> None:
    async with webhook("https://nowhere.invalid/x") as crm:
        with pytest.raises(
            TemporaryDeliveryError, match=r"nowhere\.invalid cannot be resolved"
        ):
            await crm.send(message())


async def test_what_a_refusal_repeats_of_our_secrets_is_hidden() -> None:
    path = "/hook/tok-in-path?key=tok-in-query"
    echo = answer(400, f"no route {path} for Bearer tok-in-header {SECRET}".encode())
    async with (
        raw_server(echo) as server,
        webhook(
            f"http://user:tok-in-login@127.0.0.1:{server.port}{path}",
            headers={"Authorization": "Bearer tok-in-header"},
        ) as crm,
    ):
        with pytest.raises(TemporaryDeliveryError) as raised:
            await crm.send(message())
    assert raised.value.excerpt == "no route … for … …"


async def test_a_secret_is_hidden_where_the_excerpt_ends_in_it() -> None:
    echo = answer(400, b"." * 1000 + b" tok-in-query-and-long " + b"." * 1000)
    async with (
        raw_server(echo) as server,
        webhook(f"{server.url}?k=tok-in-query-and-long") as crm,
    ):
        with pytest.raises(TemporaryDeliveryError) as raised:
            await crm.send(message())
    assert raised.value.excerpt == "." * 1000 + " … " + "." * 21


def test_options_do_not_show_their_secrets() -> None:
    shown = repr(options("http://u:tok-in@h/tok-in", headers={"X-A": "tok-in"}))
    assert "tok-in" not in shown
    assert SECRET not in shown


async def test_a_login_in_the_url_becomes_a_header() -> None:
    async with (
        raw_server(answer(200)) as server,
        webhook(f"http://user:p%40ss@127.0.0.1:{server.port}/x") as crm,
    ):
        await crm.send(message())
    login = base64.b64encode(b"user:p@ss").decode()
    assert server.requests[0].headers["authorization"] == f"Basic {login}"


async def test_a_headers_name_is_sent_as_it_was_written() -> None:
    async with (
        raw_server(answer(204)) as server,
        webhook(server.url, headers={"X-API-Key": "k", "USER-agent": "ours"}) as crm,
    ):
        await crm.send(message())
    (request,) = server.requests
    assert {"X-API-Key", "USER-agent"} <= {*request.names}
    assert request.headers["user-agent"] == "ours"
    assert len(request.headers) == len(request.names)  # none stands twice


async def test_extra_headers_are_sent() -> None:
    async with (
        raw_server(answer(200)) as server,
        webhook(server.url, headers={"X-Team": "sales"}) as crm,
    ):
        await crm.send(message())
    assert server.requests[0].headers["x-team"] == "sales"


async def test_proxies_and_logins_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with raw_server(answer(200)) as server, webhook(server.url) as crm:
        await crm.send(message())
    assert "authorization" not in server.requests[0].headers


async def test_one_that_hangs_holds_up_no_other() -> None:
    async with (
        raw_server(silence) as hanging,
        raw_server(answer(200)) as working,
        webhook(hanging.url) as slow,
        webhook(working.url) as fast,
    ):
        stuck = [asyncio.create_task(slow.send(message())) for _ in range(slow.slots)]
        for _ in range(5):
            await fast.send(message())
        assert not any(task.done() for task in stuck)
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)


async def tls_failure(receiver: Receiver, tls: ssl.SSLContext | None = None) -> str:
    async with receiver, webhook(receiver.url, tls=tls) as crm:
        with pytest.raises(TemporaryDeliveryError) as raised:
            await crm.send(message())
        assert receiver.requests == []
    return str(raised.value)


async def test_tls_is_verified(tmp_path: Path) -> None:
    made = self_signed(tmp_path)
    async with (
        Receiver(tls=made.server()) as receiver,
        webhook(receiver.url, tls=made.client()) as crm,
    ):
        await crm.send(message())
    assert len(receiver.requests) == 1


async def test_nothing_is_sent_to_a_receiver_with_a_bad_certificate(tmp_path: Path) -> None:
    made = self_signed(tmp_path)
    assert await tls_failure(Receiver(tls=made.server())) == (
        "the certificate of 127.0.0.1 does not verify (self-signed certificate)"
    )
    expired = self_signed(tmp_path, expired=True)
    assert await tls_failure(Receiver(tls=expired.server()), expired.client()) == (
        "the certificate of 127.0.0.1 does not verify (certificate has expired)"
    )
    other = self_signed(tmp_path, names="DNS:example.com")
    problem = await tls_failure(Receiver(tls=other.server()), other.client())
    assert problem.startswith("the certificate of 127.0.0.1 does not verify (IP address mism")


async def test_https_to_a_port_without_tls_is_tried_again() -> None:
    async with MailServer() as server, webhook(f"https://127.0.0.1:{server.port}/") as crm:
        with pytest.raises(TemporaryDeliveryError, match="no TLS connection to 127"):
            await crm.send(message())


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.1.1",
        "2852039166",
        "0xa9fea9fe",
        "0xA9.0xFE.0xA9.0xFE",
        "0251.0376.0251.0376",
        "169.254.43518",
        "169。254。169。254",
        "１６９.254.１６９.254",
        "[fe80::1]",
        "[fe80::1%25lo]",
        "[febf::1]",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[::169.254.169.254]",
        "[64:ff9b::169.254.169.254]",
        "[64:ff9b:1::a9fe:a9fe]",
        "[64:ff9b:1:a9fe:a9:fe00::]",
        "[2001:db8::200:5efe:a9fe:a9fe]",
        "[2002:a9fe:a9fe::1]",
        "[fd00:ec2::254]",
        "[fd00:0ec2:0:0:0:0:0:254]",
    ],
)
async def test_a_metadata_address_is_refused_in_any_spelling(host: str) -> None:
    try:
        configured = options(f"http://{host}/latest/meta-data")
    except ValidationError:
        return  # no URL at all: refused even earlier
    crm = WebhookDestination("crm", configured, transport=Transport(), now=lambda: NOON)
    with pytest.raises(DestinationRefusedError) as raised:
        await crm.send(message())
    assert raised.value.remedy
    await crm.aclose()


async def test_a_neighbours_name_is_allowed() -> None:
    async with (
        raw_server(answer(200)) as server,
        webhook(f"http://localhost:{server.port}/") as crm,
    ):
        assert await crm.send(message()) == Receipt()


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "hunter2hunter2",
        "whsec_",
        "whsec_%%%%hunter2",
        "whsec_" + base64.b64encode(b"hunter2hunter2").decode(),
        "whsec_" + base64.b64encode(b"h" * 65).decode(),
        base64.b64encode(b"h" * 32).decode(),
        [],
        [SECRET, "hunter2hunter2"],
    ],
)
def test_a_wrong_secret_is_refused_without_showing_it(secret: object) -> None:
    with pytest.raises(ValidationError) as raised:
        options(secret=secret)
    assert "hunter2" not in str(raised.value)
    assert "aHVudGVy" not in str(raised.value)


@pytest.mark.parametrize("size", [24, 64])
def test_a_secret_may_have_24_to_64_bytes(size: int) -> None:
    secret = "whsec_" + base64.b64encode(b"h" * size).decode()
    assert options(secret=secret).secrets[0].get_secret_value() == secret


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.com", "ftp://h/tok", "https://", "https:///tok", "http://h:port/tok"),
        *("https://h..com/tok", "https://xn--.com/tok", f"https://{'h' * 64}.com/tok"),
    ],
)
def test_a_wrong_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValidationError) as raised:
        options(url)
    assert "tok" not in str(raised.value)


@pytest.mark.parametrize(
    "headers",
    [
        {"Webhook-Id": "x"},
        {"CONTENT-TYPE": "text/plain"},
        {"Host": "x"},
        {"X Y": "x"},
        {"": "x"},
        {"X-Y": "a\r\nB: c"},
        {"X-Y": "é"},
        {"X-Y": "a", "x-y": "b"},
    ],
)
def test_a_header_that_is_ours_or_malformed_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        options(headers=headers)
