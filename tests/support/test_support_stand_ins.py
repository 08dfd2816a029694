"""The stand-ins for receivers, seen through the clients that the program uses."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from standardwebhooks.webhooks import Webhook

from notifier.simulator.server import Simulator
from notifier.simulator.world import World
from support.certificates import Certificate, self_signed
from support.loopback import Ending, Reply
from support.mail import AfterData, MailServer, Security
from support.receivers import Receiver
from support.slack import Slack, failure, rate_limited

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"type":"lead.created","name":"Åse 🌸"}'


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return self_signed(tmp_path)


def signed(*secrets: str, body: str = BODY) -> dict[str, str]:
    at = datetime.now(UTC)
    signatures = " ".join(Webhook(s).sign("evt_1", at, body) for s in secrets)
    return {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signatures,
    }


async def post(url: str, headers: dict[str, str], body: str = BODY) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        return await client.post(url, content=body.encode(), headers=headers)


async def test_a_receiver_keeps_a_well_signed_event() -> None:
    async with Receiver(SECRET) as receiver:
        answer = await post(receiver.url, signed(OTHER, SECRET))
        await receiver.arrived(1)
        assert answer.status_code == 204
        assert receiver.received[0].event["name"] == "Åse 🌸"
        assert receiver.received[0].id == "evt_1"


@pytest.mark.parametrize(
    "headers", [{}, signed(OTHER), {**signed(SECRET), "webhook-timestamp": "1"}]
)
async def test_a_receiver_rejects_what_is_not_signed_right(headers: dict[str, str]) -> None:
    async with Receiver(SECRET) as receiver:
        assert (await post(receiver.url, headers)).status_code == 401
        assert (len(receiver.received), len(receiver.rejected)) == (0, 1)


async def test_a_receiver_with_two_secrets_wants_both_signatures() -> None:
    async with Receiver(SECRET, OTHER) as receiver:
        assert (await post(receiver.url, signed(SECRET))).status_code == 401
        assert (await post(receiver.url, signed(SECRET, OTHER))).status_code == 204


async def test_a_receiver_answers_as_scripted_and_then_as_always() -> None:
    gate = asyncio.Event()
    gate.set()
    late = Reply(status=503, headers={"retry-after": "7"}, gate=gate)
    async with Receiver(
        replies=[late, Reply(status=302, headers={"location": "/"})]
    ) as receiver:
        answers = [await post(receiver.url, {}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [503, 302, 204]
        assert answers[0].headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("ending", "error"),
    [
        (Ending.RESET, httpx.ReadError),
        (Ending.TRUNCATED, httpx.RemoteProtocolError),
        (Ending.HANG, httpx.ReadTimeout),
    ],
)
async def test_a_receiver_can_break_off(ending: Ending, error: type[Exception]) -> None:
    async with (
        Receiver(default=Reply(body=b"whole", ending=ending)) as receiver,
        httpx.AsyncClient(trust_env=False, timeout=0.2) as client,
    ):
        with pytest.raises(error):
            await client.post(receiver.url)


async def test_an_endless_body_goes_on_as_long_as_somebody_reads() -> None:
    endless = Reply(ending=Ending.ENDLESS)
    async with (
        Receiver(default=endless) as receiver,
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("POST", receiver.url) as answer,
    ):
        read = 0
        async for chunk in answer.aiter_raw():
            read += len(chunk)
            if read > 1_000_000:
                break
        assert answer.status_code == 200
        assert read > 1_000_000


async def test_an_expired_certificate_is_not_believed(tmp_path: Path) -> None:
    expired = self_signed(tmp_path, expired=True)
    async with (
        Receiver(tls=expired.server()) as receiver,
        httpx.AsyncClient(trust_env=False, verify=expired.client()) as client,
    ):
        with pytest.raises(httpx.ConnectError, match="expired"):
            await client.post(receiver.url)


async def test_a_certificate_holds_for_its_names_alone(tmp_path: Path) -> None:
    other = self_signed(tmp_path, names="DNS:other.test")
    async with (
        Receiver(tls=other.server()) as receiver,
        httpx.AsyncClient(trust_env=False, verify=other.client()) as client,
    ):
        with pytest.raises(httpx.ConnectError, match="certificate is not valid"):
            await client.post(receiver.url)


async def test_the_simulator_speaks_tls_where_told(certificate: Certificate) -> None:
    world = World(clock=lambda: datetime.now(UTC))
    async with (
        Simulator(world, tls=certificate.server()) as simulator,
        httpx.AsyncClient(trust_env=False, verify=certificate.client()) as client,
    ):
        assert simulator.url.startswith("https://")
        assert (await client.get(f"{simulator.url}/_control/state")).status_code == 200


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(channels={"sales": "C1", "ops": "C2"}) as running:
        yield running


@pytest.fixture
def client(slack: Slack) -> AsyncWebClient:
    return AsyncWebClient(slack.token, base_url=slack.url, retry_handlers=[])


async def test_a_post_by_name_returns_the_id_that_an_update_needs(
    slack: Slack, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(channel="#sales", text="one", unfurl_links=False)
    await client.chat_postMessage(channel="C1", text="reply", thread_ts=posted["ts"])
    await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="two")
    assert posted["channel"] == "C1"
    assert [message["text"] for message in slack.posts("C1")] == ["two", "reply"]
    assert slack.posts("C1")[1]["thread_ts"] == posted["ts"]


async def test_the_methods_that_only_ask_answer(slack: Slack, client: AsyncWebClient) -> None:
    assert (await client.auth_test())["user_id"] == "U0000BOT"
    opened = await client.conversations_open(users="U024BE7LH")
    assert opened["channel"]["id"] == "D024BE7LH"
    assert (await client.conversations_info(channel="C2"))["channel"]["name"] == "ops"
    assert (await client.users_info(user="U024BE7LH"))["user"]["name"] == "u024be7lh"
    assert [call.method for call in slack.calls] == [
        "auth.test",
        "conversations.open",
        "conversations.info",
        "users.info",
    ]


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": text}}


def fields(*texts: str) -> dict[str, Any]:
    return {"type": "section", "fields": [{"type": "mrkdwn", "text": text} for text in texts]}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"blocks": [section("x" * 3_001)]}, "invalid_blocks"),
        ({"blocks": [section("")]}, "invalid_blocks"),
        ({"blocks": [header("x" * 151)]}, "invalid_blocks"),
        ({"blocks": [fields(*["x"] * 11)]}, "invalid_blocks"),
        ({"blocks": [fields("x" * 2_001)]}, "invalid_blocks"),
        ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"blocks": [section("x" * 2_700)] * 5}, "msg_blocks_too_long"),
    ],
)
async def test_slacks_limits_hold(
    client: AsyncWebClient, message: dict[str, Any], code: str
) -> None:
    with pytest.raises(SlackApiError) as caught:
        await client.api_call("chat.postMessage", json={"channel": "C1", **message})
    assert caught.value.response["error"] == code


async def test_a_message_at_slacks_limits_is_taken(client: AsyncWebClient) -> None:
    blocks = [header("x" * 150), section("x" * 3_000), fields(*["x" * 900] * 10)]
    answer = await client.chat_postMessage(channel="C1", text="x" * 40_000, blocks=blocks)
    assert answer["ok"]


async def test_a_wrong_token_and_an_unknown_channel_are_refused(slack: Slack) -> None:
    stranger = AsyncWebClient("xoxb-wrong", base_url=slack.url)
    with pytest.raises(SlackApiError, match="invalid_auth"):
        await stranger.auth_test()
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await AsyncWebClient(slack.token, base_url=slack.url).chat_postMessage(
            channel="#nowhere", text="x"
        )


async def test_a_script_for_one_channel_leaves_the_other_alone(
    slack: Slack, client: AsyncWebClient
) -> None:
    slack.script(rate_limited("30"), method="chat.postMessage", channel="C1")
    slack.script(failure("fatal_error"), method="auth.test")
    assert (await client.chat_postMessage(channel="#ops", text="x"))["ok"]
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="#sales", text="x")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["retry-after"] == "30"
    with pytest.raises(SlackApiError, match="fatal_error"):
        await client.auth_test()


async def test_the_incoming_webhook_takes_a_message_and_refuses_a_bad_one(
    slack: Slack,
) -> None:
    assert (await post(slack.webhook_url, {}, '{"text": "hello"}')).text == "ok"
    assert (await post(slack.webhook_url, {}, "{}")).text == "no_text"
    assert (await post(slack.webhook_url, {}, "{")).status_code == 400
    assert [call.arguments for call in slack.calls] == [{"text": "hello"}, {}]


def mail(subject: str = "Ny kunde: Åse 🌸") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "notifier@example.com", "a@example.com, b@example.com"
    message["Subject"] = subject
    message.set_content("lone dots\n.\n..\n")
    return message


async def test_a_mail_server_keeps_the_mail_as_it_was_sent() -> None:
    async with MailServer() as server:
        await aiosmtplib.send(mail(), hostname="127.0.0.1", port=server.port, start_tls=False)
        await server.arrived(1)
        caught = server.accepted[0]
        assert caught.recipients == ("a@example.com", "b@example.com")
        assert caught.message["subject"] == "Ny kunde: Åse 🌸"
        assert caught.message.get_content() == "lone dots\r\n.\r\n..\r\n"
        assert (caught.encrypted, caught.user) == (False, None)


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.IMPLICIT])
async def test_a_mail_server_wants_encryption_and_a_login(
    security: Security, certificate: Certificate
) -> None:
    async with MailServer(
        security=security, certificate=certificate, user="me", password="p@ss"
    ) as server:
        assert server.url == f"{security}://me:p%40ss@127.0.0.1:{server.port}"
        await aiosmtplib.send(
            mail(),
            hostname="127.0.0.1",
            port=server.port,
            use_tls=security is Security.IMPLICIT,
            start_tls=security is Security.STARTTLS,
            tls_context=certificate.client(),
            username="me",
            password="p@ss",
        )
        assert (server.accepted[0].encrypted, server.accepted[0].user) == (True, "me")


async def test_a_wrong_password_is_refused_with_535(certificate: Certificate) -> None:
    async with MailServer(
        security=Security.STARTTLS, certificate=certificate, user="me", password="right"
    ) as server:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError) as caught:
            await aiosmtplib.send(
                mail(),
                hostname="127.0.0.1",
                port=server.port,
                start_tls=True,
                tls_context=certificate.client(),
                username="me",
                password="wrong",
            )
        assert caught.value.code == 535
        assert server.mails == []


async def test_a_mail_without_a_login_is_refused_where_one_is_wanted() -> None:
    async with MailServer(user="me", password="right") as server:
        with pytest.raises(aiosmtplib.SMTPSenderRefused, match="authentication required"):
            await aiosmtplib.send(
                mail(), hostname="127.0.0.1", port=server.port, start_tls=False
            )


async def test_one_recipient_can_be_refused_for_a_while() -> None:
    async with MailServer() as server:
        server.refuse("b@example.com", "450 4.2.1 busy")
        for _ in range(2):
            await aiosmtplib.send(
                mail(), hostname="127.0.0.1", port=server.port, start_tls=False
            )
        assert [caught.recipients for caught in server.accepted] == [
            ("a@example.com",),
            ("a@example.com", "b@example.com"),
        ]


async def test_a_mail_can_be_refused_or_dropped_after_it_was_read() -> None:
    async with MailServer() as server:
        server.after_data("552 5.3.4 too big", AfterData.DROP)
        with pytest.raises(aiosmtplib.SMTPDataError, match="too big"):
            await aiosmtplib.send(
                mail(), hostname="127.0.0.1", port=server.port, start_tls=False
            )
        with pytest.raises(aiosmtplib.SMTPServerDisconnected):
            await aiosmtplib.send(
                mail(), hostname="127.0.0.1", port=server.port, start_tls=False
            )
        assert [caught.reply for caught in server.mails] == ["552 5.3.4 too big", "drop"]
        assert server.accepted == []
