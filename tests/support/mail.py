"""A mail server that runs here and keeps what it is given.

::

    async with MailServer(security=Security.STARTTLS, certificate=made) as server:
        server.refuse("b@example.com", "450 4.2.1 busy")
        ...  # NOTIFIER_SMTP_URL=server.url
        await server.arrived(1)
        assert server.accepted[0].message["subject"] == "…"
"""

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from aiosmtpd.smtp import SMTP, AuthResult

from support.certificates import Certificate

ACCEPTED = "250 2.0.0 queued"


class Security(StrEnum):
    """How the connection is protected: the scheme of the server's URL."""

    PLAIN = "smtp+plain"
    STARTTLS = "smtp"
    IMPLICIT = "smtps"


class AfterData(StrEnum):
    """What may happen instead of a reply once the whole mail has been read."""

    DROP = "drop"
    HANG = "hang"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail as it was handed over; ``reply`` is what the sender was told."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    content: bytes
    encrypted: bool
    user: str | None
    reply: str


class MailServer:
    """Listens on 127.0.0.1; ``user`` and ``password`` make a login compulsory."""

    def __init__(
        self,
        *,
        security: Security = Security.PLAIN,
        certificate: Certificate | None = None,
        user: str | None = None,
        password: str = "",
    ) -> None:
        self.security = security
        self.mails: list[Mail] = []
        self._user, self._password = user, password
        self._tls = certificate.server() if certificate else None
        self._to_recipients: defaultdict[str, deque[str]] = defaultdict(deque)
        self._to_data: deque[str] = deque()
        self._sessions: list[Any] = []
        self._arrived = asyncio.Condition()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """The value of ``NOTIFIER_SMTP_URL`` that reaches this server."""
        login = f"{quote(self._user)}:{quote(self._password)}@" if self._user else ""
        return f"{self.security}://{login}127.0.0.1:{self.port}"

    @property
    def accepted(self) -> list[Mail]:
        """The mails that the sender was told are queued."""
        return [mail for mail in self.mails if mail.reply.startswith("250")]

    def refuse(self, recipient: str, *replies: str) -> None:
        """Answer the next ``RCPT TO`` of this address with these replies."""
        self._to_recipients[recipient].extend(replies)

    def after_data(self, *replies: str) -> None:
        """Answer the next mails with these replies, or with an :class:`AfterData`."""
        self._to_data.extend(replies)

    async def arrived(self, count: int) -> None:
        """Return once ``count`` mails have been read, whatever they were answered."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.mails) >= count)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        implicit = self._tls if self.security is Security.IMPLICIT else None
        self._server = await loop.create_server(self._session, "127.0.0.1", 0, ssl=implicit)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server
        self._server.close()
        for session in self._sessions:
            # Python 3.11.2 cannot abort a TLS connection that is over.
            if session.transport and not session.transport.is_closing():
                session.transport.abort()
        await self._server.wait_closed()

    def _session(self) -> Any:
        starttls = self.security is Security.STARTTLS
        session = SMTP(
            self,
            hostname="localhost",
            enable_SMTPUTF8=True,
            tls_context=self._tls if starttls else None,
            require_starttls=starttls and self._tls is not None,
            auth_require_tls=starttls,
            authenticator=self._authenticated,
            loop=asyncio.get_running_loop(),
        )
        self._sessions.append(session)
        return session

    def _authenticated(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any
    ) -> Any:
        right = (str(self._user).encode(), self._password.encode())
        return AuthResult(
            success=(login.login, login.password) == right, handled=False, auth_data=login
        )

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Begin a mail, once logged in where a login is wanted."""
        if self._user and not session.authenticated:
            return "530 5.7.0 authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 ok"

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Take or refuse one recipient."""
        if self._to_recipients[address]:
            return self._to_recipients[address].popleft()
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep the mail, then answer as scripted."""
        reply = self._to_data.popleft() if self._to_data else ACCEPTED
        async with self._arrived:
            self.mails.append(self._mail(session, envelope, reply))
            self._arrived.notify_all()
        if reply is AfterData.DROP:
            server.transport.abort()
        if isinstance(reply, AfterData):
            await asyncio.Event().wait()
        return reply

    def _mail(self, session: Any, envelope: Any, reply: str) -> Mail:
        message = message_from_bytes(envelope.content, policy=policy.default)
        return Mail(
            sender=envelope.mail_from,
            recipients=tuple(envelope.rcpt_tos),
            message=message,
            content=envelope.content,
            encrypted=session.ssl is not None or self.security is Security.IMPLICIT,
            user=session.auth_data.login.decode() if session.auth_data else None,
            reply=reply,
        )
