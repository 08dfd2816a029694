"""Handing mails in over one connection, until everybody has answered for theirs."""

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPReadTimeoutError,
    SMTPRecipientRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from notifier.destinations.mail_answers import CLOSING, Answer, heard
from notifier.destinations.mail_faults import NEEDS_LOGIN, refusal
from notifier.destinations.mail_results import SendResults
from notifier.destinations.mail_server import Mailbox, SmtpServer
from notifier.errors import DeliveryError

PATIENCE_S = 20.0  # with one of several recipients
NO_ANSWER = Answer(code=0)
NO_UTF8 = Answer(code=553, words="the server takes no address outside ASCII")
MOST_SILENCES = 3  # before they are the server's, and not some recipients'
LEADING_DOT = re.compile(rb"(?m)^\.")


@dataclass(slots=True, kw_only=True)
class Session:
    """A connection that is let in; it ``has_served`` once a mail was taken over it."""

    client: SMTP
    server: SmtpServer
    results: SendResults
    timeout_s: float
    has_begun: bool = False  # a mail that nobody took
    has_served: bool = False

    async def submit(
        self,
        *,
        sender: Mailbox,
        recipients: Sequence[Mailbox],
        build: Callable[[bool], bytes],
    ) -> None:
        """Hand in a mail for all who have not answered, in as many as the server wants.

        ``build`` is called with whether the headers need SMTPUTF8. ``results`` has each
        answer as it comes. Raises what aiosmtplib raises where the server takes nothing
        more over this connection.
        """
        if not self.client.supports_extension("smtputf8"):
            self.results.refuse([box for box in recipients if box.needs_utf8], NO_UTF8)
        while left := self.results.unanswered(recipients)[: self.results.most]:
            utf8 = any(box.needs_utf8 for box in (sender, *left))
            mail = build(utf8)
            await self._begin(sender, _options(self.client, mail, utf8=utf8))
            if named := await self._name(left):
                await self._hand_over(mail, named)

    async def _begin(self, sender: Mailbox, options: Sequence[str]) -> None:
        if self.has_begun:
            await self.client.rset()
        self.has_begun = True
        with _any_yes():
            await self.client.mail(sender.address, options=options, encoding="utf-8")

    async def _name(self, recipients: Sequence[Mailbox]) -> list[Mailbox]:
        """Name the recipients until the server takes no more; return those it took."""
        named: list[Mailbox] = []
        before = self.results.count
        patience_s = min(self.timeout_s / 3, PATIENCE_S) if recipients[1:] else self.timeout_s
        for box in recipients:
            try:
                with _any_yes():
                    await self.client.rcpt(box.address, encoding="utf-8", timeout=patience_s)
                named.append(box)
            except SMTPRecipientRefused as error:
                answer = heard(error)
                if answer.ends_list and named:
                    break
                # A connection that has served may have had its share: another one tells.
                if error.code == NEEDS_LOGIN or (answer.ends_list and self.has_served):
                    raise
                if error.code == CLOSING:
                    self._blame(box, named, error, had_before=before)
                    raise
                self.results.refuse([box], answer)
            except (SMTPServerDisconnected, SMTPReadTimeoutError) as error:
                self._blame(box, named, error, had_before=before)
                raise
        return named

    def _blame(
        self, box: Mailbox, named: Sequence[Mailbox], error: SMTPException, *, had_before: int
    ) -> None:
        """Note at whom the connection ended, so that the others need not wait for that one.

        After others it may have been one too many; after refusals, one refusal.
        """
        if named and not isinstance(error, SMTPReadTimeoutError):
            self.results.most = len(named)
        elif self.results.count == had_before and len(self.results.faults) < MOST_SILENCES:
            self.results.refuse([box], NO_ANSWER, fault=self._fault(error))

    async def _hand_over(self, mail: bytes, named: Sequence[Mailbox]) -> None:
        """Hand over the mail; what it is refused for may be one mailbox, or all mail."""
        try:
            await self._give(mail)
        except SMTPDataError as error:
            answer = heard(error)
            if answer.code == CLOSING:
                raise
            if answer.is_of_mailbox and named[1:]:
                self.results.most = 1
            else:
                fault = None if answer.is_of_mailbox else self._fault(error)
                self.results.refuse(named, answer, fault=fault)
            return
        self.has_begun, self.has_served = False, True
        self.results.take(named)

    async def _give(self, mail: bytes) -> None:
        """Send the mail itself.

        aiosmtplib takes 250 alone for a yes, and does not tell whether the mail went
        out before another answer. The first digit decides: RFC 5321, 4.2.1.
        """
        asked = await self.client.execute_command(b"DATA")
        if not 300 <= asked.code < 400:
            raise SMTPDataError(asked.code, asked.message)
        protocol = self.client.protocol
        if protocol is None:
            raise SMTPServerDisconnected("it went before the mail")
        protocol.write(LEADING_DOT.sub(b"..", mail) + b".\r\n")
        said = await protocol.read_response(timeout=self.timeout_s)
        if not 200 <= said.code < 300:
            raise SMTPDataError(said.code, said.message)

    def _fault(self, error: SMTPException) -> DeliveryError:
        return refusal(self.server, error, timeout_s=self.timeout_s)


@contextlib.contextmanager
def _any_yes() -> Iterator[None]:
    """Let every 2xx be a yes: aiosmtplib takes 250 alone."""
    try:
        yield
    except (SMTPSenderRefused, SMTPRecipientRefused) as error:
        if not 200 <= error.code < 300:
            raise


def _options(client: SMTP, mail: bytes, *, utf8: bool) -> list[str]:
    if utf8 and not client.supports_extension("smtputf8"):
        raise SMTPNotSupported("SMTPUTF8")
    size = [f"SIZE={len(mail)}"] if client.supports_extension("size") else []
    return [*size, *(["SMTPUTF8"] if utf8 else [])]
