"""The snapshot: every record as it was last read."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from notifier.store.batches import chunks, insert
from notifier.store.mapping import rows_of
from notifier.store.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is remembered of a record, but for its row, which is larger."""

    lead_id: str
    type: str
    digest: bytes
    walk: int
    late_digest: bytes | None = None
    absent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A record to write: its type, digest and row as of ``walk``.

    ``changed_ms`` is its last change by the upstream's word, 0 where it gives none.
    """

    lead_id: str
    type: str
    digest: bytes
    walk: int
    row: str
    changed_ms: int = 0


def known(session: Session, bot_id: str, lead_ids: Sequence[str]) -> dict[str, Known]:
    """Return what is known of these records, by lead id."""
    found: dict[str, Known] = {}
    for ids in chunks(lead_ids):
        rows = session.spread(
            "SELECT lead_id, type, digest, walk, late_digest, absent"
            " FROM records WHERE bot_id = :bot_id AND lead_id IN (:ids)",
            {"bot_id": bot_id, "ids": ids},
        )
        found |= {one.lead_id: one for one in rows_of(Known, rows, absent=bool)}
    return found


def rows(session: Session, bot_id: str, lead_ids: Sequence[str]) -> dict[str, str]:
    """Return the stored rows (JSON) of these records, by lead id."""
    found: dict[str, str] = {}
    for ids in chunks(lead_ids):
        found.update(
            session.spread(
                "SELECT lead_id, row FROM records WHERE bot_id = :bot_id AND lead_id IN (:ids)",
                {"bot_id": bot_id, "ids": ids},
            ).fetchall()
        )
    return found


def row(session: Session, bot_id: str, lead_id: str) -> tuple[str, str] | None:
    """Return a record's type and row (JSON), or ``None`` where it is unknown."""
    found = session.execute(
        "SELECT type, row FROM records WHERE bot_id = :bot_id AND lead_id = :lead_id",
        {"bot_id": bot_id, "lead_id": lead_id},
    ).fetchone()
    return (found[0], found[1]) if found else None


def save(session: Session, bot_id: str, records: Sequence[Saved]) -> None:
    """Write records as they now are; a remembered late state is settled by that."""
    insert(
        session,
        "records (bot_id, lead_id, type, digest, walk, row, changed_ms)",
        [(bot_id, r.lead_id, r.type, r.digest, r.walk, r.row, r.changed_ms) for r in records],
        then="ON CONFLICT (bot_id, lead_id) DO UPDATE SET"
        " type = excluded.type, digest = excluded.digest, walk = excluded.walk,"
        " row = excluded.row, changed_ms = excluded.changed_ms,"
        " late_digest = NULL, absent = 0",
    )


def touch(session: Session, bot_id: str, lead_ids: Iterable[str], *, walk: int) -> None:
    """Let ``walk`` vouch for records it read unchanged."""
    for ids in chunks(list(lead_ids)):
        session.spread(
            "UPDATE records SET walk = :walk, late_digest = NULL, absent = 0"
            " WHERE bot_id = :bot_id AND lead_id IN (:ids)",
            {"walk": walk, "bot_id": bot_id, "ids": ids},
        )


def remember_late(session: Session, bot_id: str, late: Iterable[tuple[str, bytes]]) -> None:
    """Keep the digests of states older than the snapshot until they are read again."""
    session.executemany(
        "UPDATE records SET late_digest = :digest"
        " WHERE bot_id = :bot_id AND lead_id = :lead_id",
        [{"digest": digest, "bot_id": bot_id, "lead_id": lead_id} for lead_id, digest in late],
    )


def mark_absent(
    session: Session, bot_id: str, listing_type: str, seen: Collection[str], *, since: int
) -> None:
    """After full walk ``since``: mark the records of this listing that it did not find.

    What a walk begun later has written (number ``since`` or above) is there too: it
    moved to the front meanwhile. ``absent`` is the number of the first full walk to miss it.
    """
    stored = session.execute(
        "SELECT lead_id, absent, walk FROM records WHERE bot_id = :bot_id AND type = :type",
        {"bot_id": bot_id, "type": listing_type},
    )
    turned = [
        {"absent": 0 if absent else since, "bot_id": bot_id, "lead_id": lead_id}
        for lead_id, absent, walk in stored
        if bool(absent) == (lead_id in seen or walk >= since)
    ]
    session.executemany(
        "UPDATE records SET absent = :absent WHERE bot_id = :bot_id AND lead_id = :lead_id",
        turned,
    )


def misses_any(session: Session, bot_id: str, listing_type: str, walk: int) -> bool:
    """Return whether a full walk was the first not to find a record."""
    missed = session.execute(
        "SELECT 1 FROM records WHERE bot_id = :bot_id AND type = :type AND absent = :walk"
        " LIMIT 1",
        {"bot_id": bot_id, "type": listing_type, "walk": walk},
    )
    return missed.fetchone() is not None
