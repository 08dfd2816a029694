"""The one thread that owns the database's connection, and its transactions."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from notifier.store.engine import Engine
from notifier.store.session import Session

P = ParamSpec("P")
T = TypeVar("T")


class Store:
    """Runs whole transactions on the database thread: ``await store.run(f, …)``."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")
        try:
            self._session = self._thread.submit(engine.open).result()
        except BaseException:
            self._thread.shutdown()
            raise
        self._identity = engine.identity()

    def is_in_place(self) -> bool:
        """Whether the database under the name is still the one that is open."""
        return self.engine.identity() == self._identity

    async def run(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run ``function(session, …)`` as one transaction.

        Cancelling the awaiting task does not stop the thread: the transaction
        still ends as a whole. Raises :class:`StoreError` or :class:`BusyError`. Where other
        programs write at once, the function may be run more than once.
        """
        session = self._session

        def whole() -> T:
            with self.engine.translated():
                return session.whole(lambda: function(session, *args, **kwargs))

        return await asyncio.get_running_loop().run_in_executor(self._thread, whole)

    async def read(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run ``function(session, …)`` without a transaction, for a single SELECT or PRAGMA."""

        def plain() -> T:
            with self.engine.translated():
                return function(self._session, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, plain)

    def check(self) -> None:
        """Do nothing: who is alone with a database owns all that it holds."""

    def close(self) -> None:
        """Finish what the thread is doing, then close the connection."""
        self._thread.submit(self._session.close).result()
        self._thread.shutdown()
