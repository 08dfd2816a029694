"""One connection of Socket Mode, over slack-sdk's client; it is never opened twice.

The SDK reads, answers pings, and acknowledges. What it would do of its own when a
connection ends (close it before there is another, try the same address for ever) is left
to :mod:`notifier.slack_actions.connections`.

Source: Slack's "Using Socket Mode".
"""

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Any, TypeAlias

import structlog
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from notifier.network.faults import fault_of
from notifier.network.sockets import HeardSocket
from notifier.network.transport import Transport
from notifier.slack_actions.faults import SocketFault

CONNECT_S = 10.0
SILENT_S = 30.0
PING_S = 10.0
CLOSE_S = 1.0
HOST = "Slack's Socket Mode"

log = structlog.get_logger()


class Ending(StrEnum):
    """Why a connection is over, or soon will be."""

    CLOSED = "closed"
    SILENT = "silent"
    WARNING = "warning"
    REFRESH = "refresh_requested"
    TOO_MANY = "too_many_websockets"
    DISABLED = "link_disabled"

    @property
    def leaves_time(self) -> bool:
        """Whether the connection still serves while another one is opened."""
        return self in (Ending.WARNING, Ending.REFRESH, Ending.SILENT)


class Connection:
    """A connection: ``on_envelope`` is given every envelope, with the connection it came by.

    ``counted`` is how many the app has as Slack counts them, ``None`` before its hello.
    """

    def __init__(self, on_envelope: "OnEnvelope") -> None:
        self.counted: int | None = None
        self.app_id = ""
        self._on_envelope = on_envelope
        self._transport = Transport(socket_class=HeardSocket)
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._failed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        self._greeted = asyncio.Event()
        self._client: _Client | None = None

    async def open(self, url: str) -> None:
        """Connect, and wait for Slack's hello; raises :class:`SocketFault`."""
        self._client = await _Client.create(self, self._transport)
        self._client.wss_uri = url
        connecting: asyncio.Future[Any] = asyncio.ensure_future(self._client.connects())
        greeted: asyncio.Future[Any] = asyncio.ensure_future(self._greeted.wait())
        waited_for: set[asyncio.Future[Any]] = {greeted, self._failed, self._ending}
        try:
            await asyncio.wait(
                waited_for, timeout=CONNECT_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for task in (connecting, greeted):
                task.cancel()
        if self._failed.done():
            raise SocketFault(fault_of(self._failed.result()).told(HOST))
        if self._ending.done() and not self._greeted.is_set():
            raise SocketFault(f"{HOST} broke the connection off")
        if not self._greeted.is_set():
            raise SocketFault(f"{HOST} did not say hello within {CONNECT_S:g} s")

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self._socket().over.is_set()

    async def until_over(self) -> Ending:
        """Return why the connection must be replaced, once it must."""
        socket, time_s = self._socket(), asyncio.get_running_loop().time
        over: asyncio.Future[Any] = asyncio.ensure_future(socket.over.wait())
        waited_for: set[asyncio.Future[Any]] = {over, self._ending}
        try:
            while not (self._ending.done() or over.done()):
                left_s = socket.heard_s + SILENT_S - time_s()
                if left_s <= 0:
                    return Ending.SILENT
                await asyncio.wait(
                    waited_for, timeout=left_s, return_when=asyncio.FIRST_COMPLETED
                )
        finally:
            over.cancel()
        return self._ending.result() if self._ending.done() else Ending.CLOSED

    async def until_closed(self, *, within_s: float) -> None:
        """Return once Slack has closed the connection, or it had long enough for it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._socket().over.wait()

    async def acknowledge(self, envelope_id: str) -> None:
        """Tell Slack that an envelope has been dealt with; one that is over hears nothing."""
        assert self._client
        try:
            await self._client.send_socket_mode_response({"envelope_id": envelope_id})
        except (ConnectionError, RuntimeError) as error:
            log.warning("slack_click_unacknowledged", error=type(error).__name__)

    async def aclose(self) -> None:
        """Close the connection; a server that does not answer is not waited for."""
        try:
            if self._client:
                await self._client.closes()
        finally:
            await self._transport.aclose()

    def note_ending(self, why: Ending) -> None:
        """Slack says that the connection is over, or soon will be."""
        if not self._ending.done():
            self._ending.set_result(why)

    def note_failure(self, error: BaseException | None) -> None:
        """The client could not connect, or what came could not be read."""
        if self._greeted.is_set():
            log.warning("slack_envelope_unreadable", error=type(error).__name__)
        elif error and not self._failed.done():
            self._failed.set_result(error)

    async def on_message(self, _client: object, said: Mapping[str, Any], _raw: object) -> None:
        """Take what Slack says: its hello, or an envelope."""
        if said.get("type") == "hello":
            self._greet(said)
        else:
            await self._on_envelope(said, self)

    def _greet(self, hello: Mapping[str, Any]) -> None:
        count, about = hello.get("num_connections"), hello.get("connection_info")
        self.counted = count if isinstance(count, int) else None
        app_id = about.get("app_id") if isinstance(about, Mapping) else None
        self.app_id = app_id if isinstance(app_id, str) else ""
        self._greeted.set()

    def _socket(self) -> HeardSocket:
        socket = self._client.current_session if self._client else None
        assert isinstance(socket, HeardSocket)
        return socket


OnEnvelope: TypeAlias = Callable[[Mapping[str, Any], Connection], Awaitable[None]]
"""Deals with an envelope that came by a connection."""


class _Client(SocketModeClient):
    """The SDK's client, which reads and writes, and reconnects never."""

    connection: Connection

    @classmethod
    async def create(cls, connection: Connection, transport: Transport) -> "_Client":
        # Its own session would trust the environment, and go to any address.
        client = cls(
            "", logger=_SdkLog(connection), web_client=AsyncWebClient(), ping_interval=PING_S
        )
        await client.aiohttp_client_session.close()
        client.aiohttp_client_session = transport.session
        client.proxy = None  # it reads HTTPS_PROXY unasked
        client.connection = connection
        client.message_listeners.append(connection.on_message)
        client.on_message_listeners.append(client.on_frame)
        return client

    async def connects(self) -> None:
        """Connect to the address that was set; tries for ever."""
        await self.connect()  # type: ignore[no-untyped-call]

    async def closes(self) -> None:
        """Close the connection, and end what reads it: the SDK would wait for the server."""
        self.closed, self.auto_reconnect_enabled = True, False
        tasks = (self.message_processor, self.current_session_monitor, self.message_receiver)
        try:
            if self.current_session is not None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(CLOSE_S):
                        await self.current_session.close()
        finally:
            for task in filter(None, tasks):
                task.cancel()

    async def on_frame(self, frame: Any) -> None:
        """Note why Slack will close: the SDK does not hand it on."""
        if '"disconnect"' not in frame.data:
            return
        try:
            said = json.loads(frame.data)
        except (ValueError, RecursionError):
            return
        if isinstance(said, dict) and said.get("type") == "disconnect":
            self.connection.note_ending(_ending(said.get("reason")))

    async def connect_to_new_endpoint(self, force: bool = False) -> None:  # noqa: FBT001, FBT002
        """Do nothing of the kind: the connection is over, and another one is opened."""
        del force
        self.connection.note_ending(Ending.CLOSED)


def _ending(reason: object) -> Ending:
    known = isinstance(reason, str) and reason in {*Ending}
    return Ending(str(reason)) if known else Ending.REFRESH


class _SdkLog(logging.Logger):
    """What the SDK would log; its words quote addresses that are secrets."""

    def __init__(self, connection: Connection) -> None:
        super().__init__("slack_socket_mode", logging.CRITICAL + 1)
        self._connection = connection

    def exception(self, *_: object, **__: object) -> None:
        """Take up an error that the SDK caught."""
        self._connection.note_failure(sys.exc_info()[1])
