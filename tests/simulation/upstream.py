"""BotPenguin as it truly was: who did what when, and what was asked for."""

from collections import Counter, deque
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

from notifier.core.records import NON_LEAD
from notifier.core.rows import Row
from notifier.simulator.answers import Answer, encoded, enveloped, refused
from notifier.simulator.listing import Order
from notifier.simulator.world import World
from simulation.servers import Reply, Request
from simulation.story import BAD_RECORDS, Entry, Story

PAGE = 20
RAGGED = (20, 13, 20, 1, 20, 19, 7)
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a lead was from ``at_s`` on; ``None`` for no lead: no longer, or not yet."""

    at_s: float
    status: str
    agent: str | None


@dataclass(slots=True)
class Upstream:
    """The world, its whole history, and the endpoint that shows its present.

    ``too_early`` are requests made before a wait was over: when it was asked for, and
    when the request came.
    """

    world: World
    limit: int
    clock_s: Any
    rng: Random
    history: dict[str, list[State | None]] = field(default_factory=dict)
    gone_s: dict[str, float] = field(default_factory=dict)
    asked_s: deque[float] = field(default_factory=deque)
    ragged: bool = False
    foreign: bool = False
    odd: str = ""
    bad_record: bytes = b""
    most_in_a_minute: int = 0
    refused: int = 0
    odd_answers: Counter[str] = field(default_factory=Counter)
    bad_records: int = 0
    wait_until_s: float = 0.0
    told_to_wait_s: float = 0.0
    too_early: list[tuple[float, float]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    chats: list[str] = field(default_factory=list)
    _changed: tuple[str, State] | None = None

    def happens(self, entry: Entry) -> None:
        """Let an entry of the story take place."""
        match entry.what:
            case "create" | "chat" | "import" | "convert":
                self._comes(entry)
            case "close many":
                for lead_id in self.ids[-entry.number :]:
                    self._change(lead_id, status="CLOSED")
            case "noise":
                self.world.noise(2, touch=bool(entry.number % 2))
            case "bad record":
                self.bad_record = BAD_RECORDS[entry.number].encode()
            case "back":
                self._take_back()
            case _ if self.ids:
                self._of_one(entry, self.lead(entry.number))

    def _comes(self, entry: Entry) -> None:
        match entry.what:
            case "chat":
                self.chats.append(self.world.create(listing_type=NON_LEAD, status="OPEN"))
            case "convert" if self.chats:
                lead_id = self.chats.pop(entry.number % len(self.chats))
                self.world.convert(lead_id)
                self._born(lead_id)
            case "create" | "import":
                for _ in range(entry.number if entry.what == "import" else 1):
                    self._born(self.world.create(status="OPEN"))

    def mend(self) -> None:
        """Let no bad record stand among the good ones any more."""
        self.bad_record = b""

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

    def _take_back(self) -> None:
        """Let the lead that was changed last be as it was before."""
        if self._changed and self._changed[0] in self.ids:
            lead_id, was = self._changed
            self._change(lead_id, status=was.status, assignee=was.agent)

    def _change(self, lead_id: str, **fields: Any) -> None:
        if (before := self.history[lead_id][-1]) is not None:
            self._changed = lead_id, before
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
        """Return a page, or the refusal of one request too many, or something odd."""
        self._count()
        if self.foreign and self.rng.random() < 0.5:
            found = self._busy()
        elif self.odd:
            self.odd_answers[self.odd] += 1
            found = self._odd()
        else:
            given = parse_qs(urlsplit(request.path).query)
            (number,), (listing_type,) = given["page"], given["type"]
            found = self._listed(int(number), listing_type)
        headers = {"content-type": found.content_type, **found.headers}
        return Reply(status=found.status, body=found.body, headers=headers)

    def _count(self) -> None:
        now_s = self.clock_s()
        if now_s < self.wait_until_s:
            self.too_early.append((self.told_to_wait_s, now_s))
        self.asked_s.append(now_s)
        while self.asked_s[0] <= now_s - MINUTE_S:
            self.asked_s.popleft()
        self.most_in_a_minute = max(self.most_in_a_minute, len(self.asked_s))

    def _busy(self) -> Answer:
        self.refused += 1
        wait_s = self.rng.choice((3, 17, 61))
        self.told_to_wait_s, self.wait_until_s = self.clock_s(), self.clock_s() + wait_s
        return refused(429, headers={"retry-after": str(wait_s)})

    def _odd(self) -> Answer:
        match self.odd:
            case "html":
                return Answer(body=b"<html>back soon</html>", content_type="text/html")
            case "not so":
                return Answer(body=b'{"success":false,"message":"no","code":200,"data":[]}')
            case "cut short":
                return Answer(body=b'{"success":true,"data":[{"_id":"63')
            case _:
                return refused(int(self.odd))

    def _listed(self, number: int, listing_type: str) -> Answer:
        rows = [encoded(row) for row in self._rows(number, listing_type)]
        if self.bad_record and number == 1:
            self.bad_records += 1
            rows.insert(len(rows) // 2, self.bad_record)
        return enveloped(rows)

    def _rows(self, number: int, listing_type: str) -> list[Row]:
        if not self.ragged:
            return self.world.page(number, size=PAGE, listing_type=listing_type)
        sizes = [RAGGED[index % len(RAGGED)] for index in range(number)]
        begin, size = sum(sizes[:-1]), sizes[-1]
        return self.world.page(1, size=begin + size, listing_type=listing_type)[begin:]


def upstream(story: Story, *, clock: Any, clock_s: Any) -> Upstream:
    """Return a BotPenguin with the leads that the story begins with."""
    found = Upstream(
        World(clock=clock, seed=story.seed, order=Order(story.order)),
        limit=story.limit,
        clock_s=clock_s,
        rng=Random(story.seed),
        ragged=story.ragged,
    )
    found.begin(story.leads)
    return found
