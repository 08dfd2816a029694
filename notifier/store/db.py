"""The one thread that owns the database's connection, and its transactions."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from notifier.store.faults import translated
from notifier.store.opening import connect
from notifier.store.session import Session

P = ParamSpec("P")
T = TypeVar("T")


class Store:
    """Runs whole transactions on the database thread: ``await store.run(f, …)``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")
        try:
            self._session = self._thread.submit(connect, path).result()
        except BaseException:
            self._thread.shutdown()
            raise
        self._place = _place(path)

    def is_in_place(self) -> bool:
        """Whether the file under the path is still the one that is open."""
        return _place(self.path) == self._place

    async def run(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run ``function(session, …)`` as one transaction.

        Cancelling the awaiting task does not stop the thread: the transaction
        still ends as a whole. Raises :class:`StoreError` or :class:`BusyError`.
        """

        def whole() -> T:
            with translated(self.path), self._session.transaction():
                return function(self._session, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, whole)

    async def look(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run ``function(session, …)`` without a transaction, for a single SELECT or PRAGMA."""

        def plain() -> T:
            with translated(self.path):
                return function(self._session, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, plain)

    def close(self) -> None:
        """Finish what the thread is doing, then close the connection."""
        self._thread.submit(self._session.close).result()
        self._thread.shutdown()


def _place(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from others, ``None`` where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
