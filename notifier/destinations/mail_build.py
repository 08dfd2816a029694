"""A mail's headers and MIME parts, built so that no stranger's word becomes a header.

CPython up to 3.11.7 turns ``=?utf-8?q?x=0ABcc:…?=`` in a subject into a header of
its own (CVE-2024-6923), and refuses some line breaks with an exception.
"""

import email.policy
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage

from notifier.destinations.mail_body import MailBody
from notifier.destinations.mail_headers import registry
from notifier.destinations.mail_server import Mailbox
from notifier.messages.escape import one_line, shorten

MAX_SUBJECT = 200
# Nobody on holiday is to answer: with Reply-To, it might be to the visitor. Sources:
# RFC 3834, 5; for Exchange, which ignores that, MS-OXCMAIL 2.1.3.2.20. Reports of
# mail that did not arrive are still welcome. `Precedence` is no standard, and
# List-Id says as much (RFC 5230, 4.6).
UNANSWERED = {
    "Auto-Submitted": "auto-generated",
    "X-Auto-Response-Suppress": "OOF, AutoReply",
}
LOOKALIKE_OF_ENCODED = re.compile(r"=(?=\?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Everything a mail is built from; nothing in it depends on the attempt but ``sent_at``.

    ``parent`` is the ``Message-ID`` of the conversation's first mail, for a later one.
    """

    sender: Mailbox
    recipients: Sequence[Mailbox]
    reply_to: Mailbox | None
    subject: str
    body: MailBody
    message_id: str
    parent: str | None
    list_id: str
    sent_at: datetime


def message_id(*parts: str, domain: str) -> str:
    """Return a ``Message-ID`` that is the same for the same parts."""
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return f"<{digest[:32]}@{domain}>"


def list_id(name: str, *, domain: str) -> str:
    """Return the ``List-Id`` mail filters may go by. Source: RFC 2919."""
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "notifier"
    return f"<{label[:63]}.{domain}>"


def header_text(text: str) -> str:
    """Return text that stays text in any header, shortened visibly."""
    line = one_line(text.encode("utf-8", "replace").decode())
    return shorten(LOOKALIKE_OF_ENCODED.sub("= ", line), MAX_SUBJECT)


def build(letter: Letter, *, utf8: bool) -> bytes:
    """Return the mail as bytes for DATA; with ``utf8`` its headers need SMTPUTF8."""
    policy = email.policy.SMTP.clone(header_factory=registry(), utf8=utf8)
    mail = EmailMessage(policy=policy)
    mail["From"] = letter.sender.header()
    shown = [box for box in letter.recipients if utf8 or not box.needs_utf8]
    mail["To"] = [mailbox.header() for mailbox in shown]
    if letter.reply_to:
        mail["Reply-To"] = letter.reply_to.header()
    mail["Subject"] = header_text(letter.subject)
    mail["Date"] = letter.sent_at
    mail["Message-ID"] = letter.message_id
    if letter.parent:
        mail["In-Reply-To"] = letter.parent
        mail["References"] = letter.parent
    mail["List-Id"] = letter.list_id
    for name, value in UNANSWERED.items():
        mail[name] = value
    mail.set_content(_encodable(letter.body.text), cte="quoted-printable")
    mail.add_alternative(_encodable(letter.body.html), subtype="html", cte="quoted-printable")
    return mail.as_bytes()


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
