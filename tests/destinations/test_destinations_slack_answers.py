"""What Slack says, odd or cut off, and who poses as Slack, on real sockets."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from examples import NOON, lead, message, new_lead, part
from pydantic import SecretStr

from notifier.destinations.slack import SlackDestination, SlackOptions
from notifier.errors import DeliveryError, TemporaryDeliveryError
from support.certificates import self_signed
from support.mail import MailServer
from support.raw_server import RawServer, Reply, answer, raw, raw_server

pytestmark = pytest.mark.virtual_time

NESTED = b"[" * 100_000
GOOD = {"ok": True, "channel": "C0000000001", "ts": "1712345678.000100"}
JSON = b"content-type: application/json\r\n"


def said(content: object, status: int = 200) -> Reply:
    # A lone surrogate is JSON all the same, if written as an escape.
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return answer(status, body, content_type="application/json")


@asynccontextmanager
async def sales(server: RawServer, *, hook: bool = False) -> AsyncIterator[SlackDestination]:
    place = {"webhook_url": f"{server.url}/hook"} if hook else {"channel": "C0000000001"}
    destination = SlackDestination(
        "sales",
        SlackOptions.model_validate({"type": "slack", **place}),
        token=SecretStr("xoxb-secret"),
        api_url=f"{server.url}/api/",
        now=lambda: NOON,
        zone=UTC,
        send_timeout_s=5,
        update_timeout_s=5,
    )
    try:
        yield destination
    finally:
        await destination.aclose()


async def refusal(reply: Reply, *, hook: bool = False) -> DeliveryError:
    async with raw_server(reply) as server, sales(server, hook=hook) as destination:
        with pytest.raises(DeliveryError) as raised:
            await destination.send(message(part(new_lead(lead()))))
        assert "secret" not in str(raised.value)
        return raised.value


ODD_FIELDS: list[dict[str, Any]] = [
    {"channel": "C\ud800"},
    {"channel": "C" * 100_000},
    {"channel": 7},
    {"channel": ["C0000000001"]},
    {"channel": {"id": "C0000000001", "name": "\udfff"}},
    {"channel": None},
    {"ts": "\udcff"},
    {"ts": 1712345678.0001},
    {"ts": "1" * 100_000},
    {"ts": {}},
    {"warning": "\ud800", "\ud800": ["\ud800", {"x": "\ud800"}]},
    {"message": {"text": "\ud800", "blocks": [[[["\ud800"]]]]}},
    {"ok": 1},
    {"ok": "\ud800"},
]


@pytest.mark.parametrize("fields", ODD_FIELDS)
async def test_an_odd_yes_is_a_yes_and_leaves_nothing_that_cannot_be_kept(
    fields: dict[str, Any],
) -> None:
    async with raw_server(said(GOOD | fields)) as server, sales(server) as destination:
        receipt = await destination.send(message(part(new_lead(lead()))))
    kept = json.dumps(dict(receipt.memory), ensure_ascii=False)
    assert len(kept.encode()) < 2_000


@pytest.mark.parametrize(
    "body",
    [
        NESTED,
        b'{"ok": true, "x": ' + NESTED,
        b'{"ok": true, "x": ' + NESTED + b"]" * 100_000 + b"}",
        {"ok": False, "error": "\ud800"},
        {"ok": False, "error": 7},
        {"ok": False, "error": ["invalid_auth"]},
        {"ok": False, "error": {"invalid_auth": 1}},
        {"ok": False, "error": "x" * 500_000},
        {"ok": []},
        [],
        7,
        "\ud800",
        None,
        b"\xff\xfe",
    ],
)
async def test_an_odd_no_is_tried_again(body: object) -> None:
    error = await refusal(said(body))
    assert type(error) is TemporaryDeliveryError
    assert len(str(error).encode()) < 200


@pytest.mark.parametrize(
    "answers",
    [
        {"user": "\ud800", "team": ["\ud800"]},
        {"channel": "C0000000001"},
        {"channel": ["C0000000001"]},
        {"channel": {"name": "\ud800", "is_member": "yes"}},
        {"channel": {"name": {"x": "\ud800"}}},
    ],
)
async def test_an_odd_answer_to_a_check_is_told_in_text(answers: dict[str, Any]) -> None:
    reply = said({"ok": True} | answers)
    async with raw_server(reply) as server, sales(server) as destination:
        assert (await destination.check()).found.encode()


@pytest.mark.parametrize("code", ["429 x", "503 R\xe9"])
async def test_an_odd_pause_is_none(code: str) -> None:
    head = f"HTTP/1.1 {code}\r\nretry-after: \xff\r\n".encode("latin-1")
    error = await refusal(raw(head + b"content-length: 2\r\n\r\n{}"))
    assert isinstance(error, TemporaryDeliveryError)
    assert error.retry_after_s is None


BODY = json.dumps(GOOD).encode()


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 R\xe9ussi\r\n",
        b"HTTP/1.1 200 x\r\nset-cookie: " + b"x" * 60_000 + b"\r\n",
        b"HTTP/1.1 200 x\r\n" + b"x-header: 1\r\n" * 400,
    ],
)
@pytest.mark.parametrize("hook", [False, True])
async def test_what_is_odd_beside_a_yes_is_nothing(head: bytes, hook: bool) -> None:
    kind, body = (b"", b"ok") if hook else (JSON, BODY)
    whole = head + kind + b"content-length: %d\r\n\r\n" % len(body) + body
    async with raw_server(raw(whole)) as server, sales(server, hook=hook) as destination:
        await destination.send(message(part(new_lead(lead()))))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        raw(b"HTTP/1.1 200 x\r\nnonsense\r\n\r\n"),
        raw(b"HTTP/1.1 200 x\r\n", close=True),
        raw(b"HTTP/1.1 200 x\r\ncontent-length: 2\r\n\r\no", close=True),
        raw(b"HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
    ],
)
async def test_a_200_without_readable_words_is_a_yes_of_a_webhook_alone(reply: Reply) -> None:
    async with raw_server(reply) as server, sales(server, hook=True) as destination:
        await destination.send(message(part(new_lead(lead()))))
    assert str(await refusal(reply)) in (
        "Slack answered, but not as HTTP can be read",
        "Slack broke the connection off",
    )


@pytest.mark.parametrize(
    "reply",
    [
        answer(200, b"<html>Sign in", content_type="text/html"),
        raw(b"HTTP/1.1 200 x\r\ncontent-length: 999\r\n\r\n<html>Sig", close=True),
        answer(200, b"ok" * 100_000),
    ],
)
async def test_other_words_than_a_yes_are_none(reply: Reply) -> None:
    error = await refusal(reply, hook=True)
    assert str(error) == (
        "Slack answered the incoming webhook with 200, but in words that are not Slack's"
    )


async def test_a_sign_in_page_is_told_as_that() -> None:
    error = await refusal(answer(200, b"<html>Sign in", content_type="text/html"))
    assert str(error) == (
        "Slack answered chat.postMessage with 200, but in words that are not Slack's"
    )


async def test_what_slack_said_is_told_without_the_status_it_came_with() -> None:
    error = await refusal(said({"ok": False, "error": "channel_not_found"}))
    assert str(error) == "Slack answered chat.postMessage with channel_not_found"


async def test_what_is_no_http_is_told_as_that() -> None:
    for hook in (False, True):
        error = await refusal(raw(b"SSH-2.0-OpenSSH_9.2\r\n"), hook=hook)
        assert str(error) == "Slack answered, but not as HTTP can be read"


@pytest.mark.parametrize("hook", [False, True])
@pytest.mark.parametrize(("names", "expired"), [("IP:127.0.0.1", True), ("DNS:x.test", False)])
async def test_a_wrong_certificate_is_told_as_that(
    hook: bool, names: str, expired: bool, tmp_path: Path
) -> None:
    made = self_signed(tmp_path, names=names, expired=expired)
    told = "the certificate of Slack does not verify (self-signed certificate)"
    async with raw_server(said(GOOD), tls=made.server()) as server:
        async with sales(server, hook=hook) as destination:
            with pytest.raises(TemporaryDeliveryError) as raised:
                await destination.send(message(part(new_lead(lead()))))
            assert str(raised.value) == told
            if not hook:
                with pytest.raises(TemporaryDeliveryError) as raised:
                    await destination.check()
                assert str(raised.value) == told
        assert server.requests == []


async def test_https_to_a_port_without_tls_is_told_as_that() -> None:
    async with MailServer() as server:
        plain = RawServer(replies=[], scheme="https", port=server.port)
        async with sales(plain) as destination:
            with pytest.raises(TemporaryDeliveryError, match="no TLS connection to Slack"):
                await destination.send(message(part(new_lead(lead()))))
