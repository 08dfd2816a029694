"""Stored texts as they are, damaged or not.

A byte that is no UTF-8 must not hide the rows beside it. It is read as a character
that nothing can write, and met where the text itself is used.
"""

from functools import partial

from notifier.cleaning import REPLACEMENT

read = partial(str, encoding="utf-8", errors="surrogateescape")
"""Gives the text of a column's bytes."""


class Watchful:
    """Reads a damaged text with ``�`` in it, for people, and notes that it ``met`` one."""

    def __init__(self) -> None:
        self.met = False

    def __call__(self, stored: bytes) -> str:
        """Return the text of a column's bytes."""
        try:
            return stored.decode()
        except UnicodeDecodeError:
            self.met = True
            return stored.decode(errors="replace")


def is_damaged(*stored: object) -> bool:
    """Whether one of these is neither NULL nor a text all of whose bytes were UTF-8."""
    return not all(one is None or _is_text(one) for one in stored)


def _is_text(stored: object) -> bool:
    if not isinstance(stored, str):
        return False
    return stored.isascii() or not any("\udc80" <= one <= "\udcff" for one in stored)


def raw(stored: object) -> bytes:
    """Return the very bytes of a stored text; none where it is no text."""
    return stored.encode("utf-8", "surrogateescape") if isinstance(stored, str) else b""


def without_nul(value: object) -> object:
    """Return a value that a server takes: U+0000 in a text becomes U+FFFD."""
    if isinstance(value, str) and "\0" in value:
        return value.replace("\0", REPLACEMENT)
    return value
