"""All rows of a database into another one: from a file to a server, or back."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from notifier.store.batches import CHUNK, insert
from notifier.store.session import Session
from notifier.store.texts import without_nul

OF_ITS_PLACE: Final = frozenset({"members", "leases"})
"""Tables that tell who works on a database: on another one nobody does."""


def copy_rows(
    table: str, columns: Sequence[str], rows: Iterable[Sequence[object]], target: Session
) -> None:
    """Write rows into the table of the same name, which has all of these columns.

    A text's U+0000, which a server refuses, becomes U+FFFD, as it does at every door.
    """
    into = f"{table} ({', '.join(columns)})"
    clean = (tuple(map(without_nul, row)) for row in rows)
    while some := list(islice(clean, CHUNK)):
        insert(target, into, some)


def rows_in(session: Session, table: str) -> tuple[list[str], Iterator[Sequence[object]]]:
    """Return the names of a table's columns, and its rows one after the other."""
    found = session.execute(f"SELECT * FROM {table}")  # noqa: S608
    return [column[0] for column in found.description], iter(found)


def copied(tables: Iterable[str]) -> list[str]:
    """Return those of the tables whose rows go along."""
    return [one for one in tables if one not in OF_ITS_PLACE]
