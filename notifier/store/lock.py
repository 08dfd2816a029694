"""One program at a time polls and delivers from a database file."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from notifier.errors import BusyError, ConfigError, Fault, StoreError
from notifier.files import open_private

LOOK_S = 0.05
END = ".lock"


def is_running(database: Path) -> bool:
    """Return whether a program holds the database's lock."""
    path = database.with_name(f"{database.name}{END}")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def instance_lock(database: Path) -> Iterator[None]:
    """Hold the database's lock file; raises :class:`BusyError` where another run does.

    Raises :class:`ConfigError` where the database's folder does not exist, and
    :class:`FileError` where the lock is not a plain file.
    The kernel drops the lock with the process, however that ends.
    """
    path = database.with_name(f"{database.name}{END}")
    try:
        descriptor = open_private(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        problem = f"there is no folder {path.parent.absolute()}"
        fault = Fault(where="NOTIFIER_DATABASE", problem=problem, remedy="make it")
        raise ConfigError([fault]) from error
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror}: the service's user must own the folder"
        ) from error
    try:
        _take(descriptor, database)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, database: Path) -> None:
    try:
        _lock(descriptor)
    except BlockingIOError as error:
        told = os.pread(descriptor, 20, 0).strip()
        holder = f" (process {int(told)})" if told.isdigit() else ""
        raise BusyError(
            f"another notifier is running on {database}{holder}: stop it first, "
            "or give this one its own NOTIFIER_DATABASE"
        ) from error
    # On a full disk the holder has no name; it works all the same.
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _lock(descriptor: int) -> None:
    """Take the lock; who only looks whether somebody has it holds it for an instant."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(LOOK_S)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
