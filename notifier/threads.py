"""Work in a thread that nobody has to wait for."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


async def in_a_thread(work: Callable[[], T]) -> T:
    """Return what ``work`` returns; the program may end while it still works.

    :func:`asyncio.to_thread` keeps the program until its threads are done.
    """
    done: Future[T] = Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - whoever awaits it gets it
            done.set_exception(error)
        else:
            done.set_result(result)

    Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(done)
