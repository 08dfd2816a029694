"""A producer of aiokafka's that gives up before an attempt's deadline."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from notifier.destinations.broker_links import Server, ended

with suppress(ImportError):  # without the extra nothing here is ever built
    from aiokafka import AIOKafkaProducer, errors
    from aiokafka.conn import create_conn

    KNOWS_NO_SUCH = (
        errors.IncompatibleBrokerVersion,
        errors.UnsupportedVersionError,
        errors.UnknownError,
    )

BATCH_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Producer:
    """A producer that is let in; without idempotence its own retries may repeat a record."""

    aiokafka: Any
    is_idempotent: bool

    async def send(
        self, topic: str, body: bytes, key: bytes | None, headers: Sequence[tuple[str, bytes]]
    ) -> None:
        """Send a record, and return once all replicas in sync have it."""
        try:
            await self.aiokafka.send_and_wait(topic, body, key=key, headers=headers)
        except errors.MessageSizeTooLargeError:
            self._begin_anew()
            raise

    async def look_for(self, topic: str) -> None:
        """Raise where there is no such topic."""
        await self.aiokafka.partitions_for(topic)

    def _begin_anew(self) -> None:
        """Take another producer id: the broker would miss the numbers of what it refused."""
        manager = self.aiokafka._txn_manager  # noqa: SLF001
        if manager is not None and manager.has_pid():
            manager.__init__(manager.transactional_id, manager.transaction_timeout_ms)

    async def end(self) -> None:
        """Stop without sending what is left: the outbox sends it again."""
        if self.aiokafka._sender is not None:  # noqa: SLF001
            await self.aiokafka._sender.close()  # noqa: SLF001
        await self.aiokafka.client.close()
        self.aiokafka._closed = True  # noqa: SLF001


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a producer is opened; with ``batch_bytes`` 0 each record is a batch of its own."""

    servers: Sequence[Server]
    security: Mapping[str, Any]
    patience_ms: int
    batch_bytes: int = BATCH_BYTES

    async def begin(self) -> Producer:
        """Return a producer, idempotent if the broker knows such; raises the library's errors.

        Raises ``OSError`` for a connection that was not to be had.
        """
        try:
            with suppress(*KNOWS_NO_SUCH):
                return await self.started(is_idempotent=True)
            # Not every broker that speaks Kafka's protocol knows idempotent producers.
            return await self.started(is_idempotent=False)
        except errors.KafkaConnectionError as error:
            raise await self._why(error) from None
        except KeyError:  # what SCRAM's last answer lacks where it refuses
            raise errors.SaslAuthenticationFailed from None

    async def started(self, *, is_idempotent: bool) -> Producer:
        """Return a producer of this sort."""
        library = AIOKafkaProducer(
            bootstrap_servers=[one.place for one in self.servers],
            acks="all",
            enable_idempotence=is_idempotent,
            max_batch_size=self.batch_bytes,
            request_timeout_ms=self.patience_ms,
            max_request_size=2**24,  # the broker's own limit is what counts
            **self.security,
        )
        producer = Producer(library, is_idempotent)
        try:
            await library.start()
        except BaseException:
            await ended(producer.end())
            raise
        return producer

    async def _why(self, error: Exception) -> Exception:
        """Return why no broker could be asked: the library tells its log alone."""
        first = self.servers[0]
        try:
            connection = await create_conn(
                first.host, first.port, request_timeout_ms=self.patience_ms, **self.security
            )
        except (OSError, errors.KafkaError) as cause:
            return cause
        connection.close()
        return error
