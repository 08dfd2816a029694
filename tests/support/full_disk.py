"""A database whose disk is full when a test says so."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from notifier.errors import StoreError
from notifier.store.db import Store
from notifier.store.session import Session

P = ParamSpec("P")
T = TypeVar("T")


class FullDisk(Store):
    """A database that cannot be written while ``full``."""

    full = False

    async def run(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        if self.full:
            raise StoreError("the disk is full: free some space")
        return await super().run(function, *args, **kwargs)
