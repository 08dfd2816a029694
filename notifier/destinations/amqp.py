"""AMQP 0-9-1 (RabbitMQ): a persistent message per event, confirmed and routed, or refused.

Source: RabbitMQ, "Publishers" and "Publisher Confirms"; CloudEvents' AMQP binding, 3.
"""

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, SecretStr

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
    ended,
    hush,
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
    import aio_pika
    from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange
    from aiormq import exceptions

PORTS = {"amqp": 5672, "amqps": 5671}
# Dots part words, and bindings take the other two for any of them.
OWN = re.compile(r"[.*#\x00-\x1f\x7f]")
LONGEST_BYTES = 255


def _check_routing_key(template: str) -> str:
    check_name(template)
    if len(sample_name(template).encode()) > LONGEST_BYTES:
        raise UnfitError(template, f"is longer than {LONGEST_BYTES} bytes")
    return template


class AmqpOptions(KindOptions):
    """``{type: amqp, url: …, exchange: …, routing_key: …}`` in the rules file."""

    takes_events: ClassVar[bool] = True
    needs: ClassVar[str] = "aio_pika"
    delivered_means: ClassVar[str] = "the broker confirmed it, with a queue to route to"

    type: Literal["amqp"] = Field(description="The kind of destination.")
    url: Annotated[SecretStr, AfterValidator(url_check(PORTS))] = Field(
        description="amqp://user:password@host:5672/vhost, or amqps:// for TLS."
    )
    exchange: str = Field(
        default="",
        max_length=LONGEST_BYTES,
        description="Its name; without one the routing key is a queue's name.",
    )
    routing_key: Annotated[str, AfterValidator(_check_routing_key)] = Field(
        description="It may have {type}, {source}, {bot_id}, {lead_id}."
    )
    mode: ModeName = Field(default="structured", description=MODE_DESCRIPTION)

    def build(self, name: str, context: BuildContext) -> "AmqpDestination":
        """Return the destination; each has its own connection."""
        del context
        return AmqpDestination(name, self)

    def reaches(self) -> str:
        """Return the host and the exchange."""
        server = server_of(self.url.get_secret_value(), PORTS)
        return f"AMQP on {server.host}, exchange {self.exchange or 'of its own'}"


OPTIONS = AmqpOptions


@dataclass(frozen=True, slots=True)
class _Line:
    """A connection with the channel that is published through."""

    connection: "AbstractConnection"
    channel: "AbstractChannel"

    def is_open(self) -> bool:
        return not (self.connection.is_closed or self.channel.is_closed)

    async def end(self) -> None:
        await self.connection.close()


