"""What people did, and when: through the page, the command line, and whatever comes."""

from collections.abc import Collection
from dataclasses import dataclass

from notifier.store.mapping import rows_of
from notifier.store.session import Session

RECENT = 100  # acts; between two looks there are fewer
BY_ID = "SELECT id, at_ms, act, target, who, through, lead, until_ms, count FROM acts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act: ``who`` did it as far as the door knows, ``through`` is the door.

    ``lead`` is a lane key where it was about one lead; ``count`` says of how many
    deliveries it was.
    """

    at_ms: int
    act: str
    target: str
    who: str
    through: str
    lead: str | None = None
    until_ms: int | None = None
    count: int | None = None
    id: int = 0


def record(session: Session, act: Act, *, click: str | None = None) -> int:
    """Write an act; return its id. ``click`` is what the door knows it by."""
    (found,) = session.execute(
        "INSERT INTO acts (at_ms, act, target, who, through, lead, until_ms, count, click)"
        " VALUES (:at_ms, :act, :target, :who, :through, :lead, :until_ms, :count, :click)"
        " RETURNING id",
        {
            "at_ms": act.at_ms,
            "act": act.act,
            "target": act.target,
            "who": act.who,
            "through": act.through,
            "lead": act.lead,
            "until_ms": act.until_ms,
            "count": act.count,
            "click": click,
        },
    ).fetchall()
    return int(found[0])


def is_done(session: Session, click: str) -> bool:
    """Say whether the act of this click was done."""
    found = session.execute("SELECT 1 FROM acts WHERE click = :click", {"click": click})
    return found.fetchone() is not None


def count_more(session: Session, act_id: int, count: int) -> None:
    """Add to the number of deliveries that an act was about."""
    session.execute(
        "UPDATE acts SET count = count + :count WHERE id = :id", {"count": count, "id": act_id}
    )


def leads_acted_on(session: Session, seen: Collection[int]) -> tuple[set[str], frozenset[int]]:
    """Return the lane keys of leads in recent acts that are not ``seen``, and the ids to see.

    By what is there, not by the highest id: on a server a lower one may come later.
    """
    rows = session.execute(
        "SELECT id, lead FROM acts ORDER BY id DESC LIMIT :recent", {"recent": RECENT}
    )
    found = {int(act_id): lead for act_id, lead in rows}
    keys = {lead for act_id, lead in found.items() if lead and act_id not in seen}
    return keys, frozenset(found)


def newest(session: Session, *, before: int, limit: int) -> list[Act]:
    """Return acts older than the one of this id, the newest first."""
    rows = session.execute(
        f"{BY_ID} WHERE id < :before ORDER BY id DESC LIMIT :limit",
        {"before": before, "limit": limit},
    )
    return rows_of(Act, rows)


def of_lead(session: Session, lead: str) -> list[Act]:
    """Return the acts about a lead, the oldest first."""
    rows = session.execute(f"{BY_ID} WHERE lead = :lead ORDER BY id", {"lead": lead})
    return rows_of(Act, rows)
