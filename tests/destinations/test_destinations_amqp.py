"""AMQP: what is RabbitMQ's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from aiormq import exceptions
from broker_servers import PASSWORD, QUOTED, USER, Servers, amqp_broker
from examples import lead, message, new_lead, part
from pydantic import ValidationError

from notifier.destinations.amqp import PORTS, AmqpDestination, AmqpOptions
from notifier.destinations.amqp_faults import is_too_large, meant
from notifier.destinations.broker_links import server_of
from notifier.errors import (
    DeliveryError,
    DestinationRefusedError,
    TemporaryDeliveryError,
)
from support.brokers import Broker

pytest_plugins = ["broker_fixtures"]


@asynccontextmanager
async def destination(
    broker: Broker,
    *,
    login: str = f"{USER}:{QUOTED}",
    path: str = "",
    timeout_s: float = 10,
    **fields: Any,
) -> AsyncIterator[AmqpDestination]:
    url = f"amqp://{login}@{broker.place}{path}"
    options = AmqpOptions.model_validate({"type": "amqp", "url": url} | fields)
    one = AmqpDestination("bus", options, timeout_s=timeout_s)
    try:
        yield one
    finally:
        await one.aclose()


@asynccontextmanager
async def channel(broker: Broker) -> AsyncIterator[AbstractChannel]:
    connection = await aio_pika.connect(
        host="127.0.0.1", port=broker.port, login=USER, password=PASSWORD
    )
    async with connection:
        yield await connection.channel()


async def refused(one: AmqpDestination, **fields: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await one.send(message(part(new_lead(lead(**fields)))))
    assert PASSWORD not in f"{raised.value.in_full} {raised.value.remedy}"
    return raised.value


async def test_without_an_exchange_the_routing_key_is_a_queue_s_name(servers: Servers) -> None:
    async with channel(servers.amqp()) as one:
        queue = await one.declare_queue("leads.of.website")
        async with destination(servers.amqp(), routing_key="leads.of.{source}") as bus:
            await bus.send(message())
            assert (await bus.check()).found == "the broker lets us in"
        got = await queue.get()
        assert got.content_type == "application/cloudevents+json"


async def test_an_unroutable_message_is_a_failure_with_its_remedy(servers: Servers) -> None:
    async with destination(
        servers.amqp(), exchange="amq.topic", routing_key="nobody.{type}"
    ) as one:
        failure = await refused(one)
        assert type(failure) is TemporaryDeliveryError
        assert failure.remedy == "bind a queue to exchange amq.topic for nobody.{type}"
        async with channel(servers.amqp()) as admin:
            queue = await admin.declare_queue("nobody", exclusive=True)
            await queue.bind("amq.topic", "nobody.lead.*")
            await one.send(message())
            assert (await queue.get()).message_id


async def test_a_missing_exchange_parks(servers: Servers) -> None:
    async with destination(servers.amqp(), exchange="gone", routing_key="x") as one:
        failure = await refused(one)
        assert isinstance(failure, DestinationRefusedError)
        assert str(failure) == "127.0.0.1 has no exchange gone"
        with pytest.raises(DestinationRefusedError):
            await one.check()
        async with channel(servers.amqp()) as admin:
            exchange = await admin.declare_exchange("gone", aio_pika.ExchangeType.FANOUT)
            await (await admin.declare_queue("gone", exclusive=True)).bind(exchange)
            await one.send(message())


@pytest.mark.parametrize(
    ("login", "path", "remedy"),
    [
        (f"{USER}:wrong", "", "write the right user and password into `url`"),
        (f"{USER}:{QUOTED}", "/none", "write a virtual host that is there"),
    ],
)
async def test_a_wrong_login_or_virtual_host_parks(
    servers: Servers, login: str, path: str, remedy: str
) -> None:
    async with destination(servers.amqp(), login=login, path=path, routing_key="x") as one:
        failure = await refused(one)
    assert isinstance(failure, DestinationRefusedError)
    assert failure.remedy.startswith(remedy)


async def test_a_queue_at_its_length_is_a_passing_trouble(servers: Servers) -> None:
    limits: Any = {"x-max-length": 1, "x-overflow": "reject-publish"}
    async with channel(servers.amqp()) as one:
        queue = await one.declare_queue("short", arguments=limits)
        async with destination(servers.amqp(), routing_key="short") as bus:
            await bus.send(message())
            failure = await refused(bus, id="another")
            assert type(failure) is TemporaryDeliveryError
            assert "did not take it" in str(failure)
            await queue.purge()
            await bus.send(message())


async def test_a_rabbitmq_whose_disk_is_full_is_a_passing_trouble(tmp_path: Path) -> None:
    # It wants more to be free than there is.
    with amqp_broker(tmp_path, "disk_free_limit.absolute = 900000GB") as full:
        async with channel(full) as one:
            await one.declare_queue("leads")
        async with destination(full, routing_key="leads", timeout_s=3) as bus:
            failure = await refused(bus)
            assert type(failure) is TemporaryDeliveryError
            assert str(failure) == "127.0.0.1 did not answer within 3 s"
            assert failure.remedy == "is its disk or memory full?"


@pytest.mark.parametrize(("size_bytes", "expected"), [(700, True), (70, False), (1700, False)])
def test_of_all_that_a_closed_channel_fails_only_what_is_too_large_is_dead(
    size_bytes: int, expected: bool
) -> None:
    words = "PRECONDITION_FAILED - message size 700 is larger than configured max size 512"
    error = exceptions.ChannelPreconditionFailed(words)
    assert is_too_large(error, size_bytes) is expected
    server = server_of("amqp://host", PORTS)
    others = meant(error, server=server, exchange="", routing_key="x")
    assert type(others) is TemporaryDeliveryError


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"routing_key": "x" * 256}, "is longer than 255 bytes"),
        ({"routing_key": "{lead}"}, "`{lead}` is not a part of an event"),
        ({"url": "amqp://:secret@host?x=1"}, "write amqp:// or amqps://user:password@host"),
    ],
)
def test_a_wrong_key_is_told_without_quoting_a_secret(
    fields: dict[str, Any], problem: str
) -> None:
    good = {"type": "amqp", "url": "amqp://:secret@host", "routing_key": "x"}
    with pytest.raises(ValidationError) as raised:
        AmqpOptions.model_validate(good | fields)
    assert problem in str(raised.value)
    assert "secret" not in str(raised.value)
