"""One row of the listing as it came: its identity, its canonical bytes, its scalars.

Everything here is lenient: a field of a surprising type reads as absent. Only a
row without a usable ``_id``, or one that no JSON can carry, is refused.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import orjson

from notifier.cleaning import REPLACEMENT, visible
from notifier.errors import DamagedError

Json: TypeAlias = Any
"""Whatever ``json.loads`` returns: the one place where strangers' types enter."""

Row: TypeAlias = Mapping[str, Json]
Scalar: TypeAlias = str | int | float | bool | None

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

NO_TIME_YEARS = (datetime.min.year, datetime.max.year)

MAX_ID_CHARS = 200
MAX_TEXT_CHARS = 20_000
MAX_RAW_CHARS = 4 * MAX_TEXT_CHARS  # of which some are nothing to the eye
NUL_WRITTEN = rb"\u0000"
OUR_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


class BadRecordError(ValueError):
    """A row that cannot be a lead; the text says why, without quoting the row."""


def iso_ms(moment: datetime) -> str:
    """Return an aware datetime as ``2023-02-02T06:46:34.119Z``."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def moment_of(at_ms: int) -> datetime:
    """Return the aware UTC datetime of milliseconds since 1970."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def ms_of(moment: datetime) -> int:
    """Return an aware datetime as whole milliseconds since 1970, rounded down.

    The inverse of :func:`moment_of`: by way of ``timestamp()``, a float, some
    would come back one less.
    """
    return (moment - EPOCH) // timedelta(milliseconds=1)


def iso_of_ms(at_ms: int) -> str:
    """Return :func:`iso_ms` of milliseconds since 1970."""
    return iso_ms(moment_of(at_ms))


def usable(moment: datetime) -> datetime | None:
    """Return the moment in UTC, or ``None`` where it stands for "no time".

    ``0001-01-01T00:00:00Z`` is what Go and .NET write for that, and a time zone
    could shift the years 1 and 9999 out of the calendar. One without a zone is UTC's.
    """
    try:
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None
    return None if at.year in NO_TIME_YEARS else at


def instant(iso: str | None) -> datetime | None:
    """Return the :func:`usable` moment in an ISO 8601 text, else ``None``."""
    try:
        return usable(datetime.fromisoformat(iso)) if iso else None
    except ValueError:
        return None


def parse_time(value: Json) -> str | None:
    """Return an upstream time in our form, or ``None`` where it is unusable."""
    moment = instant(value) if isinstance(value, str) else None
    if moment is None:
        return None
    return value if OUR_FORM.fullmatch(value) else iso_ms(moment)


def record_id(row: Json) -> str:
    """Return the row's ``_id``; raises :class:`BadRecordError` where it has none."""
    if not isinstance(row, Mapping):
        raise BadRecordError(f"a {type(row).__name__} stands where a record belongs")
    value = row.get("_id")
    if not isinstance(value, str) or not value.strip():
        raise BadRecordError("the record has no text in _id")
    if len(value) > MAX_ID_CHARS:
        raise BadRecordError(f"_id has {len(value)} characters, more than {MAX_ID_CHARS}")
    return value


def in_key_order(value: Json) -> bytes:
    """Return JSON for digests and ids; raises ``TypeError`` for what databases cannot read."""
    # Not msgspec: it writes 1e16 for 1e+16, integers of any size, and nests far deeper.
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def stored_row(text: str) -> Row:
    """Return a row as it was stored; raises :class:`DamagedError` where it is none."""
    try:
        row: Row = orjson.loads(text)
        record_id(row)
    except ValueError:
        raise DamagedError("a stored record is damaged") from None
    return row


