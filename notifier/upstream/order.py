"""In which order a listing comes, judged by the rows of one walk; pure.

The upstream documents none. Head polls may stop at the first page without news only
where the newest change comes first.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise

from notifier.core.rows import Row, mapping, parse_time, text

ENOUGH = 8
SLACK_PERCENT = 1


class Order(StrEnum):
    """An order of the listing; ``UNKNOWN`` where the rows seen prove none."""

    UPDATED_DESC = "updated-desc"
    CREATED_DESC = "created-desc"
    LAST_MESSAGE_DESC = "last-message-desc"
    ID_DESC = "id-desc"
    ASCENDING = "ascending"
    NONE = "none"
    UNKNOWN = "unknown"

    @property
    def newest_change_first(self) -> bool:
        """Whether a change of any lead brings it to the first page."""
        return self is Order.UPDATED_DESC


# What a row would be sorted by. Where several fit and UPDATED_DESC does not, the
# first of these is named.
MARKS: Mapping[Order, Callable[[Row], str | None]] = {
    Order.UPDATED_DESC: lambda row: parse_time(row.get("updatedAt")),
    Order.CREATED_DESC: lambda row: parse_time(row.get("createdAt")),
    Order.LAST_MESSAGE_DESC: lambda row: parse_time(mapping(row.get("lastMessage")).get("at")),
    Order.ID_DESC: lambda row: text(row.get("_id")),
}
KEYS = tuple(MARKS)


class OrderWitness:
    """Watches one walk. Ties and missing values prove nothing, either way.

    ``keys`` (of :data:`KEYS`) are the orders it looks for.
    """

    def __init__(self, keys: Sequence[Order] = KEYS) -> None:
        self._rises = dict.fromkeys(keys, 0)
        self._falls = dict.fromkeys(keys, 0)
        self._number = 0
        self._page: Sequence[Row] = ()

    def page(self, number: int, rows: Sequence[Row]) -> None:
        """Take in page ``number``, and how it follows the page before it.

        A page that begins with a row of the page before it is not compared with
        that: the listing grew at its head meanwhile.
        """
        follows = number == self._number + 1 and not (
            rows and any(rows[0].get("_id") == row.get("_id") for row in self._page)
        )
        compared = (*(self._page[-1:] if follows else ()), *rows)
        for key in self._rises:
            self._compare(key, [MARKS[key](row) for row in compared])
        self._number, self._page = number, rows

    def after(self, number: int, rows: Sequence[Row]) -> "OrderWitness":
        """Return a witness that has also taken in this page; this one has not."""
        later = OrderWitness()
        later._rises, later._falls = dict(self._rises), dict(self._falls)
        later._number, later._page = self._number, self._page
        later.page(number, rows)
        return later

    def order(self) -> Order:
        """Return the order that the rows so far allow, best proof first.

        A row that changed while a page was put together may break the order
        once; another order must be broken much more often to be ruled out.
        """
        breaks = dict(self._candidates())
        if not breaks:
            judged = any(self._seen(key) >= ENOUGH for key in self._rises)
            return Order.NONE if judged else Order.UNKNOWN
        fewest = min(breaks.values())
        fitting = [order for order, count in breaks.items() if count <= 3 * fewest]
        if fitting[0] is Order.UPDATED_DESC and len(fitting) > 1:
            return Order.UNKNOWN
        return fitting[0]

    def refutes(self, order: Order) -> bool:
        """Return whether the rows so far break this order, one of ``keys``, too often."""
        return self._seen(order) >= ENOUGH and self._rises[order] > self._allowed(order)

    def _candidates(self) -> Iterable[tuple[Order, int]]:
        """Yield the orders that hold but for a few pairs, with how many break them."""
        rising = []
        for key in self._rises:
            rises, falls = self._rises[key], self._falls[key]
            allowed = self._allowed(key)
            if self._seen(key) >= ENOUGH and rises <= allowed:
                yield key, rises
            elif self._seen(key) >= ENOUGH and falls <= allowed:
                rising.append(falls)
        if rising:
            yield Order.ASCENDING, min(rising)

    def _allowed(self, key: Order) -> int:
        return 1 + self._seen(key) * SLACK_PERCENT // 100

    def _seen(self, key: Order) -> int:
        return self._rises[key] + self._falls[key]

    def _compare(self, key: Order, marks: Sequence[str | None]) -> None:
        known = [mark for mark in marks if mark]
        for one, following in pairwise(known):
            self._rises[key] += one < following
            self._falls[key] += one > following


def settled(before: Order, seen: Order) -> Order:
    """Return the order to go by after a walk: one that proved nothing changes nothing."""
    return before if seen is Order.UNKNOWN else seen
