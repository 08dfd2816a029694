"""Several recipients, and a server that has its own limits and words for each of them."""

from datetime import UTC

import pytest
from examples import ASHA, BINA, NOON, lead, message, new_lead, part

from notifier.destinations.base import Message, PartlyTakenError, Receipt
from notifier.destinations.email import EmailDestination, EmailOptions
from notifier.destinations.mail_server import parse_mailbox, parse_smtp_url
from notifier.errors import (
    DeliveryError,
    PermanentDeliveryError,
    RecipientRefusedError,
    TemporaryDeliveryError,
)
from support.raw_mail import RawMailServer

A, B, C, D = (f"{name}@example.com" for name in "abcd")
FULL_LIST = b"452 4.5.3 too many recipients"


def destination(server: RawMailServer, *to: str, timeout_s: float = 5) -> EmailDestination:
    return EmailDestination(
        "managers",
        EmailOptions.model_validate({"type": "email", "to": list(to)}),
        server=parse_smtp_url(server.url),
        sender=parse_mailbox("notifier@example.com"),
        zone=UTC,
        now=lambda: NOON,
        timeout_s=timeout_s,
    )


async def failure(found: EmailDestination, what: Message | None = None) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await found.send(what or message())
    return raised.value


def got(server: RawMailServer) -> list[tuple[str, ...]]:
    return [mail.recipients for mail in server.mails]


async def test_a_server_that_takes_so_many_over_one_connection_gets_another() -> None:
    async with RawMailServer() as server:
        server.script("RCPT", b"250 ok", FULL_LIST, FULL_LIST, b"250 ok", FULL_LIST, FULL_LIST)
        receipt = await destination(server, A, B, C).send(message())
    assert receipt.note == ""
    assert got(server) == [(A,), (B,), (C,)]
    assert server.verbs().count("EHLO") == 3


@pytest.mark.parametrize("enough", [b"421 4.7.0 too many mails", b"451 4.7.1 enough", b""])
async def test_a_server_that_takes_one_mail_over_a_connection_gets_another(
    enough: bytes,
) -> None:
    async with RawMailServer() as server:
        server.script("RCPT", b"250 ok", FULL_LIST)
        server.script("MAIL", b"250 ok", enough)
        await destination(server, A, B).send(message())
    assert got(server) == [(A,), (B,)]


async def test_who_is_left_over_after_a_limit_is_no_failed_attempt_unless_none_is_taken() -> (
    None
):
    async with RawMailServer() as server:
        server.script("RCPT", b"250 ok", *[FULL_LIST] * 9)
        error = await failure(destination(server, A, B))
    assert isinstance(error, PartlyTakenError)
    assert error.accepted == {A}
    assert server.verbs().count("EHLO") == 2


@pytest.mark.parametrize("cut", [b"421 4.7.0 too many errors", b""])
async def test_a_server_that_ends_it_after_so_many_unknown_keeps_nobody_from_the_mail(
    cut: bytes,
) -> None:
    async with RawMailServer() as server:
        for unknown in (A, B):
            server.script(f"RCPT {unknown}", b"550 5.1.1 unknown")
        server.script(f"RCPT {C}", cut)
        receipt = await destination(server, A, B, C, D).send(message())
    assert got(server) == [(C, D)]
    assert receipt.note == (
        f"{A}: 127.0.0.1 answered 550 5.1.1; {B}: 127.0.0.1 answered 550 5.1.1: unknown"
    )


async def test_one_at_whom_the_server_ends_it_keeps_nobody_from_the_mail() -> None:
    async with RawMailServer() as server:
        server.script(f"RCPT {B}", *[b""] * 9)
        error = await failure(destination(server, A, B, C))
    assert isinstance(error, PartlyTakenError)
    assert error.accepted == {A, C}
    assert str(error) == f"{B}: 127.0.0.1 did not answer"
    assert got(server) == [(A,), (C,)]


async def test_one_for_whom_the_server_is_silent_keeps_nobody_from_the_mail() -> None:
    async with RawMailServer() as server:
        server.script(f"RCPT {A}", b"250-let me look")  # and never the last line
        error = await failure(destination(server, A, B, timeout_s=1.5))
    assert isinstance(error, PartlyTakenError)
    assert error.accepted == {B}
    assert got(server) == [(B,)]


