"""The service as a whole, where no process is needed to see it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from os import fsdecode, mkfifo
from pathlib import Path
from threading import Event

import pytest
from structlog.testing import capture_logs

from notifier.clocks import Clocks
from notifier.configuration.environment import read_environment
from notifier.configuration.load import Configuration, load_configuration
from notifier.core.destination_state import DestinationState, Health
from notifier.core.leases import SOURCE, name_of
from notifier.dispatcher import Dispatcher
from notifier.errors import ConfigError, Fault
from notifier.poller.listing import ListingKey
from notifier.poller.stopping import Stop
from notifier.service.assembly import assembled
from notifier.service.engine import Engine, engine
from notifier.service.service import Service
from notifier.store import destinations, service_state

SETTINGS = {
    "NOTIFIER_TOKEN": "t",
    "NOTIFIER_BOT_ID": "b1",
    "NOTIFIER_CUSTOMER_ID": "c1",
}
FAR_MS = 2**50
RULES = """
destinations:
  screen: {type: console}
rules:
  - {name: New, when: lead.created, send: screen}
"""


def configured(folder: Path) -> Configuration:
    (rules := folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    paths = {"NOTIFIER_DATABASE": str(folder / "n.db"), "NOTIFIER_RULES": str(rules)}
    return load_configuration(read_environment(SETTINGS | paths, folder=folder))


async def reloaded(service: Service, times: int) -> list[str]:
    """Ask for so many reloads at once; return the events logged."""
    with capture_logs() as logs:
        for _ in range(times):
            service.reload()
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=20)
        await asyncio.sleep(0)  # the last callback has its turn
    return [one["event"] for one in logs]


async def test_of_reloads_in_a_row_the_last_stands_for_those_that_wait(tmp_path: Path) -> None:
    config = configured(tmp_path)
    read: list[Configuration] = []

    def reread() -> Configuration:
        read.append(replace(config))
        return read[-1]

    async with assembled(config, clocks=Clocks(), out=StringIO(), reread=reread) as service:
        assert await reloaded(service, 20) == ["reloaded"] * 2
        assert service.config is read[-1]


class Polled(Engine):
    """An engine whose head polls are due far in the future."""

    def __init__(self) -> None:
        super().__init__(frozenset(), Dispatcher({}, {}), lambda _: pytest.fail("no work"))

    def rhythm(self) -> dict[ListingKey, int]:
        return {("b1", "lead"): FAR_MS}


@pytest.mark.parametrize(
    ("poked", "is_due"), [(None, True), ("default", True), ("other", False), ("", False)]
)
async def test_a_poke_between_two_engines_is_heeded_by_the_next(
    tmp_path: Path, poked: str | None, is_due: bool
) -> None:
    config = configured(tmp_path)
    async with (
        assembled(config, clocks=Clocks(), out=StringIO(), reread=lambda: config) as service,
        engine(service.shared, config, before=Polled()) as made,
    ):
        made.poke(poked)
        (lease,) = (x for x in service.shared.held(made.things) if name_of(x.thing, SOURCE))
        made._open(lease)
        (due_ms,) = made.rhythm().values()
        assert (due_ms < FAR_MS) is is_due


async def test_a_refused_file_may_have_any_name(tmp_path: Path) -> None:
    fault = Fault(where="rules/\udce4.yaml:1:1", problem="is not valid YAML")

    def reread() -> Configuration:
        raise ConfigError([fault])

    config = configured(tmp_path)
    async with assembled(config, clocks=Clocks(), out=StringIO(), reread=reread) as service:
        assert await reloaded(service, 2) == ["reload_refused"] * 2
        refused = await service.shared.store.read(service_state.read)
        assert refused[service_state.REFUSED] == "rules/\ufffd.yaml:1:1: is not valid YAML"


async def test_a_stop_may_be_asked_for_again_while_it_ends_a_wait() -> None:
    stop, ended = Stop(), asyncio.Event()

    async def slow() -> None:
        try:
            await asyncio.sleep(20)
        finally:
            await ended.wait()

    waiting = asyncio.create_task(stop.unless(slow))
    await asyncio.sleep(0)
    stop.request()
    for _ in range(3):
        await asyncio.sleep(0)
        stop.request()
    ended.set()
    await waiting


async def test_a_reload_that_crashes_is_told_and_leaves_the_old_rules(tmp_path: Path) -> None:
    config = configured(tmp_path)

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
    parked = DestinationState(
        health=Health.PARKED, failures=1, probe_ms=clocks.now_ms() + 300_000
    )
    async with assembled(
        config, clocks=clocks, out=StringIO(), reread=lambda: config
    ) as service:
        store = service.shared.store
        await store.run(destinations.set_state, "screen", parked)
        async with engine(service.shared, config):
            state = await store.read(destinations.state, "screen")
    assert state.health is Health.PARKED
    assert (state.probe_ms or 0) <= clocks.now_ms()


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


async def test_a_stop_waits_for_no_reading_of_the_rules(tmp_path: Path) -> None:
    (rules := tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    paths = {"NOTIFIER_DATABASE": str(tmp_path / "n.db"), "NOTIFIER_RULES": str(rules)}
    config = load_configuration(read_environment(SETTINGS | paths, folder=tmp_path))
    read, go_on = [0], Event()

    def reread() -> Configuration:
        read[0] += 1
        go_on.wait()
        return config

    async with assembled(config, clocks=Clocks(), out=StringIO(), reread=reread) as service:
        for _ in range(20):
            service.reload()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        assert len(tasks) == 2, "the one that reads, and one that waits for all the others"
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    assert read[0] <= 1
    go_on.set()
