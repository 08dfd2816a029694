"""Runs of the program that begin where its start ends: a process that has loaded it forks.

A start takes half a second, nearly all of it to load the same modules again. A run is a process
of its own all the same, with its own folder, environment and streams, to be killed or frozen.
"""

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from signal import SIGKILL, Signals
from typing import Self

from notifier.cli.main import MODULES, main
from notifier.cli.streams import STREAMS

LONGEST_LINE = 2**24
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        *dict.fromkeys(MODULES.values()),
        *(f"notifier.destinations.{name}" for name in ("console", "email", "slack", "webhook")),
        "notifier.store.postgresql",
        __name__,
    ]
)


@dataclass(slots=True, kw_only=True)
class Forked:
    """A run, with what :class:`asyncio.subprocess.Process` has of one."""

    process: ForkServerProcess
    over: asyncio.Future[int]
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader

    @classmethod
    async def of(
        cls, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> Self:
        """Begin a run of ``notifier`` with these arguments."""
        (out, out_end), (err, err_end) = os.pipe(), os.pipe()
        ends = [Connection(one, readable=False) for one in (out_end, err_end)]
        process = FORKS.Process(target=_run, args=(arguments, folder, environment, *ends))
        process.start()
        for one in ends:
            one.close()
        over = asyncio.get_running_loop().create_future()
        made = cls(process=process, over=over, stdout=await _read(out), stderr=await _read(err))
        asyncio.get_running_loop().add_reader(process.sentinel, made._ended)
        return made

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal, once it is over."""
        return self.over.result() if self.over.done() else None

    async def wait(self) -> int:
        """Return the exit code once it is over."""
        return await asyncio.shield(self.over)

    def send_signal(self, number: Signals) -> None:
        """Send a signal, if it still lives."""
        if not self.over.done():
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.send_signal(SIGKILL)

    def _ended(self) -> None:
        asyncio.get_running_loop().remove_reader(self.process.sentinel)
        code = self.process.exitcode
        assert code is not None
        self.over.set_result(code)


async def _read(end: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(end, "rb", 0)
    )
    return reader


def _run(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    out: Connection,
    err: Connection,
) -> None:
    """Be the program: what an interpreter does at its start, and then what it does."""
    ends = (os.open(os.devnull, os.O_RDONLY), out.fileno(), err.fileno())
    for number, (name, end) in enumerate(zip(STREAMS, ends, strict=True)):
        os.dup2(end, number)
        stream = os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False)
        setattr(sys, name, stream)
    sys.stderr.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["notifier", *arguments]
    main()
