"""Mail, handed to real servers on loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from aiosmtplib import SMTPConnectTimeoutError, SMTPServerDisconnected
from examples import ASHA, BINA, LEAD, NOON, change_of, lead, message, new_lead, part
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from notifier.core.event_types import EventType
from notifier.core.events import operation
from notifier.core.records import Agent
from notifier.destinations.base import Part, PartlyTakenError, Receipt
from notifier.destinations.email import EmailDestination, EmailOptions
from notifier.destinations.mail_faults import refusal
from notifier.destinations.mail_server import parse_mailbox, parse_smtp_url
from notifier.errors import (
    DeliveryError,
    DestinationRefusedError,
    PermanentDeliveryError,
    RecipientRefusedError,
    SkippedDeliveryError,
    TemporaryDeliveryError,
)
from notifier.messages.escape import one_line
from support.certificates import Certificate, self_signed
from support.mail import AfterData, Mail, MailServer, Security
from support.raw_mail import RawMailServer

pytestmark = pytest.mark.virtual_time

BOSS = "boss@example.com"
EHLO = "250-x\n250 SIZE 1000"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("certificate"))


def options(*to: str, thread: bool = True) -> EmailOptions:
    return EmailOptions.model_validate({"type": "email", "to": list(to), "thread": thread})


def email(
    url: str,
    *to: str,
    sender: str = "Leads <notifier@example.com>",
    tls: ssl.SSLContext | None = None,
    timeout_s: float = 5,
    thread: bool = True,
) -> EmailDestination:
    return EmailDestination(
        "managers",
        options(*(to or (BOSS,)), thread=thread),
        server=parse_smtp_url(url),
        sender=parse_mailbox(sender),
        zone=UTC,
        now=lambda: NOON,
        tls=tls,
        timeout_s=timeout_s,
    )


@asynccontextmanager
async def talking(*lines: str) -> AsyncIterator[str]:
    """Serve a mail server that says these lines, one per command, and then nothing."""

    tasks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, line in enumerate(lines):
            if number and not await reader.readline():
                break
            writer.write(line.replace("\n", "\r\n").encode() + b"\r\n")
        await reader.read()
        writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(talk(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    yield f"smtp+plain://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await asyncio.gather(*tasks)
    await server.wait_closed()


async def failure(url: str, *to: str, timeout_s: float = 5, **settings: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await email(url, *to, timeout_s=timeout_s, **settings).send(message())
    return raised.value


async def sent(*to: str, parts: Sequence[Part] = (), **fields: Any) -> Mail:
    async with MailServer() as server:
        await email(server.url, *to).send(message(*parts, **fields))
        return server.accepted[0]


def plain_text(mail: Mail) -> str:
    body = mail.message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


async def test_a_mail_has_text_and_html_and_every_header_a_mailbox_wants() -> None:
    mail = await sent(BOSS)
    assert (mail.sender, mail.recipients) == ("notifier@example.com", (BOSS,))
    headers = {name.lower(): str(value) for name, value in mail.message.items()}
    assert headers["from"] == "Leads <notifier@example.com>"
    assert headers["to"] == BOSS
    assert headers["reply-to"] == "ravi@example.org"
    assert headers["subject"] == "New lead: Ravi Kumar"
    assert headers["date"] == "Mon, 02 Mar 2026 12:00:00 +0000"
    assert headers["list-id"] == "<managers.example.com>"
    assert headers["auto-submitted"] == "auto-generated"
    assert headers["x-auto-response-suppress"] == "OOF, AutoReply"
    assert mail.message.get_content_type() == "multipart/alternative"
    plain, html = mail.message.iter_parts()
    assert "Phone:        +919876543210" in plain.get_content()
    assert '<a href="tel:+919876543210">+919876543210</a>' in html.get_content()


async def test_a_retry_is_the_same_mail() -> None:
    async with MailServer() as server:
        server.after_data("451 4.3.0 try later")
        managers = email(server.url)
        with pytest.raises(TemporaryDeliveryError, match="answered 451"):
            await managers.send(message())
        await managers.send(message())
    first, second = server.mails
    assert first.message["message-id"] == second.message["message-id"]
    assert first.message["message-id"].endswith("@example.com>")


async def test_the_mails_of_one_lead_are_one_conversation() -> None:
    async with MailServer() as server:
        managers = email(server.url)
        receipt = await managers.send(message())
        later = message(
            part(
                change_of(LEAD, "status", "OPEN", "CLOSED"), title="Ravi Kumar: OPEN → CLOSED"
            ),
            memory=receipt.memory,
            identity="dlv_2",
        )
        assert await managers.send(later) == Receipt()
    first, second = (mail.message for mail in server.accepted)
    assert first["in-reply-to"] is None
    assert second["message-id"] != first["message-id"]
    assert second["in-reply-to"] == second["references"] == first["message-id"]
    assert second["subject"] == "Re: New lead: Ravi Kumar"
    assert plain_text(server.accepted[1]).startswith("Ravi Kumar: OPEN → CLOSED\n")


async def test_without_threads_each_mail_has_its_own_subject_and_answers_none() -> None:
    async with MailServer() as server:
        managers = email(server.url, thread=False)
        receipt = await managers.send(message())
        closed = part(change_of(LEAD, "status", "OPEN", "CLOSED"), title="OPEN → CLOSED")
        memory = {"email_message_id": "<first@example.com>", "email_subject": "New lead"}
        await managers.send(message(closed, memory=memory, identity="dlv_2"))
    second = server.accepted[1].message
    assert receipt == Receipt()
    assert second["subject"] == "OPEN → CLOSED"
    assert second["in-reply-to"] is second["references"] is None


async def test_several_events_and_a_digest_are_one_mail() -> None:
    joined = await sent(
        parts=[
            part(new_lead(), title="First", body="one"),
            part(change_of(LEAD, "status", "OPEN", "CLOSED"), title="Second", body="two"),
        ]
    )
    text = plain_text(joined)
    assert joined.message["subject"] == "First"
    assert text.startswith("First\n\none\n\nSecond\n\ntwo\n\n")
    digest = await sent(parts=[part(new_lead())], digest="New leads of the night", who=None)
    assert digest.message["subject"] == "New leads of the night (1 message)"
    assert digest.message["in-reply-to"] is digest.message["reply-to"] is None


async def test_news_of_the_program_itself_belong_to_no_conversation() -> None:
    down = operation(EventType.SOURCE_DOWN, "website", at=NOON, reason="401", remedy="renew it")
    async with MailServer() as server:
        receipt = await email(server.url).send(
            message(
                part(down, title="Source website is down", body="What to do: renew it"),
                who=None,
            )
        )
    assert receipt == Receipt()
    (mail,) = server.accepted
    assert mail.message["reply-to"] is None
    assert plain_text(mail) == "Source website is down\n\nWhat to do: renew it\n"


async def test_the_assignee_and_the_previous_one_are_found_through_agents() -> None:
    event = change_of(lead(assignee=BINA), "assignee", ASHA.id, BINA.id)
    mail = await sent(
        *("assignee", "previous_assignee", BOSS, "bina@example.com"),
        parts=[part(event)],
        who=lead(assignee=BINA),
    )
    assert mail.recipients == ("bina@example.com", "asha@example.com", BOSS)


async def test_of_a_digest_each_assignee_gets_a_mail_about_their_leads() -> None:
    parts = [
        part(new_lead(lead(id="1", assignee=ASHA)), title="One"),
        part(new_lead(lead(id="2", assignee=BINA)), title="Two"),
        part(new_lead(lead(id="3", assignee=None)), title="Three"),
    ]
    night = message(*parts, who=None, digest="The night")
    async with MailServer() as server:
        managers = email(server.url, BOSS, "assignee")
        server.refuse("bina@example.com", "450 busy")
        with pytest.raises(PartlyTakenError) as raised:
            await managers.send(night)
        assert raised.value.accepted == {BOSS, "asha@example.com"}
        await managers.send(replace(night, accepted=raised.value.accepted))
    got = {mail.recipients: plain_text(mail) for mail in server.accepted}
    titles = {
        who: [word for word in ("One", "Two", "Three") if word in text]
        for who, text in got.items()
    }
    assert titles == {
        (BOSS,): ["One", "Two", "Three"],
        ("asha@example.com",): ["One"],
        ("bina@example.com",): ["Two"],
    }
    assert len({mail.message["message-id"] for mail in server.accepted}) == 3


async def test_of_a_digest_for_assignees_alone_the_part_of_nobody_is_told() -> None:
    parts = [part(new_lead(lead(assignee=who))) for who in (None, ASHA)]
    digest = message(*parts, who=None, digest="The night")
    async with MailServer() as server:
        receipt = await email(server.url, "assignee").send(digest)
        assert [*map(str, receipt.left.values())] == ["unresolved assignee"]
        assert receipt.left.keys() == {0}
        receipt = await email(server.url, "assignee", BOSS).send(digest)
        assert receipt.left == {}


async def test_a_fault_between_two_mails_of_a_digest_keeps_what_was_taken() -> None:
    parts = [part(new_lead(lead(id="1", assignee=who))) for who in (ASHA, BINA)]
    async with MailServer() as server:
        server.after_data("250 ok", AfterData.DROP, AfterData.DROP)
        with pytest.raises(PartlyTakenError) as raised:
            await email(server.url, "assignee").send(message(*parts, who=None, digest="D"))
    assert raised.value.accepted == {"asha@example.com"}


async def test_a_mail_that_nobody_took_is_no_hindrance_to_the_next_of_a_digest() -> None:
    parts = [part(new_lead(lead(id="1", assignee=who))) for who in (ASHA, BINA)]
    async with MailServer() as server:
        server.refuse("asha@example.com", "550 5.1.1 gone")
        digest = message(*parts, who=None, digest="D")
        receipt = await email(server.url, "assignee").send(digest)
    refused = receipt.left[0]
    assert refused.in_full == "asha@example.com: 127.0.0.1 answered 550 5.1.1: gone"
    assert [mail.recipients for mail in server.accepted] == [("bina@example.com",)]


async def test_a_refused_login_parks_although_some_had_taken_the_mail_before() -> None:
    async with talking("220 x", EHLO, "530 log in") as url:
        with pytest.raises(DestinationRefusedError):
            await email(url, "a@example.com", BOSS).send(
                message(accepted=frozenset({"a@example.com"}))
            )


async def test_an_unresolved_assignee_is_skipped_or_noted() -> None:
    stranger = lead(assignee=Agent(id="a1", name="Somebody"))
    async with MailServer() as server:
        with pytest.raises(SkippedDeliveryError, match="unresolved assignee"):
            await email(server.url, "assignee").send(message(who=stranger))
        with pytest.raises(SkippedDeliveryError, match="unresolved assignee"):
            await email(server.url, "assignee").send(message(who=lead(assignee=None)))
        receipt = await email(server.url, "assignee", BOSS).send(message(who=stranger))
        assert receipt.note == "unresolved assignee a1"
        receipt = await email(server.url, "assignee", BOSS).send(
            message(who=lead(assignee=None))
        )
        assert receipt.note == ""
    assert [mail.recipients for mail in server.accepted] == [(BOSS,), (BOSS,)]


async def test_450_for_one_of_two_is_retried_for_that_one_alone() -> None:
    async with MailServer() as server:
        server.refuse("b@example.com", "450 4.2.1 busy")
        managers = email(server.url, "a@example.com", "b@example.com")
        with pytest.raises(PartlyTakenError) as raised:
            await managers.send(message())
        assert raised.value.accepted == {"a@example.com"}
        assert raised.value.in_full == "b@example.com: 127.0.0.1 answered 450 4.2.1: busy"
        await managers.send(message(accepted=raised.value.accepted))
    assert [mail.recipients for mail in server.accepted] == [
        ("a@example.com",),
        ("b@example.com",),
    ]
    assert server.accepted[1].message["to"] == "a@example.com, b@example.com"


async def test_550_for_one_of_two_is_final_and_named() -> None:
    async with MailServer() as server:
        server.refuse("b@example.com", "550 5.1.1 no such user")
        receipt = await email(server.url, "a@example.com", "b@example.com").send(message())
    assert receipt.note == "b@example.com: 127.0.0.1 answered 550 5.1.1: no such user"
    assert server.accepted[0].recipients == ("a@example.com",)


async def test_who_refused_for_good_is_remembered_until_the_others_have_answered() -> None:
    async with MailServer() as server:
        server.refuse("a@example.com", "450 busy")
        server.refuse("b@example.com", "550 gone")
        managers = email(server.url, "a@example.com", "b@example.com")
        with pytest.raises(PartlyTakenError) as raised:
            await managers.send(message())
        accepted = raised.value.accepted
        receipt = await managers.send(message(accepted=accepted))
        assert receipt.note == "refused b@example.com"
        server.refuse("a@example.com", "550 gone too")
        with pytest.raises(RecipientRefusedError) as refused:
            await managers.send(message(accepted=accepted))
        assert refused.value.excerpt == "gone too"


async def test_what_all_recipients_refuse_is_theirs_for_good_or_for_now() -> None:
    async with MailServer() as server:
        server.refuse(BOSS, "550 no such user", "451 greylisted")
        for for_good in (True, False):
            error = await failure(server.url)
            assert isinstance(error, RecipientRefusedError)
            assert error.for_good is for_good


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("421 4.3.2 going down", TemporaryDeliveryError),
        ("451 4.3.0 local error", TemporaryDeliveryError),
        ("452 4.3.1 disk full", TemporaryDeliveryError),
        ("550 5.7.1 looks like spam", PermanentDeliveryError),
        ("552 5.3.4 too big", PermanentDeliveryError),
        ("554 5.6.0 refused", PermanentDeliveryError),
    ],
)
async def test_the_answer_to_the_mail_decides(reply: str, error: type[DeliveryError]) -> None:
    async with MailServer() as server:
        server.after_data(reply)
        found = await failure(server.url)
    assert type(found) is error
    code, status, words = reply.split(" ", 2)
    assert str(found) == f"127.0.0.1 answered {code} {status}"
    assert found.excerpt == words


@pytest.mark.parametrize("ending", list(AfterData))
async def test_a_drop_or_hang_after_the_mail_is_tried_again(ending: AfterData) -> None:
    async with MailServer() as server:
        server.after_data(ending)
        error = await failure(server.url, timeout_s=1)
        assert type(error) is TemporaryDeliveryError
        await email(server.url).send(message())
    assert len({mail.message["message-id"] for mail in server.mails}) == 1


@pytest.mark.parametrize(
    ("lines", "error", "problem"),
    [
        ([], TemporaryDeliveryError, "127.0.0.1 did not answer within 0.3 s"),
        (["554 no"], DestinationRefusedError, "127.0.0.1 answered 554: no"),
        (["421 busy"], TemporaryDeliveryError, "127.0.0.1 answered 421: busy"),
        (
            ["SSH-2.0-OpenSSH"],
            TemporaryDeliveryError,
            "127.0.0.1 answered, but not as SMTP can be read",
        ),
        (["220 x"], TemporaryDeliveryError, "127.0.0.1 did not answer within 0.3 s"),
        (
            ["220 x", EHLO, "530 log in"],
            DestinationRefusedError,
            "127.0.0.1 answered 530: log in",
        ),
        (["220 x", EHLO, "550 you?"], DestinationRefusedError, "127.0.0.1 answered 550: you?"),
        (["220 x", EHLO, "552 big"], PermanentDeliveryError, "127.0.0.1 answered 552: big"),
        (["220 x", EHLO, "450 later"], TemporaryDeliveryError, "127.0.0.1 answered 450: later"),
        (
            ["220 x", EHLO, "250 ok", "530 log in", "250 reset"],
            DestinationRefusedError,
            "127.0.0.1 answered 530: log in",
        ),
        (
            ["220 x", EHLO, "250 ok", "421 bye"],
            TemporaryDeliveryError,
            "127.0.0.1 answered 421: bye",
        ),
    ],
)
async def test_every_stage_of_the_conversation_may_fail(
    lines: list[str], error: type[DeliveryError], problem: str
) -> None:
    async with talking(*lines) as url:
        found = await failure(url, timeout_s=0.3 if "0.3 s" in problem else 5)
    assert (type(found), found.in_full) == (error, problem)


async def test_a_closed_port_is_tried_again() -> None:
    async with talking() as url:
        pass
    error = await failure(url)
    assert type(error) is TemporaryDeliveryError
    assert str(error) == "no connection to 127.0.0.1 (connection refused)"


async def test_a_server_without_an_address_is_tried_again() -> None:
    error = await failure("smtp+plain://nowhere.invalid?insecure=true")
    assert type(error) is TemporaryDeliveryError
    assert str(error) == "nowhere.invalid cannot be resolved"


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.IMPLICIT])
async def test_mail_and_login_go_over_tls(security: Security, certificate: Certificate) -> None:
    async with MailServer(
        security=security, certificate=certificate, user="u@x", password="p:@%é"
    ) as server:
        managers = email(server.url, tls=certificate.client())
        await managers.check()
        assert server.mails == []
        await managers.send(message())
    assert (server.accepted[0].encrypted, server.accepted[0].user) == (True, "u@x")


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.IMPLICIT])
async def test_nothing_is_sent_to_a_server_with_a_bad_certificate(
    security: Security, certificate: Certificate
) -> None:
    async with MailServer(security=security, certificate=certificate) as server:
        error = await failure(server.url)
    assert type(error) is DestinationRefusedError
    assert (
        str(error) == "the certificate of 127.0.0.1 does not verify (self-signed certificate)"
    )
    assert server.mails == []


@pytest.mark.parametrize(
    ("offered", "problem", "remedy"),
    [
        ("AUTH XOAUTH2", "127.0.0.1 offers only XOAUTH2 to log in with", "app password"),
        ("AUTH GSSAPI \x1b[2J NTLM", "127.0.0.1 offers only GSSAPI, NTLM to", "app password"),
        ("SIZE", "127.0.0.1 takes no login", "take user and password out"),
        ("AUTH", "127.0.0.1 takes no login", "without TLS"),
    ],
)
async def test_a_server_without_a_login_by_password_says_what_to_do(
    offered: str, problem: str, remedy: str
) -> None:
    async with RawMailServer(login=True) as server:
        server.script("EHLO", f"250-x\r\n250 {offered}".encode())
        error = await failure(server.url)
    assert type(error) is DestinationRefusedError
    assert str(error).startswith(problem)
    assert remedy in error.remedy
    assert "AUTH" not in server.verbs()


@pytest.mark.parametrize(
    ("reply", "remedy"),
    [
        ("534-5.7.9 Application-specific\r\n534 5.7.9 password required", "app password"),
        ("535 5.7.139 SmtpClientAuthentication is disabled", "app password"),
        ("535 5.7.8 u: wrong password p", "check the user and password"),
    ],
)
async def test_a_login_that_wants_more_than_a_password_says_so(reply: str, remedy: str) -> None:
    async with RawMailServer(login=True) as server:
        server.script("AUTH", reply.encode())
        error = await failure(server.url)
    assert remedy in error.remedy
    assert error.in_full in (
        f"127.0.0.1 refused the login ({code})"
        for code in ("534 5.7.9", "535 5.7.139", "535 5.7.8")
    )


async def test_tls_to_a_server_that_begins_without_it_is_told_as_that() -> None:
    async with RawMailServer() as server:
        error = await failure(server.url.replace("smtp+plain", "smtps"))
    assert type(error) is TemporaryDeliveryError
    assert str(error) == "no TLS connection to 127.0.0.1"
    assert "smtp:// or smtps://" in error.remedy


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("smtp://mail.example.com:465", "port 465 speaks TLS from the start: write smtps://"),
        ("smtps://mail.example.com:587", "port 587 begins without TLS: write smtp://"),
        ("smtp://mail.example.com", ""),
    ],
)
def test_a_port_that_does_not_fit_the_scheme_is_named_where_nothing_answers(
    url: str, remedy: str
) -> None:
    server = parse_smtp_url(url)
    error = refusal(server, SMTPConnectTimeoutError("Timed out"), timeout_s=60)
    assert str(error) == "mail.example.com did not answer within 60 s"
    assert error.remedy == remedy
    lost = refusal(server, SMTPServerDisconnected("Connection lost"), timeout_s=60)
    assert lost.remedy == remedy


async def test_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    expired = self_signed(tmp_path, expired=True)
    async with MailServer(security=Security.STARTTLS, certificate=expired) as server:
        error = await failure(server.url, tls=expired.client())
    assert (
        str(error) == "the certificate of 127.0.0.1 does not verify (certificate has expired)"
    )


async def test_nothing_is_sent_without_starttls() -> None:
    async with MailServer(security=Security.STARTTLS) as server:
        error = await failure(server.url)
    assert type(error) is DestinationRefusedError
    assert "does not offer STARTTLS" in str(error)
    assert server.mails == []


async def test_a_wrong_password_parks_the_destination_and_is_never_shown(
    certificate: Certificate,
) -> None:
    async with MailServer(
        security=Security.STARTTLS, certificate=certificate, user="u", password="right"
    ) as server:
        url = server.url.replace("right", "hunter2")
        error = await failure(url, tls=certificate.client())
    assert type(error) is DestinationRefusedError
    assert str(error) == "127.0.0.1 refused the login (535 5.7.8)"
    assert error.remedy == "check the user and password in NOTIFIER_SMTP_URL"
    assert "hunter2" not in repr(parse_smtp_url(url))


HOSTILE = (
    "=?utf-8?q?x=0ABcc:_evil@example.com?=",
    "a\r\nBcc: evil@example.com",
    "a\nBcc: evil@example.com",
    "a\x0bBcc: evil@example.com\x0c\x85\u2028\u2029\x00\x1b[31m",
    "a\r\n\r\nbody",
    "x" * 3_000,
    "🐧" * 3_000,
    "\udcff lone surrogate",
    "<script>alert(1)</script>",
    " ",
    ".",
)


@pytest.mark.parametrize("words", HOSTILE)
async def test_hostile_words_stay_words(words: str) -> None:
    stranger = lead(name=words, city=words, attributes={words: words}, tags=(words,), url=words)
    mail = await sent(parts=[part(new_lead(), title=words, body=words)], who=stranger)
    assert mail.recipients == (BOSS,)
    assert set(mail.message.keys()) == {
        *("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "List-Id"),
        *("Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version", "Content-Type"),
    }
    assert mail.message.defects == []
    assert len(mail.message["subject"]) <= 200
    html = mail.message.get_body(("html",))
    assert html is not None
    assert "<script" not in html.get_content()


async def test_lone_dots_and_long_lines_arrive_as_they_are() -> None:
    body = "first\n.\n..\n.hidden\n" + "x" * 5_000 + "\nlast"
    mail = await sent(parts=[part(new_lead(), title="T", body=body)])
    assert body in plain_text(mail)
    assert max(len(line) for line in mail.content.split(b"\r\n")) <= 998


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org, victim@example.org",
        "a@example.org\nBcc: b@example.org",
        "",
        "a",
        "@",
        "<>",
    ],
)
async def test_a_reply_goes_to_exactly_one_valid_address_or_to_us(address: str) -> None:
    mail = await sent(who=lead(email=address))
    assert mail.message["reply-to"] is None


async def test_an_address_outside_ascii_is_sent_to_where_the_server_can() -> None:
    mail = await sent("zoë@example.com", "boss@bücher.example", who=lead(name="Zoë"))
    assert mail.recipients == ("zoë@example.com", "boss@xn--bcher-kva.example")


async def test_an_address_outside_ascii_is_refused_alone_where_the_server_cannot() -> None:
    talk = ("220 x", EHLO, "250 ok", "250 ok", "354 go")
    async with talking(*talk) as url:
        error = await failure(url, "zoë@example.com")
    assert type(error) is RecipientRefusedError
    assert error.in_full == (
        "zoë@example.com: 127.0.0.1 answered 553: the server takes no address outside ASCII"
    )


@pytest.mark.parametrize(
    "to",
    [
        [],
        "nobody",
        "a@example.com, b@example.com",
        "a@example.com\nBcc: b@example.com",
        ["assignees"],
        "A <a@example.com> <b@example.com>",
        '"a b"@example.com',
    ],
)
def test_a_recipient_is_one_address_or_a_known_word(to: object) -> None:
    with pytest.raises(ValidationError):
        EmailOptions.model_validate({"type": "email", "to": to})


def test_one_recipient_needs_no_list() -> None:
    assert EmailOptions.model_validate({"type": "email", "to": "ops@localhost"}).to == (
        "ops@localhost",
    )


REPLIES = st.dictionaries(
    st.sampled_from(["banner", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", ".", "QUIT", "RSET"]),
    st.one_of(
        st.binary(max_size=60),
        st.builds(
            lambda code, mark, words: str(code).encode() + mark + words,
            st.sampled_from([0, 199, 220, 235, 250, 334, 354, 421, 452, 535, 550, 552, 999]),
            st.sampled_from([b" ", b"-", b""]),
            st.binary(max_size=60),
        ),
    ),
    max_size=4,
)


@settings(deadline=None, max_examples=60)
@given(REPLIES)
def test_whatever_a_server_answers_becomes_text_or_a_receipt(
    replies: dict[str, bytes],
) -> None:
    async def sending() -> str:
        async with RawMailServer(login=True) as server:
            for step, reply in replies.items():
                server.script(step, reply)
            try:
                receipt = await email(server.url, timeout_s=0.2).send(message())
            except DeliveryError as error:
                return error.in_full
            return receipt.note

    said = asyncio.run(sending())
    assert one_line(said).encode().decode() == said
