import os
from pathlib import Path

import pytest
from monitoring_house import Manager, abstract

from notifier.monitoring.sdnotify import Systemd


@pytest.mark.parametrize("kind", ["file", "abstract"])
async def test_each_turn_of_the_service_is_told_as_systemd_expects(
    kind: str, tmp_path: Path
) -> None:
    manager = Manager(str(tmp_path / "notify") if kind == "file" else abstract(tmp_path))
    systemd = Systemd(manager.address)
    systemd.ready()
    systemd.reloading()
    systemd.alive("2 sources up")
    systemd.stopping()
    assert await manager.heard() == ["READY=1"]
    reloading, moment = await manager.heard()
    assert reloading == "RELOADING=1"
    assert moment.startswith("MONOTONIC_USEC=")
    assert await manager.heard() == ["WATCHDOG=1", "STATUS=2 sources up"]
    assert (await manager.heard())[0] == "STOPPING=1"
    manager.close()


def test_without_systemd_nothing_is_said_to_nobody() -> None:
    systemd = Systemd.of_environment({})
    assert (systemd.listens, systemd.watchdog_s) == (False, None)
    systemd.ready()


def test_a_manager_that_has_gone_stops_nothing(tmp_path: Path) -> None:
    Systemd(str(tmp_path / "nobody")).ready()


@pytest.mark.parametrize(
    ("variables", "watchdog_s"),
    [
        ({"WATCHDOG_USEC": "90000000"}, 90.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_ours_only_where_it_names_this_process(
    variables: dict[str, str], watchdog_s: float | None
) -> None:
    assert Systemd.of_environment(variables).watchdog_s == watchdog_s
