"""The bytes of one answer → a page of readings: envelope checked, bad rows set aside."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from notifier.core.rows import BadRecordError, Json, Row, record_id, to_storable
from notifier.errors import UpstreamError
from notifier.upstream.entries import Unread, entries

DIGEST_BYTES = 16
# Told one by one, the rest as one; and where more rows are bad than good, so many are
# a fault of the upstream's and not of its records.
MAX_BAD_ROWS: Final = 10


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

    ``more_bad`` counts the bad rows beyond those in ``bad``. ``served_at`` is the
    upstream's own clock, where it told.
    """

    rows: tuple[Reading, ...]
    bad: tuple[BadRow, ...] = ()
    more_bad: int = 0
    served_at: datetime | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """What a walk tells rows apart by: lead ids, and digests of the bad rows."""
        return (*(r.lead_id for r in self.rows), *(b.digest.hex() for b in self.bad))


def parse_page(body: bytes, *, served_at: datetime | None = None) -> Page:
    """Return the page in the body of a 200 answer; raises :class:`UpstreamError`.

    Duplicate keys (the last wins), NaN (reads as null), a byte order mark and
    stray bytes in a text are let pass. What no page of a listing has, more than a
    thousand rows or more bad rows than good, is refused before it takes much memory.
    Source: the listing's page, "Success".
    """
    rows: list[Reading] = []
    bad: list[BadRow] = []
    more_bad = 0
    for entry in entries(body):
        read = _read(entry)
        if isinstance(read, Reading):
            rows.append(read)
        elif len(bad) < MAX_BAD_ROWS:
            bad.append(read)
        else:
            more_bad += 1
    if more_bad and len(bad) + more_bad > len(rows):
        raise _senseless(len(bad) + more_bad, of=len(rows) + len(bad) + more_bad)
    return Page(rows=tuple(rows), bad=tuple(bad), more_bad=more_bad, served_at=served_at)


def _senseless(bad: int, *, of: int) -> UpstreamError:
    return UpstreamError(
        f"BotPenguin answered 200, but {bad} of the {of} records on the page are not records",
        remedy="check NOTIFIER_BASE_URL; where it lasts, ask support@botpenguin.com",
    )


def _read(entry: Json | Unread) -> Reading | BadRow:
    if isinstance(entry, Unread):
        return BadRow(reason=entry.reason, digest=_digest(entry.text))
    try:
        row, written = to_storable(entry)
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


def _digest(written: bytes | memoryview) -> bytes:
    return hashlib.blake2b(written, digest_size=DIGEST_BYTES).digest()
