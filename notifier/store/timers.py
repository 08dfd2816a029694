"""The timers of `for` rules: one row while a rule's condition holds for a lead."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from notifier.store.mapping import rows_of
from notifier.store.overdue import Overdue
from notifier.store.session import Session, Values
from notifier.store.texts import is_damaged


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A condition that holds since ``since_ms`` and comes due at ``due_ms``.

    ``told_ms`` is set where it came due before: from then on its next repetition,
    at ``due_ms``, is counted.
    """

    rule: str
    bot_id: str
    lead_id: str
    since_ms: int
    due_ms: int
    told_ms: int | None = None

    @property
    def told(self) -> bool:
        """Whether it came due before."""
        return self.told_ms is not None


def start(session: Session, timers: Iterable[Timer]) -> None:
    """Start timers; one that runs already keeps its start."""
    session.executemany(
        "INSERT INTO timers (rule, bot_id, lead_id, since_ms, due_ms)"
        " VALUES (:rule, :bot_id, :lead_id, :since_ms, :due_ms) ON CONFLICT DO NOTHING",
        [
            {
                "rule": one.rule,
                "bot_id": one.bot_id,
                "lead_id": one.lead_id,
                "since_ms": one.since_ms,
                "due_ms": one.due_ms,
            }
            for one in timers
        ],
    )


def cancel(session: Session, keys: Iterable[tuple[str, str, str]]) -> None:
    """End the timers under these rules, bots and leads: none of them is overdue."""
    ended = [
        {"rule": rule, "bot_id": bot_id, "lead_id": lead_id} for rule, bot_id, lead_id in keys
    ]
    for table in ("timers", "overdue"):
        session.executemany(
            f"DELETE FROM {table} WHERE rule = :rule AND bot_id = :bot_id"  # noqa: S608
            " AND lead_id = :lead_id",
            ended,
        )


def note_overdue(session: Session, timer: Timer, *, told_ms: int) -> None:
    """Remember that a rule has told of a lead, until :func:`cancel`."""
    session.execute(
        "INSERT INTO overdue (bot_id, lead_id, rule, told_ms)"
        " VALUES (:bot_id, :lead_id, :rule, :told_ms) ON CONFLICT (bot_id, lead_id, rule)"
        " DO UPDATE SET told_ms = excluded.told_ms",
        {
            "bot_id": timer.bot_id,
            "lead_id": timer.lead_id,
            "rule": timer.rule,
            "told_ms": told_ms,
        },
    )


def forget_overdue(session: Session, rules: Collection[str]) -> None:
    """No lead is overdue by a rule that is none of these."""
    found = session.execute("SELECT DISTINCT rule FROM overdue").fetchall()
    gone = [{"rule": rule} for (rule,) in found if rule not in rules]
    session.executemany("DELETE FROM overdue WHERE rule = :rule", gone)


def move(
    session: Session,
    timer: Timer,
    *,
    due_ms: int,
    told_ms: int | None,
    since_ms: int | None = None,
) -> None:
    """Let a timer come due at another time; without ``since_ms`` it keeps its start."""
    session.execute(
        "UPDATE timers SET due_ms = :due_ms, told_ms = :told_ms, since_ms = :since_ms"
        " WHERE rule = :rule AND bot_id = :bot_id AND lead_id = :lead_id",
        {
            "due_ms": due_ms,
            "told_ms": told_ms,
            "since_ms": timer.since_ms if since_ms is None else since_ms,
            "rule": timer.rule,
            "bot_id": timer.bot_id,
            "lead_id": timer.lead_id,
        },
    )


def due(session: Session, wanted: Overdue) -> list[Timer]:
    """Return the timers that came due."""
    return [
        timer
        for clause, values in wanted.clauses("t")
        for timer in _timers(session, clause, values)
    ]


def running(session: Session) -> list[Timer]:
    """Return all timers."""
    return _timers(session, "ORDER BY t.due_ms", {})


def of_lead(session: Session, bot_id: str, lead_id: str) -> dict[str, Timer]:
    """Return the lead's timers by rule."""
    clause = "WHERE t.bot_id = :bot_id AND t.lead_id = :lead_id"
    key = {"bot_id": bot_id, "lead_id": lead_id}
    return {one.rule: one for one in _timers(session, clause, key)}


def count(session: Session) -> int:
    """Return how many timers run."""
    return int(session.execute("SELECT COUNT(*) FROM timers").fetchone()[0])


def _timers(session: Session, clause: str, values: Values) -> list[Timer]:
    found = session.spread(
        "SELECT t.rule AS rule, t.bot_id AS bot_id, t.lead_id AS lead_id,"  # noqa: S608
        " t.since_ms AS since_ms, t.due_ms AS due_ms, t.told_ms AS told_ms"
        f" FROM timers AS t {clause}",
        values,
    )
    return [
        one
        for one in rows_of(Timer, found)
        if not is_damaged(one.rule, one.bot_id, one.lead_id)
    ]
