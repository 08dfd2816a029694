"""What a poller needs from outside: protocols of its own, met by the rooms below."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from pydantic import SecretStr

from notifier.rules.model import Ruleset
from notifier.store.session import Session
from notifier.upstream.budget import Budget
from notifier.upstream.client import Listing
from notifier.upstream.page import Page

P = ParamSpec("P")
T = TypeVar("T")


class Transactions(Protocol):
    """Runs whole transactions: :class:`notifier.store.db.Store`."""

    async def run(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run ``function(session, …)``, whole or not at all; raises StoreError or BusyError."""
        ...


class Pages(Protocol):
    """Asks the upstream: :class:`notifier.upstream.client.Client`."""

    async def page(self, listing: Listing, number: int) -> Page:
        """Return a page, with one request; raises UpstreamError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PollerContext:
    """What all sources share. ``now`` is the wall clock, ``clock_ms`` never jumps.

    ``wake`` hears which destinations have work, ``refresh`` which known leads
    changed, by their lane keys.
    """

    store: Transactions
    client: Pages
    budget: Callable[[SecretStr], Budget]
    rules: Ruleset
    now: Callable[[], datetime]
    clock_ms: Callable[[], int]
    jitter: Callable[[], float]
    wake: Callable[[set[str]], None]
    refresh: Callable[[Collection[str]], None] = lambda _keys: None
