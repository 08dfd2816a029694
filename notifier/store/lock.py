"""One program at a time polls and delivers from a database."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from notifier.errors import BusyError, ConfigError, Fault, StoreError
from notifier.files import open_private


def is_running(database: Path) -> bool:
    """Return whether a program holds the database's lock."""
    path = database.with_name(f"{database.name}.lock")
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
    :class:`FileError` where the lock is no plain file.
    The kernel drops the lock with the process, however that ends.
    """
    path = database.with_name(f"{database.name}.lock")
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
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise BusyError(
            f"another notifier is running on {database}: stop it first, "
            "or give this one its own NOTIFIER_DATABASE"
        ) from error
    finally:
        os.close(descriptor)
