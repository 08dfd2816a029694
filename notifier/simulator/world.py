"""What the simulated BotPenguin knows, and everything that can happen to it.

Deterministic: the same seed, clock and calls give the same names, ids and times.
Rows are never changed in place, so that a row once returned stays as it was.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from random import Random

from notifier.core.records import LEAD, NON_LEAD
from notifier.core.rows import Json, Row, iso_ms, mapping
from notifier.simulator.listing import Listing, Order
from notifier.simulator.visitors import Visitors

BOT_ID = "638d99eeee9e558f1247ae03"
CUSTOMER_ID = "5fed38e56fb193dcc6c933f5"
LISTING_TYPES = (LEAD, NON_LEAD)

DETAILS = ("profile", "userDetails")
PATHS: Mapping[str, tuple[str, ...]] = {
    **{
        name: (*DETAILS, name)
        for name in ("name", "picture", "city", "country", "gender", "tags", "attributes")
    },
    "email": (*DETAILS, "contact", "email"),
    "phone": (*DETAILS, "contact", "phone"),
    "notes": ("profile", "notes"),
    "assignee": ("_agentAssigned",),
}
"""Short names for the places of a row; every other name is a key of the row itself."""


class World:
    """The leads of one or more bots, and what happens to them.

    ``clock`` returns the present as an aware datetime. ``bots`` maps bot ids to
    their customer's id. Calls without ``bot_id`` mean the first bot; where an id
    is unknown they raise :class:`KeyError`.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        seed: int = 1,
        order: Order = Order.UPDATED_DESC,
        bots: Mapping[str, str] | None = None,
    ) -> None:
        self.clock = clock
        self.order = order
        self.bots = dict(bots or {BOT_ID: CUSTOMER_ID})
        self._rng = Random(seed)  # noqa: S311 - reproducible, not secret
        self._visitors = Visitors(self._rng)
        self._listings = {
            (bot_id, listing_type): Listing(order)
            for bot_id in self.bots
            for listing_type in LISTING_TYPES
        }

    def populate(
        self,
        count: int,
        *,
        listing_type: str = LEAD,
        bot_id: str | None = None,
        over: timedelta = timedelta(days=30),
    ) -> list[str]:
        """Add leads whose lives began within ``over`` before now; return their ids."""
        now = self.clock()
        ages = sorted((self._rng.random() for _ in range(count)), reverse=True)
        rows = [self._visitors.old(born=now - age * over, now=now) for age in ages]
        self._listing(listing_type, bot_id).extend(rows)
        return [str(row["_id"]) for row in rows]

    def create(
        self, *, listing_type: str = LEAD, bot_id: str | None = None, **fields: Json
    ) -> str:
        """Let a visitor begin a chat now and return its id; ``fields`` as in ``change``."""
        row = _with(self._visitors.new(now=self.clock()), fields)
        self._listing(listing_type, bot_id).put(row)
        return str(row["_id"])

    def put(self, row: Row, *, listing_type: str = LEAD, bot_id: str | None = None) -> str:
        """Add or replace a row exactly as given, except that a missing ``_id`` is made up.

        Raises :class:`TypeError` for an ``_id`` that is no text; ``bad-number-id`` and
        its kin among the faults show such rows.
        """
        lead_id = row.get("_id") or self._visitors.object_id(self.clock())
        if not isinstance(lead_id, str):
            raise TypeError("an _id is text; a fault can show one that is not")
        self._listing(listing_type, bot_id).put({**row, "_id": lead_id})
        return lead_id

    def change(self, lead_id: str, /, **fields: Json) -> None:
        """Set fields of a row, by short name (:data:`PATHS`) or key; ``...`` takes one out.

        ``updatedAt`` becomes now unless it is among them.
        """
        listing = self._listing_of(lead_id)
        touched = {"updatedAt": iso_ms(self.clock()), **fields}
        listing.put(_with(listing.row(lead_id), touched))

    def assign(self, lead_id: str, agent_id: str | None) -> None:
        """Give the lead to an agent, or to nobody."""
        self.change(lead_id, assignee=agent_id)

    def say(self, lead_id: str, text: str, *, by: str = "user") -> None:
        """Let the visitor (``user``), the ``bot`` or an ``agent`` write a message."""
        at = iso_ms(self.clock())
        self.change(lead_id, lastMessage={"at": at, "by": by, "text": text})

    def convert(self, lead_id: str) -> None:
        """Turn a non-lead chat into a lead; its id stays."""
        for bot_id in self.bots:
            if lead_id in self._listings[bot_id, NON_LEAD]:
                row = self._listings[bot_id, NON_LEAD].remove(lead_id)
                touched = _with(row, {"updatedAt": iso_ms(self.clock())})
                self._listings[bot_id, LEAD].put(touched)
                return
        raise KeyError(lead_id)

    def delete(self, lead_id: str) -> Row:
        """Take a lead out of its listing and return its row."""
        return self._listing_of(lead_id).remove(lead_id)

    def noise(self, count: int = 1, *, touch: bool = True) -> list[str]:
        """Let visitors come and go: presence, visits and last-seen times, nothing else.

        ``touch`` says whether the upstream counts that as an update of the row.
        Returns the ids.
        """
        ids = [lead_id for listing in self._listings.values() for lead_id in listing.ids()]
        chosen = self._rng.sample(ids, min(count, len(ids)))
        for lead_id in chosen:
            row = self.row(lead_id)
            self.change(
                lead_id,
                isOnline=not row.get("isOnline"),
                websiteVisits=(row.get("websiteVisits") or 0) + 1,
                lastSeenAt=iso_ms(self.clock()),
                **({} if touch else {"updatedAt": row.get("updatedAt", ...)}),
            )
        return chosen

    def sort(self, order: Order) -> None:
        """Show every listing in this order from now on."""
        self.order = order
        for listing in self._listings.values():
            listing.sort(order)

    def page(
        self, number: int, *, size: int, listing_type: str = LEAD, bot_id: str | None = None
    ) -> list[Row]:
        """Return the rows of a page, counted from 1; beyond the end there are none."""
        return self._listing(listing_type, bot_id).page(number, size)

    def made_up_page(self, number: int, *, size: int) -> list[Row]:
        """Return rows that are in no listing: the same ids again for the same page."""
        visitors, now = Visitors(Random(number)), self.clock()  # noqa: S311
        return [
            {**visitors.new(now=now), "_id": f"{number:012x}{index:012x}"}
            for index in range(size)
        ]

    def row(self, lead_id: str) -> Row:
        """Return a lead's or chat's row as it is now."""
        return self._listing_of(lead_id).row(lead_id)

    def ids(self, listing_type: str = LEAD, *, bot_id: str | None = None) -> list[str]:
        """Return the ids of a listing, oldest entry first."""
        return self._listing(listing_type, bot_id).ids()

    def count(self, listing_type: str = LEAD) -> int:
        """Return how many leads or chats there are, over all bots."""
        return sum(len(self._listings[bot_id, listing_type]) for bot_id in self.bots)

    def _listing(self, listing_type: str, bot_id: str | None) -> Listing:
        return self._listings[bot_id or next(iter(self.bots)), listing_type]

    def _listing_of(self, lead_id: str) -> Listing:
        for listing in self._listings.values():
            if lead_id in listing:
                return listing
        raise KeyError(lead_id)


def _with(row: Row, fields: Mapping[str, Json]) -> Row:
    for name, value in fields.items():
        row = _placed(row, PATHS.get(name, (name,)), _listed(name, value))
    return row


def _placed(row: Row, path: Iterable[str], value: Json) -> Row:
    """Return a copy of the row with ``value`` at ``path``, or without it for ``...``."""
    key, *rest = path
    entry = _placed(mapping(row.get(key)), rest, value) if rest else value
    return dict(_without(row, key)) if entry is ... else {**row, key: entry}


def _without(row: Row, key: str) -> Iterator[tuple[str, Json]]:
    return ((name, value) for name, value in row.items() if name != key)


def _listed(name: str, value: Json) -> Json:
    """Attributes may be given as a mapping; a row has them as key-value pairs."""
    if name == "attributes" and isinstance(value, Mapping):
        return [{"key": key, "value": entry} for key, entry in value.items()]
    return value
