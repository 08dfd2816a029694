"""How often each rule matched: in the last week, and when last."""

from dataclasses import dataclass

from notifier.store.session import Session

WEEK_MS = 7 * 24 * 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """What a rule did: ``matches`` are events of the last seven days."""

    matches: int
    last_ms: int


def fired(session: Session, *, now_ms: int) -> dict[str, Fired]:
    """Return what each rule did of which a delivery is stored, by the rule's name."""
    (first,) = session.execute(
        "SELECT MIN(seq) FROM events WHERE observed_ms >= :since_ms",
        {"since_ms": now_ms - WEEK_MS},
    ).fetchone()
    found: dict[str, Fired] = {}
    (rule,) = session.execute("SELECT MIN(rule) FROM deliveries").fetchone()
    while rule is not None:
        found[rule] = _fired(session, rule, first)
        (rule,) = session.execute(
            "SELECT MIN(rule) FROM deliveries WHERE rule > :rule", {"rule": rule}
        ).fetchone()
    return found


def _fired(session: Session, rule: str, first: int | None) -> Fired:
    (last_ms,) = session.execute(
        "SELECT created_ms FROM deliveries WHERE rule = :rule ORDER BY event_seq DESC LIMIT 1",
        {"rule": rule},
    ).fetchone()
    if first is None:
        return Fired(matches=0, last_ms=last_ms)
    # Distinct in the index's own order: nothing has to be sorted.
    (matches,) = session.execute(
        "SELECT COUNT(*) FROM (SELECT DISTINCT event_seq FROM deliveries"
        " WHERE rule = :rule AND event_seq >= :first) AS matched",
        {"rule": rule, "first": first},
    ).fetchone()
    return Fired(matches=matches, last_ms=last_ms)
