"""Which timers and steps of ladders have come due, of leads that are there and awake."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from notifier.store import batches
from notifier.store.session import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """What is looked for: what came due until then, of a listing's leads.

    ``after_ms`` leaves out what was due and awake by then, ``among`` all other leads.
    ``absent`` are the leads that the last sweep did not find, instead of all others.
    """

    bot_id: str
    listing_type: str
    until_ms: int
    after_ms: int = -1
    among: Collection[str] | None = None
    absent: bool = False

    def clauses(self, table: str) -> Iterator[tuple[str, Values]]:
        """Yield what follows the name of a ``table``, with the values; a query for each.

        The lead is not snoozed. ``a`` has its acts.
        """
        key: Values = {
            "bot_id": self.bot_id,
            "until_ms": self.until_ms,
            "after_ms": self.after_ms,
            "type": self.listing_type,
            "absent": int(self.absent),
        }
        for condition, values in batches.among(f"{table}.lead_id", self.among):
            yield _clause(table, condition), {**key, **values}


def _clause(table: str, condition: str) -> str:
    return (
        f"JOIN records AS r ON r.bot_id = {table}.bot_id AND r.lead_id = {table}.lead_id"
        f" LEFT JOIN lead_acts AS a ON a.bot_id = {table}.bot_id"
        f" AND a.lead_id = {table}.lead_id"
        f" WHERE {table}.bot_id = :bot_id AND {table}.due_ms <= :until_ms"
        " AND r.type = :type AND r.absent = :absent AND COALESCE(a.snoozed_ms, 0) <= :until_ms"
        f" AND ({table}.due_ms > :after_ms OR a.snoozed_ms > :after_ms)"
        f" AND {condition} ORDER BY {table}.due_ms"
    )
