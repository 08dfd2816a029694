"""SQLite's errors as ours, each with what to do about it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from notifier.errors import BusyError, StoreError
from notifier.store.sqlite import OURS


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, each with what to do about it."""
    try:
        yield
    except sqlite3.OperationalError as error:
        # The module's own errors have no code, as that of a text which is no UTF-8; those
        # quote what is stored.
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            raise StoreError(damaged(path, "a stored text cannot be read")) from None
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise BusyError(f"another process keeps {path} locked; try again") from error
        raise StoreError(f"{path}: {error}: {_remedy(code)}") from error
    except UnicodeDecodeError:
        # SQLite's own error quotes a name of a damaged schema.
        raise StoreError(damaged(path, "its schema cannot be read")) from None
    except OURS:
        raise  # a bug of ours, not a fault of the file
    except sqlite3.DatabaseError as error:
        raise StoreError(damaged(path, str(error))) from error
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror}: check the folder and its rights"
        ) from error


def damaged(path: Path, what: str) -> str:
    """Return the sentence about a database part of which cannot be read."""
    return (
        f"{path} is damaged ({what}): it is left as it is; stop the service, move it "
        "aside and copy your newest `notifier backup` file in its place"
    )


def _remedy(code: int) -> str:
    match code & 0xFF:
        case sqlite3.SQLITE_FULL:
            return "free some disk space; nothing committed is lost"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return "the service's user must own the file and its folder"
        case sqlite3.SQLITE_IOERR:
            return "the disk reports an error; check the system log"
        case _:
            return "the database cannot be used"
