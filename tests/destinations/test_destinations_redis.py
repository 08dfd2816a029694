"""Redis streams: what is Redis' own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
from broker_servers import PASSWORD, QUOTED, Servers, redis_server
from examples import message
from pydantic import ValidationError

from notifier.destinations.redis import RedisDestination, RedisOptions
from notifier.errors import DeliveryError, DestinationRefusedError, TemporaryDeliveryError
from support.brokers import Broker, free_port

pytest_plugins = ["broker_fixtures"]


@asynccontextmanager
async def destination(
    broker: Broker, *, login: str = f":{QUOTED}", database: str = "", **fields: Any
) -> AsyncIterator[RedisDestination]:
    url = f"redis://{login}@{broker.place}/{database}"
    options = RedisOptions.model_validate(
        {"type": "redis", "url": url, "stream": "leads"} | fields
    )
    one = RedisDestination("bus", options, timeout_s=5)
    try:
        yield one
    finally:
        await one.aclose()


async def refused(one: RedisDestination) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await one.send(message())
    assert PASSWORD not in f"{raised.value.in_full} {raised.value.remedy}"
    return raised.value


async def test_the_stream_is_kept_at_its_length(servers: Servers) -> None:
    async with (
        destination(servers.redis(), stream="short", max_length=3) as one,
        redis.asyncio.Redis(port=servers.redis().port, password=PASSWORD) as consumer,
    ):
        for number in range(5):
            await one.send(message(identity=f"dlv_{number}"))
        assert await consumer.xlen("short") == 3


@pytest.mark.parametrize(
    ("login", "database", "remedy"),
    [
        ("default:wrong", "", "write the right user and password into `url`"),
        ("", "", "write a user and password into `url`"),
        (f":{QUOTED}", "99", "write a database that exists at the end of `url`"),
    ],
)
async def test_a_wrong_login_or_database_parks(
    servers: Servers, login: str, database: str, remedy: str
) -> None:
    async with destination(servers.redis(), login=login, database=database) as one:
        failure = await refused(one)
        assert isinstance(failure, DestinationRefusedError)
        assert failure.remedy == remedy
        with pytest.raises(DestinationRefusedError):
            await one.check()


async def test_a_user_without_the_right_and_a_key_of_another_type_park(
    servers: Servers,
) -> None:
    async with redis.asyncio.Redis(port=servers.redis().port, password=PASSWORD) as admin:
        await admin.acl_setuser(
            "reader", enabled=True, passwords=["+pw"], categories=["+@read"]
        )
        await admin.set("taken", "x")
    async with destination(servers.redis(), login="reader:pw") as one:
        assert "XADD" in (await refused(one)).remedy
    async with destination(servers.redis(), stream="taken") as one:
        assert "choose another `stream`" in (await refused(one)).remedy
        with pytest.raises(DestinationRefusedError, match="taken is a string"):
            await one.check()


async def test_a_redis_out_of_memory_is_a_passing_trouble(tmp_path: Path) -> None:
    with redis_server(tmp_path, "--maxmemory", "1") as full:
        async with destination(full) as one:
            failure = await refused(one)
    assert type(failure) is TemporaryDeliveryError
    assert "OOM" in str(failure)


async def test_a_redis_whose_disk_is_full_is_a_passing_trouble(tmp_path: Path) -> None:
    # With `always` it would end itself, and be told as a port where nobody listens.
    with redis_server(tmp_path, "--appendfsync", "everysec", disk_kb=2) as full:
        async with destination(full) as one:
            failure = await filled_up(one)
    assert type(failure) is TemporaryDeliveryError
    assert "MISCONF" in str(failure)
    assert "AOF" in failure.in_full


async def filled_up(one: RedisDestination) -> DeliveryError:
    """Return why one of many events was not taken."""
    for _ in range(100):
        try:
            await one.send(message())
        except DeliveryError as error:
            return error
    raise AssertionError("its disk is not full")


async def test_a_port_where_nobody_listens_is_told_in_words(tmp_path: Path) -> None:
    nobody = Broker([], port=free_port(), folder=tmp_path)
    async with destination(nobody) as one:
        failure = await refused(one)
    assert str(failure) == "no connection to 127.0.0.1 (connection refused)"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"mode": "binary"}, "CloudEvents has no binary mode for Redis: leave `mode` out"),
        ({"url": "http://h/"}, "write redis:// or rediss://user:password@host"),
        ({"url": "redis://:secret@h/leads"}, "is the database's number, as in /0"),
        ({"url": "redis://:secret@"}, "write redis:// or rediss://user:password@host"),
        ({"max_length": 0}, "greater than or equal to 1"),
    ],
)
def test_a_wrong_key_is_told_without_quoting_it(fields: dict[str, Any], problem: str) -> None:
    good = {"type": "redis", "url": "redis://:secret@host", "stream": "leads"}
    with pytest.raises(ValidationError) as raised:
        RedisOptions.model_validate(good | fields)
    assert problem in str(raised.value)
    assert "secret" not in str(raised.value)
