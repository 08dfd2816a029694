"""Finding leads: one narrow row for each, beside the snapshot's wide one."""

from collections.abc import Iterable

from notifier.cleaning import comparable
from notifier.core.masking import masked
from notifier.core.records import Lead, given_name
from notifier.core.rows import instant, ms_of
from notifier.store.batches import insert
from notifier.store.session import Session

COLUMNS = (
    "lead_search (bot_id, lead_id, changed_ms, status, owner, country, tags, words, open_words)"
)
OVER_IT = (
    "ON CONFLICT (bot_id, lead_id) DO UPDATE SET changed_ms = excluded.changed_ms,"
    " status = excluded.status, owner = excluded.owner, country = excluded.country,"
    " tags = excluded.tags, words = excluded.words, open_words = excluded.open_words"
)


def save(session: Session, leads: Iterable[Lead]) -> None:
    """Write how these leads are found, whose records are saved."""
    # Of several states of one lead the last one counts.
    rows = {(one.bot_id, one.id): _row(one) for one in leads}
    insert(session, COLUMNS, list(rows.values()), then=OVER_IT)


def tag_mark(tag: str) -> str:
    """Return how a tag stands among others."""
    return f"\n{comparable(tag)}\n"


def _row(lead: Lead) -> tuple[object, ...]:
    said = lead.last_message.text if lead.last_message else None
    words = [lead.name, lead.email, lead.phone, lead.id, lead.uuid, said]
    known = [one for one in (lead.email, lead.phone) if one]
    seen = [masked(one, known) for one in (given_name(lead), lead.id, lead.uuid, said) if one]
    return (
        *(lead.bot_id, lead.id, changed_ms(lead), comparable(lead.status or "")),
        *(lead.assignee.id if lead.assignee else "", comparable(lead.country or "")),
        "".join(map(tag_mark, lead.tags)),
        "\n".join(comparable(one) for one in words if one),
        "\n".join(map(comparable, seen)),
    )


def changed_ms(lead: Lead) -> int:
    """Return when a lead last changed, by the upstream's word; 0 where it gives none."""
    moment = instant(lead.updated_at) or instant(lead.created_at)
    return ms_of(moment) if moment else 0


def newest(session: Session, *, beginning: str, limit: int) -> list[str]:
    """Return ids of leads that begin like this, the newest change first."""
    rows = session.execute(
        "SELECT lead_id FROM lead_search WHERE SUBSTR(lead_id, 1, :length) = :beginning"
        " ORDER BY changed_ms DESC, bot_id DESC, lead_id DESC LIMIT :limit",
        {"length": len(beginning), "beginning": beginning, "limit": limit},
    )
    return [lead_id for (lead_id,) in rows]
