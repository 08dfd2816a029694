"""A connection to a mail server, open, secured and let in."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

from aiosmtplib import SMTP, SMTPException

from notifier.destinations.mail_faults import TLS_REMEDY, no_login, refusal
from notifier.destinations.mail_greeting import HostName, literal
from notifier.destinations.mail_server import Security, SmtpServer
from notifier.errors import DestinationRefusedError

QUIT_S = 2.0
UNKNOWN = "localhost"  # said to nobody: only the connection knows its address


@contextlib.asynccontextmanager
async def connected(
    server: SmtpServer,
    *,
    host_name: HostName,
    tls: ssl.SSLContext,
    timeout_s: float,
    until_s: float,
) -> AsyncIterator[SMTP]:
    """Connect, secure the connection and log in; every failure is a delivery error.

    The whole block ends at ``until_s``, by the loop's clock, and in it nothing is sent
    before the connection is as safe as the settings demand.
    """
    client = SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.security is Security.TLS,
        start_tls=False,
        tls_context=tls,
        local_hostname=UNKNOWN,
        timeout=timeout_s,
    )
    try:
        async with asyncio.timeout_at(until_s):
            await _open(client, server, await host_name.get())
            yield client
        await _quit(client)
    except (SMTPException, OSError) as error:
        # Without its cause, which may quote a login.
        raise refusal(server, error, timeout_s=timeout_s) from None
    finally:
        client.close()


async def _open(client: SMTP, server: SmtpServer, host_name: str | None) -> None:
    await client.connect()
    address, *_ = client.get_transport_info("sockname")
    client.local_hostname = host_name or literal(address)
    await client.ehlo()
    if server.security is Security.STARTTLS:
        if not client.supports_extension("starttls"):
            problem = f"{server.host} does not offer STARTTLS, and nothing is sent without it"
            raise DestinationRefusedError(problem, remedy=TLS_REMEDY)
        await client.starttls()
        await client.ehlo()
    if server.username:
        if not client.supported_auth_methods:
            raise no_login(server, client.server_auth_methods)
        await client.login(server.username, server.password)


async def _quit(client: SMTP) -> None:
    """Say goodbye: politeness that must not undo a mail already taken."""
    with contextlib.suppress(SMTPException, OSError):
        await asyncio.wait_for(client.quit(), QUIT_S)
