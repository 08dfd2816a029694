"""The room as a whole, over a real database and real sockets."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import httpx
import pytest
from monitoring_house import NOW_MS, Manager, seed
from pydantic import SecretStr
from structlog.testing import capture_logs

from notifier.clocks import Clocks
from notifier.monitoring.health_reader import MemberRole
from notifier.monitoring.monitor import Monitor, MonitoringOptions
from notifier.monitoring.sdnotify import Systemd
from notifier.store import sources
from notifier.store.db import Store
from notifier.store.engine import Engine
from notifier.store.session import Session
from notifier.store.sqlite import Sqlite
from support.receivers import Receiver

P = ParamSpec("P")
T = TypeVar("T")

CLOCKS = Clocks(
    now=lambda: datetime.fromtimestamp(NOW_MS / 1000, UTC), monotonic_ms=lambda: 2_000
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(Sqlite(tmp_path / "notifier.db"))
    await store.run(seed)
    yield store
    store.close()


def watched() -> dict[str, str]:
    return {"bot": "key"}


def monitor(store: Store, options: MonitoringOptions, *, poll_s: float = 15) -> Monitor:
    return Monitor(store, options=options, clocks=CLOCKS, poll_s=poll_s, rate_limit=90)


async def test_probes_and_metrics_tell_what_the_database_holds(store: Store) -> None:
    options = MonitoringOptions(http=("127.0.0.1", 0), heartbeat_url=None, systemd=Systemd())
    with capture_logs() as logs:
        async with (
            monitor(store, options).running(watched),
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{logs[0]['port']}", verify=False
            ) as client,
        ):
            ready = await client.get("/readyz")
            metrics = (await client.get("/metrics")).text
    assert ready.json()["reasons"] == ["destination crm is disabled: 410 Gone"]
    assert 'notifier_rate_limit_remaining_requests{source="website"} 89.0' in metrics
    assert 'notifier_source_quarantined_records{source="website"} 1.0' in metrics
    assert 'notifier_destination_up{destination="crm"} 0.0' in metrics


async def count_for(manager: Manager, seconds: float) -> int:
    """Return how many signs of life come in so many seconds."""
    heard = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                await manager.heard()
                heard += 1
    return heard


async def test_systemd_hears_nothing_while_the_database_thread_hangs(
    store: Store, tmp_path: Path
) -> None:
    manager = Manager(str(tmp_path / "notify"))
    systemd = Systemd(manager.address, watchdog_s=0.03)
    options = MonitoringOptions(http=None, heartbeat_url=None, systemd=systemd)
    go_on = threading.Event()
    async with monitor(store, options).running(watched):
        told = await manager.heard()
        assert told == [
            "WATCHDOG=1",
            "STATUS=1 source up, last poll 3 s ago, 0 pending, 0 dead, crm disabled",
        ]
        hanging = asyncio.create_task(store.read(lambda _db: go_on.wait()))
        heard = await count_for(manager, 0.3)
        assert heard <= 2, "what was asked before it hung may still be answered"
        go_on.set()
        await hanging
        assert (await manager.heard())[0] == "WATCHDOG=1"
    manager.close()


async def test_a_single_round_beats_once(store: Store) -> None:
    async with Receiver() as receiver:
        url = SecretStr(f"{receiver.base_url}/ping")
        options = MonitoringOptions(http=None, heartbeat_url=url, systemd=Systemd())
        await monitor(store, options).round_completed()
    assert [one.path for one in receiver.requests] == ["/ping"]


async def test_a_start_without_any_reach_watches_nothing(store: Store) -> None:
    options = MonitoringOptions(http=None, heartbeat_url=None, systemd=Systemd())
    before = asyncio.all_tasks()
    async with monitor(store, options).running(watched):
        assert asyncio.all_tasks() == before


async def test_a_database_that_is_no_longer_under_its_path_is_not_ready(store: Store) -> None:
    options = MonitoringOptions(http=("127.0.0.1", 0), heartbeat_url=None, systemd=Systemd())
    with capture_logs() as logs:
        async with (
            monitor(store, options).running(watched),
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{logs[0]['port']}", verify=False
            ) as client,
        ):
            assert store.engine.file
            store.engine.file.unlink()
            ready = await client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["reasons"] == [
        "the database file was deleted or replaced under the running service"
    ]


async def test_a_member_that_is_cut_off_is_not_ready_and_asks_no_database(store: Store) -> None:
    options = MonitoringOptions(http=("127.0.0.1", 0), heartbeat_url=None, systemd=Systemd())
    out = MemberRole(is_in=lambda: False)
    with capture_logs() as logs:
        async with (
            monitor(store, options).running(watched, part=out),
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{logs[0]['port']}", verify=False
            ) as client,
        ):
            go_on = threading.Event()
            hanging = asyncio.create_task(store.read(lambda _db: go_on.wait()))
            ready = await client.get("/readyz")
            go_on.set()
            await hanging
    assert ready.status_code == 503
    assert "cannot reach the database" in ready.json()["reasons"][0]


async def test_one_member_beats_for_all(store: Store) -> None:
    tells = False
    async with Receiver() as receiver:
        url = SecretStr(f"{receiver.base_url}/ping")
        options = MonitoringOptions(http=None, heartbeat_url=url, systemd=Systemd())
        part = MemberRole(tells=lambda: tells)
        watching = monitor(store, options, poll_s=0.1)
        async with watching.running(watched, part=part):
            await store.run(sources.succeeded, "bot", at_ms=NOW_MS)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await receiver.arrived(1)
            tells = True
            await receiver.arrived(1)
    assert len(receiver.requests) == 1


class OddStore(Store):
    """A database of which a look raises anything, first."""

    def __init__(self, engine: Engine, *faults: Exception) -> None:
        super().__init__(engine)
        self.faults = [*faults]

    async def read(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        if self.faults:
            raise self.faults.pop()
        return await super().read(function, *args, **kwargs)


async def test_signs_of_life_go_on_whatever_a_look_raises(tmp_path: Path) -> None:
    store = OddStore(Sqlite(tmp_path / "notifier.db"), MemoryError(), ValueError("anything"))
    await store.run(seed)
    manager = Manager(str(tmp_path / "notify"))
    options = MonitoringOptions(
        http=None, heartbeat_url=None, systemd=Systemd(manager.address, watchdog_s=0.03)
    )
    with capture_logs() as logs:
        async with monitor(store, options).running(watched):
            told = [await manager.heard() for _ in range(3)]
    assert [one[0] for one in told] == ["WATCHDOG=1"] * 3
    assert [one["event"] for one in logs] == ["duty_crashed"] * 2
    manager.close()
    store.close()
