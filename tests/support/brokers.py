"""Real brokers, each a process of its own in a folder of its own, and a door before them.

::

    with Broker(["redis-server", …], port=free_port()) as redis:
        redis.kill()
        redis.start()

A :class:`Door` stands between a client and a broker and upsets their conversation.
"""

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from support.connections import conversing

PATIENCE_S = 60.0
GLANCE_S = 0.02
STANDS_STILL = "TtZX"
"""States of a thread that is stopped or has ended; see proc(5)."""


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Broker:
    """A server process on a fixed port of loopback; what it says is in ``log``.

    ``door`` is the port where its door has to be, if that cannot be any.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        port: int,
        folder: Path,
        door: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port
        self.door = door
        self.log = folder / "broker.log"
        self._command = list(command)
        self._folder = folder
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and return once it listens."""
        with self.log.open("ab") as log:
            # A group of its own: some start others, which end with it.
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        given_up_s = time.monotonic() + PATIENCE_S
        while not self._listens():
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(GLANCE_S)
                raise AssertionError(f"it ended:\n{self.log.read_text(errors='replace')}")
            assert time.monotonic() < given_up_s, self.log.read_text(errors="replace")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """Have it answer nothing, its connections open, and return once it does not."""
        self._signal(signal.SIGSTOP)
        assert self._process is not None
        given_up_s = time.monotonic() + PATIENCE_S
        while _is_running(self._process.pid):
            assert time.monotonic() < given_up_s
            os.sched_yield()

    def resume(self) -> None:
        """Let it go on after :meth:`pause`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, number)

    def _listens(self) -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0


def _is_running(group: int) -> bool:
    """Whether a thread of a process of the group may still do something."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            if any(_runs(thread, group) for thread in process.glob("task/*/stat")):
                return True
    return False


def _runs(thread: Path, group: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
        # The name before them may have spaces and brackets.
        state, _parent, of_group, *_ = thread.read_text().rpartition(")")[2].split()
        return int(of_group) == group and state not in STANDS_STILL
    return False


class Door:
    """Passes bytes between clients and a port, until it is told otherwise.

    What it is told concerns the conversation in which a client says something next, to its
    end; a conversation is troubled once.
    """

    def __init__(self, port: int) -> None:
        self.port = 0
        self._inside = port
        self._trouble = ""

    def hang(self) -> None:
        """Pass nothing on."""
        self._trouble = "hang"

    def deafen(self) -> None:
        """Pass nothing back: what is sent arrives, and its answer is lost."""
        self._trouble = "deafen"

    def reset(self) -> None:
        """Break the connection off."""
        self._trouble = "reset"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one conversation to its end."""
        try:
            inner_reader, inner = await asyncio.open_connection("127.0.0.1", self._inside)
        except OSError:
            writer.transport.abort()
            return
        told: list[str] = []
        carried = [
            asyncio.create_task(self._there(reader, inner, told)),
            asyncio.create_task(self._back(inner_reader, writer, told)),
        ]
        try:
            await asyncio.wait(carried, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in carried:
                task.cancel()
            inner.close()
            writer.transport.abort() if "reset" in told else writer.close()

    async def _there(
        self, reader: asyncio.StreamReader, inner: asyncio.StreamWriter, told: list[str]
    ) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(65536):
                if self._trouble and not told:
                    told.append(self._trouble)
                    self._trouble = ""
                if "reset" in told:
                    return
                if "hang" not in told:
                    inner.write(chunk)
                    await inner.drain()

    async def _back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, told: list[str]
    ) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(65536):
                if not told:
                    writer.write(chunk)
                    await writer.drain()


@asynccontextmanager
async def door(inside: int, *, port: int = 0) -> AsyncIterator[Door]:
    """Open a door before a port of loopback, on a free port or a given one."""
    one = Door(inside)
    async with conversing(one.serve, port=port) as one.port:
        yield one
