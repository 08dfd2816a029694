"""The loop of a test, and the command line run in this process from an empty folder."""

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from io import StringIO
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from notifier.cli.main import command_line
from support import stages
from support.cli_runner import Run
from support.databases import ENGINES, Database
from support.filled import ASHA, BORIS, RULES, Filled
from support.postgres import Server, server
from support.program import Ended
from support.stages import Staged
from support.virtual_time import VirtualLoop

LONGEST_FIRST = (
    *("members", "end_to_end", "destinations", "slack_actions", "crash", "web"),
    *("simulation", "poller", "upstream", "dispatcher", "cli"),
)
"""Rooms of tests that begin before all others, and among them those that wait most.

Of many processes that share the tests none is then left alone with long ones at the end, and
who waits for a lease or a broker does so while others have work.
"""

# How long an example takes says more about the machine than about us.
settings.register_profile("untimed", settings(deadline=None))
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def plain_log() -> None:
    """Write no line for each page that is read, and tracebacks without the values of all
    variables, which takes seconds for each.
    """
    plain = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(
        processors=[structlog.processors.add_log_level, plain],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage in what the tests are made of, which lives to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long."""
    turns = {room: turn for turn, room in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: turns.get(item.path.parent.name, len(turns)))


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Give a test marked with ``virtual_time`` a loop on which nobody waits."""
    virtual = item.get_closest_marker("virtual_time")
    return {"loop": VirtualLoop if virtual else asyncio.new_event_loop}


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """The server of this process of the tests; skipped where there is none."""
    with server() as found:
        yield found


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A test's database: each test that asks for it runs on every engine."""
    is_file = request.param == "sqlite"
    if not is_file and (only := request.node.get_closest_marker("file_alone")):
        pytest.skip(only.args[0])
    there = None if is_file else request.getfixturevalue("postgresql_server")
    found = Database(tmp_path, there)
    yield found
    found.close()


@pytest.fixture
def staged(database: Database) -> Iterator[Staged]:
    """Give what makes a stage on the test's database, one a test."""
    session = database.open()
    yield partial(stages.staged, session=session)
    session.close()


@pytest.fixture
def notifier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    for name in [name for name in os.environ if name.startswith("NOTIFIER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, answers: str = "") -> Ended:
        monkeypatch.setattr(sys, "argv", ["notifier", *arguments])
        monkeypatch.setattr(sys, "stdin", StringIO(answers))
        with pytest.raises(SystemExit) as ended:
            command_line()
        printed = capsys.readouterr()
        return Ended(code=int(ended.value.code or 0), out=printed.out, err=printed.err)

    return run


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Filled]:
    """Two new leads, Asha from India and Boris from Nepal; then Asha's is closed."""
    monkeypatch.setenv("NOTIFIER_TIMEZONE", "Asia/Kolkata")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yaml").write_text(RULES)
    stage = Filled(tmp_path / "notifier.db")
    stage.lead(ASHA, name="Asha Rao", country="India", status="OPEN")
    stage.lead(BORIS, name="Boris", country="Nepal", status="OPEN")
    stage.look()
    stage.lead(ASHA, status="CLOSED")
    stage.look()
    yield stage
    stage.db.close()
