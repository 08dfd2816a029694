"""Kafka: a record per event, told as delivered once all replicas in sync have it.

Source: Apache Kafka, "Producer Configs"; CloudEvents' Kafka protocol binding, 3.
"""

import re
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
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
    bounded,
    ended,
    hush,
    said,
    server_of,
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
from notifier.rules.destinations import Flag, Options
from notifier.rules.unfit import UnfitError

with suppress(ImportError):  # without the extra nothing here is ever built
    from aiokafka import AIOKafkaProducer, errors
    from aiokafka.conn import create_conn

PORT = 9092
OWN = re.compile(r"[^A-Za-z0-9._-]")
TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
LONGEST_TOPIC = 249


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
        self._host = self._servers[0].host
        self._tls = tls
        self._timeout_s = timeout_s
        hush("aiokafka")
        self._link = Link(begin=self._begin, end=_end, is_open=lambda _: True)
        self._is_idempotent = True

    async def send(self, message: Message) -> Receipt:
        """Produce the message's one event; see :class:`Destination`."""
        (part,) = message.parts
        topic = _topic(self._options.topic, part.event)
        carried, lead = encoded(part, self._options.mode), part.event.lead
        async with self._connected() as producer:
            await producer.send_and_wait(
                topic,
                carried.body,
                key=lead.id.encode() if lead else None,
                headers=_headers(carried),
            )
        return Receipt()

    async def check(self) -> Diagnosis:
        """Look for the topic, if it has one name; raises what :meth:`send` would."""
        topic = self._options.topic
        async with self._connected() as producer:
            if "{" not in topic:
                await producer.partitions_for(topic)
        found = "the brokers let us in" if "{" in topic else "the topic is there"
        doubt = "" if self._is_idempotent else "the client's own retries may repeat an event"
        return Diagnosis(found=found, doubt=doubt)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._link.aclose()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        async with (
            bounded(self._host, self._timeout_s),
            self._link.connection() as producer,
        ):
            try:
                yield producer
            except errors.KafkaError as error:
                failure = self._translated(error)
                if not isinstance(failure, PermanentDeliveryError):
                    # What failed once fails on: a producer's number may be out of order.
                    await self._link.drop(producer)
                raise failure from None

    async def _begin(self) -> Any:
        """Return a producer that gives up before an attempt's deadline."""
        try:
            with suppress(errors.UnknownError, errors.IncompatibleBrokerVersion):
                return await self._started(is_idempotent=True)
            # Not every broker that speaks Kafka's protocol knows idempotent producers.
            return await self._started(is_idempotent=False)
        except errors.KafkaConnectionError as error:
            raise self._translated(await self._why(error)) from None
        except errors.KafkaError as error:
            raise self._translated(error) from None
        except KeyError:  # what SCRAM's last answer lacks where it refuses
            raise self._translated(errors.SaslAuthenticationFailed()) from None

    async def _started(self, *, is_idempotent: bool) -> Any:
        producer = AIOKafkaProducer(
            bootstrap_servers=[one.place for one in self._servers],
            acks="all",
            enable_idempotence=is_idempotent,
            request_timeout_ms=self._patience_ms,
            max_request_size=2**24,  # the broker's own limit is what counts
            **self._security(),
        )
        try:
            await producer.start()
        except BaseException:
            await ended(_end(producer))
            raise
        self._is_idempotent = is_idempotent
        return producer

    @property
    def _patience_ms(self) -> int:
        return int(self._timeout_s * 600)

    async def _why(self, error: Exception) -> Exception:
        """Return why no broker could be asked: the library tells its log alone."""
        first = self._servers[0]
        try:
            connection = await create_conn(
                first.host, first.port, request_timeout_ms=self._patience_ms, **self._security()
            )
        except (OSError, errors.KafkaError) as cause:
            return cause
        connection.close()
        return error

    def _security(self) -> dict[str, Any]:
        sasl, tls = self._options.sasl, self._options.tls
        names = ("PLAINTEXT", "SSL") if sasl is None else ("SASL_PLAINTEXT", "SASL_SSL")
        security: dict[str, Any] = {"security_protocol": names[tls]}
        if tls:
            security["ssl_context"] = self._tls or certificates.for_mail()
        if sasl:
            security |= {
                "sasl_mechanism": sasl.mechanism,
                "sasl_plain_username": sasl.username,
                "sasl_plain_password": sasl.password.get_secret_value(),
            }
        return security

    def _translated(self, error: Exception) -> DeliveryError:
        host = self._host
        if isinstance(error, OSError):
            return no_answer(host, fault_of(error))
        if isinstance(error, errors.KafkaConnectionError):
            return no_answer(host, ConnectionFault(Reason.BROKEN_OFF))
        name = type(error).__name__.removesuffix("Error")
        if isinstance(error, errors.MessageSizeTooLargeError | errors.RecordTooLargeError):
            return PermanentDeliveryError(f"the event is larger than {host} takes")
        failure: DeliveryError = TemporaryDeliveryError(f"{host} did not take it: {name}")
        if remedy := self._remedy(error):
            failure = DestinationRefusedError(f"{host} refused it: {name}", remedy=remedy)
        sasl = self._options.sasl
        failure.excerpt = said(error, (sasl.password.get_secret_value(),) if sasl else ())
        return failure

    def _remedy(self, error: Exception) -> str:
        """Return what a person has to mend; nothing where it mends itself."""
        match error:
            case errors.UnknownTopicOrPartitionError() | errors.InvalidTopicError():
                return f"create topic {self._options.topic}"
            case errors.TopicAuthorizationFailedError():
                return f"let its user write to topic {self._options.topic}"
            case errors.ClusterAuthorizationFailedError():
                return "let its user be an idempotent producer (IdempotentWrite)"
            case errors.SaslAuthenticationFailed() | errors.AuthenticationFailedError():
                return "write the right username and password under `sasl`"
            case (
                errors.UnsupportedSaslMechanismError()
                | errors.AuthenticationMethodNotSupported()
                | errors.IllegalSaslStateError()
            ):
                return "write a `mechanism` under `sasl` that the brokers know"
            case _:
                return ""


def _topic(template: str, event: Event) -> str:
    """Return the topic of an event; a lead's id may be one of the two that Kafka forbids."""
    topic = filled(template, event, own=OWN)[:LONGEST_TOPIC]
    return "_" * len(topic) if topic in (".", "..") else topic


def _headers(carried: Encoded) -> list[tuple[str, bytes]]:
    named = {f"ce_{name}": value for name, value in carried.attributes.items()}
    return [
        (name, value.encode())
        for name, value in ({"content-type": carried.content_type} | named).items()
    ]


async def _end(producer: Any) -> None:
    """Stop without sending what is left: the outbox sends it again."""
    if producer._sender is not None:  # noqa: SLF001
        await producer._sender.close()  # noqa: SLF001
    await producer.client.close()
    producer._closed = True  # noqa: SLF001
