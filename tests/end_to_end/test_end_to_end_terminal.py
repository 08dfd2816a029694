"""``run`` before a person's eyes: a line an alert, and no log of what goes well."""

import asyncio
import os
import pty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGTERM

from installation import Installation, installation

from support.program import EXECUTABLE, PATIENCE_S


class Screen:
    """What a terminal shows."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.shown = ""
        self._reader = reader

    async def says(self, words: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while words not in self.shown:
                self.shown += (await self._reader.read(4096)).decode()


@asynccontextmanager
async def on_a_terminal(around: Installation) -> AsyncIterator[Screen]:
    """Run the service on a terminal of its own until the end of the block."""
    ours, theirs = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "200"}
    process = await asyncio.create_subprocess_exec(
        *(EXECUTABLE, "run"),
        cwd=around.program.folder,
        env=environment | around.program.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours, "rb")
    )
    try:
        yield Screen(reader)
    finally:
        process.send_signal(SIGTERM)
        async with asyncio.timeout(PATIENCE_S):
            await process.wait()
        transport.close()
    assert process.returncode == 0


async def test_a_person_sees_what_is_watched_and_a_line_an_alert(tmp_path: Path) -> None:
    async with installation(tmp_path) as around:
        del around.program.environment["NOTIFIER_LOG_LEVEL"]
        async with on_a_terminal(around) as screen:
            await screen.says("polling default every 200ms; Ctrl-C ends it")
            await screen.says("watching 45 leads; new ones will be told")
            around.world.create(name="Asha Rao", country="India")
            await screen.says("New lead: Asha Rao")
            await screen.says("(lead.created)")
        assert "crm ← " in screen.shown
        assert "page_read" not in screen.shown
        assert "delivered" not in screen.shown
