"""The running program as probes, Prometheus, systemd and a dead man's switch see it."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from signal import SIGHUP

import httpx
import pytest
from installation import installation

from support.program import PATIENCE_S, Process
from support.receivers import Receiver


@pytest.fixture
def manager() -> Iterator[socket.socket]:
    """The socket on which systemd listens, not yet bound."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.setblocking(False)
        yield listening


async def test_whoever_watches_sees_a_start_a_refused_reload_and_the_end(
    manager: socket.socket, tmp_path: Path
) -> None:
    manager.bind(str(tmp_path / "notify"))
    async with (
        Receiver() as switch,
        installation(
            tmp_path,
            NOTIFIER_HTTP="127.0.0.1:0",
            NOTIFIER_HEARTBEAT_URL=f"{switch.base_url}/ping",
            NOTIFY_SOCKET=str(tmp_path / "notify"),
            WATCHDOG_USEC="300000",
        ) as installed,
        installed.program.running("run") as process,
    ):
        await told(manager, "READY=1")
        await installed.polled(process)
        await process.until(switch.arrived(2))
        installed.world.create(name="Asha")
        await process.until(installed.receiver.arrived(1))
        async with httpx.AsyncClient(
            base_url=address(process), trust_env=False, verify=False
        ) as client:
            metrics = await has(client, "/metrics", 'result="delivered"} 1.0')
            assert 'notifier_events_total{type="lead.created"} 1.0' in metrics
            assert 'notifier_change_to_delivery_seconds_count{destination="crm"} 1.0' in metrics
            await has(client, "/readyz", '"ready": true')

            (installed.program.folder / "rules.yaml").write_text("nonsense: 1\n")
            process.send(SIGHUP)
            await told(manager, "RELOADING=1")
            await told(manager, "READY=1")
            assert (await client.get("/readyz")).status_code == 503
            assert "config_last_reload_successful 0.0" in (await client.get("/metrics")).text
            await told(manager, "rules on disk refused")
        assert await process.stop() == 0
        await told(manager, "STOPPING=1")


async def test_an_address_in_use_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        async with installation(tmp_path, NOTIFIER_HTTP=address) as installed:
            ended = await installed.program.ends("run")
    assert (ended.code, ended.out) == (78, "")
    assert f"NOTIFIER_HTTP: cannot listen on {address}" in ended.err


def address(process: Process) -> str:
    (line,) = [line for line in process.err.splitlines() if '"http_listening"' in line]
    return f"http://127.0.0.1:{json.loads(line)['port']}"


async def told(manager: socket.socket, words: str) -> None:
    """Return once systemd has been told these words."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(PATIENCE_S):
        while words not in (await loop.sock_recv(manager, 4096)).decode():
            pass


async def has(client: httpx.AsyncClient, path: str, words: str) -> str:
    """Return the answer as soon as these words stand in it."""
    async with asyncio.timeout(PATIENCE_S):
        while words not in (text := (await client.get(path)).text):
            pass
    return text
