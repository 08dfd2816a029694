"""The words of a message, before any destination dresses them."""

from dataclasses import dataclass
from enum import StrEnum


class Medium(StrEnum):
    """What a text is written for, since strangers' words are escaped accordingly.

    ``SLACK`` is mrkdwn with the visitor's ``& < >`` escaped; ``PLAIN`` is text
    without controls, which a destination escapes as a whole (HTML in mail).
    """

    SLACK = "slack"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A title of one line and a body of any number of lines, which may be empty."""

    title: str
    body: str = ""
