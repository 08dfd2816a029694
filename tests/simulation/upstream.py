"""BotPenguin as it truly was: who did what when, and what was asked for."""

from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

from notifier.core.records import NON_LEAD
from notifier.simulator.answers import listed, refused
from notifier.simulator.listing import Order
from notifier.simulator.world import World
from simulation.servers import Reply, Request
from simulation.story import Entry

PAGE = 20
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a lead was from ``at_s`` on; ``None`` for no lead: no longer, or not yet."""

    at_s: float
    status: str
    agent: str | None


@dataclass(slots=True)
class Upstream:
    """The world, its whole history, and the endpoint that shows its present."""

    world: World
    limit: int
    clock_s: Any
    rng: Random
    history: dict[str, list[State | None]] = field(default_factory=dict)
    gone_s: dict[str, float] = field(default_factory=dict)
    asked_s: deque[float] = field(default_factory=deque)
    foreign: bool = False
    most_in_a_minute: int = 0
    refused: int = 0
    ids: list[str] = field(default_factory=list)
    chats: list[str] = field(default_factory=list)

    def happens(self, entry: Entry) -> None:
        """Let an entry of the story take place."""
        match entry.what:
            case "create":
                self._born(self.world.create(status="OPEN"))
            case "chat":
                self.chats.append(self.world.create(listing_type=NON_LEAD, status="OPEN"))
            case "import":
                for _ in range(entry.number):
                    self._born(self.world.create(status="OPEN"))
            case "convert" if self.chats:
                lead_id = self.chats.pop(entry.number % len(self.chats))
                self.world.convert(lead_id)
                self._born(lead_id)
            case "close many":
                for lead_id in self.ids[-entry.number :]:
                    self._change(lead_id, status="CLOSED")
            case "noise":
                self.world.noise(2, touch=bool(entry.number % 2))
            case _ if self.ids:
                self._of_one(entry, self.lead(entry.number))

    def lead(self, number: int) -> str:
        """Return a lead: mostly a young one."""
        young = self.ids[-25:]
        return young[number % len(young)] if number % 10 else self.ids[number % len(self.ids)]

    def _of_one(self, entry: Entry, lead_id: str) -> None:
        match entry.what:
            case "status":
                self._change(lead_id, status=entry.text)
            case "assign":
                self._change(lead_id, assignee=entry.text or None)
            case "say":
                by = "user" if entry.number % 3 else "agent"
                self.world.say(lead_id, f"words {entry.number}", by=by)
            case "delete":
                self.world.delete(lead_id)
                self.ids.remove(lead_id)
                self.history[lead_id].append(None)
                self.gone_s[lead_id] = self.clock_s()

    def begin(self, leads: int) -> None:
        """Let so many leads be there from the start."""
        for lead_id in self.world.populate(leads):
            self._born(lead_id)

    def _born(self, lead_id: str) -> None:
        self.ids.append(lead_id)
        self.history[lead_id] = [self._state(lead_id)]

    def _change(self, lead_id: str, **fields: Any) -> None:
        self.world.change(lead_id, **fields)
        state = self._state(lead_id)
        last = self.history[lead_id][-1]
        if last is None or (last.status, last.agent) != (state.status, state.agent):
            self.history[lead_id].append(state)

    def _state(self, lead_id: str) -> State:
        row = self.world.row(lead_id)
        agent = row.get("_agentAssigned")
        agent = agent.get("_id") if isinstance(agent, dict) else agent
        status = str(row.get("status"))
        return State(at_s=self.clock_s(), status=status, agent=str(agent) if agent else None)

    def answer(self, request: Request) -> Reply:
        """Return a page, or the refusal of one request too many."""
        now_s = self.clock_s()
        self.asked_s.append(now_s)
        while self.asked_s[0] <= now_s - MINUTE_S:
            self.asked_s.popleft()
        self.most_in_a_minute = max(self.most_in_a_minute, len(self.asked_s))
        if self.foreign and self.rng.random() < 0.5:
            self.refused += 1
            found = refused(429, headers={"retry-after": str(self.rng.choice((3, 17, 61)))})
        else:
            given = parse_qs(urlsplit(request.path).query)
            (number,), (kind,) = given["page"], given["type"]
            found = listed(self.world.page(int(number), size=PAGE, listing_type=kind))
        headers = {"content-type": found.content_type, **found.headers}
        return Reply(status=found.status, body=found.body, headers=headers)


def upstream(seed: int, *, order: str, limit: int, clock: Any, clock_s: Any) -> Upstream:
    """Return a BotPenguin without leads."""
    world = World(clock=clock, seed=seed, order=Order(order))
    return Upstream(world, limit=limit, clock_s=clock_s, rng=Random(seed))
