"""The mail stand-in, seen through aiosmtplib."""

from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from support.certificates import Certificate, self_signed
from support.mail import AfterData, MailServer, Security


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return self_signed(tmp_path)


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
