"""A bare TCP server on loopback, whose conversations end with it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

ROUNDS = 4
"""So many rounds of its loop it takes to open a connection, give it to us, and close it."""
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def conversing(
    serve: Serve, *, host: str = "127.0.0.1", port: int = 0, **options: Any
) -> AsyncIterator[int]:
    """Serve each connection until the block ends; the value is the port."""
    conversations = dict[asyncio.Future[None], asyncio.StreamWriter]()
    has_ended = False

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if has_ended:
            writer.transport.abort()
            return
        task = asyncio.ensure_future(serve(reader, writer))
        conversations[task] = writer
        task.add_done_callback(conversations.pop)

    listener = await asyncio.start_server(accept, host, port, **options)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        has_ended = True
        for one in listener.sockets:  # a server that is closed forgets whom it has let in
            asyncio.get_running_loop().remove_reader(one.fileno())
        left = dict(conversations)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for writer in left.values():  # which a task that had not begun could not close
            writer.transport.abort()
        for _ in range(ROUNDS):
            await asyncio.sleep(0)
        listener.close()
        await listener.wait_closed()
