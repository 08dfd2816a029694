"""AMQP 0-9-1 (RabbitMQ): a persistent message per event, confirmed and routed, or refused.

Source: RabbitMQ, "Publishers" and "Publisher Confirms"; CloudEvents' AMQP binding, 3.
"""

import re
import ssl
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, SecretStr

from notifier.destinations.amqp_faults import is_too_large, meant
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
    ended,
    hush,
    server_of,
    tls_of,
    url_check,
)
from notifier.errors import PermanentDeliveryError
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
        self._link = Link(
            host=self._server.host,
            timeout_s=timeout_s,
            begin=self._begin,
            end=_Line.end,
            errors=(exceptions.AMQPError, exceptions.ChannelInvalidStateError),
            translated=partial(
                meant,
                server=self._server,
                exchange=options.exchange,
                routing_key=options.routing_key,
            ),
            is_open=_Line.is_open,
            # RabbitMQ lets everybody wait then, without a word.
            if_silent="is its disk or memory full?",
        )

    async def send(self, message: Message) -> Receipt:
        """Publish the message's one event; see :class:`Destination`."""
        (part,) = message.parts
        key = _cut(filled(self._options.routing_key, part.event, own=OWN))
        event = encoded(part, self._options.mode)
        async with self._link.attempt() as line:
            exchange = await self._exchange(line.channel, look=False)
            try:
                await exchange.publish(_message(event, part.event.id), key, mandatory=True)
            except exceptions.ChannelPreconditionFailed as error:
                if not is_too_large(error, len(event.body)):
                    raise
                problem = f"the event is larger than {self._server.host} takes"
                raise PermanentDeliveryError(problem) from None
        return Receipt()

    async def check(self) -> Diagnosis:
        """Look for the exchange; raises what :meth:`send` would."""
        async with self._link.attempt() as line:
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

    async def _begin(self) -> _Line:
        server = self._server
        tls = tls_of(server, self._tls)
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
        try:
            # Without the second an unroutable message would look delivered.
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        except BaseException:
            await ended(connection.close())
            raise
        return _Line(connection, channel)


def _cut(name: str) -> str:
    return name.encode()[:LONGEST_BYTES].decode(errors="ignore")


def _message(event: Encoded, event_id: str) -> "aio_pika.Message":
    return aio_pika.Message(
        event.body,
        content_type=event.content_type,
        message_id=event_id,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        headers={f"cloudEvents:{name}": text for name, text in event.attributes.items()},
    )
