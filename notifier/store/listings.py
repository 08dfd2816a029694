"""How far each listing is known: its walks, and the order that it is in."""

from dataclasses import dataclass

from notifier.store.mapping import named
from notifier.store.session import Session, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingState:
    """How far one listing (a bot's leads or non-leads) is known.

    ``swept_ms`` is when the last full walk ended; see :attr:`looks_since` for one below 0.
    ``open_walks`` are walks that committed something and have not completed; no
    record they committed proves that what lies behind it is known too.
    """

    baseline_from_ms: int | None
    baseline_done_ms: int | None
    last_walk: int
    swept_ms: int | None
    walk_order: str
    pages: int
    open_walks: frozenset[int]

    @property
    def looks_since(self) -> int | None:
        """The number of a full walk where the next is due at once, and looks for leads again.

        It looks for those that this one or a later one was the first to miss.
        """
        return -self.swept_ms if self.swept_ms is not None and self.swept_ms < 0 else None


def state(session: Session, bot_id: str, listing_type: str) -> ListingState:
    """Return the listing's state, creating it where it is new."""
    key = {"bot_id": bot_id, "type": listing_type}
    session.execute(
        "INSERT INTO listings (bot_id, type) VALUES (:bot_id, :type) ON CONFLICT DO NOTHING",
        key,
    )
    walks = session.execute(
        "SELECT walk FROM open_walks WHERE bot_id = :bot_id AND type = :type", key
    ).fetchall()
    (found,) = named(
        session.execute(
            "SELECT baseline_from_ms, baseline_done_ms, last_walk, swept_ms, walk_order, pages"
            " FROM listings WHERE bot_id = :bot_id AND type = :type",
            key,
        )
    )
    return ListingState(**found, open_walks=frozenset(walk for (walk,) in walks))


def without_baseline(session: Session, bot_id: str, listing_type: str) -> bool:
    """Return whether a listing has yet to be walked for the first time."""
    done = session.execute(
        "SELECT 1 FROM listings WHERE bot_id = :bot_id AND type = :type"
        " AND baseline_done_ms IS NOT NULL",
        {"bot_id": bot_id, "type": listing_type},
    ).fetchone()
    return done is None


def start_baseline(session: Session, bot_id: str, listing_type: str, *, from_ms: int) -> None:
    """Remember the upstream's clock at the first request of the first baseline."""
    session.execute(
        "UPDATE listings SET baseline_from_ms = :from_ms WHERE bot_id = :bot_id"
        " AND type = :type AND baseline_from_ms IS NULL",
        {"bot_id": bot_id, "type": listing_type, "from_ms": from_ms},
    )


def open_walk(session: Session, bot_id: str, listing_type: str, walk: int) -> None:
    """Record that ``walk`` has committed something and is not complete."""
    key = {"bot_id": bot_id, "type": listing_type, "walk": walk}
    session.execute(
        "INSERT INTO open_walks (bot_id, type, walk) VALUES (:bot_id, :type, :walk)"
        " ON CONFLICT DO NOTHING",
        key,
    )
    _use_number(session, key)


def close_walk(session: Session, bot_id: str, listing_type: str, walk: int) -> None:
    """Record that ``walk`` completed; what other walks have left open stays open."""
    session.execute(
        "DELETE FROM open_walks WHERE bot_id = :bot_id AND type = :type AND walk = :walk",
        {"bot_id": bot_id, "type": listing_type, "walk": walk},
    )


def close_covered(session: Session, bot_id: str, listing_type: str, walk: int) -> None:
    """Record that the full walk ``walk`` completed, and with it those it has covered.

    An earlier one stays open where a record that it left was not read again. No other walk
    gets its number, which marks the records that it missed.
    """
    key = {"bot_id": bot_id, "type": listing_type, "walk": walk}
    _use_number(session, key)
    session.execute(
        "DELETE FROM open_walks WHERE bot_id = :bot_id AND type = :type"
        " AND (walk = :walk OR walk < :walk AND walk NOT IN"
        " (SELECT walk FROM records WHERE bot_id = :bot_id AND type = :type))",
        key,
    )


def _use_number(session: Session, key: Values) -> None:
    session.execute(
        "UPDATE listings SET last_walk = :walk WHERE bot_id = :bot_id AND type = :type"
        " AND last_walk < :walk",
        key,
    )


def set_order(session: Session, bot_id: str, listing_type: str, walk_order: str) -> None:
    """Record the order in which the listing was found to be."""
    session.execute(
        "UPDATE listings SET walk_order = :walk_order WHERE bot_id = :bot_id AND type = :type",
        {"bot_id": bot_id, "type": listing_type, "walk_order": walk_order},
    )


def finish_full_walk(
    session: Session,
    bot_id: str,
    listing_type: str,
    *,
    at_ms: int,
    pages: int,
    looks_since: int | None = None,
) -> None:
    """Record a completed sweep or baseline, and how many pages of leads it found.

    ``looks_since``: the next is due at once, also for another process; see
    :class:`ListingState`.
    """
    session.execute(
        "UPDATE listings SET swept_ms = :swept_ms, pages = :pages,"
        " baseline_done_ms = COALESCE(baseline_done_ms, :at_ms)"
        " WHERE bot_id = :bot_id AND type = :type",
        {
            "bot_id": bot_id,
            "type": listing_type,
            "at_ms": at_ms,
            "swept_ms": at_ms if looks_since is None else -looks_since,
            "pages": pages,
        },
    )