class AmqpDestination:
    """Publishes each event and waits for the broker's confirm."""

    slots = 16
    min_interval_s = 0.0

    def __init__(
        self,
        name: str,
        options: AmqpOptions,
        *,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.name = name
        self._options = options
        self._server = server_of(options.url.get_secret_value(), PORTS)
        self._tls = tls
        self._timeout_s = timeout_s
        hush("aio_pika", "aiormq")
        self._link = Link(begin=self._begin, end=_Line.end, is_open=_Line.is_open)

    async def send(self, message: Message) -> Receipt:
        """Publish the message's one event; see :class:`Destination`."""
        (part,) = message.parts
        key = _cut(filled(self._options.routing_key, part.event, own=OWN))
        carried = encoded(part, self._options.mode)
        async with self._connected(size_bytes=len(carried.body)) as line:
            exchange = await self._exchange(line.channel, look=False)
            await exchange.publish(_message(carried, part.event.id), key, mandatory=True)
        return Receipt()

    async def check(self) -> Diagnosis:
        """Look for the exchange; raises what :meth:`send` would."""
        async with self._connected() as line:
            await self._exchange(line.channel, look=bool(self._options.exchange))
        found = "the exchange is there" if self._options.exchange else "the broker lets us in"
        return Diagnosis(found=found)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._link.aclose()

    async def _exchange(self, channel: "AbstractChannel", *, look: bool) -> "AbstractExchange":
        if not self._options.exchange:
            return channel.default_exchange
        return await channel.get_exchange(self._options.exchange, ensure=look)

    @asynccontextmanager
    async def _connected(self, *, size_bytes: int = 0) -> AsyncIterator[_Line]:
        async with bounded(self._server.host, self._timeout_s), self._link.connection() as line:
            try:
                yield line
            except (exceptions.AMQPError, exceptions.ChannelInvalidStateError) as error:
                raise self._translated(error, size_bytes) from None

    async def _begin(self) -> _Line:
        server = self._server
        tls = self._tls or certificates.for_mail() if server.scheme == "amqps" else None
        try:
            connection = await aio_pika.connect(
                host=server.host,
                port=server.port,
                login=server.user or "guest",
                password="guest" if server.password is None else server.password,
                virtualhost=server.path or "/",
                ssl=tls is not None,
                ssl_context=tls,
                timeout=self._timeout_s,
            )
        except exceptions.AMQPError as error:
            raise self._translated(error) from None
        try:
            # Without the second an unroutable message would look delivered.
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        except BaseException:
            await ended(connection.close())
            raise
        return _Line(connection, channel)

    def _translated(self, error: Exception, size_bytes: int = 0) -> DeliveryError:
        """Return what an error means; what is none of a message's is the connection's."""
        failure = self._refusal(error) or self._failure(error, size_bytes)
        if failure is None:
            cause = error.__cause__ or error
            known = isinstance(cause, OSError) and cause.errno is not None
            fault = fault_of(cause) if known else ConnectionFault(Reason.BROKEN_OFF)
            return no_answer(self._server.host, fault)
        if not isinstance(error, exceptions.DeliveryError):  # which would quote the message
            failure.excerpt = said(error, (self._server.password,))
        return failure

    def _refusal(self, error: Exception) -> DestinationRefusedError | None:
        host, exchange = self._server.host, self._options.exchange
        problem = f"{host} does not let us in"
        match error:
            case exceptions.AuthenticationError() | exceptions.ProbableAuthenticationError():
                remedy = "write the right user and password into `url`"
            case exceptions.InvalidFrameError() if "Connection.OpenOk" in str(error):
                remedy = "write a virtual host that is there, and open to its user, into `url`"
            case exceptions.ChannelNotFoundEntity():
                problem = f"{host} has no exchange {exchange}"
                remedy = "declare it, or write the name of another as `exchange`"
            case exceptions.ChannelAccessRefused():
                problem = f"{host} forbids it"
                remedy = f"let its user write to exchange {exchange}"
            case _:
                return None
        return DestinationRefusedError(problem, remedy=remedy)

    def _failure(self, error: Exception, size_bytes: int) -> DeliveryError | None:
        host, key = self._server.host, self._options.routing_key
        match error:
            # It closes the channel, with all that is under way; only the one it names is large.
            case exceptions.ChannelPreconditionFailed() if f" size {size_bytes} " in str(error):
                return PermanentDeliveryError(f"the event is larger than {host} takes")
            case exceptions.PublishError():
                where = f"bind a queue to exchange {self._options.exchange} for {key}"
                remedy = where if self._options.exchange else f"declare the queue {key}"
                return TemporaryDeliveryError(f"{host} has no queue for it", remedy=remedy)
            case exceptions.DeliveryError():
                remedy = "is one at its length, or its disk full?"
                problem = f"a queue on {host} did not take it"
                return TemporaryDeliveryError(problem, remedy=remedy)
            case _:
                return None


def _cut(name: str) -> str:
    return name.encode()[:LONGEST_BYTES].decode(errors="ignore")


def _message(carried: Encoded, event_id: str) -> "aio_pika.Message":
    return aio_pika.Message(
        carried.body,
        content_type=carried.content_type,
        message_id=event_id,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        headers={f"cloudEvents:{name}": text for name, text in carried.attributes.items()},
    )
