"""MQTT 5: a message per event, told as delivered once the broker acknowledged it.

Source: MQTT 5.0, 3.4 and 3.5 (reason codes); CloudEvents' MQTT protocol binding, 3.
"""

import asyncio
import logging
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from notifier.destinations.base import BuildContext, Diagnosis, KindOptions, Message, Receipt
from notifier.destinations.broker_events import (
    MODE_DESCRIPTION,
    Encoded,
    ModeName,
    check_name,
    encoded,
    filled,
    sample_name,
)
from notifier.destinations.broker_links import (
    TIMEOUT_S,
    Link,
    bounded,
    said,
    server_of,
    url_check,
)
from notifier.destinations.http import no_answer
from notifier.errors import (
    DeliveryError,
    DestinationRefusedError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from notifier.network import certificates
from notifier.network.faults import ConnectionFault, Reason, fault_of
from notifier.rules.unfit import UnfitError

with suppress(ImportError):  # without the extra nothing here is ever built
    import aiomqtt
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

PORTS = {"mqtt": 1883, "mqtts": 8883}
OWN = re.compile(r"[/+#$\x00-\x1f\x7f-\x9f]")
NO_TOPIC = re.compile(r"[+#\x00-\x1f\x7f-\x9f]|^\$|^$")
MOST_UNDER_WAY = 65_535  # where the broker names no number
FAILURE = 0x80  # reason codes from here on; below, "no matching subscribers" among them, none
# Of a log-in, and of a message.
NOT_LET_IN = frozenset({0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C})
NOT_ALLOWED, TOPIC_INVALID, TOO_LARGE = 0x87, 0x90, 0x95
SILENT = logging.Logger("mqtt", logging.CRITICAL)  # what it has to say are our errors


def _check_topic(template: str) -> str:
    check_name(template)
    if NO_TOPIC.search(sample_name(template)):
        raise UnfitError(template, "is not a topic; write words with slashes between them")
    return template


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdigit() else value


class MqttOptions(KindOptions):
    """``{type: mqtt, url: …, topic: …}`` in the rules file."""

    takes_events: ClassVar[bool] = True
    needs: ClassVar[str] = "aiomqtt"
    delivered_means: ClassVar[str] = "the broker acknowledged it, also where nobody subscribes"

    type: Literal["mqtt"] = Field(description="The kind of destination.")
    url: Annotated[SecretStr, AfterValidator(url_check(PORTS))] = Field(
        description="mqtt://user:password@host:1883, or mqtts:// for TLS."
    )
    topic: Annotated[str, AfterValidator(_check_topic)] = Field(
        description="Where to; it may have {type}, {source}, {bot_id}, {lead_id}."
    )
    qos: Annotated[Literal[1, 2], BeforeValidator(_number)] = Field(
        default=1, description="1 (at least once) or 2 (exactly once, to the broker)."
    )
    mode: ModeName = Field(default="structured", description=MODE_DESCRIPTION)

    def build(self, name: str, context: BuildContext) -> "MqttDestination":
        """Return the destination; each has its own connection."""
        del context
        return MqttDestination(name, self)

    def reaches(self) -> str:
        """Return the host and the topic."""
        server = server_of(self.url.get_secret_value(), PORTS)
        return f"MQTT on {server.host}, topic {self.topic}"


OPTIONS = MqttOptions


class MqttDestination:
    """Publishes each event and waits for the broker's acknowledgement, and what it says."""

    slots = 16
    min_interval_s = 0.0

    def __init__(
        self,
        name: str,
        options: MqttOptions,
        *,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.name = name
        self._options = options
        self._server = server_of(options.url.get_secret_value(), PORTS)
        self._tls = tls
        self._timeout_s = timeout_s
        self._link = Link(begin=self._begin, end=_Connection.end, is_open=_Connection.is_open)

    async def send(self, message: Message) -> Receipt:
        """Publish the message's one event; see :class:`Destination`."""
        (part,) = message.parts
        topic = filled(self._options.topic, part.event, own=OWN)
        carried = encoded(part, self._options.mode)
        async with self._connected() as connection:
            await connection.publish(topic, carried, self._options.qos)
        return Receipt()

    async def check(self) -> Diagnosis:
        """Log in; raises what :meth:`send` would."""
        async with self._connected():
            return Diagnosis(found="the broker lets us in")

    async def aclose(self) -> None:
        """Close the connection."""
        await self._link.aclose()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator["_Connection"]:
        async with (
            bounded(self._server.host, self._timeout_s),
            self._link.connection() as connection,
        ):
            yield connection

    async def _begin(self) -> "_Connection":
        server = self._server
        tls = self._tls or certificates.for_mail() if server.scheme == "mqtts" else None
        client = aiomqtt.Client(
            server.host,
            server.port,
            username=server.user,
            password=server.password,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=True,
            tls_context=tls,
            timeout=self._timeout_s,
            logger=SILENT,
        )
        connection = _Connection(client, server.host)
        try:
            await connection.begin(self._timeout_s)
        except BaseException:
            await connection.end()
            raise
        return connection


class _Connection:
    """A connection of aiomqtt's, which by itself passes over what an answer says."""

    def __init__(self, client: "aiomqtt.Client", host: str) -> None:
        self._client = client
        self._paho: Any = client._client  # noqa: SLF001
        self._host = host
        self._answers: dict[int, asyncio.Future[int]] = {}
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._largest_bytes: int | None = None
        self._room = asyncio.Semaphore(MOST_UNDER_WAY)

    async def begin(self, timeout_s: float) -> None:
        """Connect and log in."""
        connected, received = self._paho.on_connect, self._paho._handle_pubrec  # noqa: SLF001

        def on_connect(*answer: Any) -> None:
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
        # It connects in a thread, which is to end before our deadline does.
        self._paho.connect_timeout = timeout_s * 0.9
        try:
            await self._client.__aenter__()
        except aiomqtt.MqttError as error:
            raise self._unconnected(error) from None

    async def publish(self, topic: str, carried: Encoded, qos: int) -> None:
        """Publish, and return once it is acknowledged; raises what it was refused with."""
        size = len(carried.body) + len(topic.encode()) + 1024
        if self._largest_bytes is not None and size > self._largest_bytes:
            raise PermanentDeliveryError(f"the event is larger than {self._host} takes")
        async with self._room:
            await self._acknowledged(topic, carried, qos)

    async def _acknowledged(self, topic: str, carried: Encoded, qos: int) -> None:
        sent = self._paho.publish(topic, carried.body, qos, properties=_properties(carried))
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
        # It is about to watch its socket, which must not be closed by then.
        await asyncio.sleep(0)
        if self._paho.socket() is not None:
            self._paho.loop_write()
        self._paho._sock_close()  # noqa: SLF001

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

    def _unconnected(self, error: "aiomqtt.MqttError") -> DeliveryError:
        if isinstance(cause := error.__context__, OSError):
            return no_answer(self._host, fault_of(cause))
        reason = getattr(getattr(error, "rc", None), "value", None)
        if reason is None:
            return no_answer(self._host, ConnectionFault(Reason.BROKEN_OFF))
        problem = f"{self._host} does not let us in: 0x{reason:x}"
        failure: DeliveryError = TemporaryDeliveryError(problem)
        if reason in NOT_LET_IN:
            remedy = "write the right user and password into `url`; it speaks MQTT 5, does it?"
            failure = DestinationRefusedError(problem, remedy=remedy)
        failure.excerpt = said(error)
        return failure


def _properties(carried: Encoded) -> "Properties":
    """Return the properties of a message: attributes without a prefix, as the binding wants."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = carried.content_type
    properties.UserProperty = list(carried.attributes.items())
    return properties
