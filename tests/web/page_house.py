"""What the tests of the page share: a page that is served, and a browser of sorts."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from aiohttp.web import RouteDef
from pydantic import SecretStr

from notifier.clocks import Clocks
from notifier.configuration.destinations import kinds
from notifier.core.records import Source
from notifier.errors import ConfigError
from notifier.monitoring.http import Answers, routes, serving
from notifier.monitoring.poke import PokeDoor
from notifier.rules.model import Ruleset
from notifier.rulesfile.load import load_rules
from notifier.store.db import Store
from notifier.store.sqlite import Sqlite
from notifier.web.context import PageServices
from notifier.web.names import Names
from notifier.web.sessions import Role
from notifier.web.site import Site

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
OPERATOR, VIEWER = "correct horse", "only looking"
SOURCE = Source(
    name="website", bot_id="638d99eeee9e558f1247ae03", customer_id="5fed38e56fb193dcc6c933f5"
)
POKE_SECRET = "poke-poke-poke-poke"
TOKEN = re.compile(r'name="token" value="([^"]+)"')
RULES = """
destinations:
  screen: {type: console}
  crm:
    type: webhook
    url: https://crm.example.com/hook
    secret: whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz
agents:
  631aa793bcfa100487d13d0d: {name: Asha Rao}
rules:
  - {name: New lead, when: lead.created, if: {country: India}, send: [screen, crm]}
  - {name: Changed, when: [lead.status_changed, lead.assigned], send: screen}
  - {name: Nobody has it, if: {status: OPEN, assignee: null}, for: 15m, send: screen}
"""


@dataclass(slots=True, kw_only=True)
class Served:
    """A page that is served; tests may set its clocks, rules and answers."""

    port: int = 0
    store: Store
    at: datetime = NOON
    monotonic_ms: int = 1_000_000
    rules: Ruleset
    faults: ConfigError | None = None
    samples: list[str] = field(default_factory=list)
    looks: int = 0
    refreshed: list[str] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def now_ms(self) -> int:
        return int(self.at.timestamp() * 1000)

    def pass_time(self, **length: float) -> None:
        self.at += timedelta(**length)
        self.monotonic_ms += int(timedelta(**length).total_seconds() * 1000)

    async def on_disk(self) -> Ruleset:
        if self.faults:
            raise self.faults
        return self.rules

    async def sample(self, name: str) -> str:
        self.samples.append(name)
        return f"{name} took a sample lead in 0.1 s."

    def looked(self) -> None:
        self.looks += 1


def rules_of(text: str = RULES) -> Ruleset:
    return load_rules(
        [("rules.yaml", text)], lookup=lambda _: None, kinds=kinds(), timezone=UTC
    )


@asynccontextmanager
async def served(
    folder: Path,
    *,
    rules: str = RULES,
    listens_on: str = "127.0.0.1",
    public_url: str | None = None,
    passwords: Mapping[Role, str] | None = None,
    patience_s: float = 30,
    port: int = 0,
) -> AsyncIterator[Served]:
    """Serve the page over a database in the folder, on a port that the system may choose."""
    store = Store(Sqlite(folder / "notifier.db"))
    page = Served(store=store, rules=rules_of(rules))
    services = PageServices(
        store=store,
        clocks=Clocks(now=lambda: page.at, monotonic_ms=lambda: page.monotonic_ms),
        zone=UTC,
        interval_ms=15_000,
        rules=lambda: page.rules,
        rules_on_disk=page.on_disk,
        sample=page.sample,
        changed=page.looked,
        refresh=page.refreshed.extend,
        watched=lambda: {SOURCE.bot_id: SOURCE},
        patience_s=patience_s,
    )
    known = passwords or {Role.OPERATOR: OPERATOR, Role.VIEWER: VIEWER}
    names = Names(listens_on=listens_on, public_url=public_url)
    try:
        async with Site.opened(services, names=names, passwords=known) as site:
            answers = Answers(troubles=_nothing, metrics=_metrics, door=DOOR, pages=site)
            found = [one for one in routes(answers) if isinstance(one, RouteDef)]
            page.paths = {one.path.replace(":[^/]+}", "}") for one in found}
            async with serving("127.0.0.1", port, answers) as page.port:
                yield page
    finally:
        store.close()


@asynccontextmanager
async def browsing(page: Served, password: str | None = None) -> AsyncIterator["Browser"]:
    """Open a browser of sorts, signed in where a password is given."""
    async with httpx.AsyncClient(
        base_url=page.base, trust_env=False, timeout=30, verify=False
    ) as client:
        browser = Browser(client=client, page=page)
        if password is not None:
            answer = await browser.post("/login", password=password)
            assert answer.status_code == 303
        yield browser


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """Keeps cookies, and sends what a browser would send with a form."""

    client: httpx.AsyncClient
    page: Served

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=headers)

    async def post(
        self, path: str, *, origin: str | None = None, **fields: str
    ) -> httpx.Response:
        own = self.page.base if origin is None else origin
        return await self.client.post(path, data=fields, headers={"origin": own})

    async def token(self, path: str = "/logout") -> str:
        found = TOKEN.search((await self.get(path)).text)
        assert found, "the page has a form"
        return found[1]

    async def act(self, path: str, **fields: str) -> httpx.Response:
        """Send a form of the page, with its token."""
        return await self.post(path, token=await self.token(), **fields)


async def _nothing() -> list[str]:
    return []


async def _metrics() -> bytes:
    return b"notifier_up 1\n"


DOOR = PokeDoor(secret=SecretStr(POKE_SECRET), poke=lambda _source: True)
