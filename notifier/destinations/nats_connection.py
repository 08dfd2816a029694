"""A connection to NATS, which hears what a server says beside its answers."""

import asyncio
import re
import ssl
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any

from notifier.destinations.broker_links import Server, ended

with suppress(ImportError):  # without the extra nothing here is ever built
    from nats import errors
    from nats.aio.client import Client
    from nats.js import JetStreamContext

DENIED = re.compile(r'permissions violation for publish to "([^"]+)"', re.IGNORECASE)


class Connection:
    """One connection, which is never mended: the next attempt opens another."""

    def __init__(self) -> None:
        self._client = Client()
        # A server tells beside the answer that a subject may not be published to.
        self._asked: dict[asyncio.Event, str] = {}
        self._fault: Exception | None = None
        self._timeout_s = 0.0

    async def begin(
        self, server: Server, *, tls: ssl.SSLContext | None, timeout_s: float
    ) -> None:
        """Connect and log in; raises the library's errors or ``OSError``."""
        is_token = server.password is None
        self._timeout_s = timeout_s

        def secret() -> str:
            # The library leaves it to the server whether a connection is encrypted.
            if tls and not self._client._server_info.get("tls_required"):  # noqa: SLF001
                raise errors.SecureConnWantedError
            return (server.user if is_token else server.password) or ""

        try:
            await self._client.connect(
                f"nats://{server.place}",
                user=None if is_token else server.user,
                password=None if is_token else secret,
                token=secret if is_token and server.user else None,
                tls=tls,
                # Else it says more before it reads that it is not let in.
                verbose=True,
                allow_reconnect=False,
                # One more is what the library takes for none.
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=int(timeout_s) + 1,
                error_cb=self._told,
            )
            secret()
        except BaseException as error:
            await ended(self._client.close())
            if isinstance(error, errors.Error):
                raise self._fault or error from None
            raise

    async def publish(
        self, subject: str, body: bytes, stream: str, headers: Mapping[str, str]
    ) -> str | None:
        """Return the stream that has it now, empty for an answer that is no stream's.

        ``None`` where the server does not allow it; raises the library's errors.
        """
        context = self._context()
        asked = context.publish(subject, body, stream=stream, headers=dict(headers))
        try:
            answer = await self._answered(asked, subject)
        except (ValueError, KeyError, TypeError):  # of somebody with another language
            return ""
        return None if answer is None else str(getattr(answer, "stream", ""))

    async def look_for(self, stream: str) -> bool:
        """Say whether streams may be looked for; raises where this one is not there."""
        asked = self._context().stream_info(stream)
        return await self._answered(asked, f"$JS.API.STREAM.INFO.{stream}") is not None

    def is_open(self) -> bool:
        """Whether it may still be used."""
        return self._client.is_connected

    async def end(self) -> None:
        """Close it."""
        await self._client.close()

    def _context(self) -> "JetStreamContext":
        return self._client.jetstream(timeout=self._timeout_s)

    async def _answered(self, asked: Coroutine[Any, Any, object], subject: str) -> object:
        """Return the answer, or ``None`` where asking is not allowed."""
        asking = asyncio.ensure_future(asked)
        told = asyncio.Event()
        self._asked[told] = subject.lower()
        denied = asyncio.ensure_future(told.wait())
        try:
            await asyncio.wait({asking, denied}, return_when=asyncio.FIRST_COMPLETED)
            return await asking if asking.done() else None
        finally:
            del self._asked[told]
            asking.cancel()
            denied.cancel()

    async def _told(self, error: Exception) -> None:
        """Keep what the server says beside its answers, in place of logging it."""
        if isinstance(error, errors.Error | OSError):
            self._fault = error
        if found := DENIED.search(str(error)):
            # The library tells everything in small letters.
            for told, subject in self._asked.items():
                if subject == found[1].lower():
                    told.set()
