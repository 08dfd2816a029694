"""``demo``: a simulated BotPenguin and the whole service in this process, with no set-up."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.syntax import Syntax

from notifier import log
from notifier.cli.choices import LARGEST, finite
from notifier.clocks import Clocks
from notifier.configuration.destinations import kinds
from notifier.configuration.formats import Address
from notifier.configuration.hostzone import host_zone
from notifier.configuration.load import Configuration
from notifier.configuration.settings import Settings
from notifier.configuration.sources import watched_sources
from notifier.rulesfile.load import load_rules
from notifier.service.assembly import assembled
from notifier.service.service import Service
from notifier.service.signals import obey_signals
from notifier.simulator.day import play_on
from notifier.simulator.scene import opening
from notifier.simulator.server import TOKEN, Simulator
from notifier.simulator.world import BOT_ID, CUSTOMER_ID, World
from notifier.store.totals import Totals, totals

app = typer.Typer()

LEADS = 45
POLL_S = 1
VISITORS_A_DAY = 120
# At this pace nobody takes a lead on before its first message has settled.
SPEED = 30.0
LOOPBACK = "127.0.0.1"
USUAL_PORT = 8787
PASSWORD = "demo"  # noqa: S105 - of visitors who do not exist


@app.command()
def demo(
    seconds: Annotated[
        float | None,
        typer.Option(min=0, max=1e6, callback=finite, help="End after so many seconds."),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=LARGEST, help="Another number makes other visitors.")
    ] = 1,
) -> None:
    """Watch leads arrive live: a simulated BotPenguin, nothing to set up."""
    log.set_up(log_format=None, level="warning", stream=sys.stderr)
    console = Console(highlight=False)
    port = _free_port()
    _introduce(console, _rules_text(), port)
    _conclude(console, asyncio.run(_watched(seconds=seconds, seed=seed, port=port)))


async def _watched(*, seconds: float | None, seed: int, port: int) -> Totals:
    """Show what the service tells of a simulated day, until a signal or for ``seconds``."""
    clocks = Clocks()
    world = World(clock=clocks.now, seed=seed)
    world.populate(LEADS)
    async with (
        Simulator(world, per_minute=None) as simulator,
        _service(simulator.url, clocks, port) as service,
    ):
        obey_signals(service)
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, service.stop)
        day = asyncio.create_task(_day(simulator, seed))
        await service.run()
        day.cancel()
        return await service.shared.store.run(totals)


@asynccontextmanager
async def _service(url: str, clocks: Clocks, port: int) -> AsyncIterator[Service]:
    """Assemble a service that watches the simulator, on a database that goes with it."""
    with TemporaryDirectory(prefix="notifier-demo-") as folder:
        settings = Settings(
            token=SecretStr(TOKEN),
            bot_id=BOT_ID,
            customer_id=CUSTOMER_ID,
            base_url=url,
            database=Path(folder) / "demo.db",
            poll_interval=timedelta(seconds=POLL_S),
            rate_limit=6000,
            timezone=host_zone(os.environ.get("TZ")).zone,
            http=Address(host=LOOPBACK, port=port),
            web_password=SecretStr(PASSWORD),
        )
        rules = load_rules(
            [("demo.yaml", _rules_text())],
            lookup=lambda _: None,
            kinds=kinds(),
            timezone=settings.timezone,
        )
        config = Configuration(
            settings=settings,
            ruleset=rules,
            sources=watched_sources(settings, rules),
            warnings=(),
        )
        async with assembled(
            config, clocks=clocks, out=sys.stdout, reread=lambda: config
        ) as service:
            yield service


async def _day(simulator: Simulator, seed: int) -> None:
    """Wait until the listing was read once: leads found then are not new."""
    world = simulator.world
    pages = -(-LEADS // simulator.page_size)
    await simulator.requests.reached(pages + 2)  # the empty page, and a poll after it
    async with asyncio.TaskGroup() as scenes:
        scenes.create_task(opening(world))
        scenes.create_task(play_on(world, seed=seed, visitors=VISITORS_A_DAY, speed=SPEED))


def _rules_text() -> str:
    return files("notifier.cli").joinpath("demo.yaml").read_text(encoding="utf-8")


def _free_port() -> int:
    """Return the usual port of the page, or another one where somebody has it."""
    for wanted in (USUAL_PORT, 0):
        with suppress(OSError), socket.create_server((LOOPBACK, wanted)) as found:
            port: int = found.getsockname()[1]
            return port
    return USUAL_PORT


def _introduce(console: Console, rules: str, port: int) -> None:
    """Say what is about to be seen, and print the rules that it is told by."""
    console.print(
        f"A simulated BotPenguin with {LEADS} leads goes through a sales day in minutes.\n"
        "It is asked every second, and these rules tell what is new or changed:\n",
        style="bold",
    )
    shown = rules[rules.index("rules:") :].rstrip()
    console.print(Syntax(shown, "yaml", theme="ansi_dark", background_color="default"))
    console.print(
        f"\nLook at it in a browser: http://{LOOPBACK}:{port} (password: {PASSWORD})",
        style="bold",
    )
    console.print("Ctrl-C ends it; nothing is kept.\n", style="dim")


def _conclude(console: Console, seen: Totals) -> None:
    console.print(
        f"\n{seen.leads} leads seen, {seen.events} events found, {seen.delivered} delivered.\n"
        "With your own account: notifier init, then notifier run.",
        style="bold",
    )
