"""Kafka: a record per event, told as delivered once all replicas in sync have it.

Source: Apache Kafka, "Producer Configs"; CloudEvents' Kafka protocol binding, 3.
"""

import re
import ssl
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from notifier.core.events import Event
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
    Server,
    hush,
    server_of,
)
from notifier.destinations.kafka_faults import meant
from notifier.destinations.kafka_producer import BATCH_BYTES, Opening, Producer
from notifier.errors import PermanentDeliveryError
from notifier.network import certificates
from notifier.rules.destinations import Flag, Options
from notifier.rules.unfit import UnfitError

with suppress(ImportError):  # without the extra nothing here is ever built
    from aiokafka import errors

PORT = 9092
OWN = re.compile(r"[^A-Za-z0-9._-]")
TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
LONGEST_TOPIC = 249
MAY_REPEAT = "no idempotent producers here: an event may come twice, with one id"


def _broker(written: str) -> Server:
    """Return where a ``host:port`` leads."""
    with suppress(ValueError):
        server = server_of(f"kafka://{written.strip()}", {"kafka": PORT})
        if server.user is None and not server.path:
            return server
    raise UnfitError(written, "is not a broker; write host:9092")


def _listed(value: object) -> object:
    return [one.strip() for one in value.split(",")] if isinstance(value, str) else value


def _check_broker(written: str) -> str:
    _broker(written)
    return written


def _check_topic(template: str) -> str:
    check_name(template)
    if not TOPIC.fullmatch(sample_name(template)):
        raise UnfitError(template, "is not a topic; write letters, digits, dots, _ and -")
    return template


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


class SaslOptions(Options):
    """``sasl: {mechanism: …, username: …, password: …}``."""

    mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], BeforeValidator(_upper)
    ] = Field(default="PLAIN", description="How it logs in.")
    username: str = Field(min_length=1, description="Who logs in.")
    password: SecretStr = Field(description="Its password.")


class KafkaOptions(KindOptions):
    """``{type: kafka, brokers: …, topic: …}`` in the rules file."""

    takes_events: ClassVar[bool] = True
    needs: ClassVar[str] = "aiokafka"
    delivered_means: ClassVar[str] = "all replicas in sync have it"

    type: Literal["kafka"] = Field(description="The kind of destination.")
    brokers: Annotated[
        tuple[Annotated[str, AfterValidator(_check_broker)], ...], BeforeValidator(_listed)
    ] = Field(min_length=1, description="host:9092, or several of the cluster's.")
    topic: Annotated[str, AfterValidator(_check_topic)] = Field(
        description="Where to; it may have {type}, {source}, {bot_id}, {lead_id}."
    )
    sasl: SaslOptions | None = Field(
        default=None, description="How it logs in; else it does not."
    )
    tls: Flag = Field(default=False, description="Whether connections are encrypted.")
    mode: ModeName = Field(default="structured", description=MODE_DESCRIPTION)

    def build(self, name: str, context: BuildContext) -> "KafkaDestination":
        """Return the destination; each has its own connections."""
        del context
        return KafkaDestination(name, self)

    def reaches(self) -> str:
        """Return the brokers and the topic."""
        return f"Kafka on {', '.join(self.brokers)}, topic {self.topic}"


OPTIONS = KafkaOptions


class KafkaDestination:
    """Produces each event under its lead's id, and waits until all replicas have it."""

    slots = 16
    min_interval_s = 0.0

    def __init__(
        self,
        name: str,
        options: KafkaOptions,
        *,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.name = name
        self._options = options
        self._servers: Sequence[Server] = [_broker(one) for one in options.brokers]
        self._tls = tls
        self._timeout_s = timeout_s
        hush("aiokafka")
        self._link = self._linked(BATCH_BYTES)
        self._singly = self._linked(0)

    async def send(self, message: Message) -> Receipt:
        """Produce the message's one event; see :class:`Destination`."""
        (part,) = message.parts
        topic = _topic(self._options.topic, part.event)
        event, lead = encoded(part, self._options.mode), part.event.lead
        key, headers = lead.id.encode() if lead else None, _headers(event)
        try:
            async with self._link.attempt() as producer:
                await producer.send(topic, event.body, key, headers)
        except PermanentDeliveryError:
            # It was the batch, maybe: alone each record is judged for itself.
            async with self._singly.attempt() as producer:
                await producer.send(topic, event.body, key, headers)
        return Receipt()

    async def check(self) -> Diagnosis:
        """Look for the topic, if it has one name; raises what :meth:`send` would."""
        topic = self._options.topic
        async with self._link.attempt() as producer:
            is_idempotent = producer.is_idempotent
            if "{" not in topic:
                await producer.look_for(topic)
        found = "the brokers let us in" if "{" in topic else "the topic is there"
        doubt = "" if is_idempotent else MAY_REPEAT
        return Diagnosis(found=found, doubt=doubt)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._link.aclose()
        await self._singly.aclose()

    def _linked(self, batch_bytes: int) -> Link[Producer]:
        sasl = self._options.sasl
        return Link(
            host=self._servers[0].host,
            timeout_s=self._timeout_s,
            begin=partial(self._begin, batch_bytes),
            end=Producer.end,
            errors=errors.KafkaError,
            translated=partial(
                meant,
                host=self._servers[0].host,
                topic=self._options.topic,
                password=sasl.password.get_secret_value() if sasl else None,
            ),
            # What failed once fails on: a producer's number may be out of order.
            goes_on=lambda failure: isinstance(failure, PermanentDeliveryError),
        )

    async def _begin(self, batch_bytes: int) -> Producer:
        opening = Opening(
            servers=self._servers,
            security=self._security(),
            patience_ms=int(self._timeout_s * 600),
            batch_bytes=batch_bytes,
        )
        return await opening.begin()

    def _security(self) -> dict[str, Any]:
        sasl, tls = self._options.sasl, self._options.tls
        names = ("PLAINTEXT", "SSL") if sasl is None else ("SASL_PLAINTEXT", "SASL_SSL")
        security: dict[str, Any] = {"security_protocol": names[tls]}
        if tls:
            security["ssl_context"] = self._tls or certificates.context()
        if sasl:
            security |= {
                "sasl_mechanism": sasl.mechanism,
                "sasl_plain_username": sasl.username,
                "sasl_plain_password": sasl.password.get_secret_value(),
            }
        return security


def _topic(template: str, event: Event) -> str:
    """Return the topic of an event; a lead's id may be one of the two that Kafka forbids."""
    topic = filled(template, event, own=OWN)[:LONGEST_TOPIC]
    return "_" * len(topic) if topic in (".", "..") else topic


def _headers(event: Encoded) -> list[tuple[str, bytes]]:
    named = {f"ce_{name}": value for name, value in event.attributes.items()}
    return [
        (name, value.encode())
        for name, value in ({"content-type": event.content_type} | named).items()
    ]
