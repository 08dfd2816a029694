"""The installed program, driven from outside: a process, its words, and its end.

::

    program = Program(folder, {"NOTIFIER_TOKEN": "…"})
    async with program.running("run") as process:
        await process.says("started")
        assert await process.stop() == 0
    assert (await program.ends("check")).code == 78
"""

import asyncio
import os
import sys
from collections.abc import (
    AsyncIterator,
    Coroutine,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from contextlib import asynccontextmanager, chdir, contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from signal import SIGTERM, Signals
from typing import Any, TypeVar

from notifier.cli.main import command_line
from notifier.clocks import Clocks
from notifier.configuration.environment import read_environment
from notifier.configuration.load import load_configuration
from notifier.service.assembly import assembled
from support.forked import LONGEST_LINE, Forked
from support.needs import needs

T = TypeVar("T")

TAIL_CHARS = 4_000
EXECUTABLE = Path(sys.executable).with_name("notifier")
PATIENCE_S = 30.0
"""Far above what anything here takes; a test that gets there has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


class Process:
    """One run of the program; ``out`` and ``err`` grow while it lives."""

    def __init__(self, process: asyncio.subprocess.Process | Forked) -> None:
        self.out = ""
        self.err = ""
        self._process = process
        self._grown = asyncio.Condition()
        self._readers = [
            asyncio.create_task(self._read("out", process.stdout)),
            asyncio.create_task(self._read("err", process.stderr)),
        ]

    @property
    def pid(self) -> int:
        """Return the number of the process."""
        return self._process.pid

    async def until(self, awaitable: Coroutine[Any, Any, T]) -> T:
        """Wait for something that the process must bring about while it lives."""
        wanted = asyncio.ensure_future(awaitable)
        over = asyncio.ensure_future(self._process.wait())
        try:
            await asyncio.wait(
                {wanted, over}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED
            )
            if over.done():
                await asyncio.gather(*self._readers)
            said = f"{(self.out + self.err)[-TAIL_CHARS:]}\nexit: {self._process.returncode}"
            assert wanted.done(), f"it never came; the program said:\n{said}"
            return wanted.result()
        finally:
            wanted.cancel()
            over.cancel()

    async def says(self, words: str) -> None:
        """Return once these words stand on stdout or stderr."""
        await self.until(self._said(words))

    def send(self, number: Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    async def stop(self, number: Signals = SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.send(number)
        return await self.end()

    async def end(self) -> int:
        """Return the exit code, once both streams have been read to their ends."""
        async with asyncio.timeout(PATIENCE_S):
            code = await self._process.wait()
        await asyncio.gather(*self._readers)
        return code

    async def kill(self) -> None:
        """End it as a power cut would, if it still lives."""
        if self._process.returncode is None:
            self._process.kill()
        await self.end()

    async def _said(self, words: str) -> None:
        async with self._grown:
            await self._grown.wait_for(lambda: words in self.out + self.err)

    async def _read(self, name: str, stream: asyncio.StreamReader | None) -> None:
        assert stream
        while line := await stream.readline():
            async with self._grown:
                setattr(self, name, getattr(self, name) + line.decode())
                self._grown.notify_all()


def without_rights() -> tuple[str, ...]:
    """Return the prefix of a program that may not read or write everything, even as root."""
    if os.geteuid() != 0:
        return ()
    return needs("setpriv"), "--bounding-set", "-dac_override,-dac_read_search"


@contextmanager
def put_in_place(there: MutableMapping[str, str], given: Mapping[str, str]) -> Iterator[None]:
    """Let a mapping hold this and nothing else until the block ends."""
    before = dict(there)
    there.clear()
    there.update(given)
    try:
        yield
    finally:
        there.clear()
        there.update(before)


@contextmanager
def replaced(where: object, **given: object) -> Iterator[None]:
    """Let these attributes be others until the block ends."""
    before = {name: getattr(where, name) for name in given}
    for name, one in given.items():
        setattr(where, name, one)
    try:
        yield
    finally:
        for name, one in before.items():
            setattr(where, name, one)


class Program:
    """Runs ``notifier`` in a folder, with this environment and nothing of ours.

    ``processes`` keeps every run, so that a test can look at all that was said.
    ``prefix`` is a command that runs it, such as a tracer or :func:`without_rights`. Where
    how it starts is not the point, a run is forked (:mod:`support.forked`).
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        *,
        is_forked: bool = False,
    ) -> None:
        self.folder = folder
        self.environment = dict(environment or {})
        self.processes: list[Process] = []
        self.prefix: tuple[str, ...] = ()
        self.is_forked = is_forked

    @asynccontextmanager
    async def running(self, *arguments: str) -> AsyncIterator[Process]:
        """Start it; whatever still lives at the end of the block is killed."""
        process = Process(await self._started(arguments))
        self.processes.append(process)
        try:
            yield process
        finally:
            await process.kill()

    async def _started(self, arguments: Sequence[str]) -> asyncio.subprocess.Process | Forked:
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self.environment}
        if self.is_forked and not self.prefix:
            return await Forked.of(arguments, self.folder, environment)
        return await asyncio.create_subprocess_exec(
            *self.prefix,
            EXECUTABLE,
            *arguments,
            cwd=self.folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
        )

    async def ends_here(self, *arguments: str) -> Ended:
        """Run a command in this process, beside the loop of the test, to its end.

        For what is about the command and not about its process: to start one takes most of
        the time that a command does. It must handle no signal.
        """
        return await asyncio.to_thread(self._ended_here, arguments)

    def _ended_here(self, arguments: Sequence[str]) -> Ended:
        out, err = StringIO(), StringIO()
        with (
            put_in_place(os.environ, {"PATH": os.environ["PATH"], **self.environment}),
            chdir(self.folder),
            replaced(
                sys, argv=["notifier", *arguments], stdin=StringIO(), stdout=out, stderr=err
            ),
        ):
            try:
                command_line()
                code = 0
            except SystemExit as ended:
                code = int(ended.code or 0)
        return Ended(code=code, out=out.getvalue(), err=err.getvalue())

    async def once_here(self) -> None:
        """Do what ``notifier once`` does, on the loop of the test: where its process is not
        the point, such as for a baseline.
        """
        with chdir(self.folder):
            config = load_configuration(read_environment(self.environment, folder=self.folder))
            async with assembled(
                config,
                clocks=Clocks(),
                out=StringIO(),
                reread=lambda: config,
                for_one_round=True,
            ) as service:
                assert await service.once()

    async def ends(self, *arguments: str) -> Ended:
        """Run it to its end."""
        async with self.running(*arguments) as process:
            code = await process.end()
            return Ended(code=code, out=process.out, err=process.err)
