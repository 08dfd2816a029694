"""Connections to a PostgreSQL server, for as long as it answers."""

import os
import re
import select
from collections.abc import Mapping
from time import monotonic
from typing import Any, Final, TypeVar, cast

import psycopg
from psycopg import pq
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from notifier.errors import ConfigError, Fault
from notifier.store.addresses import ServerAddress
from notifier.store.postgresql_errors import AwayError, RefusedError

T = TypeVar("T")

PATIENCE_S: Final = 30.0
"""For one answer: beyond the server's own limits, for one that is stopped or cut off."""
DEFAULTS: Final[Mapping[str, str | int]] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 8000,
    "application_name": "notifier",
    "client_encoding": "UTF8",
}
"""Where the URL says nothing: a host that is gone is noticed within some ten seconds."""


SPOKEN: Final = re.compile(r" failed: [^:]+:  ")
"""Ahead of a server's own words, whatever its language: those of libpq have one blank."""
REFUSED: Final = re.compile(rb'\tErrorResponse\t.*? C "(\w{5})"')
REFUSAL_S: Final = 5.0


class Found(psycopg.RawCursor[TupleRow]):
    """What a statement found; one that finds nothing has no rows, and is no error."""

    def fetchall(self) -> list[TupleRow]:
        """Return the rows that are left, of none an empty list."""
        return super().fetchall() if self.description else []


class Connection(psycopg.Connection[TupleRow]):
    """Waits for an answer no longer than ``patience_s``."""

    patience_s = PATIENCE_S

    def wait(self, gen: PQGen[T], *given: Any, **named: Any) -> T:
        """Return what the server answers; raises AwayError where it does not in time."""
        return super().wait(_bounded(gen, monotonic() + self.patience_s), *given, **named)


def connected(address: ServerAddress) -> Connection:
    """Connect; raises ConfigError for a URL with options that nobody knows.

    A server's refusal is raised with its code.
    """
    url = address.url.get_secret_value()
    try:
        given = conninfo_to_dict(url)
        text = make_conninfo(url, **{k: v for k, v in DEFAULTS.items() if k not in given})
    except psycopg.ProgrammingError as error:
        said = address.without_secrets(" ".join(str(error).split()))
        fault = Fault(where="NOTIFIER_DATABASE", problem=said, remedy="mend the URL")
        raise ConfigError([fault]) from None
    try:
        return Connection.connect(
            text, autocommit=True, prepare_threshold=None, cursor_factory=Found
        )
    except psycopg.OperationalError as error:
        code = _refusal(text) if SPOKEN.search(str(error)) else None
        if code is None:
            raise
        raise RefusedError(str(error), code) from None


def _refusal(text: str) -> str | None:
    """Return the code with which a server refuses a connection, ``None`` if it does not.

    libpq shows it in its trace alone, from 18 on.
    Source: PQtrace, https://www.postgresql.org/docs/current/libpq-control.html
    """
    connection = pq.PGconn.connect_start(text.encode())
    # Not by a file: a password may be in it.
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as trace:
        with os.fdopen(writing, "wb"):
            connection.trace(writing)
            _try(connection)
            connection.untrace()
            connection.finish()
        found = REFUSED.findall(trace.read())
    return found[-1].decode() if found else None


def _try(connection: pq.abc.PGconn) -> None:
    """Let a connection come to be, or fail."""
    until_s, reads = monotonic() + REFUSAL_S, False
    while monotonic() < until_s:
        one = [connection.socket]
        select.select(one if reads else [], [] if reads else one, [], REFUSAL_S)
        status = connection.connect_poll()
        if status in (pq.PollingStatus.OK, pq.PollingStatus.FAILED):
            return
        reads = status == pq.PollingStatus.READING


def has_ended(connection: Connection) -> bool:
    """Whether the server has hung up since, or may have: it says nothing else unasked."""
    if connection.closed:
        return True
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable)


def _bounded(gen: PQGen[T], until_s: float) -> PQGen[T]:
    """Go on with what waits for the server until it has its answer, or its time is up."""
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if monotonic() > until_s:
                gen.close()
                raise AwayError("the server does not answer")
            wanted = gen.send(ready)
    except StopIteration as ended:
        return cast("T", ended.value)
