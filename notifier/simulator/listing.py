"""The leads of one bot and type, kept in the order in which the pages show them."""

import zlib
from bisect import bisect_left, insort
from collections.abc import Iterable
from enum import StrEnum
from typing import TypeAlias

from notifier.core.rows import Row, mapping

Rank: TypeAlias = tuple[str, int, str]
"""What decides a lead's rank: the field's text, a running number for ties, its id."""


class Order(StrEnum):
    """How a listing is sorted; the API page promises none of them.

    ``UNORDERED`` is arbitrary, but the same from one request to the next.
    """

    UPDATED_DESC = "updated-desc"
    UPDATED_ASC = "updated-asc"
    CREATED_DESC = "created-desc"
    CREATED_ASC = "created-asc"
    LAST_MESSAGE_DESC = "last-message-desc"
    LAST_MESSAGE_ASC = "last-message-asc"
    ID_DESC = "id-desc"
    ID_ASC = "id-asc"
    UNORDERED = "unordered"


class Listing:
    """Rows by id, and their places in a sorted list: a page costs its own size alone."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._rows: dict[str, Row] = {}
        self._numbers: dict[str, tuple[int, int]] = {}
        self._ranks: list[Rank] = []
        self._puts = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, lead_id: str) -> bool:
        return lead_id in self._rows

    def row(self, lead_id: str) -> Row:
        """Return the row; raises :class:`KeyError` where there is none."""
        return self._rows[lead_id]

    def ids(self) -> list[str]:
        """Return all ids, oldest entry first."""
        return list(self._rows)

    def put(self, row: Row) -> None:
        """Add the row, or replace the one with its ``_id``."""
        lead_id = row["_id"]
        if lead_id in self._rows:
            del self._ranks[bisect_left(self._ranks, self._rank(lead_id))]
        self._keep(row)
        insort(self._ranks, self._rank(lead_id))

    def extend(self, rows: Iterable[Row]) -> None:
        """Add many new rows at once."""
        for row in rows:
            self._keep(row)
        self.sort(self._order)

    def remove(self, lead_id: str) -> Row:
        """Take the row out; raises :class:`KeyError` where there is none."""
        del self._ranks[bisect_left(self._ranks, self._rank(lead_id))]
        del self._numbers[lead_id]
        return self._rows.pop(lead_id)

    def sort(self, order: Order) -> None:
        """Show the rows in this order from now on."""
        self._order = order
        self._ranks = sorted(map(self._rank, self._rows))

    def page(self, number: int, size: int) -> list[Row]:
        """Return page ``number``, counted from 1; beyond the end it is empty."""
        first, count = (number - 1) * size, len(self._ranks)
        if self._order.endswith("-desc"):
            ranks = self._ranks[max(0, count - first - size) : max(0, count - first)][::-1]
        else:
            ranks = self._ranks[first : first + size]
        return [self._rows[lead_id] for _, _, lead_id in ranks]

    def _keep(self, row: Row) -> None:
        lead_id = row["_id"]
        self._puts += 1
        added, _ = self._numbers.get(lead_id, (self._puts, 0))
        self._numbers[lead_id] = added, self._puts
        self._rows[lead_id] = row

    def _rank(self, lead_id: str) -> Rank:
        row = self._rows[lead_id]
        added, changed = self._numbers[lead_id]
        match self._order:
            case Order.UPDATED_DESC | Order.UPDATED_ASC:
                return str(row.get("updatedAt")), changed, lead_id
            case Order.CREATED_DESC | Order.CREATED_ASC:
                return str(row.get("createdAt")), added, lead_id
            case Order.LAST_MESSAGE_DESC | Order.LAST_MESSAGE_ASC:
                return str(mapping(row.get("lastMessage")).get("at")), added, lead_id
            case Order.ID_DESC | Order.ID_ASC:
                return lead_id, 0, lead_id
            case Order.UNORDERED:
                return f"{zlib.crc32(lead_id.encode()):08x}", 0, lead_id
