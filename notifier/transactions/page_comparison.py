"""One page of readings against the snapshot: what is held, late, or to be saved and told."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from notifier.core.acts import taken_after
from notifier.core.mutes import Mutes
from notifier.core.people import Taken
from notifier.core.records import LEAD, Lead, Source, parse
from notifier.core.rows import Row, merged, moment_of, parse_time, stored_row
from notifier.errors import DamagedError
from notifier.plan import Plan, announces, plan
from notifier.rules.model import Ruleset
from notifier.store import forgotten, lead_acts, lead_search, listings, snapshots
from notifier.store.listings import ListingState
from notifier.store.session import Session
from notifier.store.snapshots import Known, Saved
from notifier.upstream.page import Reading

DAMAGED = "what was stored of the record is damaged: it is stored anew, its change untold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Which walk over which listing a page belongs to, and by which rules it is judged.

    ``seen`` are the ids that the walk has read on earlier pages. ``first_run`` is
    how old a lead may be that a baseline announces; ``None`` means any age. A glance
    vouches for nothing, and leaves it to walks to believe a row that is out of date.
    """

    source: Source
    listing_type: str
    walk: int
    seen: Collection[str] = frozenset()
    rules: Ruleset
    first_run: timedelta | None
    is_glance: bool = False


class PageComparison:
    """Sorts the readings of one page: known, confirmed, older than the snapshot, or changed."""

    def __init__(self, intake: Intake, state: ListingState, muted: Mutes, at: datetime) -> None:
        self._intake = intake
        self._state = state
        self._mutes = muted
        self._at = at
        self._known: dict[str, Known] = {}
        self._rows: dict[str, Row] = {}
        self._unreadable: set[str] = set()
        self._judged: set[str] = set()
        self._forgotten: set[str] = set()
        self._taken: dict[str, Taken | None] = {}  # of leads that were ever acted on
        self._owned: set[str] = set()  # taken until now, when they got an owner
        self.held = 0
        self.returned = False
        self.believed: set[str] = set()  # leads by their rows, which were not out of date
        self.touched: set[str] = set()
        self.late: list[tuple[str, bytes]] = []
        self.damaged: list[tuple[bytes, str]] = []  # digest of the reading, reason
        self.saved: dict[str, Saved] = {}
        self.plans: list[tuple[Lead, Plan]] = []
        self.silent: list[Lead] = []  # found by a baseline and not announced

    def load(self, session: Session, readings: tuple[Reading, ...]) -> None:
        """Fetch what is known of these records, and the rows of those that differ."""
        bot_id = self._intake.source.bot_id
        lead_ids = [one.lead_id for one in readings]
        self._known = snapshots.known(session, bot_id, lead_ids)
        self._forgotten = forgotten.is_forgotten(session, bot_id, lead_ids)
        differing = [
            one.lead_id
            for one in readings
            if (known := self._known.get(one.lead_id))
            and (known.digest != one.digest or known.type != self._intake.listing_type)
        ]
        stored = snapshots.rows(session, bot_id, differing)
        for lead_id, row in stored.items():
            with suppress(DamagedError):
                self._rows[lead_id] = stored_row(row)
        self._unreadable = stored.keys() - self._rows.keys()
        states = lead_acts.states(session, bot_id, differing)
        self._taken = {lead_id: one.taken for lead_id, one in states.items()}

    def take(self, reading: Reading) -> None:
        """Judge one reading; an id read before on this walk counts only where it is newer."""
        lead_id = reading.lead_id
        known = self._known.get(lead_id)
        again = lead_id in self._judged or lead_id in self._intake.seen
        self._judged.add(lead_id)
        if lead_id in self._forgotten:
            self.held += 1  # neither stored nor told again
        elif known is None:
            self._save(reading, None)
        elif known.type == LEAD != self._intake.listing_type:
            self.held += 1  # converted: its non-lead row is history
        elif lead_id in self._unreadable:
            self.damaged.append((reading.digest, DAMAGED))
            self._save(reading, known)
        elif known.type != self._intake.listing_type:
            self._save(reading, known)
        elif known.digest == reading.digest:
            self._unchanged(known)
        else:
            self._differs(reading, known, again=again)

    def save(self, session: Session) -> None:
        """Write the snapshot; a quiet page writes nothing."""
        intake, bot_id = self._intake, self._intake.source.bot_id
        if not (self.saved or self.touched or self.late):
            return
        listings.open_walk(session, bot_id, intake.listing_type, intake.walk)
        snapshots.save(session, bot_id, list(self.saved.values()))
        lead_search.save(session, (lead for lead, _ in self.plans))
        snapshots.touch(session, bot_id, self.touched, walk=intake.walk)
        snapshots.remember_late(session, bot_id, self.late)
        lead_acts.clear_taken(session, bot_id, self._owned)

    def _unchanged(self, known: Known) -> None:
        self.returned |= known.absent
        self.believed.add(known.lead_id)
        if known.walk == self._intake.walk and not self._intake.is_glance:
            return  # it moved to a later page while we walked
        is_open = known.walk in self._state.open_walks
        self.held += not is_open
        is_left_open = is_open and not self._intake.is_glance
        if is_left_open or known.absent or known.late_digest is not None:
            self.touched.add(known.lead_id)

    def _differs(self, reading: Reading, known: Known, *, again: bool) -> None:
        self.returned |= known.absent
        age = self._age(reading)
        if again and age >= 0:
            return  # the listing has it twice: two truths must not take turns for ever
        if age > 0 and self._intake.is_glance:
            return
        if age > 0 and known.late_digest != reading.digest:
            self.late.append((known.lead_id, reading.digest))
        else:
            self._save(reading, known)

    def _age(self, reading: Reading) -> int:
        """Return 1 for a row older than the snapshot, -1 for a newer one, else 0."""
        before = parse_time(self._rows[reading.lead_id].get("updatedAt"))
        after = parse_time(reading.row.get("updatedAt"))
        if before is None or after is None:
            return 0
        return (after < before) - (after > before)

    def _save(self, reading: Reading, known: Known | None) -> None:
        lead_id, intake = reading.lead_id, self._intake
        before_row = self._rows.get(lead_id) if known else None
        row = merged(before_row, reading.row) if before_row else reading.row
        before = self._parse(before_row, known.type) if known and before_row else None
        before, after = self._with_taken(before, self._parse(row, intake.listing_type))
        announce = self._announces(after) and lead_id not in self._unreadable
        decided = plan(
            before,
            after,
            intake.rules,
            at=self._at,
            mutes=self._mutes,
            announce=announce,
        )
        self._unreadable.discard(lead_id)
        self.believed.add(lead_id)
        self.plans.append((after, decided))
        self.silent += [after] if known is None and not announce else []
        self.saved[lead_id] = Saved(
            lead_id=lead_id,
            type=intake.listing_type,
            digest=reading.digest,
            walk=intake.walk,
            row=msgspec.json.encode(row).decode(),
            changed_ms=lead_search.changed_ms(after),
        )
        self._rows[lead_id] = row
        self._known[lead_id] = Known(
            lead_id=lead_id,
            type=intake.listing_type,
            digest=reading.digest,
            walk=intake.walk,
        )

    def _parse(self, row: Row, listing_type: str) -> Lead:
        return parse(
            row,
            listing_type=listing_type,
            source=self._intake.source,
            agents=self._intake.rules.agents,
        )

    def _with_taken(self, before: Lead | None, after: Lead) -> tuple[Lead | None, Lead]:
        """Return both states with who is on the lead: an owner in BotPenguin ends that."""
        if after.id not in self._taken:
            return before, after
        taken = self._taken[after.id]
        left = self._taken[after.id] = taken_after(taken, before, after)
        if taken and left is None:
            self._owned.add(after.id)
        was = before and before.with_taken(taken)
        return was, after.with_taken(left)

    def _announces(self, lead: Lead) -> bool:
        if self._state.baseline_done_ms is not None:
            return True
        from_ms = self._state.baseline_from_ms
        return announces(
            lead,
            first_run=self._intake.first_run,
            baseline_from=None if from_ms is None else moment_of(from_ms),
        )
