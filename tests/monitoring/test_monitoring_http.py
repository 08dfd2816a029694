import socket

import httpx
import pytest

from notifier.errors import ConfigError, StoreError
from notifier.monitoring.http import Answers, serving


class Program:
    """What the server asks, with answers that a test may change."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.fault: StoreError | None = None

    async def troubles(self) -> list[str]:
        if self.fault:
            raise self.fault
        return self.reasons

    async def metrics(self) -> bytes:
        if self.fault:
            raise self.fault
        return b"notifier_up 1\n"

    @property
    def answers(self) -> Answers:
        return Answers(troubles=self.troubles, metrics=self.metrics)


async def get(port: int, path: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        return await client.get(f"http://127.0.0.1:{port}{path}")


async def test_it_is_alive_even_where_it_is_not_ready() -> None:
    program = Program()
    program.reasons = ["source website is down: 401"]
    async with serving("127.0.0.1", 0, program.answers) as port:
        assert (await get(port, "/healthz")).status_code == 200
        answer = await get(port, "/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"ready": False, "reasons": program.reasons}
        program.reasons = []
        answer = await get(port, "/readyz")
        assert (answer.status_code, answer.json()) == (200, {"ready": True, "reasons": []})


async def test_a_database_that_cannot_be_read_is_told_everywhere_but_in_healthz() -> None:
    program = Program()
    program.fault = StoreError("notifier.db: disk I/O error")
    async with serving("127.0.0.1", 0, program.answers) as port:
        ready, metrics = await get(port, "/readyz"), await get(port, "/metrics")
        assert ready.json()["reasons"] == ["notifier.db: disk I/O error"]
        assert (metrics.status_code, metrics.text) == (503, "notifier.db: disk I/O error\n")
        assert (await get(port, "/healthz")).status_code == 200


async def test_metrics_come_as_prometheus_wants_them() -> None:
    async with serving("127.0.0.1", 0, Program().answers) as port:
        answer = await get(port, "/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        assert answer.text == "notifier_up 1\n"
        assert (await get(port, "/nowhere")).status_code == 404


async def test_a_closed_page_says_in_a_sentence_how_to_open_it() -> None:
    async with serving("127.0.0.1", 0, Program().answers) as port:
        answer = await get(port, "/")
        assert answer.status_code == 200
        assert answer.text == (
            "The page is closed: set NOTIFIER_WEB_PASSWORD and restart the service"
            " to open it.\n"
        )


async def test_a_port_in_use_is_a_configuration_error_with_its_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError) as caught:
            async with serving("127.0.0.1", port, Program().answers):
                raise AssertionError("it cannot listen there")
    (fault,) = caught.value.faults
    assert fault.where == "NOTIFIER_HTTP"
    assert fault.problem == f"cannot listen on 127.0.0.1:{port}: address already in use"
