"""What acts left on leads: who is on one, and until when it is snoozed."""

from collections.abc import Iterable, Sequence

from notifier.core.acts import LeadState
from notifier.core.people import Taken
from notifier.core.records import Lead
from notifier.core.rows import instant, iso_of_ms, moment_of, ms_of
from notifier.store.batches import chunks
from notifier.store.session import Session

COLUMNS = "lead_id, agent, name, slack, taken_ms, snoozed_ms"


def state(session: Session, bot_id: str, lead_id: str) -> LeadState:
    """Return what acts left on a lead."""
    return states(session, bot_id, [lead_id]).get(lead_id, LeadState())


def states(session: Session, bot_id: str, lead_ids: Sequence[str]) -> dict[str, LeadState]:
    """Return what acts left on these leads, by lead id; most have none of it."""
    if not lead_ids:
        return {}
    (some,) = session.execute("SELECT EXISTS (SELECT 1 FROM lead_acts)").fetchone()
    found: dict[str, LeadState] = {}
    for ids in chunks(lead_ids if some else ()):
        rows = session.spread(
            f"SELECT {COLUMNS} FROM lead_acts"  # noqa: S608
            " WHERE bot_id = :bot_id AND lead_id IN (:ids)",
            {"bot_id": bot_id, "ids": ids},
        )
        found |= {row[0]: _state(*row[1:]) for row in rows.fetchall()}
    return found


def save(session: Session, bot_id: str, lead_id: str, after: LeadState) -> None:
    """Keep what an act made of a lead."""
    taken, until = after.taken, after.snoozed_until
    at = instant(taken.at) if taken else None
    session.execute(
        "INSERT INTO lead_acts (bot_id, lead_id, agent, name, slack, taken_ms, snoozed_ms)"
        " VALUES (:bot_id, :lead_id, :agent, :name, :slack, :taken_ms, :snoozed_ms)"
        " ON CONFLICT (bot_id, lead_id) DO UPDATE SET agent = excluded.agent,"
        " name = excluded.name, slack = excluded.slack, taken_ms = excluded.taken_ms,"
        " snoozed_ms = excluded.snoozed_ms",
        {
            "bot_id": bot_id,
            "lead_id": lead_id,
            "agent": taken.agent if taken else None,
            "name": taken.name if taken else None,
            "slack": taken.slack if taken else None,
            "taken_ms": ms_of(at) if at else None,
            "snoozed_ms": ms_of(until) if until else None,
        },
    )


def clear_taken(session: Session, bot_id: str, lead_ids: Iterable[str]) -> None:
    """Let nobody be on these leads: they have an owner now."""
    session.executemany(
        "UPDATE lead_acts SET agent = NULL, name = NULL, slack = NULL, taken_ms = NULL"
        " WHERE bot_id = :bot_id AND lead_id = :lead_id",
        [{"bot_id": bot_id, "lead_id": lead_id} for lead_id in lead_ids],
    )


def awake_ms(session: Session) -> list[int]:
    """Return when each snooze ends, or has ended."""
    rows = session.execute("SELECT snoozed_ms FROM lead_acts WHERE snoozed_ms IS NOT NULL")
    return [at_ms for (at_ms,) in rows]


def bring_forward(session: Session, *, by_ms: int, now_ms: int) -> None:
    """Let every snooze end so much sooner."""
    session.execute(
        "UPDATE lead_acts SET snoozed_ms = snoozed_ms - :by_ms WHERE snoozed_ms > :now_ms",
        {"by_ms": by_ms, "now_ms": now_ms},
    )


def prune(session: Session, *, before_ms: int) -> None:
    """Delete what says nothing any more: nobody is on the lead, and it has long been awake."""
    session.execute(
        "DELETE FROM lead_acts WHERE taken_ms IS NULL AND COALESCE(snoozed_ms, 0) < :before_ms",
        {"before_ms": before_ms},
    )


def with_taken(session: Session, lead: Lead) -> Lead:
    """Return a lead that was read from its row with who is on it."""
    found = states(session, lead.bot_id, [lead.id]).get(lead.id)
    return lead.with_taken(found.taken) if found else lead


def all_with_taken(session: Session, leads: Iterable[Lead]) -> list[Lead]:
    """Return leads that were read from their rows, each with who is on it."""
    rows = session.execute(f"SELECT bot_id, {COLUMNS} FROM lead_acts")  # noqa: S608
    found = {(bot_id, lead_id): _state(*rest).taken for bot_id, lead_id, *rest in rows}
    return [one.with_taken(found.get((one.bot_id, one.id))) for one in leads]


def _state(
    agent: str | None,
    name: str | None,
    slack: str | None,
    taken_ms: int | None,
    snoozed_ms: int | None,
) -> LeadState:
    taken = (
        None
        if taken_ms is None
        else Taken(agent=agent, name=name or "", slack=slack, at=iso_of_ms(taken_ms))
    )
    until = None if snoozed_ms is None else moment_of(snoozed_ms)
    return LeadState(taken=taken, snoozed_until=until)
