"""The installed program at a terminal: what it shows, what is typed, and a window that closes.

::

    async with at_terminal(program, "init") as terminal:
        await terminal.shows("Bot id")
        terminal.type("638d99eeee9e558f1247ae03")
        assert await terminal.end() == 0
"""

import asyncio
import fcntl
import os
import signal
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from signal import Signals

from support.program import EXECUTABLE, PATIENCE_S, Program


class Terminal:
    """A screen and a keyboard; ``screen`` is all that was shown so far."""

    def __init__(self, process: asyncio.subprocess.Process, master: int) -> None:
        self.screen = ""
        self._process = process
        self._master = master
        self._seen = 0
        self._grown = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    async def shows(self, words: str) -> None:
        """Return once these words are shown, after those that were waited for before."""
        try:
            async with asyncio.timeout(PATIENCE_S), self._grown:
                await self._grown.wait_for(lambda: words in self.screen[self._seen :])
        except TimeoutError:
            raise AssertionError(f"never {words!r} in:\n{self.screen}") from None
        self._seen = self.screen.index(words, self._seen) + len(words)

    def type(self, line: str) -> None:
        """Type a line and Enter."""
        os.write(self._master, f"{line}\n".encode())

    def send(self, number: Signals) -> None:
        """Send a signal, as from another terminal."""
        self._process.send_signal(number)

    async def end(self) -> int:
        """Return the exit code, once the screen shows all."""
        async with asyncio.timeout(PATIENCE_S):
            code = await self._process.wait()
            await self._reader
        return code

    async def close(self) -> int:
        """Close the window, as a person does; return the program's exit code."""
        await self._put_away()
        async with asyncio.timeout(PATIENCE_S):
            return await self._process.wait()

    async def clear_away(self) -> None:
        """Kill what still lives, and give everything back."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._put_away()

    async def _put_away(self) -> None:
        self._reader.cancel()
        await asyncio.wait([self._reader])
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            readable = loop.create_future()
            loop.add_reader(self._master, readable.set_result, None)
            try:
                await readable
            finally:
                loop.remove_reader(self._master)
            try:
                said = os.read(self._master, 65_536)
            except OSError:
                return  # the last that had the terminal open has ended
            async with self._grown:
                self.screen += said.decode().replace("\r\n", "\n")
                self._grown.notify_all()


@asynccontextmanager
async def at_terminal(program: Program, *arguments: str) -> AsyncIterator[Terminal]:
    """Start the program as the foreground of a new terminal."""
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (40, 120))
    try:
        process = await asyncio.create_subprocess_exec(
            EXECUTABLE,
            *arguments,
            cwd=program.folder,
            env={
                "PATH": os.environ["PATH"],
                "LANG": "C.UTF-8",
                "TERM": "dumb",
                **program.environment,
            },
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_own_terminal,
        )
    finally:
        os.close(slave)
    terminal = Terminal(process, master)
    try:
        yield terminal
    finally:
        await terminal.clear_away()


def _own_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    # Who runs the tests in the background may have it ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
