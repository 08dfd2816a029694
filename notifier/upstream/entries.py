"""The bytes of a 200 answer → the entries of its ``data`` array, whatever they are.

A parser holds up the whole process while it works, so that one call takes at most what
costs a few milliseconds. A body beyond that is cut into its rows first, and a row beyond
it is set aside unread.
"""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from notifier.core.rows import Json
from notifier.errors import UpstreamError
from notifier.upstream.split import MAX_ROWS, RawRow, split_rows, too_long

# A megabyte of message is four where every character is escaped. One call takes 20 ms
# for as much, and as long for so many values.
CALL_BYTES: Final = 4 * 1024 * 1024
CALL_VALUES: Final = 2**17
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """An entry that the parser refused, or that is too large for it."""

    reason: str
    text: memoryview


def entries(body: bytes) -> Iterable[Json | Unread]:
    """Return what stands in the ``data`` array; raises UpstreamError where it is no page.

    Where the body is parsed row by row, it also raises while they are taken.
    """
    if not _is_light(body):
        return _one_by_one(body)
    try:
        return _data_list(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _leniently(body)


def _is_light(body: bytes) -> bool:
    """Whether one call may take the body; what its texts hold counts for values, too."""
    if len(body) <= 2 * CALL_VALUES:
        return True  # no value takes less than two bytes, with its comma or brackets
    return len(body) <= CALL_BYTES and sum(map(body.count, (b",", b"[", b"{"))) <= CALL_VALUES


def _leniently(body: bytes) -> Iterable[Json | Unread]:
    try:
        return _data_list(_loads(body))
    except json.JSONDecodeError as error:
        raise _broken(body) from error
    except (RecursionError, ValueError):
        return _one_by_one(body)


def _one_by_one(body: bytes) -> Iterator[Json | Unread]:
    """Parse row by row what does not parse whole, so that only the culprit is lost."""
    if not body.removeprefix(BYTE_ORDER_MARK).lstrip().startswith(b"{"):
        raise _broken(body)
    try:
        envelope, rows = split_rows(body)
        if _data_list(_loads(envelope)):
            raise UpstreamError("BotPenguin answered 200 with two data lists")
        for row in rows:
            yield _entry(row)
    except (RecursionError, ValueError) as error:
        raise _broken(body) from error


def _entry(row: RawRow) -> Json | Unread:
    size = len(row.text)
    if size > CALL_BYTES:
        return Unread(
            reason=f"the record has {size} bytes, more than {CALL_BYTES}", text=row.text
        )
    if row.values > CALL_VALUES:
        return Unread(reason=f"the record has more than {CALL_VALUES} values", text=row.text)
    try:
        return msgspec.json.decode(row.text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _entry_leniently(row.text)


def _entry_leniently(text: memoryview) -> Json | Unread:
    try:
        return _loads(bytes(text))
    except json.JSONDecodeError:
        raise
    except (RecursionError, ValueError):
        return Unread(
            reason="the record is nested too deep or has an endless number", text=text
        )


def _loads(text: bytes) -> Json:
    words = text.decode("utf-8-sig", "replace")
    return json.loads(words, parse_constant=_finite, parse_float=_finite)


def _finite(number: str) -> float | None:
    value = float(number)
    return value if math.isfinite(value) else None


def _data_list(envelope: Json) -> list[Json]:
    if not isinstance(envelope, dict):
        raise _no_object(type(envelope).__name__)
    if envelope.get("success", True) is not True:
        code = envelope.get("code")
        is_status = isinstance(code, int) and 0 <= code < 1000
        told = f" and code {code}" if is_status else ""
        raise UpstreamError(f"BotPenguin answered 200 with success: false{told}")
    rows = envelope.get("data")
    if not isinstance(rows, list):
        raise UpstreamError("BotPenguin answered 200 without a data list")
    if len(rows) > MAX_ROWS:
        raise too_long(f"{len(rows)} records")
    return rows


def _broken(body: bytes) -> UpstreamError:
    begins = body.removeprefix(BYTE_ORDER_MARK).lstrip()[:1]
    if not begins:
        return UpstreamError("BotPenguin answered 200 with nothing in it")
    if begins == b"<":
        return UpstreamError("BotPenguin answered 200 with HTML where JSON belongs")
    if begins == b"[":
        return _no_object("list")
    return UpstreamError("BotPenguin answered 200 with broken or truncated JSON")


def _no_object(name: str) -> UpstreamError:
    return UpstreamError(f"BotPenguin answered 200 with a JSON {name}, not an object")
