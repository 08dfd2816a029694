"""One connection to the mail server, and the mails that are handed in over it."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
)

from notifier.destinations.mail_answers import CLOSING, Answer, heard
from notifier.destinations.mail_faults import NEEDS_LOGIN, TLS_REMEDY, no_login, refusal
from notifier.destinations.mail_greeting import HostName, literal
from notifier.destinations.mail_server import Mailbox, Security, SmtpServer
from notifier.errors import DestinationRefusedError

QUIT_S = 2.0
UNKNOWN = "localhost"  # said to nobody: only the connection knows its address
OF_THE_SERVER = (CLOSING, NEEDS_LOGIN)  # whomever RCPT named
NO_UTF8 = Answer(code=553, words="the server takes no address outside ASCII")


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What became of one mail's recipients, by address; ``left`` need another mail."""

    taken: frozenset[str] = frozenset()
    refused: Mapping[str, Answer] = field(default_factory=dict)
    left: Sequence[Mailbox] = ()


@dataclass(slots=True, kw_only=True)
class Session:
    """A connection that is let in: mails are handed in one after another."""

    client: SMTP
    _has_begun: bool = False  # a mail that nobody took

    async def hand_in(
        self,
        *,
        sender: Mailbox,
        recipients: Sequence[Mailbox],
        build: Callable[[bool], bytes],
    ) -> Handed:
        """Hand in one mail for as many of the recipients as the server takes in one.

        ``build`` is called with whether the headers need SMTPUTF8. Raises what
        aiosmtplib raises where the mail as a whole was not taken.
        """
        barred: dict[str, Answer] = {}
        if not self.client.supports_extension("smtputf8"):
            barred = {box.address: NO_UTF8 for box in recipients if box.needs_utf8}
        able = [box for box in recipients if box.address not in barred]
        if not able:
            return Handed(refused=barred)
        utf8 = any(box.needs_utf8 for box in (sender, *able))
        mail = build(utf8)
        await self._begin(sender, _options(self.client, mail, utf8=utf8))
        handed = await self._name(able)
        refused = {**barred, **handed.refused}
        if handed.taken and (answer := await self._refusal_at_last(mail, handed.taken)):
            refused |= dict.fromkeys(handed.taken, answer)
            handed = replace(handed, taken=frozenset())
        return replace(handed, refused=refused)

    async def _begin(self, sender: Mailbox, options: Sequence[str]) -> None:
        if self._has_begun:
            await self.client.rset()
        await self.client.mail(sender.address, options=options, encoding="utf-8")
        self._has_begun = True

    async def _name(self, recipients: Sequence[Mailbox]) -> Handed:
        """Name the recipients to the server, until it takes no more in one mail."""
        taken: set[str] = set()
        refused: dict[str, Answer] = {}
        left: Sequence[Mailbox] = ()
        for number, box in enumerate(recipients):
            answer = await self._refusal_of(box)
            if answer is None:
                taken.add(box.address)
            elif taken and answer.ends_list:
                left = recipients[number:]
                break
            else:
                refused[box.address] = answer
        return Handed(taken=frozenset(taken), refused=refused, left=left)

    async def _refusal_at_last(self, mail: bytes, taken: Collection[str]) -> Answer | None:
        """Hand over the mail; return what only its one recipient was refused for."""
        self._has_begun = False
        try:
            await self.client.data(mail)
        except SMTPDataError as error:
            answer = heard(error)
            if len(taken) == 1 and answer.is_of_mailbox:
                return answer
            raise
        return None

    async def _refusal_of(self, box: Mailbox) -> Answer | None:
        try:
            await self.client.rcpt(box.address, encoding="utf-8")
        except SMTPRecipientRefused as error:
            if error.code in OF_THE_SERVER:
                raise
            return heard(error)
        return None


@contextlib.asynccontextmanager
async def connected(
    server: SmtpServer, *, host_name: HostName, tls: ssl.SSLContext, timeout_s: float
) -> AsyncIterator[Session]:
    """Connect, secure the connection and log in; every failure is a delivery error.

    The deadline covers the whole block, and in it nothing is sent before the
    connection is as safe as the settings demand.
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
        async with asyncio.timeout(timeout_s):
            await _open(client, server, await host_name.get())
            yield Session(client=client)
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


def _options(client: SMTP, mail: bytes, *, utf8: bool) -> list[str]:
    if utf8 and not client.supports_extension("smtputf8"):
        raise SMTPNotSupported("SMTPUTF8")
    size = [f"SIZE={len(mail)}"] if client.supports_extension("size") else []
    return [*size, *(["SMTPUTF8"] if utf8 else [])]


async def _quit(client: SMTP) -> None:
    """Say goodbye: politeness that must not undo a mail already taken."""
    with contextlib.suppress(SMTPException, OSError):
        await asyncio.wait_for(client.quit(), QUIT_S)
