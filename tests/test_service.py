"""The service as a whole, where no process is needed to see it."""

import asyncio
from collections.abc import Callable
from io import StringIO
from os import fsdecode, mkfifo
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from notifier.clocks import Clocks
from notifier.conclude import Health, Standing
from notifier.configuration import Configuration, load_configuration
from notifier.engine import engine
from notifier.environment import read_environment
from notifier.service import assembled
from notifier.store import destinations

SETTINGS = {
    "NOTIFIER_TOKEN": "t",
    "NOTIFIER_BOT_ID": "b1",
    "NOTIFIER_CUSTOMER_ID": "c1",
}
RULES = """
destinations:
  screen: {type: console}
rules:
  - {name: New, when: lead.created, send: screen}
"""


async def test_a_reload_that_crashes_is_told_and_leaves_the_old_rules(tmp_path: Path) -> None:
    (rules := tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    paths = {"NOTIFIER_DATABASE": str(tmp_path / "n.db"), "NOTIFIER_RULES": str(rules)}
    config = load_configuration(read_environment(SETTINGS | paths, folder=tmp_path))

    def reread() -> Configuration:
        raise ImportError("half of a newer version is installed")

    async with assembled(config, clocks=Clocks(), out=StringIO(), reread=reread) as service:
        with capture_logs() as logs:
            service.reload()
            (task,) = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.wait([task])
            await asyncio.sleep(0)  # its callback has its turn
        assert [one["event"] for one in logs] == ["reload_crashed"]
        assert service.config is config


async def test_what_was_parked_is_tried_at_the_start(tmp_path: Path) -> None:
    (rules := tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    paths = {"NOTIFIER_DATABASE": str(tmp_path / "n.db"), "NOTIFIER_RULES": str(rules)}
    config = load_configuration(read_environment(SETTINGS | paths, folder=tmp_path))
    clocks = Clocks()
    parked = Standing(health=Health.PARKED, failures=1, probe_ms=clocks.now_ms() + 300_000)
    async with assembled(
        config, clocks=clocks, out=StringIO(), reread=lambda: config
    ) as service:
        store = service.shared.store
        await store.run(destinations.set_standing, "screen", parked)
        async with engine(service.shared, config):
            standing = await store.look(destinations.standing, "screen")
    assert standing.health is Health.PARKED
    assert (standing.probe_ms or 0) <= clocks.now_ms()


def empty(rules: Path) -> str:
    (rules / "a.yaml").write_text("", encoding="utf-8")
    return "no rule stands here"


def cut_off(rules: Path) -> str:
    (rules / "a.yaml").write_text(RULES.partition("  - ")[0], encoding="utf-8")
    return "no rule stands here"


def pipe(rules: Path) -> str:
    mkfifo(rules / "b.yaml")
    return "b.yaml: is a named pipe"


def strange_name(rules: Path) -> str:
    (rules / fsdecode(b"r\xe8gles.yaml")).write_text("rulez: []", encoding="utf-8")
    return "r\ufffdgles.yaml:1:1: `rulez`"


@pytest.mark.parametrize("spoil", [empty, cut_off, pipe, strange_name])
async def test_rules_that_are_spoilt_for_a_moment_leave_the_old_ones_in_force(
    tmp_path: Path, spoil: Callable[[Path], str]
) -> None:
    (rules := tmp_path / "rules").mkdir()
    (rules / "a.yaml").write_text(RULES, encoding="utf-8")
    paths = {"NOTIFIER_DATABASE": str(tmp_path / "n.db"), "NOTIFIER_RULES": str(rules)}

    def read() -> Configuration:
        return load_configuration(read_environment(SETTINGS | paths, folder=tmp_path))

    config = read()
    async with assembled(config, clocks=Clocks(), out=StringIO(), reread=read) as service:
        told = spoil(rules)
        with capture_logs() as logs:
            service.reload()
            (task,) = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.wait([task])
            await asyncio.sleep(0)  # its callback has its turn
        (refused,) = logs
        assert refused["event"] == "reload_refused"
        assert told in refused["faults"][0]
        assert service.config is config
