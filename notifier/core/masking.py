"""Phone numbers and mail addresses hidden from who need not see them.

Wherever they stand: rather too much is hidden than too little.
"""

import re
from collections.abc import Iterable

HIDDEN = "•••"
# A word with an @ in it, in whatever width, with blanks around it at most. It begins where
# a word does and gives nothing back: else a long word without one would take its square.
ADDRESS = re.compile(r"(?<![^\s@＠])[^\s@＠]++[ \t]?[@＠][ \t]?[^\s@＠]++")
# Seven digits of any script and more, with no more than three marks between two of them.
NUMBER = re.compile(r"[+＋(]{0,2}\d(?:(?:\W|_){0,3}\d){6,}")
SHORTEST = 3


def masked(text: str, known: Iterable[str] = ()) -> str:
    """Return the text without numbers and addresses, ``known`` ones of any form included."""
    for one in sorted(set(known), key=len, reverse=True):
        if len(one) >= SHORTEST:
            text = text.replace(one, HIDDEN)
    return NUMBER.sub(HIDDEN, ADDRESS.sub(HIDDEN, text))


def is_telling(text: str) -> bool:
    """Whether a text holds what :func:`masked` would hide."""
    return masked(text) != text
