"""Servers in processes of their own, asked through a pipe.

A server is cheap, so that what is measured does not wait for it: it speaks just
enough HTTP, and answers from bytes that were made before.
"""

import asyncio
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, Protocol

PATIENCE_S = 120.0


class Stage(Protocol):
    """What a server knows and does: each public method is something it can be asked."""

    def protocol(self) -> asyncio.Protocol:
        """Return the conversation for a new connection."""
        ...


class Peer:
    """The near end of the pipe to a server's :class:`Stage`."""

    def __init__(self, pipe: Connection, port: int) -> None:
        self._pipe = pipe
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, method: str, *arguments: object) -> Any:
        """Return what the stage's method returns."""
        self._pipe.send((method, arguments))
        if not self._pipe.poll(PATIENCE_S):
            raise TimeoutError(f"a server did not answer {method} within {PATIENCE_S:g} s")
        return self._pipe.recv()


@contextmanager
def peer(stage: Callable[..., Stage], *arguments: object) -> Iterator[Peer]:
    """Run a server of ``stage(*arguments)``, made in a process of its own."""
    with child(_serve, stage, arguments) as pipe:
        yield Peer(pipe, pipe.recv())


@contextmanager
def child(work: Callable[..., None], *arguments: object) -> Iterator[Connection]:
    """Run ``work(pipe, …)`` in a process of its own; yield the near end of its pipe."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=work, args=(theirs, *arguments), daemon=True
    )
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Connection, stage: Callable[..., Stage], arguments: Sequence[object]) -> None:
    asyncio.run(_run(pipe, stage(*arguments)))


async def _run(pipe: Connection, stage: Stage) -> None:
    loop = asyncio.get_running_loop()
    answers, over = set[asyncio.Task[None]](), asyncio.Event()

    async def answer(method: str, arguments: Sequence[object]) -> None:
        found = getattr(stage, method)(*arguments)
        pipe.send(await found if asyncio.iscoroutine(found) else found)

    def asked() -> None:
        try:
            task = loop.create_task(answer(*pipe.recv()))
        except EOFError:
            over.set()
            return
        answers.add(task)
        task.add_done_callback(answers.discard)

    server = await loop.create_server(stage.protocol, "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    loop.add_reader(pipe.fileno(), asked)
    await over.wait()
