"""The bytes of one answer → a page of readings: envelope checked, bad rows set aside."""

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from notifier.errors import UpstreamError
from notifier.rows import BadRecordError, Json, Row, carried, record_id
from notifier.upstream.split import split_rows

DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One row as it was read: ``row`` is what its canonical bytes parse back to.

    ``digest`` covers every field, noise included: it is equal where nothing differs.
    """

    lead_id: str
    row: Row
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that cannot be a lead, by the digest of what stood there; never its words."""

    reason: str
    digest: bytes
    lead_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one request brought, in the listing's order; one id may stand there twice.

    ``served_at`` is the upstream's own clock, where it told.
    """

    rows: tuple[Reading, ...]
    bad: tuple[BadRow, ...] = ()
    served_at: datetime | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """What a walk tells rows apart by: lead ids, and digests of the bad rows."""
        return (*(r.lead_id for r in self.rows), *(b.digest.hex() for b in self.bad))


def parse_page(body: bytes, *, served_at: datetime | None = None) -> Page:
    """Return the page in the body of a 200 answer; raises :class:`UpstreamError`.

    Duplicate keys (the last wins), NaN (reads as null), a byte order mark and
    stray bytes in a text are let pass. Source: the listing's page, "Success".
    """
    rows: list[Reading] = []
    bad: list[BadRow] = []
    for entry in _entries(body):
        read = entry if isinstance(entry, BadRow) else _read(entry)
        if isinstance(read, BadRow):
            bad.append(read)
        else:
            rows.append(read)
    return Page(rows=tuple(rows), bad=tuple(bad), served_at=served_at)


def _entries(body: bytes) -> Iterable[Json]:
    try:
        return _data_list(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _entries_leniently(body.decode("utf-8-sig", "replace"))


def _entries_leniently(text: str) -> Iterable[Json]:
    try:
        return _data_list(_loads(text))
    except json.JSONDecodeError as error:
        raise _broken(text) from error
    except (RecursionError, ValueError):
        return _entries_one_by_one(text)


def _entries_one_by_one(text: str) -> list[Json]:
    """Parse row by row what does not parse whole, so that only the culprit is lost."""
    try:
        envelope, texts = split_rows(text)
        _data_list(_loads(envelope))
        return [_entry(row) for row in texts]
    except (RecursionError, ValueError) as error:
        raise _broken(text) from error


def _entry(text: str) -> Json:
    try:
        return _loads(text)
    except json.JSONDecodeError:
        raise
    except (RecursionError, ValueError):
        return BadRow(
            reason="the record is nested too deep or has an endless number",
            digest=_digest(text.strip().encode()),
        )


def _loads(text: str) -> Json:
    return json.loads(text, parse_constant=_finite, parse_float=_finite)


def _finite(number: str) -> float | None:
    value = float(number)
    return value if math.isfinite(value) else None


def _data_list(envelope: Json) -> list[Json]:
    if not isinstance(envelope, dict):
        raise UpstreamError(
            f"the upstream answered 200 with a JSON {type(envelope).__name__}, not an object"
        )
    if envelope.get("success", True) is not True:
        code = envelope.get("code")
        told = f" and code {code}" if isinstance(code, int) else ""
        raise UpstreamError(f"the upstream answered 200 with success: false{told}")
    rows = envelope.get("data")
    if not isinstance(rows, list):
        raise UpstreamError("the upstream answered 200 without a data list")
    return rows


def _broken(text: str) -> UpstreamError:
    if not text.strip():
        return UpstreamError("the upstream answered 200 with nothing in it")
    if text.lstrip().startswith("<"):
        return UpstreamError("the upstream answered 200 with HTML where JSON belongs")
    return UpstreamError("the upstream answered 200 with broken or truncated JSON")


def _read(entry: Json) -> Reading | BadRow:
    try:
        row, written = carried(entry)
        return Reading(lead_id=record_id(row), row=row, digest=_digest(written))
    except BadRecordError as error:
        return BadRow(reason=str(error), digest=_raw_digest(entry), lead_id=_known_id(entry))


def _known_id(entry: Json) -> str | None:
    try:
        return record_id(entry)
    except BadRecordError:
        return None


def _raw_digest(entry: Json) -> bytes:
    try:
        raw = repr(entry)
    except RecursionError:
        raw = "nested too deep"
    return _digest(raw.encode("utf-8", "backslashreplace"))


def _digest(written: bytes) -> bytes:
    return hashlib.blake2b(written, digest_size=DIGEST_BYTES).digest()
