"""PostgreSQL's errors as ours, each with what to do about it.

Of the codes (https://www.postgresql.org/docs/current/errcodes-appendix.html) the class
decides, the first two letters. Where a connection could not be made and nobody knows the
code, English words are read, and what is not among them may pass by itself.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import errors

from notifier.cleaning import clean
from notifier.errors import BusyError, StoreError
from notifier.store.addresses import ServerAddress

AGAIN: Final = (errors.SerializationFailure, errors.DeadlockDetected)
"""Another transaction was in the way: the whole one is begun anew."""
UNUSABLE: Final = (
    psycopg.OperationalError,
    psycopg.InternalError,
    psycopg.InterfaceError,
    errors.InsufficientPrivilege,
    errors.UndefinedTable,
    errors.UndefinedColumn,
)
"""What tells of the database, and not of one statement of ours."""

UNSTORABLE: Final = (psycopg.IntegrityError, psycopg.DataError, UnicodeEncodeError)
"""What a row meets that no database of ours should hold."""

CREATE: Final = "create it (`createdb NAME`), or mend NOTIFIER_DATABASE"
MISSING: Final = re.compile(r"database .* does not exist|no such database")
REFUSED: Final = (
    (
        re.compile(
            r"password|authentication|role .* does not exist|no such user|not permitted"
        ),
        "mend user and password in NOTIFIER_DATABASE",
    ),
    (re.compile(r"pg_hba"), "let the server's pg_hba.conf admit this host, user and database"),
    (re.compile(r"certificate|\bSSL\b|\bTLS\b"), "mend the `ssl…` parts of NOTIFIER_DATABASE"),
)
LASTING: Final = {
    "42501": "give the user of NOTIFIER_DATABASE the right, or make it the owner",
    "42P01": "its tables are not those of this version: `notifier run` brings them up",
    "42703": "its tables are not those of this version: `notifier run` brings them up",
    "53100": "free some disk space on the server; nothing committed is lost",
}
"""What a person has to do, by the code."""
UNTOLD: Final = ("08P01",)
"""PgBouncer's code for most of what it refuses, in English."""
MOST_SAID: Final = 300


class AwayError(psycopg.OperationalError):
    """The server did not answer in time."""


class RefusedError(psycopg.OperationalError):
    """The server refused a connection, for the reason that its code is."""

    def __init__(self, said: str, code: str) -> None:
        super().__init__(said)
        self.sqlstate = code


@contextmanager
def translated(address: ServerAddress) -> Iterator[None]:
    """Turn the driver's errors into ours; those of one statement pass, as bugs of ours."""
    try:
        yield
    except UNUSABLE as error:
        # Without the cause: what libpq says may quote the URL.
        raise ours(error, address) from None


def ours(error: psycopg.Error, address: ServerAddress) -> BusyError | StoreError:
    """Return the error in our words."""
    name, said = address.name, _said(error, address)
    code = error.sqlstate
    if code is None or code in UNTOLD:
        return _not_connected(said, name)
    if remedy := _lasting(code):
        return StoreError(f"{name}: {said}: {remedy}")
    return BusyError(f"{name}: {said}: {_passing(code)}")


def damaged(address: ServerAddress, what: str) -> str:
    """Return the sentence about a database part of which cannot be read."""
    return (
        f"{address.name} is damaged ({what}): it is left as it is; stop the service and "
        "restore your newest `pg_dump` into a new database"
    )


def _lasting(code: str) -> str | None:
    """Return what a person has to do, ``None`` for what may pass by itself."""
    if code in LASTING:
        return LASTING[code]
    match code[:2]:
        case "28":
            return (
                "mend user and password in NOTIFIER_DATABASE, or let the server's pg_hba.conf "
                "admit this host, user and database"
            )
        case "58" | "XX":
            return "look into the server's log; where it is damaged, restore a `pg_dump`"
        case _:
            return None


def _passing(code: str) -> str:
    match code:
        case "3D000":
            return CREATE
        case "25006":
            return (
                "it takes no writes, as a standby does: wait for the fail-over, or name all "
                "hosts and `target_session_attrs=read-write` in NOTIFIER_DATABASE"
            )
        case "53300":
            return "raise the server's max_connections, or put PgBouncer before it"
        case "55P03" | "57014":
            return "somebody keeps it locked, or it is too slow; try again"
        case "40001" | "40P01":
            return "too many write at once; try again"
        case _:
            return "try again"


def _not_connected(said: str, name: str) -> BusyError | StoreError:
    if MISSING.search(said):
        return BusyError(f"{name}: {said}: {CREATE}")
    for pattern, remedy in REFUSED:
        if "timeout" not in said and pattern.search(said):
            return StoreError(f"{name}: {said}: {remedy}")
    return BusyError(f"{name} cannot be reached: {said}; is the server there? Try again")


def _said(error: psycopg.Error, address: ServerAddress) -> str:
    """Return the driver's words in one line; a detail would quote what is stored."""
    words = error.diag.message_primary or str(error) or type(error).__name__
    line = " ".join(clean(address.without_secrets(words)).split())
    return line if len(line) <= MOST_SAID else f"{line[: MOST_SAID - 1]}…"
