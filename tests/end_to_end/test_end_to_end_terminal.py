"""The service in somebody's terminal: what it shows, and that a closed window ends it."""

from pathlib import Path
from signal import SIGHUP, SIGTERM

from installation import installation

from notifier.store.sqlite import Sqlite
from support.terminal import at_terminal


async def test_a_service_ends_with_the_terminal_it_runs_in(tmp_path: Path) -> None:
    async with installation(tmp_path) as installed:
        async with at_terminal(installed.program, "run") as terminal:
            await terminal.shows("started")
            terminal.send(SIGHUP)
            await terminal.shows("reloaded")
            await terminal.shows("started")
            # 120 is Python's word for last lines of a log that nobody could be shown.
            assert await terminal.close() in (0, 120)
        with Sqlite(installed.database).lock():
            pass


async def test_a_second_run_names_the_first(tmp_path: Path) -> None:
    async with (
        installation(tmp_path) as installed,
        installed.program.running("run") as process,
    ):
        await process.says('"event": "started"')
        ended = await installed.program.ends("run")
        assert ended.code == 75
        assert (
            f"another notifier is running on notifier.db (process {process.pid})" in ended.err
        )
        assert await process.stop() == 0


async def test_a_person_sees_what_is_watched_and_a_line_an_alert(tmp_path: Path) -> None:
    async with installation(tmp_path) as installed:
        del installed.program.environment["NOTIFIER_LOG_LEVEL"]
        async with at_terminal(installed.program, "run") as terminal:
            await terminal.shows("polling default every 200ms; Ctrl-C ends it")
            await terminal.shows("watching 45 leads; new ones will be told")
            installed.world.create(name="Asha Rao", country="India")
            await terminal.shows("(lead.created)")
            assert "crm ← New lead: Asha Rao" in terminal.screen
            assert "page_read" not in terminal.screen
            assert "delivered" not in terminal.screen
            terminal.send(SIGTERM)
            assert await terminal.end() == 0
