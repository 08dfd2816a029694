"""Kafka: what is Kafka's own."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiokafka import errors
from broker_servers import Servers, kafka_broker
from examples import lead, message, new_lead, part
from pydantic import ValidationError

from notifier.destinations.base import Receipt
from notifier.destinations.kafka import KafkaDestination, KafkaOptions, _topic
from notifier.destinations.kafka_faults import meant
from notifier.destinations.kafka_producer import Opening, Producer
from notifier.errors import DestinationRefusedError, PermanentDeliveryError
from support.brokers import door

pytest_plugins = ["broker_fixtures"]
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


async def test_a_broker_that_takes_no_producer_of_either_sort_is_asked_for_both() -> None:
    unwilling = Unwilling(servers=(), security={}, patience_ms=1)
    with pytest.raises(errors.ClusterAuthorizationFailedError) as raised:
        await unwilling.begin()
    failure = meant(raised.value, host="bus", topic="leads", password=None)
    assert "ClusterAuthorizationFailed" in str(failure)


class Unwilling(Opening):
    """Whose broker knows no idempotent producers, and lets no other in."""

    async def started(self, *, is_idempotent: bool) -> Producer:
        if is_idempotent:
            raise errors.IncompatibleBrokerVersion
        raise errors.ClusterAuthorizationFailedError


async def test_a_batch_that_is_too_large_ends_the_record_alone_that_is() -> None:
    one = Strict("bus", options())
    small, large = (part(new_lead(lead(name="x" * size))) for size in (10, 20_000))
    with pytest.raises(PermanentDeliveryError):
        await one.send(message(large))
    assert await one.send(message(small)) == Receipt()
    assert one.took == [0]


class Strict(KafkaDestination):
    """Whose broker takes no batch of more than one small record."""

    def __init__(self, name: str, options: KafkaOptions) -> None:
        super().__init__(name, options)
        self.took: list[int] = []

    async def _begin(self, batch_bytes: int) -> Producer:
        return Producer(_Strict(batch_bytes, self.took), is_idempotent=True)


@dataclass(frozen=True, slots=True)
class _Strict:
    batch_bytes: int
    took: list[int]

    async def send_and_wait(self, _: str, body: bytes, **__: Any) -> None:
        if self.batch_bytes or len(body) > 10_000:
            raise errors.MessageSizeTooLargeError
        self.took.append(self.batch_bytes)


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
