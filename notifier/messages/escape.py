"""Strangers' words made harmless for the medium they are shown in.

Slack gives meaning to ``& < >`` alone; a terminal obeys control sequences, and
bidirectional overrides make any reader see another text than was written.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from notifier.cleaning import BREAKS, SEQUENCES

ELLIPSIS = "…"
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}

CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
UNSEEN = re.compile(  # what a terminal obeys, or no eye sees
    r"[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
MRKDWN_TOKENS = re.compile(r"<[^<>\n]*>|&(?:amp|lt|gt);|.", re.DOTALL)
FORMULA = ("=", "+", "-", "@")  # what begins so is one: OWASP, "CSV Injection"
UNSAFE_IN_LINK = re.compile(r"[\s\x00-\x20\x7f-\x9f<>\"|\\^`{}\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Return text without terminal sequences, controls and overrides; lines end in LF."""
    return CONTROLS.sub("", BREAKS.sub("\n", SEQUENCES.sub("", text)))


def one_line(text: str) -> str:
    """Return :func:`plain` text on one line: titles, subjects, table cells."""
    return " ".join(plain(text).split())


def in_a_sheet(value: object) -> object:
    """Return a cell that no spreadsheet computes: a stranger's words are no formula."""
    if not isinstance(value, str):
        return value
    text = plain(value)
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text


def fitting(text: str, encoding: str | None) -> str:
    """Return text that a stream of this encoding takes; what it cannot carry is ``?``."""
    return text.encode(encoding, "replace").decode(encoding) if encoding else text


def shorten(text: str, limit: int) -> str:
    """Return at most ``limit`` (≥ 1) characters; a cut shows as ``…``."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + ELLIPSIS


def slack(text: str, limit: int | None = None) -> str:
    """Return plain text as mrkdwn of at most ``limit`` characters once escaped.

    Cut before escaping and measured after, so that no entity is ever cut.
    Source: Slack, "Formatting text for app surfaces", escaping.
    """
    pieces = [ENTITIES.get(letter, letter) for letter in plain(text)]
    return "".join(pieces) if limit is None else _joined(pieces, limit)


def shorten_mrkdwn(text: str, limit: int) -> str:
    """Return finished mrkdwn within ``limit``; entities and ``<…>`` stay whole or go."""
    return _joined(MRKDWN_TOKENS.findall(text), limit)


def safe_link(url: str | None) -> str | None:
    """Return an http(s) address that cannot break out of where it is put, else ``None``."""
    if not url or UNSAFE_IN_LINK.search(url):
        return None
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        return None
    return url if whole else None


def _joined(pieces: Iterable[str], limit: int) -> str:
    kept: list[str] = []
    size = fits = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            return "".join(kept[:fits]).rstrip() + ELLIPSIS
        kept.append(piece)
        if size <= limit - len(ELLIPSIS):
            fits = len(kept)
    return "".join(kept)
