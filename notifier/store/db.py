"""The one thread that owns the database's connection, and its transactions."""

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from notifier.errors import BusyError, StoreError
from notifier.store.faults import translated
from notifier.store.opening import connect
from notifier.store.parts import part
from notifier.store.session import Session

P = ParamSpec("P")
T = TypeVar("T")

# Not structlog's: every command loads this, and few log anything.
log = logging.getLogger("notifier")


class Store:
    """Runs whole transactions on the database thread: ``await store.run(f, …)``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._riders: deque[Callable[[Session], object]] = deque()
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
            with translated(self.path), self._taking_along():
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
                self._take_along()
                return function(self._session, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, plain)

    def soon(
        self,
        function: Callable[Concatenate[Session, P], object],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Let ``function(session, …)`` ride along with the next transaction that writes.

        A look takes it along, too, and so does the close. For what is written at every
        turn and only looked at: it costs no commit of its own, but a kill may lose it.
        """
        self._riders.append(lambda session: function(session, *args, **kwargs))

    def close(self) -> None:
        """Finish what the thread is doing, then close the connection."""
        self._thread.submit(self._close).result()
        self._thread.shutdown()

    def _close(self) -> None:
        with suppress(StoreError, BusyError), translated(self.path):
            self._take_along()
        self._session.close()

    def _take_along(self) -> None:
        # A full disk or a lock must hide nothing from who only looks: they wait on.
        if self._riders:
            with suppress(sqlite3.OperationalError), self._taking_along(always=True):
                pass

    @contextmanager
    def _taking_along(self, *, always: bool = False) -> Iterator[None]:
        """Run the block as one transaction, and if it writes, what waits for one, too."""
        riders: tuple[Callable[[Session], object], ...] = ()
        with self._session.transaction():
            before = self._session.total_changes
            yield
            if always or self._session.total_changes != before:
                riders = tuple(self._riders)
                for rider in riders:
                    with part(self._session) as one:
                        rider(self._session)
                    if one.fault:  # it must not spoil every transaction to come
                        log.error("rider_crashed", exc_info=one.fault)
        # Not sooner: those of a transaction that failed wait for the next.
        for _ in riders:
            self._riders.popleft()


def _place(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from others, ``None`` where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
