"""``/healthz``, ``/readyz`` and ``/metrics`` on an address of the operator's choice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from notifier.errors import BusyError, ConfigError, Fault, StoreError

DATABASE_TIMEOUT_S = 5.0
# 0 would mean to wait for ever.
SHUTDOWN_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Where the answers come from: troubles one sentence each, metrics as text.

    Both may raise StoreError and BusyError.
    """

    troubles: Callable[[], Awaitable[list[str]]]
    metrics: Callable[[], Awaitable[bytes]]


@asynccontextmanager
async def serving(host: str, port: int, answers: Answers) -> AsyncIterator[int]:
    """Serve until the end of the block; gives the port, which 0 leaves to the system.

    Raises :class:`ConfigError` where the address cannot be listened on.
    """
    runner = web.AppRunner(_app(answers), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise _taken(host, port, error) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _taken(host: str, port: int, error: OSError) -> ConfigError:
    # asyncio's own text repeats the address and the number of the error.
    reason = (error.strerror or str(error)).rpartition(": ")[2]
    return ConfigError(
        [
            Fault(
                where="NOTIFIER_HTTP",
                problem=f"cannot listen on {host}:{port}: {reason}",
                remedy="choose another port, or stop what uses it",
            )
        ]
    )


def _app(answers: Answers) -> web.Application:
    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(_request: web.Request) -> web.Response:
        reasons = await _asked(answers.troubles)
        found = {"ready": not reasons, "reasons": reasons}
        return web.json_response(found, status=503 if reasons else 200)

    async def metrics(_request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(DATABASE_TIMEOUT_S):
                body = await answers.metrics()
        except (StoreError, BusyError, TimeoutError) as error:
            return web.Response(status=503, text=f"{_words(error)}\n")
        return web.Response(body=body, headers={"content-type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app


async def _asked(troubles: Callable[[], Awaitable[list[str]]]) -> list[str]:
    """Return the troubles; a database that cannot be asked is one."""
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT_S):
            return await troubles()
    except (StoreError, BusyError, TimeoutError) as error:
        return [_words(error)]


def _words(error: Exception) -> str:
    return str(error) or "the database does not answer"
