"""MQTT 5: what is MQTT's own."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import paho.mqtt.client as paho
import pytest
from broker_servers import PASSWORD, QUOTED, USER, Servers, mqtt_broker
from examples import lead, message, new_lead, part
from pydantic import ValidationError

from notifier.destinations.base import Receipt
from notifier.destinations.broker_events import filled
from notifier.destinations.mqtt import OWN, MqttDestination, MqttOptions
from notifier.errors import DeliveryError, DestinationRefusedError, PermanentDeliveryError
from support.brokers import Broker
from support.certificates import self_signed
from support.connections import conversing
from support.needs import needs

pytest_plugins = ["broker_fixtures"]


@asynccontextmanager
async def destination(
    broker: Broker, *, login: str = f"{USER}:{QUOTED}", tls: Any = None, **fields: Any
) -> AsyncIterator[MqttDestination]:
    url = f"mqtt{'s' if tls else ''}://{login}@{broker.place}"
    options = MqttOptions.model_validate({"type": "mqtt", "url": url, "topic": "t"} | fields)
    one = MqttDestination("bus", options, tls=tls, timeout_s=5)
    try:
        yield one
    finally:
        await one.aclose()


async def refused(one: MqttDestination, **fields: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await one.send(message(part(new_lead(lead(**fields)))))
    assert PASSWORD not in f"{raised.value.in_full} {raised.value.remedy}"
    return raised.value


def test_a_name_in_a_topic_keeps_to_its_level() -> None:
    event = new_lead(lead(id="$a/b+c#", source="web site"))
    assert filled("x/{type}/{source}/{lead_id}", event, own=OWN) == (
        "x/lead.created/web site/_a_b_c_"
    )


async def test_a_topic_that_nobody_subscribes_to_takes_it(servers: Servers) -> None:
    async with destination(servers.mqtt(), topic="nobody") as one:
        await one.send(message())


@pytest.mark.parametrize("login", [f"{USER}:wrong", "nobody:pw"])
async def test_a_wrong_password_parks(servers: Servers, login: str) -> None:
    async with destination(servers.mqtt(), login=login) as one:
        failure = await refused(one)
        assert isinstance(failure, DestinationRefusedError)
        assert failure.remedy.startswith("write the right user and password")


@pytest.mark.parametrize("qos", [1, 2])
async def test_a_topic_that_its_user_may_not_publish_to_parks(
    servers: Servers, qos: int
) -> None:
    async with destination(servers.mqtt(), login="reader:pw", qos=qos) as one:
        failure = await refused(one)
        assert isinstance(failure, DestinationRefusedError)
        assert failure.remedy == "let its user publish to t"


async def test_an_event_larger_than_the_broker_takes_is_dead_at_once(tmp_path: Path) -> None:
    with mqtt_broker(tmp_path, "max_packet_size 20000") as broker:
        async with destination(broker) as one:
            assert isinstance(await refused(one, name="x" * 30_000), PermanentDeliveryError)
            await one.send(message())


async def test_no_more_are_under_way_than_the_broker_wants(tmp_path: Path) -> None:
    with mqtt_broker(tmp_path, "max_inflight_messages 1") as broker:
        async with destination(broker, qos=2) as one:
            await asyncio.gather(*(one.send(message()) for _ in range(16)))


@pytest.mark.parametrize(
    ("extra", "disk_kb", "kept"), [("", 1, 5), ("max_queued_messages 1", None, 1)]
)
async def test_what_mosquitto_has_no_room_for_it_acknowledges_all_the_same(
    tmp_path: Path, extra: str, disk_kb: int | None, kept: int
) -> None:
    with mqtt_broker(tmp_path, extra, disk_kb=disk_kb) as broker:
        await listened(broker, "-E")  # it has subscribed, and is away
        async with destination(broker) as one:
            for _ in range(5):
                assert await one.send(message()) == Receipt()
        assert len((await listened(broker, "-W", "1")).splitlines()) == kept


async def listened(broker: Broker, *more: str) -> bytes:
    """Return what waits for a subscriber, a line a message."""
    listener = await asyncio.create_subprocess_exec(
        *(needs("mosquitto_sub"), "-p", f"{broker.port}", "-u", USER, "-P", PASSWORD),
        *("-V", "5", "-q", "1", "-c", "-i", "reader", "-x", "3600", "-t", "t", *more),
        stdout=asyncio.subprocess.PIPE,
    )
    return (await listener.communicate())[0]


async def test_a_broker_that_hangs_up_on_us_is_told_at_once(tmp_path: Path) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with (
        asyncio.timeout(3),
        conversing(hang_up) as port,
        destination(Broker([], port=port, folder=tmp_path)) as one,
    ):
        assert str(await refused(one)) == "127.0.0.1 broke the connection off"


async def test_what_a_broker_says_before_it_hangs_up_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    closed, connect = threading.Event(), aiomqtt.Client._client_connect
    close = paho.Client._sock_close

    def connected_late(self: aiomqtt.Client) -> None:
        connect(self)
        assert closed.wait(3)

    def closed_now(self: paho.Client) -> None:
        is_open = self.socket() is not None
        close(self)
        if is_open:
            closed.set()

    monkeypatch.setattr(aiomqtt.Client, "_client_connect", connected_late)
    monkeypatch.setattr(paho.Client, "_sock_close", closed_now)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.write(bytes((0x20, 3, 0, 0x87, 0)))  # CONNACK: not authorized
        writer.close()

    async with (
        conversing(refuse) as port,
        destination(Broker([], port=port, folder=tmp_path)) as one,
    ):
        failure = await refused(one)
        assert isinstance(failure, DestinationRefusedError)
        assert str(failure) == "127.0.0.1 does not let us in: 0x87"
        del failure
    gc.collect()  # an error that nobody has heard of is told of then
    assert caplog.messages == []


async def test_a_socket_that_is_closed_before_it_is_written_to_is_watched_no_more(
    servers: Servers,
) -> None:
    loop, met = asyncio.get_running_loop(), list[dict[str, Any]]()
    loop.set_exception_handler(lambda _, context: met.append(context))
    async with destination(servers.mqtt()) as one:
        await one.send(message())
        async with one._link.attempt() as connection:
            connection._paho.publish("t", b"", 1)
            connection._paho._sock_close()
    assert met == []


async def test_mqtts_speaks_tls(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    extra = f"certfile {certificate.file}\nkeyfile {certificate.key}"
    with mqtt_broker(tmp_path, extra) as broker:
        async with destination(broker, tls=certificate.client()) as one:
            await one.send(message())


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"topic": "leads/#"}, "`leads/#` is not a topic"),
        ({"topic": "$SYS/x"}, "`$SYS/x` is not a topic"),
        ({"qos": "0"}, "1 or 2"),
        ({"url": "mqtt5://:secret@host"}, "write mqtt:// or mqtts://user:password@host"),
    ],
)
def test_a_wrong_key_is_told_without_quoting_a_secret(
    fields: dict[str, Any], problem: str
) -> None:
    good = {"type": "mqtt", "url": "mqtt://:secret@host", "topic": "t", "qos": "2"}
    assert MqttOptions.model_validate(good).qos == 2
    with pytest.raises(ValidationError) as raised:
        MqttOptions.model_validate(good | fields)
    assert problem in str(raised.value)
    assert "secret" not in str(raised.value)
