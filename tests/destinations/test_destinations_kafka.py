"""Kafka: what is Kafka's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition, errors
from broker_servers import Servers, kafka_broker
from examples import lead, message, new_lead, part
from pydantic import ValidationError

from notifier.core.events import Event
from notifier.destinations.base import Diagnosis, Receipt
from notifier.destinations.kafka import MAY_REPEAT, KafkaDestination, KafkaOptions, _topic
from notifier.destinations.kafka_faults import meant
from notifier.errors import (
    DestinationRefusedError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from support.brokers import door
from support.kafka_cluster import (
    CLUSTER_AUTHORIZATION_FAILED,
    INIT_PRODUCER_ID,
    MESSAGE_TOO_LARGE,
    OUT_OF_ORDER_SEQUENCE_NUMBER,
    PRODUCE,
    STORAGE_ERROR,
    UNSUPPORTED_VERSION,
    KafkaCluster,
)

pytest_plugins = ["broker_fixtures"]
LEADS = TopicPartition("leads", 0)
SASL = {"mechanism": "scram-sha-512", "username": "notifier", "password": "hunter2"}


def options(**fields: Any) -> KafkaOptions:
    good = {"type": "kafka", "brokers": "127.0.0.1:9092", "topic": "leads"}
    return KafkaOptions.model_validate(good | fields)


async def test_who_does_not_log_in_as_the_broker_wants_is_parked(tmp_path: Path) -> None:
    with kafka_broker(tmp_path, "--authentication") as broker:
        wanted = options(brokers=broker.place, sasl=SASL)
        one = KafkaDestination("bus", wanted, timeout_s=5)
        with pytest.raises(DestinationRefusedError) as raised:
            await one.send(message())
        await one.aclose()
    assert "`sasl`" in raised.value.remedy
    assert "hunter2" not in f"{raised.value.in_full} {one!r} {wanted!r}"


async def test_a_check_looks_for_the_topic(servers: Servers) -> None:
    broker = servers.kafka()
    async with door(broker.port, port=broker.door) as way:
        one = KafkaDestination("bus", options(brokers=f"127.0.0.1:{way.port}"), timeout_s=5)
        assert (await one.check()).found == "the topic is there"
        await one.aclose()


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (errors.UnknownTopicOrPartitionError(), "create topic leads"),
        (errors.TopicAuthorizationFailedError(), "let its user write to topic leads"),
        (errors.SaslAuthenticationFailed(), "write the right username and password"),
    ],
)
def test_what_a_person_has_to_mend_parks(error: Exception, remedy: str) -> None:
    failure = meant(error, host="bus", topic="leads", password=None)
    assert isinstance(failure, DestinationRefusedError)
    assert failure.remedy.startswith(remedy)


async def test_an_event_larger_than_a_broker_takes_is_dead_at_once(servers: Servers) -> None:
    broker = servers.kafka()
    async with door(broker.port, port=broker.door) as way:
        one = KafkaDestination("bus", options(brokers=f"127.0.0.1:{way.port}"), timeout_s=5)
        with pytest.raises(PermanentDeliveryError):
            await one.send(message(part(new_lead(lead(name="x" * 2**24)))))
        await one.send(message())
        await one.aclose()


@pytest.mark.parametrize(("name", "topic"), [(".", "_"), ("..", "__"), ("a/b", "a_b")])
def test_a_lead_s_id_makes_no_topic_that_kafka_refuses(name: str, topic: str) -> None:
    assert _topic("{lead_id}", new_lead(lead(id=name))) == topic


@asynccontextmanager
async def clustered(
    *, brokers: int = 1, timeout_s: float = 5
) -> AsyncIterator[tuple[KafkaDestination, KafkaCluster]]:
    """Give a destination and the cluster behind it, which knows idempotent producers."""
    with KafkaCluster("leads", brokers=brokers) as cluster:
        wanted = options(brokers=cluster.places)
        one = KafkaDestination("bus", wanted, timeout_s=timeout_s)
        yield one, cluster
        await one.aclose()


async def kept(cluster: KafkaCluster) -> list[str]:
    """Return the ids of the events that a consumer finds, in their order."""
    consumer = AIOKafkaConsumer(
        "leads",
        bootstrap_servers=cluster.places,
        group_id=None,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        end = (await consumer.end_offsets([LEADS]))[LEADS]
        found = [await consumer.getone() for _ in range(end)]
    finally:
        await consumer.stop()
    return [orjson.loads(one.value)["id"] for one in found]


def event_of(number: int) -> Event:
    return new_lead(lead(id=f"lead{number:03}"))


async def test_a_producer_is_idempotent_where_brokers_know_such() -> None:
    events = [event_of(number) for number in range(50)]
    async with clustered() as (one, cluster):
        assert await one.check() == Diagnosis(found="the topic is there")
        sending = (one.send(message(part(event))) for event in events)
        assert await asyncio.gather(*sending) == [Receipt()] * 50
        assert sorted(await kept(cluster)) == sorted(event.id for event in events)
        async with one._link.attempt() as producer:
            assert producer.is_idempotent
            assert producer.aiokafka._txn_manager.has_pid()


async def test_brokers_that_know_no_idempotent_producers_get_a_plain_one() -> None:
    async with clustered() as (one, cluster):
        cluster.refuse(INIT_PRODUCER_ID, UNSUPPORTED_VERSION)
        assert (await one.check()).doubt == MAY_REPEAT
        assert await one.send(message()) == Receipt()


async def test_who_may_not_be_an_idempotent_producer_is_parked() -> None:
    async with clustered() as (one, cluster):
        cluster.refuse(INIT_PRODUCER_ID, CLUSTER_AUTHORIZATION_FAILED)
        with pytest.raises(DestinationRefusedError) as raised:
            await one.send(message())
        assert raised.value.remedy.startswith("let its user be an idempotent producer")
        assert await one.send(message()) == Receipt()


async def test_a_kafka_whose_disk_is_full_is_a_passing_trouble() -> None:
    async with clustered(timeout_s=1) as (one, cluster):
        cluster.refuse(PRODUCE, *[STORAGE_ERROR] * 100)
        with pytest.raises(TemporaryDeliveryError):
            await one.send(message(part(event_of(1))))
        cluster.forgive(PRODUCE)
        assert await one.send(message(part(event_of(2)))) == Receipt()
        assert await kept(cluster) == [event_of(2).id]


async def test_what_is_answered_too_late_comes_again_with_its_id() -> None:
    async with clustered(timeout_s=1) as (one, cluster):
        await one.send(message(part(event_of(1))))
        cluster.delay(30_000)
        with pytest.raises(TemporaryDeliveryError, match="did not answer within 1 s"):
            await one.send(message(part(event_of(2))))
        cluster.delay(0)
        assert await one.send(message(part(event_of(2)))) == Receipt()
        assert await kept(cluster) == [event_of(n).id for n in (1, 2, 2)]


async def test_a_number_out_of_order_costs_a_producer_and_no_more() -> None:
    async with clustered() as (one, cluster):
        cluster.refuse(PRODUCE, OUT_OF_ORDER_SEQUENCE_NUMBER)
        with pytest.raises(TemporaryDeliveryError, match="OutOfOrderSequenceNumber"):
            await one.send(message())
        assert await one.send(message()) == Receipt()


async def test_a_batch_that_is_too_large_ends_the_record_alone_that_is() -> None:
    async with clustered() as (one, cluster):
        cluster.refuse(PRODUCE, MESSAGE_TOO_LARGE)
        assert await one.send(message(part(event_of(1)))) == Receipt()
        cluster.refuse(PRODUCE, MESSAGE_TOO_LARGE, MESSAGE_TOO_LARGE)
        with pytest.raises(PermanentDeliveryError):
            await one.send(message(part(event_of(2))))
        assert await one.send(message(part(event_of(3)))) == Receipt()
        assert await kept(cluster) == [event_of(1).id, event_of(3).id]


async def test_a_record_that_was_refused_leaves_no_gap_in_a_producer_s_numbers() -> None:
    async with clustered() as (one, cluster):
        await one.send(message(part(event_of(1))))
        cluster.refuse(PRODUCE, MESSAGE_TOO_LARGE)
        await one.send(message(part(event_of(2))))
        await one.send(message(part(event_of(3))))
        async with one._link.attempt() as producer:
            numbers = producer.aiokafka._txn_manager
        # A broker expects the number behind the last one that it took of this producer.
        assert numbers.sequence_number(LEADS) == 1


async def test_what_was_acknowledged_before_a_broker_was_gone_under_load_is_there() -> None:
    events = [event_of(number) for number in range(200)]
    async with clustered(brokers=3) as (one, cluster):
        slots, acknowledged = asyncio.Semaphore(one.slots), list[str]()

        async def send(event: Event) -> None:
            async with slots:
                with suppress(TemporaryDeliveryError):
                    await one.send(message(part(event)))
                    acknowledged.append(event.id)
                if len(acknowledged) == 60:
                    cluster.end(1)
                    cluster.lead(2)

        await asyncio.gather(*map(send, events))
        found = await kept(cluster)
        assert len(acknowledged) >= 60
        assert set(acknowledged) <= set(found)
        assert len(found) == len(set(found))


async def test_a_broker_takes_batches_of_one_record(servers: Servers) -> None:
    broker = servers.kafka()
    async with door(broker.port, port=broker.door) as way:
        one = KafkaDestination("bus", options(brokers=f"127.0.0.1:{way.port}"), timeout_s=5)
        async with one._singly.attempt() as producer:
            sending = (producer.send("leads", bytes([n]) * 99, None, []) for n in range(16))
            await asyncio.gather(*sending)
        await one.aclose()


def test_brokers_are_a_text_or_a_list() -> None:
    assert options(brokers="a:1, b").brokers == ("a:1", "b")
    assert options(brokers=["a:1", "b"]).brokers == ("a:1", "b")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"brokers": "http://host"}, "`http://host` is not a broker; write host:9092"),
        ({"topic": "leads/x"}, "`leads/x` is not a topic"),
        ({"sasl": SASL | {"mechanism": "magic"}}, "'PLAIN', 'SCRAM-SHA-256'"),
        ({"tls": "on"}, "is neither true nor false"),
    ],
)
def test_a_wrong_key_is_told_without_quoting_a_secret(
    fields: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        options(**fields)
    assert problem in str(raised.value)
    assert "hunter2" not in str(raised.value)
