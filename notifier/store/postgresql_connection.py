"""Connections to a PostgreSQL server, for as long as it answers."""

import select
from collections.abc import Mapping
from time import monotonic
from typing import Any, Final, TypeVar, cast

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from notifier.errors import ConfigError, Fault
from notifier.store.addresses import ServerAddress
from notifier.store.postgresql_errors import AwayError

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
    """Connect; raises ConfigError for a URL with options that nobody knows."""
    url = address.url.get_secret_value()
    try:
        given = conninfo_to_dict(url)
        text = make_conninfo(url, **{k: v for k, v in DEFAULTS.items() if k not in given})
    except psycopg.ProgrammingError as error:
        said = address.without_secrets(" ".join(str(error).split()))
        fault = Fault(where="NOTIFIER_DATABASE", problem=said, remedy="mend the URL")
        raise ConfigError([fault]) from None
    return Connection.connect(
        text, autocommit=True, prepare_threshold=None, cursor_factory=Found
    )


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
