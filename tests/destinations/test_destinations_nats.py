"""NATS JetStream: what is NATS' own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nats
import pytest
from broker_servers import PASSWORD, QUOTED, USER, Servers, nats_server
from examples import lead, message, new_lead, part
from nats.js import JetStreamContext
from pydantic import ValidationError

from notifier.destinations.nats import NatsDestination, NatsOptions
from notifier.errors import (
    DeliveryError,
    DestinationRefusedError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from support.brokers import Broker
from support.certificates import self_signed

pytest_plugins = ["broker_fixtures"]


@asynccontextmanager
async def destination(
    broker: Broker, *, url: str = "", tls: Any = None, **fields: Any
) -> AsyncIterator[NatsDestination]:
    where = url or f"nats://{USER}:{QUOTED}@{broker.place}"
    options = NatsOptions.model_validate(
        {"type": "nats", "url": where, "stream": "own", "subject": "own.{lead_id}"} | fields
    )
    one = NatsDestination("bus", options, tls=tls, timeout_s=5)
    try:
        yield one
    finally:
        await one.aclose()


@asynccontextmanager
async def jetstream(broker: Broker) -> AsyncIterator[JetStreamContext]:
    connection = await nats.connect(
        f"nats://{broker.place}", user=USER, password=PASSWORD, allow_reconnect=False
    )
    yield connection.jetstream()
    await connection.close()


async def refused(one: NatsDestination, **fields: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await one.send(message(part(new_lead(lead(**fields)))))
    assert PASSWORD not in f"{raised.value.in_full} {raised.value.remedy}"
    return raised.value


async def test_a_name_in_a_subject_keeps_to_its_place(servers: Servers) -> None:
    async with jetstream(servers.nats()) as js:
        await js.add_stream(name="names", subjects=["names.>"])
        subject = "names.{type}.{source}.{bot_id}.{lead_id}"
        async with destination(servers.nats(), stream="names", subject=subject) as one:
            await one.send(message(part(new_lead(lead(id="a.b*c >", source="web site")))))
        kept = await js.get_msg("names", 1)
    assert kept.subject == "names.lead.created.web_site.638d99eeee9e558f1247ae03.a_b_c__"


async def test_what_the_stream_has_under_its_id_is_delivered(servers: Servers) -> None:
    async with jetstream(servers.nats()) as js:
        await js.add_stream(name="twice", subjects=["twice.>"])
        async with destination(servers.nats(), stream="twice", subject="twice.x") as one:
            await one.send(message())
            await one.send(message())
        assert (await js.stream_info("twice")).state.messages == 1


async def test_a_missing_stream_parks_and_so_does_one_that_takes_no_such_subject(
    servers: Servers,
) -> None:
    async with jetstream(servers.nats()) as js:
        await js.add_stream(name="other", subjects=["other.>"])
    for fields in ({}, {"subject": "other.x"}, {"stream": "other"}):
        async with destination(servers.nats(), **fields) as one:
            failure = await refused(one)
            assert isinstance(failure, DestinationRefusedError)
            assert "nats stream add" in failure.remedy
    async with destination(servers.nats()) as one:
        with pytest.raises(DestinationRefusedError, match="has no stream own"):
            await one.check()


@pytest.mark.parametrize("login", [f"{USER}:wrong", "sometoken", ""])
async def test_a_wrong_password_parks(servers: Servers, login: str) -> None:
    broker = servers.nats()
    at = f"{login}@" if login else ""
    async with destination(broker, url=f"nats://{at}{broker.place}") as one:
        failure = await refused(one)
        assert isinstance(failure, DestinationRefusedError)
        assert failure.remedy.startswith("write the right user and password")


async def test_a_user_who_may_not_publish_there_parks_at_once(servers: Servers) -> None:
    broker = servers.nats()
    async with destination(broker, url=f"nats://reader:pw@{broker.place}") as one:
        failure = await refused(one)
        assert isinstance(failure, DestinationRefusedError)
        assert failure.remedy == "let its user publish to own.{lead_id}"
        assert (await one.check()).untried


async def test_a_stream_at_its_length_is_a_passing_trouble(servers: Servers) -> None:
    async with jetstream(servers.nats()) as js:
        await js.add_stream(name="full", subjects=["full.>"], max_msgs=1, discard="new")
    async with destination(servers.nats(), stream="full", subject="full.x") as one:
        await one.send(message())
        failure = await refused(one, id="another")
    assert type(failure) is TemporaryDeliveryError
    assert "maximum messages exceeded" in failure.in_full


@pytest.mark.parametrize("answer", [b"thanks", b"7", b"{}", b'{"stream": "own?", "seq": 1}'])
async def test_an_answer_that_is_no_stream_s_is_a_passing_trouble(
    servers: Servers, answer: bytes
) -> None:
    broker = servers.nats()
    listener = await nats.connect(
        f"nats://{broker.place}", user=USER, password=PASSWORD, allow_reconnect=False
    )

    async def thank(told: Any) -> None:
        await told.respond(answer)

    await listener.subscribe("foreign.x", cb=thank)
    await listener.flush()
    async with destination(broker, subject="foreign.x") as one:
        failure = await refused(one)
    await listener.close()
    assert type(failure) is TemporaryDeliveryError
    assert str(failure) == "what answered on 127.0.0.1 is not stream own"
    assert failure.remedy == "let only stream own listen to foreign.x"


async def test_a_server_without_room_on_disk_is_a_passing_trouble(tmp_path: Path) -> None:
    with nats_server(tmp_path, disk="2K") as broker:
        async with jetstream(broker) as js:
            await js.add_stream(name="own", subjects=["own.>"])
        async with destination(broker) as one:
            await one.send(message(part(new_lead(lead(name="x" * 2_000)))))
            failure = await refused(one, id="another")
    assert type(failure) is TemporaryDeliveryError
    assert "insufficient resources" in failure.in_full


async def test_an_event_larger_than_the_server_takes_is_dead_at_once(servers: Servers) -> None:
    async with destination(servers.nats()) as one:
        failure = await refused(one, name="x" * 2_000_000)
    assert isinstance(failure, PermanentDeliveryError)


async def test_tls_is_what_the_url_says(tmp_path: Path, servers: Servers) -> None:
    certificate = self_signed(tmp_path)
    extra = f'tls {{ cert_file: "{certificate.file}", key_file: "{certificate.key}" }}'
    login = f"{USER}:{QUOTED}"
    with nats_server(tmp_path, extra) as broker:
        url = f"tls://{login}@{broker.place}"
        async with destination(broker, url=url, tls=certificate.client()) as one:
            assert isinstance(await refused(one), DestinationRefusedError)  # no stream
        async with destination(broker, url=url) as one:
            assert "certificate of 127.0.0.1 does not verify" in str(await refused(one))
    plain = servers.nats()
    async with destination(plain, url=f"tls://{login}@{plain.place}") as one:
        assert str(await refused(one)) == "no TLS connection to 127.0.0.1"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"subject": "leads.{tipe}"}, "`{tipe}` is not a part of an event; there is {type}"),
        ({"subject": "leads.>"}, "`leads.>` is not a subject"),
        ({"subject": "leads..x"}, "`leads..x` is not a subject"),
        ({"subject": "leads.{type"}, "a brace stands alone"),
        ({"stream": "a.b"}, "`a.b` is not the name of a stream"),
        ({"url": "nats://:secret@"}, "write nats:// or tls://user:password@host"),
        ({"mode": "both"}, "'structured' or 'binary'"),
    ],
)
def test_a_wrong_key_is_told_without_quoting_a_secret(
    fields: dict[str, Any], problem: str
) -> None:
    good = {"type": "nats", "url": "nats://:secret@host", "stream": "s", "subject": "s.x"}
    with pytest.raises(ValidationError) as raised:
        NatsOptions.model_validate(good | fields)
    assert problem in str(raised.value)
    assert "secret" not in str(raised.value)
