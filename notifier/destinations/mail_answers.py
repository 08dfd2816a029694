"""What a mail server says, made text where it enters."""

import re
from dataclasses import dataclass

from aiosmtplib import SMTPResponse, SMTPResponseException

from notifier.cleaning import clean
from notifier.messages.escape import one_line, shorten

MAX_WORDS = 300
CLOSING = 421
FULL = (452, 552)
SILENT = "did not answer"
TOO_MANY = re.compile(
    r"too many|recipients?\b.{0,20}\b(?:limit|exceed)"
    r"|\b(?:limit|max|exceed)\w*\b.{0,40}\brecipients",
    re.I,
)
# An enhanced status code stands in front of each line's words. Source: RFC 2034, 4.
STATUS = re.compile(r"^([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:[ \t]+|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One reply; ``status`` is its enhanced code, such as 5.1.1, where it has one.

    ``words`` may repeat the mail: they stay with the delivery, on one line of
    bounded length, and stand in no log and no message.
    """

    code: int
    status: str = ""
    words: str = ""

    @property
    def is_final(self) -> bool:
        """Whether asking again is of no use."""
        return self.code >= 500 and not self._says_too_many

    @property
    def ends_list(self) -> bool:
        """Whether a mail that has recipients can have no more: the others get another.

        Both codes may mean a full mailbox, too: of the next mail it is the first, and
        then it is that mailbox which refused. Source: RFC 5321, 4.5.3.1.10.
        """
        if self.code == CLOSING:
            return False
        return self._says_too_many or (self.code in FULL and not self.is_of_mailbox)

    @property
    def _says_too_many(self) -> bool:
        return self.status.endswith(".5.3") or bool(TOO_MANY.search(self.words))

    @property
    def is_of_mailbox(self) -> bool:
        """Whether it speaks of an address or its mailbox. Source: RFC 3463, 3."""
        if self.status:
            return self.status[1:3] in (".1", ".2") and self.status[3:4] == "."
        return "mailbox" in self.words.lower()

    @property
    def codes(self) -> str:
        """Return ``550 5.1.1``, the part that repeats nothing."""
        return f"{self.code} {self.status}".rstrip()

    @property
    def told(self) -> str:
        """Return what the server did, without its words."""
        return f"answered {self.codes}" if self.code else SILENT


def heard(reply: SMTPResponse | SMTPResponseException) -> Answer:
    """Return what the library heard: the one door for a mail server's words."""
    said = clean(reply.message).strip()
    status = STATUS.match(said)
    return Answer(
        code=reply.code,
        status=status[1] if status else "",
        words=shorten(one_line(STATUS.sub("", said)), MAX_WORDS),
    )
