"""One connection to the mail server: what it answered, or why it took nothing."""

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPResponse,
    SMTPResponseException,
    SMTPSenderRefused,
)

from notifier.cleaning import clean
from notifier.destinations.mail_server import Mailbox, Security, SmtpServer
from notifier.errors import (
    DeliveryError,
    DestinationRefusedError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from notifier.messages.escape import one_line, shorten

MAX_REPLY = 300
QUIT_S = 2.0
NEEDS_LOGIN = 530
NO_UTF8 = SMTPResponse(553, "the server takes no address outside ASCII")
TLS_REMEDY = "use the port and the smtp:// or smtps:// the mail server's operator names"
SERVER_REMEDY = "ask the mail server's operator to let this host in"
LOGIN_REMEDY = "check the user and password in NOTIFIER_SMTP_URL"
CERTIFICATE_REMEDY = (
    "use the name in the server's certificate, or trust its issuer on this host"
)
CONTENT_REMEDY = "ask the mail server's operator what it has against this mail"
SENDER_REMEDY = "set NOTIFIER_SMTP_FROM to an address this login may send from"


@contextlib.asynccontextmanager
async def connected(
    server: SmtpServer, *, helo: str, tls: ssl.SSLContext, timeout_s: float
) -> AsyncIterator[SMTP]:
    """Connect, secure the connection and log in; every failure is a delivery error.

    ``helo`` is the name we greet with. The deadline covers the whole block, and
    in it nothing is sent before the connection is as safe as the settings demand.
    """
    client = SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.security is Security.TLS,
        start_tls=False,
        tls_context=tls,
        local_hostname=helo,
        timeout=timeout_s,
    )
    try:
        async with asyncio.timeout(timeout_s):
            await _open(client, server)
            yield client
        await _quit(client)
    except (SMTPException, OSError) as error:
        # Without its cause, which may quote a login.
        raise refusal(server.host, error) from None
    finally:
        client.close()


async def transmit(
    client: SMTP,
    *,
    sender: Mailbox,
    recipients: Sequence[Mailbox],
    build: Callable[[bool], bytes],
) -> Mapping[str, SMTPResponse]:
    """Hand in one mail; return the answer of each recipient that was refused, by address.

    ``build`` is called with whether the headers need SMTPUTF8. Raises what
    aiosmtplib raises where the mail as a whole was not taken.
    """
    barred: dict[str, SMTPResponse] = {}
    if not client.supports_extension("smtputf8"):
        barred = {box.address: NO_UTF8 for box in recipients if box.needs_utf8}
    able = [box for box in recipients if box.address not in barred]
    if not able:
        return barred
    utf8 = any(box.needs_utf8 for box in (sender, *able))
    mail = build(utf8)
    await client.mail(
        sender.address, options=_options(client, mail, utf8=utf8), encoding="utf-8"
    )
    refused = await _name(client, able)
    if len(refused) < len(able):
        await client.data(mail)
    return barred | refused


def refusal(host: str, error: SMTPException | OSError) -> DeliveryError:
    """Return our error for a connection or mail that was not taken as a whole.

    Where the server answered, its code decides: 4xx is temporary, 5xx speaks of
    the mail once DATA began, and of every mail before that.
    """
    if isinstance(error, SMTPResponseException) and error.code >= 400:
        return _answered(host, error)
    if isinstance(error, SMTPNotSupported):
        return DestinationRefusedError(f"{host} has no SMTPUTF8", remedy=SENDER_REMEDY)
    return _broken(host, error)


def said(host: str, answer: SMTPResponse | SMTPResponseException) -> str:
    """Return ``host answered 550: reason``, on one line of bounded length."""
    words = shorten(one_line(clean(answer.message)), MAX_REPLY)
    return f"{host} answered {answer.code}: {words}".removesuffix(": ")


def _answered(host: str, error: SMTPResponseException) -> DeliveryError:
    problem = said(host, error)
    match error:
        case SMTPResponseException(code=code) if code < 500:
            return TemporaryDeliveryError(problem)
        case SMTPDataError() | SMTPSenderRefused(code=552):
            return PermanentDeliveryError(problem, remedy=CONTENT_REMEDY)
        case SMTPAuthenticationError():
            # Its words are left out: some servers repeat what they were given.
            problem, remedy = f"{host} refused the login ({error.code})", LOGIN_REMEDY
        case SMTPResponseException(code=code) if code == NEEDS_LOGIN:
            remedy = LOGIN_REMEDY
        case SMTPSenderRefused():
            remedy = SENDER_REMEDY
        case _:
            remedy = SERVER_REMEDY
    return DestinationRefusedError(problem, remedy=remedy)


def _broken(host: str, error: SMTPException | OSError) -> DeliveryError:
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    match cause:
        case ssl.SSLCertVerificationError(verify_message=why):
            return DestinationRefusedError(
                f"the certificate of {host} does not verify ({why})", remedy=CERTIFICATE_REMEDY
            )
        case ssl.SSLError():
            problem = f"no TLS connection to {host}"
        case TimeoutError():
            problem = f"{host} did not answer in time"
        case socket.gaierror():
            problem = f"{host} cannot be resolved"
        case OSError(errno=int() as number):
            # asyncio puts the address into strerror, where the words belong.
            problem = f"no connection to {host} ({os.strerror(number).lower()})"
        case _:
            problem = f"{host} broke off ({type(error).__name__})"
    return TemporaryDeliveryError(problem)


async def _open(client: SMTP, server: SmtpServer) -> None:
    await client.connect()
    await client.ehlo()
    if server.security is Security.STARTTLS:
        if not client.supports_extension("starttls"):
            problem = f"{server.host} does not offer STARTTLS, and nothing is sent without it"
            raise DestinationRefusedError(problem, remedy=TLS_REMEDY)
        await client.starttls()
        await client.ehlo()
    if server.username:
        if not client.supported_auth_methods:
            problem = f"{server.host} offers no way to log in that is known here"
            raise DestinationRefusedError(problem, remedy=LOGIN_REMEDY)
        await client.login(server.username, server.password)


def _options(client: SMTP, mail: bytes, *, utf8: bool) -> list[str]:
    if utf8 and not client.supports_extension("smtputf8"):
        raise SMTPNotSupported("SMTPUTF8")
    size = [f"SIZE={len(mail)}"] if client.supports_extension("size") else []
    return [*size, *(["SMTPUTF8"] if utf8 else [])]


async def _name(client: SMTP, recipients: Sequence[Mailbox]) -> dict[str, SMTPResponse]:
    """Name the recipients to the server and return its answer for each it refused."""
    refused: dict[str, SMTPResponse] = {}
    for box in recipients:
        try:
            await client.rcpt(box.address, encoding="utf-8")
        except SMTPRecipientRefused as error:
            if error.code == NEEDS_LOGIN:
                raise
            refused[box.address] = SMTPResponse(error.code, error.message)
    return refused


async def _quit(client: SMTP) -> None:
    """Say goodbye: politeness that must not undo a mail already taken."""
    with contextlib.suppress(SMTPException, OSError):
        await asyncio.wait_for(client.quit(), QUIT_S)
