"""Benches of the kinds behind which a real broker stands, and what its consumer got."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import aio_pika
import nats
import orjson
import redis.asyncio
from aio_pika import DeliveryMode, ExchangeType
from aio_pika.abc import AbstractQueue
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from benches import TIMEOUT_S, Bench, Kind, Seen, Stand
from broker_servers import PASSWORD, QUOTED, USER
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from nats.js import JetStreamContext

from notifier.destinations.amqp import AmqpDestination, AmqpOptions
from notifier.destinations.base import Destination
from notifier.destinations.kafka import KafkaDestination, KafkaOptions
from notifier.destinations.mqtt import MqttDestination, MqttOptions
from notifier.destinations.nats import NatsDestination, NatsOptions
from notifier.destinations.redis import RedisDestination, RedisOptions
from support.brokers import Broker, Door, door
from support.needs import needs

STRUCTURED_TYPE = "application/cloudevents+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """One message as a consumer got it: the SDK's event, and the bytes."""

    event: BaseCloudEvent
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerBench(Bench):
    """A bench whose broker may be killed and paused; ``got`` is all that a consumer got.

    ``unsaved``: so many that the broker acknowledged last may be gone after a kill.
    ``begins_anew``: it has nothing, not even the place to read from, until something is sent.
    """

    broker: Broker
    unsaved: int = 0
    begins_anew: bool = False
    got: Callable[[], Awaitable[Sequence[Got]]]


class BrokerKind(Protocol):
    def __call__(
        self, stand: Stand, *, mode: str = "structured"
    ) -> AbstractAsyncContextManager[BrokerBench]: ...


def answering(one: Door) -> Callable[[str], None]:
    """Return how a broker behind a door is upset: ``hang``, ``unheard``, else a reset."""
    ways = {"hang": one.hang, "unheard": one.deafen}

    def answer(word: str) -> None:
        ways.get(word, one.reset)()

    return answer


def seeing(
    got: Callable[[], Awaitable[Sequence[Got]]],
) -> Callable[[], Awaitable[Sequence[Seen]]]:
    async def seen() -> list[Seen]:
        return [Seen(id=one.event.get_id(), words=one.body.decode()) for one in await got()]

    return seen


@asynccontextmanager
async def behind(
    destination: Destination,
    broker: Broker,
    way: Door,
    got: Callable[[], Awaitable[Sequence[Got]]],
    *,
    unsaved: int = 0,
    begins_anew: bool = False,
) -> AsyncIterator[BrokerBench]:
    """Lend the bench of a destination behind a door, and close the destination."""
    yield BrokerBench(
        destination=destination,
        answer=answering(way),
        seen=seeing(got),
        secrets=(PASSWORD, QUOTED),
        broker=broker,
        unsaved=unsaved,
        begins_anew=begins_anew,
        got=got,
    )
    await destination.aclose()


def fresh_name() -> str:
    return f"leads-{secrets.token_hex(4)}"


def parsed(body: bytes, headers: Mapping[str, str]) -> Got:
    """Return what the CloudEvents SDK makes of a message whose headers are like HTTP's."""
    return Got(event=from_http_event(HTTPMessage(headers=dict(headers), body=body)), body=body)


@asynccontextmanager
async def redis_bench(stand: Stand, *, mode: str = "structured") -> AsyncIterator[BrokerBench]:
    broker, stream = stand.servers.redis(), fresh_name()
    async with (
        door(broker.port) as way,
        redis.asyncio.Redis(port=broker.port, password=PASSWORD) as consumer,
    ):

        async def got() -> list[Got]:
            entries: Any = await consumer.xrange(stream)
            for _, entry in entries:
                assert entry[b"id"].decode() == orjson.loads(entry[b"event"])["id"]
            return [
                parsed(entry[b"event"], {"content-type": STRUCTURED_TYPE})
                for _, entry in entries
            ]

        url = f"redis://default:{QUOTED}@127.0.0.1:{way.port}/0"
        options = RedisOptions.model_validate(
            {"type": "redis", "url": url, "stream": stream, "mode": mode}
        )
        destination = RedisDestination("bench", options, timeout_s=TIMEOUT_S)
        async with behind(destination, broker, way, got) as bench:
            yield bench


@asynccontextmanager
async def nats_bench(stand: Stand, *, mode: str = "structured") -> AsyncIterator[BrokerBench]:
    broker, stream = stand.servers.nats(), fresh_name()

    @asynccontextmanager
    async def consumer() -> AsyncIterator[JetStreamContext]:
        connection = await nats.connect(
            f"nats://{broker.place}", user=USER, password=PASSWORD, allow_reconnect=False
        )
        yield connection.jetstream()
        await connection.close()

    async def got() -> list[Got]:
        async with consumer() as js:
            count = (await js.stream_info(stream)).state.messages
            # Without one of its own the library makes a consumer that goes with it.
            reading = await js.pull_subscribe(f"{stream}.>", stream=stream)
            fetched = [(await reading.fetch(1))[0] for _ in range(count)]
        for one in fetched:
            assert (one.headers or {})["Nats-Msg-Id"]
        return [parsed(one.data, one.headers or {}) for one in fetched]

    async with consumer() as js:
        await js.add_stream(name=stream, subjects=[f"{stream}.>"])
    async with door(broker.port) as way:
        options = NatsOptions.model_validate(
            {
                "type": "nats",
                "url": f"nats://{USER}:{QUOTED}@127.0.0.1:{way.port}",
                "stream": stream,
                "subject": f"{stream}.{{source}}.{{type}}.{{lead_id}}",
                "mode": mode,
            }
        )
        destination = NatsDestination("bench", options, timeout_s=TIMEOUT_S)
        async with behind(destination, broker, way, got) as bench:
            yield bench


