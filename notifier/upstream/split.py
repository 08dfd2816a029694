"""The ``data`` array of a body as raw texts, for bodies that no parser takes whole.

One row nested 100,000 levels deep, or with a number of 5,000 digits, makes a parser
refuse the whole body; and one call over many megabytes makes millions of objects, while
nothing else in the process runs. Cutting the body into rows first confines that to the
row. Linear in the body, never recursive, and in steps of a few milliseconds.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from notifier.errors import UpstreamError

# BotPenguin's pages have 20 rows. Ten thousand on one are a fault, however they came.
MAX_ROWS: Final = 1_000
# Strings, brackets and commas: a thousand rows of 250 values have some 700,000.
MAX_MARKS: Final = 1_000_000
ENVELOPE_BYTES: Final = 256 * 1024
# What one search goes over at most: no other thread runs meanwhile.
STEP_BYTES: Final = 128 * 1024

# A bracket, a comma, or a string with its closing quote in the last group. Of a long
# string it takes a piece, the group then is empty: PIECE takes the next. Possessive, so
# that nothing is kept for going back.
UNITS = rb'(?:[^"\\]{1,1024}+|\\.){0,128}+("?)'
MARK = re.compile(rb'([\[{])|([\]}])|(,)|"' + UNITS, re.DOTALL)
PIECE = re.compile(UNITS, re.DOTALL)
OPENS, CLOSES, COMMA, STRING = 1, 2, 3, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRow:
    """The bytes of one entry; ``values`` is how many it holds at any depth, or one less."""

    text: memoryview
    values: int


def too_long(rows: str) -> UpstreamError:
    """Return the error for what is longer than any page of a listing."""
    return UpstreamError(
        f"BotPenguin answered 200 with {rows}, more than any page of a listing has",
        remedy="check NOTIFIER_BASE_URL, and whatever stands between here and BotPenguin",
    )


def split_rows(body: bytes) -> tuple[bytes, Iterator[RawRow]]:
    """Return the envelope with an empty ``data`` array, and the array's entries one by one.

    Only structure is looked at: the caller still parses envelope and entries.
    Raises ``ValueError`` where the body has no complete top-level ``data`` array, and
    UpstreamError where there is more in it than any page has.
    """
    bounds = _data_array(body)
    start, end = bounds[0].at, bounds[-1].at
    beside = len(body) - (end - start)
    if beside > ENVELOPE_BYTES:
        raise too_long(f"{beside} bytes beside its records")
    return body[: start + 1] + body[end:], _rows(body, bounds)


@dataclass(frozen=True, slots=True)
class _Bound:
    """A bracket or comma between rows, and how many values lie before it."""

    at: int
    values: int


def _rows(body: bytes, bounds: list[_Bound]) -> Iterator[RawRow]:
    view, (start, end) = memoryview(body), (bounds[0].at + 1, bounds[-1].at)
    if len(bounds) == 2 and end - start < STEP_BYTES and not body[start:end].strip():
        return
    for before, after in pairwise(bounds):
        text = view[before.at + 1 : after.at]
        yield RawRow(text=text, values=after.values - before.values)


def _data_array(body: bytes) -> list[_Bound]:
    """Return the array's bracket, its commas and its closing bracket."""
    key, values, depth, bounds = b"", 0, 0, list[_Bound]()
    for match in _marks(body):
        mark = match.lastindex
        if mark == STRING:
            key = match[0] if depth == 1 else key
            continue
        depth += (mark == OPENS) - (mark == CLOSES)
        values += mark != CLOSES
        if depth > 2:
            continue
        if bounds:
            if mark == COMMA:
                bounds.append(_Bound(match.start(), values))
            elif depth == 1:
                return [*bounds, _Bound(match.start(), values)]
        elif depth == 2 and match[0] == b"[" and key == b'"data"':
            bounds.append(_Bound(match.start(), values))
        elif depth == 1 and mark == COMMA:
            key = b""
        if len(bounds) > MAX_ROWS:
            raise too_long(f"more than {MAX_ROWS} records")
    raise ValueError("no complete data array")


def _marks(body: bytes) -> Iterator[re.Match[bytes]]:
    """Yield each mark; of a string that is longer than a step, its beginning."""
    at = count = 0
    while at < len(body):
        end = at + STEP_BYTES
        for match in MARK.finditer(body, at, end):
            yield match
            count += 1
            if match.lastindex == STRING and not match[STRING]:
                end = _string_end(body, match.end())
                break
        at = end
        if count > MAX_MARKS:
            raise too_long(f"more than {MAX_MARKS} values and marks")


def _string_end(body: bytes, at: int) -> int:
    """Return where a string ends of which everything before ``at`` was read."""
    while piece := PIECE.match(body, at):
        if piece[1]:
            return piece.end()
        if piece.end() == at:
            break
        at = piece.end()
    raise ValueError("a string never closes")
