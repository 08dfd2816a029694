"""Mail to fixed addresses and to whoever has, or had, the lead.

One delivery is one mail. Each recipient's answer is kept, so that a retry goes
to those alone who may still take it.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, tzinfo
from functools import cache
from typing import Annotated, ClassVar, Literal

from aiosmtplib import SMTP
from pydantic import AfterValidator, BeforeValidator, Field

from notifier.core.outcome import UNRESOLVED
from notifier.destinations.base import (
    BuildContext,
    Diagnosis,
    KindOptions,
    Message,
    Part,
    PartlyTakenError,
    Receipt,
    listed,
    missing,
)
from notifier.destinations.mail_body import write_body
from notifier.destinations.mail_build import Letter, build, header_text, list_id, message_id
from notifier.destinations.mail_greeting import HostName
from notifier.destinations.mail_outcomes import ends, receipt
from notifier.destinations.mail_recipients import PEOPLE, RecipientGroup, resolve
from notifier.destinations.mail_results import SendResults
from notifier.destinations.mail_server import (
    Mailbox,
    SmtpServer,
    parse_mailbox,
    parse_smtp_url,
    visitor_mailbox,
)
from notifier.destinations.mail_session import connected
from notifier.destinations.mail_submission import Session
from notifier.errors import DeliveryError, SkippedDeliveryError
from notifier.network import certificates

TIMEOUT_S = 60.0
# What is remembered of a lead's first mail, which later ones answer.
FIRST_ID, FIRST_SUBJECT = "email_message_id", "email_subject"


def _check_recipient(text: str) -> str:
    first, _, rest = text.replace(";", ",").partition(",")
    if "@" in first and "@" in rest:
        raise ValueError("this is more than one mail address: write a list, as in [a, b]")
    if text not in PEOPLE:
        parse_mailbox(text)
    return text


class EmailOptions(KindOptions):
    """``{type: email, to: [boss@example.com, assignee]}`` in the rules file."""

    is_read_by_people: ClassVar[bool] = True
    delivered_means: ClassVar[str] = "the mail server took it for the recipients"

    type: Literal["email"] = Field(description="The kind of destination.")
    to: Annotated[
        tuple[Annotated[str, AfterValidator(_check_recipient)], ...], BeforeValidator(listed)
    ] = Field(
        min_length=1,
        max_length=100,
        description="Addresses, `assignee` or `previous_assignee`; one or a list.",
    )

    def build(self, name: str, context: BuildContext) -> "EmailDestination":
        """Return the destination; all share one server and sender."""
        if context.smtp_url is None:
            raise missing(name, "NOTIFIER_SMTP_URL", "mail needs a server")
        if context.smtp_from is None:
            raise missing(name, "NOTIFIER_SMTP_FROM", "mail needs a sender")
        return EmailDestination(
            name,
            self,
            server=parse_smtp_url(context.smtp_url.get_secret_value()),
            sender=parse_mailbox(context.smtp_from),
            zone=context.zone,
            now=context.now,
            public_url=context.public_url,
        )

    def reaches(self) -> str:
        """Return the recipients as the rules file has them."""
        return ", ".join(self.to)

    def unresolved(self, message: Message) -> frozenset[int]:
        """Return the positions of the parts that nobody would get."""
        return resolve(self.to, message).left


OPTIONS = EmailOptions


class EmailDestination:
    """Hands mails to one server; ``now`` dates them, ``zone`` is for times people read."""

    slots = 2
    min_interval_s = 0.0

    def __init__(
        self,
        name: str,
        options: EmailOptions,
        *,
        server: SmtpServer,
        sender: Mailbox,
        zone: tzinfo,
        now: Callable[[], datetime],
        public_url: str | None = None,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
        host_name: HostName | None = None,
    ) -> None:
        self.name = name
        self._to, self._has_conversations = options.to, options.thread
        self._server = server
        self._sender = sender
        self._zone = zone
        self._now = now
        self._public_url = public_url
        self._tls = tls
        self._timeout_s = timeout_s
        self._host_name = host_name or HostName()

    async def send(self, message: Message) -> Receipt:
        """Hand in one mail for all who have not answered; see :class:`Destination`.

        A digest for several people is a mail for each.
        """
        who = resolve(self._to, message)
        if not who.groups:
            raise SkippedDeliveryError(UNRESOLVED)
        results = SendResults(host=self._server.host, before=message.accepted)
        try:
            await self._submit_all(message, who.groups, results)
            results.conclude()
        except PartlyTakenError as partly:
            partly.parts = ends(message, who, results)
            raise
        return receipt(message, who, results, memory=self._memory(message))

    async def check(self) -> Diagnosis:
        """Connect and log in without sending; raises what :meth:`send` would."""
        async with self._connected(self._until_s()):
            return Diagnosis(found="the server lets us in")

    async def aclose(self) -> None:
        """A connection lives as long as its mail takes; a look-up may still be under way."""
        self._host_name.close()

    def _until_s(self) -> float:
        return asyncio.get_running_loop().time() + self._timeout_s

    def _connected(self, until_s: float) -> AbstractAsyncContextManager[SMTP]:
        return connected(
            self._server,
            host_name=self._host_name,
            # Not before it is needed: to read the host's certificates takes 20 ms.
            tls=self._tls or certificates.context(),
            timeout_s=self._timeout_s,
            until_s=until_s,
        )

    async def _submit_all(
        self, message: Message, groups: Sequence[RecipientGroup], results: SendResults
    ) -> None:
        """Hand in each group, over as many connections as the server wants.

        Some take so many recipients or mails over one, or cut it off after so many
        they do not know: while each brings something, there is another.
        """
        until_s = self._until_s()
        while left := [one for one in groups if results.unanswered(one.mailboxes)]:
            before = results.progress
            try:
                async with self._connected(until_s) as client:
                    session = Session(
                        client=client,
                        server=self._server,
                        results=results,
                        timeout_s=self._timeout_s,
                    )
                    for group in left:
                        await self._submit(session, message, group)
            except DeliveryError as error:
                if results.progress == before:
                    raise results.interrupted(error) from None

    async def _submit(self, session: Session, message: Message, group: RecipientGroup) -> None:
        letter = self._letter(message, group)
        await session.submit(
            sender=self._sender,
            recipients=group.mailboxes,
            build=cache(lambda utf8: build(letter, utf8=utf8)),
        )

    def _letter(self, message: Message, group: RecipientGroup) -> Letter:
        body = write_body(
            message.share(group.parts), zone=self._zone, public_url=self._public_url
        )
        first = message.memory.get(FIRST_SUBJECT) if self._converses(message) else None
        return Letter(
            sender=self._sender,
            recipients=group.mailboxes,
            reply_to=_reply_to(message),
            # Mail programs open a new conversation when the subject changes.
            subject=f"Re: {first}" if first else body.subject,
            body=body,
            message_id=self._message_id(message, group.parts),
            parent=message.memory.get(FIRST_ID) if first else None,
            list_id=list_id(self.name, domain=self._sender.domain),
            sent_at=self._now(),
        )

    def _converses(self, message: Message) -> bool:
        """Whether the mail belongs to its lead's conversation."""
        return self._has_conversations and message.lead is not None and message.digest is None

    def _message_id(self, message: Message, parts: tuple[Part, ...]) -> str:
        """Return the same id on every attempt, and another for each group of a digest."""
        shared = [part.event.id for part in parts] if message.digest is not None else []
        return message_id(self.name, message.id, *shared, domain=self._sender.domain)

    def _memory(self, message: Message) -> dict[str, str]:
        if not self._converses(message) or FIRST_ID in message.memory:
            return {}
        subject = write_body(message, zone=self._zone).subject
        return {
            FIRST_ID: self._message_id(message, message.parts),
            FIRST_SUBJECT: header_text(subject),
        }


def _reply_to(message: Message) -> Mailbox | None:
    """Return the visitor's address: an answer to the mail is one to the visitor."""
    if message.lead is None or message.lead.email is None:
        return None
    mailbox = visitor_mailbox(message.lead.email)
    return None if mailbox is None or mailbox.needs_utf8 else mailbox
