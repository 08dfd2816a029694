"""``/_control/``: the simulator's levers, as JSON, for scripts in another process.

``GET`` ``/_control/state``, ``requests``, ``leads/ID``; ``POST`` ``leads``, ``change``,
``assign``, ``say``, ``convert``, ``delete``, ``noise``, ``order``, ``settings``,
``faults`` and ``clear`` with the bodies below. 400 and 404 carry ``{"error": …}``.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Literal, Protocol, TypeVar

import msgspec
from aiohttp import web

from notifier.core.records import LEAD, NON_LEAD
from notifier.core.rows import Json, iso_ms
from notifier.simulator.faults import Fault, Faults
from notifier.simulator.limit import Limit
from notifier.simulator.listing import Order
from notifier.simulator.requests import RequestLog
from notifier.simulator.world import World

PREFIX = "/_control/"
T = TypeVar("T")


LEVERS = {
    "leads": '{"count": 3, "fields": {"country": "India"}}',
    "change": '{"id": "ID", "fields": {"status": "CLOSED"}}',
    "assign": '{"id": "ID", "agent": "631aa793bcfa100487d13d0d"}',
    "say": '{"id": "ID", "text": "What does it cost?"}',
    "convert": '{"id": "NON_LEAD_ID"}',
    "delete": '{"id": "ID"}',
    "noise": '{"count": 5}',
    "order": '{"order": "created-desc"}',
    "settings": '{"page_size": 50, "per_minute": 100}',
    "faults": '{"kind": "status", "status": 500, "times": 3}',
    "clear": "{}",
}
"""What can be posted, each with an example of its body."""


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every request body has in common: a misspelt key is an error."""


class Leads(Body, frozen=True, kw_only=True):
    """New leads: ``row`` exactly as given, else ``count`` made-up ones with ``fields``.

    ``over_s`` spreads their beginnings over so many seconds before now.
    """

    count: int = 1
    type: Literal["lead", "non-lead"] = "lead"
    bot_id: str | None = None
    fields: dict[str, Json] = {}
    row: dict[str, Json] | None = None
    over_s: float | None = None


class Change(Body, frozen=True, kw_only=True):
    """Fields to set, by short name or key, and names of those to take out."""

    id: str
    fields: dict[str, Json] = {}
    omit: tuple[str, ...] = ()


class Assignment(Body, frozen=True, kw_only=True):
    """An agent's id, or ``null`` for nobody."""

    id: str
    agent: str | None


class Saying(Body, frozen=True, kw_only=True):
    """A new last message."""

    id: str
    text: str
    by: Literal["bot", "user", "agent"] = "user"


class Target(Body, frozen=True, kw_only=True):
    """The lead or chat that something happens to."""

    id: str


class Noise(Body, frozen=True, kw_only=True):
    """How many visitors come or go, and whether that counts as an update."""

    count: int = 1
    touch: bool = True


class Sorting(Body, frozen=True, kw_only=True):
    """The order of every listing."""

    order: Order


class Settings(Body, frozen=True, kw_only=True):
    """What to change about the server; what is left out stays."""

    page_size: int | msgspec.UnsetType = msgspec.UNSET
    per_minute: int | msgspec.UnsetType | None = msgspec.UNSET


class Nothing(Body, frozen=True, kw_only=True):
    """An empty body."""


class Controlled(Protocol):
    """What the levers move."""

    world: World
    faults: Faults
    requests: RequestLog
    limit: Limit
    page_size: int


class Control:
    """The handlers of ``/_control/``."""

    def __init__(self, simulator: Controlled) -> None:
        self._simulator = simulator
        self._world = simulator.world

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to add to the server's."""
        simulator, world = self._simulator, self._world
        return [
            web.get(PREFIX + "state", _read(lambda _: self._state())),
            web.get(PREFIX + "requests", _read(lambda _: simulator.requests.all())),
            web.get(PREFIX + "leads/{id}", _read(lambda r: world.row(r.match_info["id"]))),
            _post("leads", Leads, self._create),
            _post("change", Change, self._change),
            _post("assign", Assignment, lambda body: world.assign(body.id, body.agent)),
            _post("say", Saying, lambda body: world.say(body.id, body.text, by=body.by)),
            _post("convert", Target, lambda body: world.convert(body.id)),
            _post("delete", Target, lambda body: world.delete(body.id)),
            _post("noise", Noise, lambda body: world.noise(body.count, touch=body.touch)),
            _post("order", Sorting, lambda body: world.sort(body.order)),
            _post("settings", Settings, self._set),
            _post("faults", Fault, simulator.faults.arm),
            _post("clear", Nothing, lambda _: simulator.faults.clear()),
        ]

    def _state(self) -> dict[str, Json]:
        simulator, world = self._simulator, self._world
        log = simulator.requests
        return {
            "now": iso_ms(world.clock()),
            "leads": world.count(LEAD),
            "non_leads": world.count(NON_LEAD),
            "order": world.order,
            "page_size": simulator.page_size,
            "per_minute": simulator.limit.per_minute,
            "faults": simulator.faults.armed,
            "requests": {
                "total": log.total,
                "by_status": log.by_status(),
                "busiest_minute": log.busiest(),
            },
        }

    def _create(self, body: Leads) -> dict[str, list[str]]:
        world, listing_type, bot_id = self._world, body.type, body.bot_id
        if body.row is not None:
            return {"ids": [world.put(body.row, listing_type=listing_type, bot_id=bot_id)]}
        if body.over_s is not None:
            over = timedelta(seconds=body.over_s)
            return {
                "ids": world.populate(
                    body.count, listing_type=listing_type, bot_id=bot_id, over=over
                )
            }
        ids = [
            world.create(listing_type=listing_type, bot_id=bot_id, **body.fields)
            for _ in range(body.count)
        ]
        return {"ids": ids}

    def _change(self, body: Change) -> None:
        self._world.change(body.id, **body.fields, **dict.fromkeys(body.omit, ...))

    def _set(self, body: Settings) -> None:
        if body.page_size is not msgspec.UNSET:
            self._simulator.page_size = body.page_size
        if body.per_minute is not msgspec.UNSET:
            self._simulator.limit.per_minute = body.per_minute


def _post(name: str, body_type: type[T], act: Callable[[T], Any]) -> web.RouteDef:
    async def answer(request: web.Request) -> web.Response:
        try:
            body = msgspec.json.decode(await request.read() or b"{}", type=body_type)
            return _json(act(body))
        except (msgspec.MsgspecError, TypeError) as error:
            return _json({"error": str(error)}, status=400)
        except KeyError as error:
            return _json({"error": f"nothing is called {error}"}, status=404)

    return web.post(PREFIX + name, answer)


def _read(
    look: Callable[[web.Request], Any],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        try:
            return _json(look(request))
        except KeyError as error:
            return _json({"error": f"nothing is called {error}"}, status=404)

    return answer


def _json(content: Any, *, status: int = 200) -> web.Response:
    body = msgspec.json.encode({"ok": True} if content is None else content)
    return web.Response(status=status, body=body, content_type="application/json")
