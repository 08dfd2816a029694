"""Word boundaries of regular expressions: RE2's know the letters a to z alone."""

import re
from collections.abc import Iterator

LETTERS = r"\pL\pM\pN_"
FLAGS = re.compile(r"(?:\(\?[a-zA-Z]+\))*")
TOKENS = re.compile(r"\\.|\[\^?\]?|.", re.DOTALL)


def for_every_script(pattern: str) -> str:
    r"""Return an expression with letters beyond ASCII as its author means it.

    ``\w`` becomes the letters, marks and digits of every script, and so does ``\b`` at
    the beginning and the end. Within, RE2 cannot look around: see :func:`ascii_boundary`.
    """
    if not _is_foreign(pattern):
        return pattern
    flags = FLAGS.match(pattern)
    begin, end = flags.end() if flags else 0, len(pattern)
    return "".join(
        _translated(token, inside=inside, first=at == begin, last=at + len(token) == end)
        for at, token, inside in _tokens(pattern)
    )


def ascii_boundary(pattern: str) -> bool:
    r"""Say whether a ``\b`` or ``\B`` among letters beyond ASCII is left to RE2."""
    tokens = [token for _, token, inside in _tokens(for_every_script(pattern)) if not inside]
    return _is_foreign(pattern) and bool({r"\b", r"\B"} & set(tokens))


def _is_foreign(pattern: str) -> bool:
    return not pattern.isascii() and r"\Q" not in pattern


def _tokens(pattern: str) -> Iterator[tuple[int, str, bool]]:
    """Yield each token with its place, and whether it stands within ``[…]``."""
    inside = False
    for found in TOKENS.finditer(pattern):
        yield found.start(), found[0], inside
        inside = found[0] != "]" if inside else found[0].startswith("[")


def _translated(part: str, *, inside: bool, first: bool, last: bool) -> str:
    match part:
        case r"\w":
            return LETTERS if inside else f"[{LETTERS}]"
        case r"\W" if not inside:
            return f"[^{LETTERS}]"
        case r"\b" if first:
            return f"(?:^|[^{LETTERS}])"
        case r"\b" if last:
            return f"(?:[^{LETTERS}]|$)"
        case _:
            return part
