"""What is known of where a listing changes, and how long its changes wait to be seen."""

from dataclasses import dataclass

from notifier.store.health import NEWEST_FIRST
from notifier.store.mapping import named, row_of
from notifier.store.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Of a listing whose order hides changes; all ``None`` where nothing was kept yet.

    ``learnt`` is :meth:`notifier.upstream.glances.Learnt.as_text`, ``news_ms`` when a
    change was last seen. ``turn_ms`` is the distance between two requests of the spare
    rate; half of the changes are seen within ``median_ms``, nine of ten within ``p90_ms``.
    """

    learnt: str | None = None
    news_ms: int | None = None
    turn_ms: int | None = None
    median_ms: int | None = None
    p90_ms: int | None = None


def outlook(session: Session, bot_id: str, listing_type: str) -> Outlook:
    """Return what was kept of a listing."""
    found = session.execute(
        "SELECT learnt, news_ms, turn_ms, median_ms, p90_ms FROM listings"
        " WHERE bot_id = :bot_id AND type = :type",
        {"bot_id": bot_id, "type": listing_type},
    )
    return row_of(Outlook, found) or Outlook()


def of_listings(session: Session) -> dict[tuple[str, str], tuple[int, Outlook]]:
    """Return what was kept of listings whose order hides changes, with their pages.

    By bot id and type.
    """
    rows = session.execute(
        "SELECT bot_id, type, pages, learnt, news_ms, turn_ms, median_ms, p90_ms FROM listings"
        " WHERE walk_order <> :sorted",
        {"sorted": NEWEST_FIRST},
    )
    return {
        (row.pop("bot_id"), row.pop("type")): (row.pop("pages"), Outlook(**row))
        for row in named(rows)
    }


def forget_waits(session: Session) -> None:
    """Forget how long changes wait: without full walks nobody looks for those of old leads."""
    session.execute("UPDATE listings SET median_ms = NULL, p90_ms = NULL")


def keep(session: Session, bot_id: str, listing_type: str, kept: Outlook) -> None:
    """Keep it, in place of what was kept before."""
    session.execute(
        "UPDATE listings SET learnt = :learnt, news_ms = :news_ms, turn_ms = :turn_ms,"
        " median_ms = :median_ms, p90_ms = :p90_ms"
        " WHERE bot_id = :bot_id AND type = :type",
        {
            "bot_id": bot_id,
            "type": listing_type,
            "learnt": kept.learnt,
            "news_ms": kept.news_ms,
            "turn_ms": kept.turn_ms,
            "median_ms": kept.median_ms,
            "p90_ms": kept.p90_ms,
        },
    )
