"""A simulated BotPenguin of several bots, polled every 15 seconds into a real database.

What happens is written down as it happens: a poll follows only where something did.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from notifier.core.event_types import EventType
from notifier.core.events import operation
from notifier.core.mutes import Mutes
from notifier.core.records import LEAD, NON_LEAD, Agent, Source
from notifier.core.rows import Json, moment_of, ms_of
from notifier.measuring import measure_report
from notifier.plan import plan_deliveries
from notifier.reports.asked import Asked
from notifier.reports.model import Report
from notifier.rules.model import Ruleset
from notifier.rules.reports import By
from notifier.rules.windows import Window
from notifier.simulator.world import World
from notifier.store import forgotten, listings, responses, sources
from notifier.store.opening import engine_at
from notifier.store.session import Session
from notifier.transactions import write_events
from notifier.transactions.write_events import Written
from support.polls import poll

P = ParamSpec("P")
T = TypeVar("T")

POLL_MS = 15_000
GOAL_MS = 300_000
WEBSITE, WHATSAPP = "638d99eeee9e558f1247ae03", "63b7c2aa10f55e19a0c4d1e7"
BOTS = {
    WEBSITE: Source(
        name="website", bot_id=WEBSITE, customer_id="c", inbox_url="https://chat.example/{uuid}"
    ),
    WHATSAPP: Source(name="whatsapp", bot_id=WHATSAPP, customer_id="c"),
}
ASHA, BORIS, NAMELESS = (
    "631aa793bcfa100487d13d0d",
    "631aa7b1bcfa100487d13d21",
    "631a000000000000",
)
AGENTS = {ASHA: Agent(id=ASHA, name="Asha Rao"), BORIS: Agent(id=BORIS, name="Boris Ek")}


def in_file(folder: Path) -> Session:
    """Open a file in this folder; nothing in it outlives a power cut."""
    session = engine_at(folder / "notifier.db").open()
    session.execute("PRAGMA synchronous = OFF")
    return session


class Observed:
    """The upstream at a moment, and the database of what was seen of it."""

    def __init__(self, session: Session, *, begins: datetime) -> None:
        self.now = begins
        self.world = World(clock=lambda: self.now, bots=dict.fromkeys(BOTS, "c"))
        self.session = session
        self.rules = Ruleset(agents=AGENTS)
        self._is_watched = False
        self._places: dict[str, tuple[str, str]] = {}
        self._touched: dict[tuple[str, str], set[str]] = {}
        for bot_id, source in BOTS.items():
            sources.register(self.session, bot_id, source.name)

    @property
    def now_ms(self) -> int:
        return ms_of(self.now)

    def go(self, at: datetime) -> None:
        """Let the time be ``at``; what happened before was polled when it was time to."""
        due = self._poll_time() if self._touched and self._is_watched else None
        if due is not None and due <= at:
            self.now = due
            self.poll()
        self.now = at

    def _poll_time(self) -> datetime:
        """Return the next poll after the present moment."""
        return moment_of((self.now_ms // POLL_MS + 1) * POLL_MS)

    def create(self, *, bot_id: str = WEBSITE, listing_type: str = LEAD, **fields: Json) -> str:
        fields = {"status": "OPEN", "assignee": None, "country": "India"} | fields
        lead_id = self.world.create(listing_type=listing_type, bot_id=bot_id, **fields)
        return self._touch(lead_id, bot_id, listing_type)

    def change(self, lead_id: str, **fields: Json) -> None:
        self.world.change(lead_id, **fields)
        self._touch(lead_id, *self._place(lead_id))

    def say(self, lead_id: str, by: str) -> None:
        self.world.say(lead_id, "Hello", by=by)
        self._touch(lead_id, *self._place(lead_id))

    def convert(self, lead_id: str) -> None:
        bot_id, _ = self._place(lead_id)
        self._touched.get((bot_id, NON_LEAD), set()).discard(lead_id)
        self.world.convert(lead_id)
        self._touch(lead_id, bot_id, LEAD)

    def delete(self, lead_id: str) -> None:
        """Delete a lead upstream; the next full walk does not find it."""
        bot_id, _ = self._place(lead_id)
        self.world.delete(lead_id)
        self.session.execute(
            "UPDATE records SET absent = 1 WHERE bot_id = :bot_id AND lead_id = :lead_id",
            {"bot_id": bot_id, "lead_id": lead_id},
        )

    def forget(self, lead_id: str) -> None:
        bot_id, _ = self._place(lead_id)
        forgotten.erase(self.session, bot_id, lead_id, at_ms=self.now_ms)

    def trouble(self, event_type: EventType, source: str) -> None:
        """Let the source be told to be down, or up again."""
        event = operation(event_type, source, at=self.now, reason="503")
        written = Written()
        found = plan_deliveries([event], self.rules, at=self.now, mutes=Mutes())
        write_events.write(
            self.session, found, self.rules, bot_id=None, at_ms=self.now_ms, written=written
        )

    def baseline(self) -> None:
        """Walk all listings for the first time, silently."""
        for bot_id in BOTS:
            for listing_type in (LEAD, NON_LEAD):
                ids = self.world.ids(listing_type, bot_id=bot_id)
                self._commit(bot_id, listing_type, ids, first_run=timedelta(0))
                listings.finish_full_walk(
                    self.session, bot_id, listing_type, at_ms=self.now_ms, pages=1
                )
        self._touched.clear()
        self._is_watched = True

    def poll(self) -> None:
        """Read what has changed since the last poll."""
        touched, self._touched = self._touched, {}
        for (bot_id, listing_type), ids in touched.items():
            self._commit(bot_id, listing_type, sorted(ids), first_run=None)

    def _commit(
        self, bot_id: str, listing_type: str, ids: list[str], *, first_run: timedelta | None
    ) -> None:
        rows = [self.world.row(lead_id) for lead_id in ids]
        with self.session.transaction():
            listings.state(self.session, bot_id, listing_type)
            from_ms = self.now_ms
            listings.start_baseline(self.session, bot_id, listing_type, from_ms=from_ms)
            poll(
                self.session,
                rows,
                source=BOTS[bot_id],
                listing_type=listing_type,
                rules=self.rules,
                at=self.now,
                first_run=first_run,
            )

    def _place(self, lead_id: str) -> tuple[str, str]:
        return self._places[lead_id]

    def _touch(self, lead_id: str, bot_id: str, listing_type: str) -> str:
        self._places[lead_id] = bot_id, listing_type
        self._touched.setdefault((bot_id, listing_type), set()).add(lead_id)
        return lead_id

    def report(
        self,
        *,
        since: timedelta,
        by: By = By.AGENT,
        clock: Window | None = None,
        zone: str = "Europe/Berlin",
        goal_ms: int = GOAL_MS,
        kept: timedelta = timedelta(days=90),
    ) -> Report:
        """Return the report at the present moment."""
        return asyncio.run(self._measured(self.asked(since, by, clock, zone, goal_ms), kept))

    def asked(
        self, since: timedelta, by: By, clock: Window | None, zone: str, goal_ms: int
    ) -> Asked:
        return Asked(
            since=since,
            until_ms=self.now_ms,
            now_ms=self.now_ms,
            goal_ms=goal_ms,
            by=by,
            clock=clock,
            zone=ZoneInfo(zone),
            agents={key: one.name for key, one in AGENTS.items() if one.name},
            sources=responses.source_names(self.session),
        )

    async def _measured(self, asked: Asked, kept: timedelta) -> Report:
        kept_ms = ms_of(self.now - kept)
        return await measure_report(
            self._look, asked, watched=BOTS, agents=AGENTS, kept_ms=kept_ms
        )

    async def _look(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return function(self.session, *args, **kwargs)
