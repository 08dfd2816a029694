"""One bench per kind: a destination, the receiver behind it, and ways to upset it."""

import base64
import errno
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from email.message import EmailMessage

import orjson
from broker_servers import Servers
from examples import NOON
from pydantic import SecretStr

from notifier.destinations.apprise import AppriseDestination, AppriseOptions
from notifier.destinations.base import Destination
from notifier.destinations.console import ConsoleDestination, ConsoleOptions
from notifier.destinations.email import EmailDestination, EmailOptions
from notifier.destinations.mail_server import parse_mailbox, parse_smtp_url
from notifier.destinations.slack import SlackDestination, SlackOptions
from notifier.destinations.webhook import WebhookDestination, WebhookOptions
from notifier.network.transport import Transport
from support.certificates import Certificate
from support.loopback import Ending, Reply
from support.mail import AfterData, MailServer, Security
from support.receivers import Receiver
from support.slack import WEBHOOK, Slack, failure

TIMEOUT_S = 1.0
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"0123456789abcdefghijklmn").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What reached the receiver: its id where the kind has one, and its words."""

    id: str | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """``answer`` scripts the next reply: a status or code of the kind, or a word.

    ``hang`` and ``reset`` are such words for every kind that has a network.
    """

    destination: Destination
    answer: Callable[[str], None]
    seen: Callable[[], Awaitable[Sequence[Seen]]]
    secrets: tuple[str, ...] = ()


class Screen(io.StringIO):
    """A console whose cable may be pulled."""

    plugged = True

    def unplug(self) -> None:
        self.plugged = False

    def write(self, text: str) -> int:
        if not self.plugged:
            raise OSError(errno.EIO, "unplugged")
        return super().write(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What benches are made from."""

    certificate: Certificate
    servers: Servers


Kind = Callable[[Stand], AbstractAsyncContextManager[Bench]]


@asynccontextmanager
async def webhook(_: Stand) -> AsyncIterator[Bench]:
    async with Receiver() as receiver:
        secrets = (WEBHOOK_SECRET, "tok-in-query", "tok-in-header")
        options = WebhookOptions.model_validate(
            {
                "type": "webhook",
                "url": f"{receiver.url}?key=tok-in-query",
                "secret": WEBHOOK_SECRET,
                "headers": {"Authorization": "Bearer tok-in-header"},
            }
        )
        destination = WebhookDestination(
            "bench", options, transport=Transport(), now=lambda: NOON, timeout_s=TIMEOUT_S
        )
        yield Bench(
            destination=destination,
            answer=lambda word: receiver.replies.append(http_reply(word, " ".join(secrets))),
            seen=at_once(
                lambda: [Seen(id=r.id, words=r.body.decode()) for r in receiver.requests]
            ),
            secrets=secrets,
        )
        await destination.aclose()


@asynccontextmanager
async def email(stand: Stand) -> AsyncIterator[Bench]:
    security = Security.STARTTLS
    async with MailServer(
        security=security, certificate=stand.certificate, user="notifier", password="hunter2"
    ) as server:
        destination = EmailDestination(
            "bench",
            EmailOptions.model_validate({"type": "email", "to": "boss@example.com"}),
            server=parse_smtp_url(server.url),
            sender=parse_mailbox("notifier@example.com"),
            zone=UTC,
            now=lambda: NOON,
            tls=stand.certificate.client(),
            timeout_s=TIMEOUT_S,
        )
        words = {"hang": AfterData.HANG, "reset": AfterData.DROP}
        yield Bench(
            destination=destination,
            answer=lambda word: server.after_data(words.get(word, f"{word} as scripted")),
            seen=at_once(
                lambda: [
                    Seen(id=mail.message["message-id"], words=mail_words(mail.message))
                    for mail in server.mails
                ]
            ),
            secrets=("hunter2",),
        )


