"""Places for values that are none in a template: Jinja2 prints them as they stand."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from jinja2 import Environment

from notifier.core.synonyms import field_meant

PATH = r"[A-Za-z_]\w*(?:\.\w+|\[[^\]\s]*\])*"
DOTTED = r"(?:lead|change|event|agent|source|rule)(?:\.\w+|\[[^\]\s]*\])+"
# How other tools, and people, write a place for a value.
BRACES = re.compile(rf"[$#]?\{{ *(?P<path>{PATH}) *\}}")
MARKS = re.compile(
    rf"(?:% *|< *|\[\[? *|\(\( *|(?<!\w)[$@])(?P<path>{DOTTED})(?: *%| *>| *\]\]?| *\)\)|)",
    re.IGNORECASE,
)
# By itself it may be anything, unless it is a field's very name.
BARE = re.compile(r"(?<![\w./@-])(?P<path>lead\.\w+|change\.(?:from|to))(?![\w/@-]|\.\w)")
PERCENT = re.compile(r"%(?P<path>[a-z_]+)%", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unprinted:
    """``written`` stands in a line of the template, from 1; ``meant`` may be nothing."""

    line: int
    written: str
    meant: str


def unprinted(
    source: str, environment: Environment, fields: Iterable[str]
) -> Iterator[Unprinted]:
    """Yield what looks like a place for a value, in a template that can be compiled."""
    known = tuple(fields)
    for line, text in _plain(source, environment):
        end = 0
        for found in sorted(_places(text, known), key=re.Match.start):
            if found.start() < end:
                continue
            end = found.end()
            number = line + text.count("\n", 0, found.start())
            meant = _meant(found["path"], known)
            yield Unprinted(line=number, written=found[0], meant=meant)


def _plain(source: str, environment: Environment) -> Iterator[tuple[int, str]]:
    """Yield what stands outside of Jinja2's braces, with its line; ``raw`` means itself."""
    raw = False
    for line, lexeme, text in environment.lex(source):
        raw = lexeme == "raw_begin" or (raw and lexeme != "raw_end")
        if lexeme == "data" and not raw:
            yield line, text


def _places(text: str, fields: Collection[str]) -> Iterator[re.Match[str]]:
    yield from BRACES.finditer(text)
    yield from MARKS.finditer(text)
    for found in (*BARE.finditer(text), *PERCENT.finditer(text)):
        first, dot, rest = found["path"].partition(".")
        is_field = (rest or first) in fields or first == "change"
        if is_field or (not dot and _meant(first, fields)):
            yield found


def _meant(path: str, fields: Collection[str]) -> str:
    first, dot, rest = path.partition(".")
    first = first.lower()
    if first == "agent":
        return f"lead.assignee{dot}{rest}"
    if dot or first in ("lead", "source", "rule"):
        return f"{first}{dot}{rest}"
    field = first if first in fields else field_meant(first)
    return f"lead.{field}" if field else ""
