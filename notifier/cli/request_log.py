"""The requests that a running service shares with commands that ask BotPenguin."""

import contextlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from notifier.errors import BusyError, StoreError
from notifier.store.db import Store
from notifier.store.engine import Engine
from notifier.store.opening import engine_at


@asynccontextmanager
async def request_log(database: Engine) -> AsyncIterator[Store]:
    """Give the request log that the service uses, or one for now.

    A database that this command created might belong to the wrong user, and one
    that cannot be used is told of elsewhere.
    """
    with tempfile.TemporaryDirectory(prefix="notifier-requests-") as folder:
        store = _opened(database, Path(folder))
        try:
            yield store
        finally:
            store.close()


def _opened(database: Engine, spare: Path) -> Store:
    with contextlib.suppress(StoreError, BusyError):
        if database.exists():
            return Store(database)
    return Store(engine_at(spare / "requests.db"))