@asynccontextmanager
async def mqtt_bench(
    stand: Stand, *, mode: str = "structured", qos: int = 1
) -> AsyncIterator[BrokerBench]:
    broker, name = stand.servers.mqtt(), fresh_name()
    collected: list[Got] = []

    login = ("-p", f"{broker.port}", "-u", USER, "-P", PASSWORD, "-V", "5", "-q", "1")

    async def marked(mark: str) -> None:
        """Read on to a message of our own, which is sent until somebody listens."""
        command = (needs("mosquitto_pub"), *login, "-t", f"{name}/end", "-m", mark)
        while True:
            await (await asyncio.create_subprocess_exec(*command)).wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    while collect(await output.readline()) != mark:
                        pass
                    return

    def collect(line: bytes) -> str | None:
        one = orjson.loads(line)
        if one["topic"] == f"{name}/end":
            return str(one["payload"])
        properties = one["properties"]
        headers = {f"ce-{k}": v for k, v in properties.get("user-properties", {}).items()}
        headers["content-type"] = properties["content-type"]
        collected.append(parsed(one["payload"].encode(), headers))
        return None

    async def got() -> list[Got]:
        await marked(fresh_name())
        return collected

    listener = await asyncio.create_subprocess_exec(
        *(needs("mosquitto_sub"), *login, "-t", f"{name}/#", "-F", "%j"),
        *("-c", "-i", name, "-x", "3600"),  # what comes while it is away waits for it
        stdout=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    output = listener.stdout or asyncio.StreamReader()
    try:
        await marked("ready")
        async with door(broker.port) as way:
            options = MqttOptions.model_validate(
                {
                    "type": "mqtt",
                    "url": f"mqtt://{USER}:{QUOTED}@127.0.0.1:{way.port}",
                    "topic": f"{name}/{{source}}/{{type}}/{{lead_id}}",
                    "qos": qos,
                    "mode": mode,
                }
            )
            destination = MqttDestination("bench", options, timeout_s=TIMEOUT_S)
            # Mosquitto acknowledges a message first, and then writes down that it has it.
            unsaved = destination.slots
            async with behind(destination, broker, way, got, unsaved=unsaved) as bench:
                yield bench
    finally:
        listener.kill()
        await listener.wait()


@asynccontextmanager
async def amqp_bench(stand: Stand, *, mode: str = "structured") -> AsyncIterator[BrokerBench]:
    broker, name = stand.servers.amqp(), fresh_name()
    collected: list[Got] = []

    @asynccontextmanager
    async def consumer() -> AsyncIterator[AbstractQueue]:
        connection = await aio_pika.connect(
            host="127.0.0.1", port=broker.port, login=USER, password=PASSWORD
        )
        async with connection:
            channel = await connection.channel()
            exchange = await channel.declare_exchange(name, ExchangeType.TOPIC, durable=True)
            queue = await channel.declare_queue(name, durable=True)
            await queue.bind(exchange, "website.#")
            yield queue

    async def got() -> list[Got]:
        async with consumer() as queue:
            while one := await queue.get(fail=False):
                headers = {
                    key.replace("cloudEvents:", "ce-"): str(value)
                    for key, value in one.headers.items()
                }
                headers["content-type"] = one.content_type or ""
                collected.append(parsed(one.body, headers))
                assert one.message_id == collected[-1].event.get_id()
                assert one.delivery_mode == DeliveryMode.PERSISTENT
                await one.ack()
        return collected

    async with consumer():
        pass
    async with door(broker.port) as way:
        options = AmqpOptions.model_validate(
            {
                "type": "amqp",
                "url": f"amqp://{USER}:{QUOTED}@127.0.0.1:{way.port}",
                "exchange": name,
                "routing_key": "{source}.{type}.{lead_id}",
                "mode": mode,
            }
        )
        destination = AmqpDestination("bench", options, timeout_s=TIMEOUT_S)
        async with behind(destination, broker, way, got) as bench:
            yield bench


@asynccontextmanager
async def kafka_bench(stand: Stand, *, mode: str = "structured") -> AsyncIterator[BrokerBench]:
    broker, name = stand.servers.kafka(), fresh_name()

    async def got() -> list[Got]:
        collected: list[Got] = []
        consumer = AIOKafkaConsumer(bootstrap_servers=f"127.0.0.1:{broker.door}", group_id=None)
        await consumer.start()
        try:
            partitions = [TopicPartition(name, n) for n in consumer.partitions_for_topic(name)]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            await consumer.seek_to_beginning(*partitions)
            while len(collected) < sum(ends.values()):
                one = await consumer.getone()
                headers = {k.replace("ce_", "ce-"): v.decode() for k, v in one.headers}
                collected.append(parsed(one.value, headers))
                assert one.key.decode() == collected[-1].event.get_subject()
        finally:
            await consumer.stop()
        return collected

    async with door(broker.port, port=broker.door) as way:
        admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{way.port}")
        await admin.start()
        await admin.create_topics([NewTopic(name, 1, 1)])
        await admin.close()
        options = KafkaOptions.model_validate(
            {"type": "kafka", "brokers": f"127.0.0.1:{way.port}", "topic": name, "mode": mode}
        )
        destination = KafkaDestination("bench", options, timeout_s=TIMEOUT_S * 2)
        async with behind(destination, broker, way, got, begins_anew=True) as bench:
            yield bench


BROKER_KINDS: dict[str, BrokerKind] = {
    "kafka": kafka_bench,
    "amqp": amqp_bench,
    "redis": redis_bench,
    "nats": nats_bench,
    "mqtt": mqtt_bench,
    "mqtt2": partial(mqtt_bench, qos=2),
}
BROKERS: dict[str, Kind] = {name: partial(kind) for name, kind in BROKER_KINDS.items()}
