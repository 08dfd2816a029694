"""What the stored events must be, told from the pages that were committed alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from notifier.core.events import Event
from notifier.core.records import LEAD
from notifier.core.rows import Json, Row, iso_ms, mapping
from notifier.transactions import polls
from notifier.transactions.page_comparison import Intake
from notifier.transactions.polls import CompletedWalk
from notifier.upstream.page import Page

Told = tuple[str, str, Json, Json]
"""An event: its type, its lead, and the value before and after."""


@dataclass(slots=True)
class Model:
    """Reads along: every change between two readings of a lead is told exactly once.

    ``full_begun`` and ``head_begun`` say when the upstream put together the first
    page of the walk of each listing that was completed last.
    """

    expected: list[Told] = field(default_factory=list)
    known: dict[str, tuple[str, Row]] = field(default_factory=dict)
    baseline_from: dict[str, str] = field(default_factory=dict)
    baselines: set[str] = field(default_factory=set)
    full_begun: dict[str, datetime] = field(default_factory=dict)
    head_begun: dict[str, datetime] = field(default_factory=dict)
    begun: dict[tuple[str, int], datetime] = field(default_factory=dict)
    late: dict[str, Row] = field(default_factory=dict)

    def committed(self, function: object, result: object, *arguments: object) -> None:
        """Take in a transaction that was committed."""
        if function in (polls.commit, polls.commit_head):
            page, intake = arguments[:2]
            assert isinstance(page, Page)
            assert isinstance(intake, Intake)
            self._page(page, intake)
        if function is polls.finish_walk:
            self._finished(arguments[0])
        if function is polls.commit_head:
            assert isinstance(result, tuple)
            _, ended = result
            if ended is not None:
                self._finished(arguments[3])

    def _finished(self, end: object) -> None:
        assert isinstance(end, CompletedWalk)
        listing_type = end.listing_type
        begun = self.begun[listing_type, end.number]
        if end.is_full:
            self.full_begun[listing_type] = begun
            self.baselines.add(listing_type)
        else:
            self.head_begun[listing_type] = begun

    def _page(self, page: Page, intake: Intake) -> None:
        listing_type = intake.listing_type
        assert page.served_at
        self.baseline_from.setdefault(listing_type, iso_ms(page.served_at))
        if not intake.seen:
            self.begun[listing_type, intake.walk] = page.served_at
        seen = set(intake.seen)
        for reading in page.rows:
            again = reading.lead_id in seen
            self._row(reading.row, listing_type, again=again, is_glance=intake.is_glance)
            seen.add(reading.lead_id)

    def _row(self, row: Row, listing_type: str, *, again: bool, is_glance: bool) -> None:
        lead_id = row["_id"]
        if lead_id not in self.known:
            self._created(row, listing_type)
            return
        known_type, before = self.known[lead_id]
        if known_type == LEAD != listing_type:
            return
        if known_type != listing_type:
            self._created(row, listing_type)
        elif row == before:
            self.late.pop(lead_id, None)
        elif again and row["updatedAt"] <= before["updatedAt"]:
            return
        elif row["updatedAt"] >= before["updatedAt"]:
            self._changed(before, row, listing_type)
        elif is_glance:
            return  # a walk tells whether it is so
        elif self.late.get(lead_id) != row:
            self.late[lead_id] = row
        else:
            self._changed(before, row, listing_type)

    def _created(self, row: Row, listing_type: str) -> None:
        if (
            listing_type in self.baselines
            or row["createdAt"] > self.baseline_from[listing_type]
        ):
            self._tell(listing_type, "created", row)
        self._keep(row, listing_type)

    def _changed(self, before: Row, row: Row, listing_type: str) -> None:
        old, new = before.get("status"), row.get("status")
        if old != new:
            self._tell(listing_type, "status_changed", row, old, new)
        old, new = _agent(before), _agent(row)
        if old != new:
            suffix = "assigned" if not old else "reassigned" if new else "unassigned"
            self._tell(listing_type, suffix, row, old, new)
        old, new = _city(before), _city(row)
        if old != new:
            self._tell(listing_type, "updated", row, old, new)
        old, new = _message(before), _message(row)
        said_at, before_at = _said_at(row), _said_at(before)
        # An older message that is back is no news; of one time are those that differ.
        if said_at > before_at or (said_at == before_at and new and old != new):
            self._tell(listing_type, "message", row, old, new)
        self._keep(row, listing_type)

    def _keep(self, row: Row, listing_type: str) -> None:
        self.known[row["_id"]] = listing_type, row
        self.late.pop(row["_id"], None)

    def _tell(
        self, listing_type: str, suffix: str, row: Row, old: Json = None, new: Json = None
    ) -> None:
        prefix = "lead" if listing_type == LEAD else "chat"
        self.expected.append((f"{prefix}.{suffix}", row["_id"], old, new))


def as_told(event: Event) -> Told:
    """Return a stored event in the model's form."""
    for field_name, change in (event.data.changes or {}).items():
        if field_name == "last_message":
            old, new = (mapping(value).get("text") for value in (change.old, change.new))
            return event.type.value, event.subject, old, new
        return event.type.value, event.subject, change.old, change.new
    return event.type.value, event.subject, None, None


def _agent(row: Row) -> Json:
    agent = row.get("_agentAssigned")
    return mapping(agent).get("_id") or agent or None


def _city(row: Row) -> Json:
    details: Mapping[str, Json] = mapping(mapping(row.get("profile")).get("userDetails"))
    return details.get("city")


def _message(row: Row) -> Json:
    return mapping(row.get("lastMessage")).get("text")


def _said_at(row: Row) -> str:
    return str(mapping(row.get("lastMessage")).get("at") or "")
