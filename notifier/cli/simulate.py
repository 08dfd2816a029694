"""``simulate``: a BotPenguin on a port of this machine, for trying things out."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from textwrap import wrap
from typing import Annotated

import typer

from notifier.cli.choices import LARGEST, finite
from notifier.core.records import NON_LEAD
from notifier.errors import BusyError
from notifier.simulator.control import LEVERS, PREFIX
from notifier.simulator.day import play_on
from notifier.simulator.faults import FaultType
from notifier.simulator.listing import Order
from notifier.simulator.server import PATH, TOKEN, Simulator
from notifier.simulator.world import BOT_ID, CUSTOMER_ID, World

app = typer.Typer()

MOST = 1_000_000


@app.command()
def simulate(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where to listen; 0 is any free port.")
    ] = 8765,
    leads: Annotated[
        int, typer.Option(min=0, max=MOST, help="How many leads there are at first.")
    ] = 45,
    non_leads: Annotated[
        int, typer.Option(min=0, max=MOST, help="How many chats that are no leads.")
    ] = 10,
    page_size: Annotated[int, typer.Option(min=1, max=MOST, help="Rows a page.")] = 20,
    order: Annotated[
        Order, typer.Option(help="How the listing is sorted.")
    ] = Order.UPDATED_DESC,
    rate: Annotated[
        int,
        typer.Option(min=0, max=MOST, help="Requests a minute before a 429; 0 sets no limit."),
    ] = 100,
    token: Annotated[str, typer.Option(help="The x-bot-token that opens it.")] = TOKEN,
    seed: Annotated[
        int, typer.Option(min=0, max=LARGEST, help="Another number makes other visitors.")
    ] = 1,
    day: Annotated[bool, typer.Option("--day", help="Let a sales day happen, live.")] = False,
    speed: Annotated[
        float,
        typer.Option(
            min=0.01, max=1e6, callback=finite, help="How much faster than life the day goes."
        ),
    ] = 60.0,
) -> None:
    """Serve a simulated BotPenguin until Ctrl-C; print the settings that reach it."""
    world = World(clock=lambda: datetime.now(UTC), seed=seed, order=order)
    world.populate(leads)
    world.populate(non_leads, listing_type=NON_LEAD)
    simulator = Simulator(
        world, token=token, page_size=page_size, per_minute=rate or None, port=port
    )
    playing = partial(play_on, world, seed=seed, speed=speed) if day else None
    asyncio.run(_serve(simulator, token=token, port=port, day=playing))


async def _serve(
    simulator: Simulator, *, token: str, port: int, day: Callable[[], Awaitable[None]] | None
) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(simulator)
        except OSError as error:
            raise BusyError(
                f"port {port} cannot be used ({error.strerror}): give another --port"
            ) from error
        typer.echo(_directions(simulator.url, token))
        playing = asyncio.ensure_future(day()) if day else None
        await stopping.wait()
        if playing:
            playing.cancel()


def _directions(url: str, token: str) -> str:
    """Return an environment file whose comments say what else can be done."""
    levers = "\n".join(
        f"#   curl {url}{PREFIX}{name} -d '{body}'" for name, body in LEVERS.items()
    )
    kinds = "\n#   ".join(wrap(", ".join(FaultType), 76, break_on_hyphens=False))
    return f"""\
# A simulated BotPenguin at {url}, until Ctrl-C. For notifier, in .env:
NOTIFIER_BASE_URL={url}
NOTIFIER_TOKEN={token}
NOTIFIER_BOT_ID={BOT_ID}
NOTIFIER_CUSTOMER_ID={CUSTOMER_ID}

# A page of it, how it stands, what it was asked, and one lead:
#   curl -H 'x-bot-token: {token}' \\
#     '{url}{PATH}?botId={BOT_ID}&customerId={CUSTOMER_ID}&page=1&type=lead'
#   curl {url}{PREFIX}state
#   curl {url}{PREFIX}requests
#   curl {url}{PREFIX}leads/ID
# The levers that make things happen or go wrong:
{levers}
# Faults are of the kinds {kinds}
"""
