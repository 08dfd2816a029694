"""How long a fault lasts, and the state of a member's connection while it does."""

import asyncio
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from members_site import MembersSite

from support.needs import needs

LONG = bool(os.environ.get("NOTIFIER_MEMBER_LONG"))
"""Whether faults last as long as they may; else as long as it takes to be noticed."""


@contextmanager
def server_folder() -> Iterator[Path]:
    """Give a folder where a server that is not root's may go."""
    with TemporaryDirectory(prefix="notifier-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Let a disk that is soon full be in the folder for the block."""
    room = ["-t", "tmpfs", "-o", "size=160m", "tmpfs"]
    subprocess.run([needs("mount"), *room, str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run([needs("umount"), "--lazy", str(folder)], check=True)


def fill(path: Path) -> None:
    """Let a file take all the space that is left."""
    with path.open("wb", buffering=0) as file, suppress(OSError):  # no space left
        while file.write(bytes(4096)):
            pass


async def for_s(lasts_s: float) -> None:
    """Let a fault last."""
    await asyncio.sleep(lasts_s)


@contextmanager
def locked(url: str, table: str) -> Iterator[None]:
    """Let somebody else lock a table for the block."""
    with closing(psycopg.connect(url)) as connection:
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        yield


def states_of(found: MembersSite, name: str) -> list[tuple[str, str]]:
    """Return what the connections of a member do, and wait for, that are in a transaction."""
    return [
        (str(state), str(waits))
        for state, waits in found.rows(
            "SELECT state, COALESCE(wait_event_type, '') FROM pg_stat_activity"
            f" WHERE application_name = '{name}' AND xact_start IS NOT NULL"
        )
    ]


async def soon(holds: Callable[[], bool], *, within_s: float = 30) -> float:
    """Return after how many seconds something held."""
    begun_s = time.monotonic()
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - a server decides it
            await asyncio.sleep(0.05)
    return time.monotonic() - begun_s