@pytest.mark.parametrize("to", [(A,), (A, B), (A, B, C, D)])
async def test_a_server_that_ends_it_for_everybody_is_what_fails(to: tuple[str, ...]) -> None:
    async with RawMailServer() as server:
        server.script("RCPT", *[b""] * 99)
        error = await failure(destination(server, *to))
    assert type(error) is TemporaryDeliveryError
    assert str(error) == "127.0.0.1 broke the connection off"
    assert server.verbs().count("EHLO") <= 4


@pytest.mark.parametrize(
    ("code", "error"), [(b"550 5.1.1", Receipt), (b"452 4.2.2", PartlyTakenError)]
)
async def test_a_mail_refused_for_one_mailbox_goes_to_each_alone(
    code: bytes, error: type[Receipt] | type[DeliveryError]
) -> None:
    async with RawMailServer() as server:
        server.script(".", code + b" b: no", b"250 ok", code + b" b: no", b"250 ok")
        found = destination(server, A, B, C)
        if error is Receipt:
            receipt = await found.send(message())
            assert receipt.note == f"{B}: 127.0.0.1 answered 550 5.1.1: b: no"
        else:
            assert (await failure(found)).in_full == (
                f"{B}: 127.0.0.1 answered 452 4.2.2: b: no"
            )
    assert got(server) == [(A, B, C), (A,), (B,), (C,)]


@pytest.mark.parametrize("words", [b"452 mailbox is full", b"552 Mailbox full"])
async def test_a_mailbox_may_be_meant_without_an_enhanced_code(words: bytes) -> None:
    async with RawMailServer() as server:
        server.script(".", words)
        assert type(await failure(destination(server, A))) is RecipientRefusedError


@pytest.mark.parametrize("refused", [b"451 4.3.0 later", b"554 5.7.1 spam"])
async def test_a_mail_that_is_refused_keeps_no_other_mail_of_a_digest(refused: bytes) -> None:
    parts = [part(new_lead(lead(id="1", assignee=who))) for who in (ASHA, BINA)]
    night = message(*parts, who=None, digest="The night")
    async with RawMailServer() as server:
        server.script(".", refused)
        found = destination(server, "assignee")
        if refused.startswith(b"4"):
            error = await failure(found, night)
            assert isinstance(error, PartlyTakenError)
            assert error.accepted == {"bina@example.com"}
        else:
            assert (await found.send(night)).left[0].in_full == (
                "asha@example.com: 127.0.0.1 answered 554 5.7.1: spam"
            )
    assert got(server) == [("asha@example.com",), ("bina@example.com",)]


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        (b"451 4.3.0 later", TemporaryDeliveryError),
        (b"554 5.7.1 spam", PermanentDeliveryError),
    ],
)
async def test_what_is_refused_in_every_mail_of_a_digest_is_no_recipients_matter(
    refused: bytes, error: type[DeliveryError]
) -> None:
    parts = [part(new_lead(lead(id="1", assignee=who))) for who in (ASHA, BINA)]
    async with RawMailServer() as server:
        server.script(".", refused, refused)
        night = message(*parts, who=None, digest="The night")
        assert type(await failure(destination(server, "assignee"), night)) is error


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "."])
@pytest.mark.parametrize("yes", [b"200 ok", b"251 will forward", b"252 perhaps", b"299"])
async def test_every_2xx_is_a_yes(step: str, yes: bytes) -> None:
    async with RawMailServer() as server:
        server.script(step, yes)
        assert (await destination(server, A).send(message())).note == ""
    assert len(server.mails) == 1


async def test_a_yes_before_the_mail_was_sent_is_none() -> None:
    async with RawMailServer() as server:
        server.script("DATA", b"250 ok")
        error = await failure(destination(server, A))
    assert str(error) == "127.0.0.1 answered, but not as SMTP can be read"
    assert server.mails == []


@pytest.mark.parametrize(
    "limit",
    [
        b"452 4.1.0 Recipient limit exceeded",
        b"550 5.7.1 maximum number of recipients exceeded",
        b"554 5.7.1 Recipient limit reached",
        b"451 Max recipients per message: 2",
    ],
)
async def test_a_limit_is_told_by_its_words_where_the_code_tells_nothing(limit: bytes) -> None:
    async with RawMailServer() as server:
        server.script("RCPT", b"250 ok", b"250 ok", limit)
        await destination(server, A, B, C).send(message())
    assert got(server) == [(A, B), (C,)]
