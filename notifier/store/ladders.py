"""The ladders of `escalate`: one row from the first telling of an overdue lead on."""

from collections.abc import Iterable
from dataclasses import dataclass

from notifier.store.mapping import rows_of
from notifier.store.overdue import Overdue
from notifier.store.session import Session, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Steps count from ``first_ms``; the next comes due at ``due_ms``, ``None`` for no more.

    ``steps`` were told, the last one ``reached_ms`` after the first telling. ``snoozed_ms``
    is until when the lead is, or was, snoozed. ``ended`` says why it is over.
    """

    rule: str
    bot_id: str
    lead_id: str
    since_ms: int
    first_ms: int
    reached_ms: int = 0
    steps: int = 0
    due_ms: int | None
    ended_ms: int | None = None
    ended: str | None = None
    snoozed_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Why the ladder of a rule and a lead ends."""

    rule: str
    bot_id: str
    lead_id: str
    why: str


def begin(session: Session, ladder: Ladder) -> None:
    """Begin a ladder, in place of an earlier one of the same rule and lead."""
    session.execute(
        "INSERT INTO ladders (rule, bot_id, lead_id, since_ms, first_ms, due_ms) VALUES"
        " (:rule, :bot_id, :lead_id, :since_ms, :first_ms, :due_ms)"
        " ON CONFLICT (rule, bot_id, lead_id) DO UPDATE SET since_ms = excluded.since_ms,"
        " first_ms = excluded.first_ms, due_ms = excluded.due_ms, reached_ms = 0, steps = 0,"
        " ended_ms = NULL, ended = NULL",
        {
            "rule": ladder.rule,
            "bot_id": ladder.bot_id,
            "lead_id": ladder.lead_id,
            "since_ms": ladder.since_ms,
            "first_ms": ladder.first_ms,
            "due_ms": ladder.due_ms,
        },
    )


def move(session: Session, ladder: Ladder) -> None:
    """Keep how far a ladder has come, and when its next step is due."""
    session.execute(
        "UPDATE ladders SET since_ms = :since_ms, first_ms = :first_ms,"
        " reached_ms = :reached_ms, steps = :steps, due_ms = :due_ms"
        " WHERE rule = :rule AND bot_id = :bot_id AND lead_id = :lead_id",
        {
            "since_ms": ladder.since_ms,
            "first_ms": ladder.first_ms,
            "reached_ms": ladder.reached_ms,
            "steps": ladder.steps,
            "due_ms": ladder.due_ms,
            "rule": ladder.rule,
            "bot_id": ladder.bot_id,
            "lead_id": ladder.lead_id,
        },
    )


def end(session: Session, ends: Iterable[End], *, at_ms: int) -> None:
    """End ladders; one that has ended keeps why."""
    session.executemany(
        "UPDATE ladders SET due_ms = NULL, ended_ms = :at_ms, ended = :why"
        " WHERE rule = :rule AND bot_id = :bot_id AND lead_id = :lead_id"
        " AND ended_ms IS NULL",
        [
            {
                "at_ms": at_ms,
                "why": one.why,
                "rule": one.rule,
                "bot_id": one.bot_id,
                "lead_id": one.lead_id,
            }
            for one in ends
        ],
    )


def due(session: Session, wanted: Overdue) -> list[Ladder]:
    """Return the ladders with a step that came due."""
    return [
        ladder
        for clause, values in wanted.clauses("l")
        for ladder in _ladders(session, clause, values)
    ]


def running(session: Session) -> list[Ladder]:
    """Return the ladders that have not ended, those without a further step, too."""
    return _ladders(session, f"{JOINED} WHERE l.ended_ms IS NULL ORDER BY l.first_ms", {})


def count(session: Session) -> int:
    """Return how many ladders have a step to come."""
    found = session.execute("SELECT COUNT(*) FROM ladders WHERE due_ms IS NOT NULL").fetchone()
    return int(found[0])


def of_lead(session: Session, bot_id: str, lead_id: str) -> dict[str, Ladder]:
    """Return the lead's ladders by rule, with those that have ended."""
    clause = f"{JOINED} WHERE l.bot_id = :bot_id AND l.lead_id = :lead_id ORDER BY l.rule"
    found = _ladders(session, clause, {"bot_id": bot_id, "lead_id": lead_id})
    return {one.rule: one for one in found}


def prune(session: Session, *, before_ms: int) -> None:
    """Delete the ladders that have ended before then."""
    session.execute("DELETE FROM ladders WHERE ended_ms < :before_ms", {"before_ms": before_ms})


JOINED = "LEFT JOIN lead_acts AS a ON a.bot_id = l.bot_id AND a.lead_id = l.lead_id"


def _ladders(session: Session, clause: str, values: Values) -> list[Ladder]:
    rows = session.spread(
        "SELECT l.rule AS rule, l.bot_id AS bot_id, l.lead_id AS lead_id,"  # noqa: S608
        " l.since_ms AS since_ms, l.first_ms AS first_ms, l.reached_ms AS reached_ms,"
        " l.steps AS steps, l.due_ms AS due_ms, l.ended_ms AS ended_ms, l.ended AS ended,"
        f" a.snoozed_ms AS snoozed_ms FROM ladders AS l {clause}",
        values,
    )
    return rows_of(Ladder, rows)
