"""One connection to the mail server, and the mails that are handed in over it."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
)

from notifier.destinations.mail_answers import Answer, heard
from notifier.destinations.mail_faults import LOGIN_REMEDY, NEEDS_LOGIN, refusal
from notifier.destinations.mail_server import Mailbox, Security, SmtpServer
from notifier.errors import DestinationRefusedError

QUIT_S = 2.0
NO_UTF8 = Answer(code=553, words="the server takes no address outside ASCII")
TLS_REMEDY = "use the port and the smtp:// or smtps:// the mail server's operator names"


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
) -> Mapping[str, Answer]:
    """Hand in one mail; return the answer of each recipient that was refused, by address.

    ``build`` is called with whether the headers need SMTPUTF8. Raises what
    aiosmtplib raises where the mail as a whole was not taken.
    """
    barred: dict[str, Answer] = {}
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


async def _name(client: SMTP, recipients: Sequence[Mailbox]) -> dict[str, Answer]:
    """Name the recipients to the server and return its answer for each it refused."""
    refused: dict[str, Answer] = {}
    for box in recipients:
        try:
            await client.rcpt(box.address, encoding="utf-8")
        except SMTPRecipientRefused as error:
            if error.code == NEEDS_LOGIN:
                raise
            refused[box.address] = heard(error)
    return refused


async def _quit(client: SMTP) -> None:
    """Say goodbye: politeness that must not undo a mail already taken."""
    with contextlib.suppress(SMTPException, OSError):
        await asyncio.wait_for(client.quit(), QUIT_S)
