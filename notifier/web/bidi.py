"""Text as it is, in the order that it was written in: what would reorder it is shown."""

import re

# What no eye sees and a browser obeys, or what is no character of a page at all.
DIRECTIONS = {
    "\u061c": "ALM", "\u200e": "LRM", "\u200f": "RLM",
    "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF", "\u202d": "LRO", "\u202e": "RLO",
    "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI",
}  # fmt: skip
OBEYED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(DIRECTIONS)
    + "]"
)
MARKS = re.compile(
    r"([\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4})[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
PICTURES = 0x2400


def shown(text: object) -> str:
    """Return a text with names in place of directions, and pictures in place of controls."""
    said = str(text)
    if said.isascii() and said.isprintable():
        return said
    # A pile of marks would cover the lines around it.
    return OBEYED.sub(_named, MARKS.sub(r"\1", said))


def _named(found: re.Match[str]) -> str:
    letter = found[0]
    if letter in DIRECTIONS:
        return f"[{DIRECTIONS[letter]}]"
    return chr(PICTURES + ord(letter)) if letter < " " else "\ufffd"
