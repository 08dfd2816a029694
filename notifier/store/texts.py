"""Stored texts as they are, damaged or not.

A byte that is no UTF-8 must not hide the rows beside it. It is read as a character
that nothing can write, and met where the text itself is used.
"""

from functools import partial

read = partial(str, encoding="utf-8", errors="surrogateescape")
"""Gives the text of a column's bytes."""


def is_damaged(text: str) -> bool:
    """Whether some byte of a stored text was no UTF-8."""
    return not text.isascii() and any("\udc80" <= one <= "\udcff" for one in text)


def raw(text: str) -> bytes:
    """Return the very bytes of a stored text."""
    return text.encode("utf-8", "surrogateescape")
