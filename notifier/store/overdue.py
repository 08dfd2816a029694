"""Which timers and steps of ladders come due, of leads that are awake."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from notifier.store import batches
from notifier.store.session import Values

NO_END = 2**62
"""Later than any time, and above any walk's number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """What is looked for: what came due until then, of a listing's leads.

    ``after_ms`` leaves out what was due and awake by then, ``among`` all other leads.
    A lead was found by the last full walk; with ``missed_since`` it was not, and a walk of
    this number or a later one was the first to miss it.
    """

    bot_id: str
    listing_type: str
    until_ms: int
    after_ms: int = -1
    among: Collection[str] | None = None
    missed_since: int | None = None

    def clauses(self, table: str) -> Iterator[tuple[str, Values]]:
        """Yield what follows the name of a ``table``, with the values; a query for each.

        The lead is not snoozed. ``a`` has its acts.
        """
        since = self.missed_since
        absent_from, absent_to = (0, 0) if since is None else (since, NO_END)
        key: Values = {
            "bot_id": self.bot_id,
            "until_ms": self.until_ms,
            "after_ms": self.after_ms,
            "type": self.listing_type,
            "absent_from": absent_from,
            "absent_to": absent_to,
        }
        for condition, values in batches.among(f"{table}.lead_id", self.among):
            yield _clause(table, condition), {**key, **values}


def _clause(table: str, condition: str) -> str:
    return (
        f"JOIN records AS r ON r.bot_id = {table}.bot_id AND r.lead_id = {table}.lead_id"
        f" LEFT JOIN lead_acts AS a ON a.bot_id = {table}.bot_id"
        f" AND a.lead_id = {table}.lead_id"
        f" WHERE {table}.bot_id = :bot_id AND {table}.due_ms <= :until_ms"
        " AND r.type = :type AND r.absent BETWEEN :absent_from AND :absent_to"
        " AND COALESCE(a.snoozed_ms, 0) <= :until_ms"
        f" AND ({table}.due_ms > :after_ms OR a.snoozed_ms > :after_ms)"
        f" AND {condition} ORDER BY {table}.due_ms"
    )
