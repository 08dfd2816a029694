"""A connection of aiomqtt's, which by itself passes over what an answer says.

Source: MQTT 5.0, 3.4 and 3.5 (reason codes).
"""

import asyncio
import socket
import ssl
from contextlib import suppress
from functools import partial
from typing import Any

from notifier.destinations.broker_events import Encoded
from notifier.destinations.broker_links import said
from notifier.destinations.http import no_answer
from notifier.errors import (
    DeliveryError,
    DestinationRefusedError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from notifier.network.faults import ConnectionFault, Reason, fault_of

with suppress(ImportError):  # without the extra nothing here is ever built
    import aiomqtt
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

MOST_UNDER_WAY = 65_535  # where the broker names no number
FAILURE = 0x80  # reason codes from here on; below, "no matching subscribers" among them, none
# Of a log-in, and of a message.
NOT_LET_IN = frozenset({0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C})
NOT_ALLOWED, TOPIC_INVALID, TOO_LARGE = 0x87, 0x90, 0x95


class Connection:
    """A connection that waits for each answer, and raises what it says."""

    def __init__(self, client: "aiomqtt.Client", host: str) -> None:
        self._client = client
        self._paho: Any = client._client  # noqa: SLF001
        self._host = host
        self._answers: dict[int, asyncio.Future[int]] = {}
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._largest_bytes: int | None = None
        self._room = asyncio.Semaphore(MOST_UNDER_WAY)
        self._log_in: Any = None  # the reason code that answers it

    async def begin(self, timeout_s: float) -> None:
        """Connect and log in."""
        connected, received = self._paho.on_connect, self._paho._handle_pubrec  # noqa: SLF001

        def on_connect(*answer: Any) -> None:
            self._log_in = answer[3]
            self._largest_bytes = getattr(answer[-1], "MaximumPacketSize", None)
            # A broker ends the connection over more than it wants; paho heeds it not.
            most = getattr(answer[-1], "ReceiveMaximum", MOST_UNDER_WAY)
            self._room = asyncio.Semaphore(most)
            connected(*answer)

        def on_disconnect(*_: Any) -> None:
            if not self._broken.done():
                self._broken.set_result(None)

        def on_pubrec() -> Any:
            packet: bytes = self._paho._in_packet["packet"]  # noqa: SLF001
            if len(packet) > 2 and packet[2] >= FAILURE:
                # Of QoS 2 the first answer refuses, and the second does not say so.
                self._answered(int.from_bytes(packet[:2]), packet[2])
            return received()

        self._paho.on_connect, self._paho.on_disconnect = on_connect, on_disconnect
        self._paho._handle_pubrec = on_pubrec  # noqa: SLF001
        self._paho.on_publish = self._on_publish
        self._paho._ssl_wrap_socket = self._encrypted  # noqa: SLF001
        self._paho.on_socket_register_write = partial(self._watch, asyncio.get_running_loop())
        # It connects in a thread, which is to end before our deadline does.
        self._paho.connect_timeout = timeout_s * 0.9
        await self._entered()

    async def _entered(self) -> None:
        """Return once we are let in; a connection that breaks before is no reason to wait.

        A broker that refuses us says so and hangs up: what it said counts.
        """
        entering: asyncio.Future[Any] = asyncio.ensure_future(self._client.__aenter__())
        try:
            await asyncio.wait({entering, self._broken}, return_when=asyncio.FIRST_COMPLETED)
            if self._log_in is not None:
                await asyncio.wait({entering})
        finally:
            entering.cancel()
            await asyncio.gather(entering, return_exceptions=True)
        if self._log_in is not None and self._log_in.is_failure:
            raise aiomqtt.MqttCodeError(self._log_in)
        if entering.cancelled():
            raise ConnectionResetError
        await entering

    async def publish(self, topic: str, event: Encoded, qos: int) -> None:
        """Publish, and return once it is acknowledged; raises what it was refused with."""
        size = len(event.body) + len(topic.encode()) + 1024
        if self._largest_bytes is not None and size > self._largest_bytes:
            raise PermanentDeliveryError(f"the event is larger than {self._host} takes")
        async with self._room:
            await self._acknowledged(topic, event, qos)

    async def _acknowledged(self, topic: str, event: Encoded, qos: int) -> None:
        sent = self._paho.publish(topic, event.body, qos, properties=_properties(event))
        answer = self._answers[sent.mid] = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait({answer, self._broken}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise ConnectionResetError
            if answer.result() >= FAILURE:
                raise self._refusal(answer.result(), topic)
        finally:
            del self._answers[sent.mid]

    def is_open(self) -> bool:
        """Whether it may still be used."""
        return not self._broken.done()

    async def end(self) -> None:
        """Say goodbye without waiting for an answer."""
        self._paho.disconnect()
        if self._paho.socket() is not None:
            self._paho.loop_write()
        self._paho._sock_close()  # noqa: SLF001

    def _watch(
        self, loop: asyncio.AbstractEventLoop, _: Any, __: Any, wire: socket.socket
    ) -> None:
        """Have what waits written once there is room; in a thread while it connects.

        aiomqtt would watch a socket that was closed meanwhile, or another of its number.
        """

        def watch() -> None:
            if wire.fileno() >= 0:
                loop.add_writer(wire.fileno(), self._paho.loop_write)

        loop.call_soon_threadsafe(watch)

    def _encrypted(self, plain: socket.socket) -> ssl.SSLSocket:
        """Return an encrypted socket, or close it: paho leaves one open that is not trusted."""
        context: ssl.SSLContext = self._paho._ssl_context  # noqa: SLF001
        return context.wrap_socket(plain, server_hostname=self._host)

    def _on_publish(self, _: Any, __: Any, mid: int, reason: Any, ___: Any) -> None:
        self._answered(mid, reason.value)

    def _answered(self, mid: int, reason: int) -> None:
        answer = self._answers.get(mid)
        if answer is not None and not answer.done():
            answer.set_result(reason)

    def _refusal(self, reason: int, topic: str) -> DeliveryError:
        problem = f"{self._host} refused it: 0x{reason:x}"
        if reason == NOT_ALLOWED:
            return DestinationRefusedError(problem, remedy=f"let its user publish to {topic}")
        if reason == TOPIC_INVALID:
            return DestinationRefusedError(problem, remedy="choose another `topic`")
        if reason == TOO_LARGE:
            return PermanentDeliveryError(f"the event is larger than {self._host} takes")
        return TemporaryDeliveryError(problem)


def unconnected(host: str, error: Exception) -> DeliveryError:
    """Return what an error of the log-in means."""
    if isinstance(cause := error.__context__, OSError):
        return no_answer(host, fault_of(cause))
    reason = getattr(getattr(error, "rc", None), "value", None)
    if reason is None:
        return no_answer(host, ConnectionFault(Reason.BROKEN_OFF))
    problem = f"{host} does not let us in: 0x{reason:x}"
    failure: DeliveryError = TemporaryDeliveryError(problem)
    if reason in NOT_LET_IN:
        remedy = "write the right user and password into `url`; does it speak MQTT 5?"
        failure = DestinationRefusedError(problem, remedy=remedy)
    failure.excerpt = said(error)
    return failure


def _properties(event: Encoded) -> "Properties":
    """Return the properties of a message: attributes without a prefix, as the binding wants."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = event.content_type
    properties.UserProperty = list(event.attributes.items())
    return properties
