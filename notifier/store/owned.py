"""The database as the owner of one source or lane sees it: what it lost it cannot write."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from notifier.core.leases import Lease
from notifier.errors import LeaseLostError
from notifier.store import leases
from notifier.store.session import Session

P = ParamSpec("P")
T = TypeVar("T")


class Transactions(Protocol):
    """Runs functions over the database: :class:`~notifier.store.db.Store`, or a part of it."""

    async def run(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run ``function(session, …)``, whole or not at all; raises StoreError or BusyError."""
        ...

    async def read(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run ``function(session, …)``, which only reads; raises StoreError or BusyError."""
        ...


class OwnerStore(Transactions, Protocol):
    """What the owner of something works with."""

    def check(self) -> None:
        """Raise :class:`LeaseLostError` where this is somebody else's by now."""
        ...


class OwnedStore:
    """Runs transactions each of which first proves the lease; else it raises LeaseLostError.

    ``trusts`` is asked before: whoever was frozen, or cut off, does not even try.
    """

    def __init__(
        self, store: Transactions, lease: Lease, trusts: Callable[[Lease], bool]
    ) -> None:
        self._store = store
        self._lease = lease
        self._trusts = trusts

    def check(self) -> None:
        """Raise :class:`LeaseLostError` where the lease is over, by this host's own clock."""
        if not self._trusts(self._lease):
            raise LeaseLostError(f"the lease of {self._lease.thing} is over")

    async def run(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run ``function(session, …)`` as one transaction with the proof of the lease."""
        self.check()

        def proved(session: Session) -> T:
            leases.prove(session, self._lease)
            return function(session, *args, **kwargs)

        return await self._store.run(proved)

    async def read(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run ``function(session, …)``, which only reads: that needs no proof."""
        return await self._store.read(function, *args, **kwargs)
