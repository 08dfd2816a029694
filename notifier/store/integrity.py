"""Damage that no engine's own checks can see: in the texts, the JSON and the times stored."""

from collections.abc import Iterable, Iterator

import msgspec

from notifier.core.events import decode
from notifier.core.outcome import State
from notifier.core.rows import stored_row
from notifier.errors import DamagedError
from notifier.store import texts
from notifier.store.session import Session

LAST_MS = 253_402_300_799_999  # of the year 9999


def first_damage(session: Session, tables: Iterable[str]) -> str | None:
    """Return where the first thing stands that cannot be read, ``None`` where all can.

    It reads these tables as a whole.
    """
    return next(_damages(session, tables), None)


def _damages(session: Session, tables: Iterable[str]) -> Iterator[str]:
    for table in tables:
        cursor = session.execute(f'SELECT * FROM "{table}"')  # noqa: S608
        columns = [column[0] for column in cursor.description]
        for number, row in enumerate(cursor, 1):
            for column, value in zip(columns, row, strict=True):
                if _is_damaged(table, column, value):
                    yield f"row {number} of table {table}, column {column}"


def _is_damaged(table: str, column: str, value: object) -> bool:
    if isinstance(value, int):
        # A token's request times are of a clock that begins anywhere.
        return column.endswith("_ms") and table != "requests" and not 0 <= value <= LAST_MS
    if not isinstance(value, str):
        return False
    try:
        match table, column:
            case ("events", "body") | ("deliveries", "envelope"):
                decode(texts.raw(value))
            case "records", "row":
                stored_row(value)
            case "deliveries", "accepted":
                msgspec.json.decode(value, type=list[str])
            case "deliveries", "state":
                return value not in tuple(State)
    except (DamagedError, msgspec.DecodeError, UnicodeError):
        return True
    return texts.is_damaged(value)