@asynccontextmanager
async def slack(_: Stand) -> AsyncIterator[Bench]:
    async with Slack(channels={"sales": "C1"}) as receiver:
        options = SlackOptions.model_validate({"type": "slack", "channel": "C1"})
        destination = slack_destination(options, receiver)

        def answer(word: str) -> None:
            reply = http_reply(word) if is_http(word) else failure(word)
            receiver.script(reply, method="chat.postMessage")

        yield Bench(
            destination=destination,
            answer=answer,
            seen=at_once(lambda: slack_seen(receiver, "chat.postMessage")),
            secrets=(receiver.token,),
        )
        await destination.aclose()


@asynccontextmanager
async def incoming_webhook(_: Stand) -> AsyncIterator[Bench]:
    async with Slack() as receiver:
        options = SlackOptions.model_validate(
            {"type": "slack", "webhook_url": receiver.webhook_url}
        )
        destination = slack_destination(options, receiver)
        yield Bench(
            destination=destination,
            answer=lambda word: receiver.script(http_reply(*word.split()), method=WEBHOOK),
            seen=at_once(lambda: slack_seen(receiver, WEBHOOK)),
            secrets=("/services/T0000",),
        )
        await destination.aclose()


@asynccontextmanager
async def chat_service(_: Stand) -> AsyncIterator[Bench]:
    async with Receiver() as receiver:
        secrets = ("tok-in-path", "hunter22")
        url = f"json://user:hunter22@{receiver.base_url.partition('//')[2]}/tok-in-path"
        options = AppriseOptions.model_validate({"type": "apprise", "url": url})
        destination = AppriseDestination("bench", options, zone=UTC, timeout_s=TIMEOUT_S)
        yield Bench(
            destination=destination,
            answer=lambda word: receiver.replies.append(http_reply(word, " ".join(secrets))),
            seen=at_once(
                lambda: [
                    Seen(id=None, words=f"{r.event['title']}\n{r.event['message']}")
                    for r in receiver.requests
                ]
            ),
            secrets=secrets,
        )
        await destination.aclose()


@asynccontextmanager
async def console(_: Stand) -> AsyncIterator[Bench]:
    written = Screen()
    destination = ConsoleDestination(
        "bench",
        ConsoleOptions.model_validate({"type": "console"}),
        out=written,
        zone=UTC,
    )
    yield Bench(
        destination=destination,
        answer=lambda _: written.unplug(),
        seen=at_once(lambda: [Seen(id=None, words=written.getvalue())]),
    )


KINDS: dict[str, Kind] = {
    "webhook": webhook,
    "email": email,
    "slack": slack,
    "incoming_webhook": incoming_webhook,
    "apprise": chat_service,
    "console": console,
}
NOT_NETWORKED = {"console"}
WORDED = ("email", "slack", "incoming_webhook", "apprise", "console")
"""What is written for people, and not an event as it is."""


def at_once(look: Callable[[], list[Seen]]) -> Callable[[], Awaitable[list[Seen]]]:
    async def seen() -> list[Seen]:
        return look()

    return seen


def slack_destination(options: SlackOptions, receiver: Slack) -> SlackDestination:
    return SlackDestination(
        "bench",
        options,
        token=SecretStr(receiver.token),
        api_url=receiver.url,
        now=lambda: NOON,
        zone=UTC,
        send_timeout_s=TIMEOUT_S,
    )


def slack_seen(receiver: Slack, method: str) -> list[Seen]:
    return [
        Seen(id=None, words=orjson.dumps(dict(call.arguments)).decode())
        for call in receiver.calls_of(method)
    ]


def is_http(word: str) -> bool:
    return word in ("hang", "reset") or word.isdigit()


def http_reply(word: str, body: str = "") -> Reply:
    if word == "hang":
        return Reply(ending=Ending.HANG)
    if word == "reset":
        return Reply(ending=Ending.RESET)
    return Reply(status=int(word), body=body.encode())


def mail_words(mail: EmailMessage) -> str:
    return "\n".join(
        [str(mail["subject"]), *(leaf.get_content() for leaf in mail.iter_parts())]
    )