def to_storable(row: Json) -> tuple[Json, bytes]:
    """Return the row as JSON that databases and mail can carry, and its canonical bytes.

    The bytes are equal exactly when the rows are, and parse back to the row; it
    has neither NaN nor infinity. Integers beyond 64 bits, which are not a lead's,
    become texts; lone surrogates and U+0000 are replaced. Raises :class:`BadRecordError`
    for nesting beyond reason.
    """
    try:
        written = in_key_order(row)
    except TypeError:
        return _mended(row)
    # A text may be of these very letters, too: mending changes nothing then.
    return _mended(row) if NUL_WRITTEN in written else (row, written)


def _mended(row: Json) -> tuple[Json, bytes]:
    try:
        mended = _clean(row, depth=0)
        return mended, in_key_order(mended)
    except (TypeError, RecursionError) as error:
        raise BadRecordError("the record cannot be written as JSON") from error


def canonical(row: Json) -> bytes:
    """Return the bytes of :func:`to_storable`."""
    return to_storable(row)[1]


def _clean(value: Json, *, depth: int) -> Json:
    if depth > 100:
        raise BadRecordError("the record is nested more than 100 levels deep")
    match value:
        case str():
            return value.encode("utf-8", "replace").decode("utf-8").replace("\0", REPLACEMENT)
        case bool() | float() | None:
            return value
        case int():
            return value if -(2**63) <= value < 2**63 else str(value)
        case Mapping():
            return {
                _clean(str(key), depth=0): _clean(entry, depth=depth + 1)
                for key, entry in value.items()
            }
        case Sequence():
            return [_clean(entry, depth=depth + 1) for entry in value]
        case _:
            raise BadRecordError(f"a {type(value).__name__} is not JSON")


def merged(before: Row, after: Row) -> Row:
    """Return ``after`` with what it left out taken from ``before``.

    A missing status, ``profile`` or ``userDetails`` is an omission of the
    upstream's, not a change of the lead's; and a last message that comes back
    after one must not look new.
    """
    row = dict(after)
    if not mapping(row.get("lastMessage")) and "lastMessage" in before:
        row["lastMessage"] = before["lastMessage"]
    if not text(row.get("status")) and "status" in before:
        row["status"] = before["status"]
    old_profile, new_profile = mapping(before.get("profile")), mapping(row.get("profile"))
    if not new_profile:
        row["profile"] = old_profile
    elif not mapping(new_profile.get("userDetails")):
        row["profile"] = {**new_profile, "userDetails": old_profile.get("userDetails")}
    return row


def text(value: Json) -> str | None:
    """Return what a person sees of a string or number, ``None`` where that is nothing.

    See :func:`notifier.cleaning.visible`.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    shown = visible(written(value)[:MAX_RAW_CHARS])
    return shown[:MAX_TEXT_CHARS].rstrip() or None


def written(scalar: Scalar) -> str:
    """Return a scalar the way a person would write it; nothing for ``None``."""
    match scalar:
        case None:
            return ""
        case bool():
            return "true" if scalar else "false"
        case float() if scalar.is_integer():
            return str(int(scalar))
        case _:
            return str(scalar)


def seen(value: Json) -> Json:
    """Return the form in which two values are equal that look the same to a person.

    A number is its text, every blank a space, and what is empty is not there.
    """
    match value:
        case Mapping():
            pairs = ((seen(key), seen(entry)) for key, entry in value.items())
            return {key: entry for key, entry in pairs if entry is not None}
        case list() | tuple():
            return [entry for entry in map(seen, value) if entry is not None]
        case _:
            return " ".join(visible(written(value)).split()) or None


def mapping(value: Json) -> Row:
    """Return the value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def entries(value: Json) -> Sequence[Json]:
    """Return the value where it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def boolean(value: Json) -> bool | None:
    """Return a boolean, else ``None``: the word "false" is no boolean."""
    return value if isinstance(value, bool) else None


def integer(value: Json) -> int | None:
    """Return a whole number, also where it came as ``3.0``, else ``None``."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # is_integer() is false for NaN and infinity, which int() would raise on.
    whole = isinstance(value, int) or value.is_integer()
    return int(value) if whole and abs(value) < 2**63 else None
