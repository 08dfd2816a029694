"""What ``run`` shows on a terminal: a line for each alert, in place of its log lines."""

import asyncio
from datetime import UTC, datetime
from typing import TextIO

from rich.console import Console
from rich.text import Text

from notifier.cli.moments import short
from notifier.cli.output import counted
from notifier.cli.tables import event_words
from notifier.configuration.load import Configuration
from notifier.core.outcome import State
from notifier.destinations.console import ConsoleOptions, style_of
from notifier.errors import BusyError, StoreError
from notifier.messages.escape import one_line
from notifier.rules.durations import format_duration
from notifier.service.shared import Shared
from notifier.store.db import Store
from notifier.store.health import Overview, overview
from notifier.transactions.turn import Turn

LOOK_S = 0.5


class Live:
    """Tells of deliveries as they end, each on one line with its time and destination."""

    def __init__(self, out: TextIO, config: Configuration) -> None:
        self._console = Console(file=out, highlight=False)
        self._config = config
        destinations = config.ruleset.destinations.items()
        # What goes to the terminal in full needs no line beside it.
        self._shown = {n for n, one in destinations if isinstance(one.options, ConsoleOptions)}

    def turned(self, destination: str, turn: Turn) -> None:
        """Print what a lane's turn delivered; what failed stands in the log."""
        for claimed, outcome in turn.ended:
            if outcome.state is State.DELIVERED and destination not in self._shown:
                event = claimed.event
                self._print(f"{destination} ← {event_words(event)}", style=style_of(event.type))

    async def watching(self, shared: Shared) -> None:
        """Say what is polled, and once how many leads there are, when all were seen."""
        names = ", ".join(one.source.name for one in self._config.sources)
        every = format_duration(self._config.settings.poll_interval)
        self._print(f"polling {names} every {every}; Ctrl-C ends it")
        while True:
            if found := await self._known(shared.store, shared.clocks.now_ms()):
                leads = sum(one.leads for one in found.sources)
                self._print(f"watching {counted(leads, 'lead')}; new ones will be told")
                return
            await asyncio.sleep(LOOK_S)

    async def _known(self, store: Store, now_ms: int) -> Overview | None:
        """Return how everything stands, once each listing was read to its end."""
        try:
            found = await store.read(overview, now_ms=now_ms)
        except (StoreError, BusyError):
            return None  # the pollers tell of it
        listings = [listing for one in found.sources for listing in one.listings]
        is_known = bool(listings) and all(listing.has_baseline for listing in listings)
        return found if is_known else None

    def _print(self, line: str, *, style: str = "bold") -> None:
        at = datetime.now(UTC)
        when = short(at, self._config.settings.timezone, at=at)
        self._console.print(Text(f"{when}  "), Text(one_line(line), style=style), sep="")
