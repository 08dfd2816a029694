"""Which tables the migrations make, without any database."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Final, TypeVar

from notifier.store.schema import Migration
from notifier.store.session import Rows, Values

T = TypeVar("T")

TABLE: Final = re.compile(
    r"\s*(CREATE|DROP) TABLE (\w+)|\s*(ALTER) TABLE (\w+) RENAME TO (\w+)"
)


@lru_cache
def tables_of(migrations: tuple[Migration, ...]) -> tuple[str, ...]:
    """Return the tables in the order they came to be: none refers to a later one."""
    heard = _Listener()
    for one in migrations:
        one.apply(heard)
    return tuple(heard.tables)


class _NoRows:
    """What every statement finds where there is no database."""

    rowcount = 0
    description: tuple[()] = ()

    def fetchone(self) -> None:
        return None

    def fetchall(self) -> list[object]:
        return []

    def __iter__(self) -> Iterator[object]:
        return iter(())


class _Listener:
    """A session that hears what is defined, and does nothing."""

    is_optimistic = False

    def __init__(self) -> None:
        self.tables: list[str] = []

    def define(self, sql: str) -> None:
        match TABLE.match(sql):
            case None:
                return
            case found if found[1] == "CREATE":
                self.tables.append(found[2])
            case found if found[1] == "DROP":
                self.tables.remove(found[2])
            case found:
                self.tables[self.tables.index(found[4])] = found[5]

    def execute(self, _sql: str, _values: Values = {}, /) -> Rows:  # noqa: B006
        return _NoRows()

    def spread(self, _sql: str, _values: Values, /) -> Rows:
        return _NoRows()

    def executemany(self, _sql: str, _rows: Iterable[Values], /) -> None: ...

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    def whole(self, function: Callable[[], T], /) -> T:
        return function()

    def is_of_database(self, _error: Exception) -> bool:
        return False

    def shared_ms(self, host_ms: int) -> int:
        return host_ms

    def overwrite_freed(self) -> None: ...

    def close(self) -> None: ...
