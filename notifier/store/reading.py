"""Reading for people who look: on a connection and a thread of its own.

Whoever looks at a page must not keep the one thread that writes: a delivery waits for it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from notifier.store.engine import Engine
from notifier.store.session import Session

P = ParamSpec("P")
T = TypeVar("T")


class Reader:
    """Runs ``await reader.read(f, …)`` where nothing can be written."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reading")
        try:
            self._session = self._thread.submit(engine.open_read_only).result()
        except BaseException:
            self._thread.shutdown()
            raise

    async def read(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run ``function(session, …)``; raises :class:`StoreError` or :class:`BusyError`."""

        def plain() -> T:
            with self._engine.translated():
                return function(self._session, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, plain)

    def close(self) -> None:
        """Close the connection."""
        self._thread.submit(self._session.close).result()
        self._thread.shutdown()
