"""The version before: the database that it leaves behind.

It is today's, put back into the tables that the version before had: what these cannot hold is
lost, and was told to do nothing yet.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from notifier.store.schema import MIGRATIONS
from notifier.store.sqlite import Sqlite

STEPS = {"0.1.0": MIGRATIONS[:2], "0.2.0": MIGRATIONS[:4]}
"""The steps of the schema that each release had."""
RENAMED = {
    "deliveries": {"lead": "lane_key"},
    "memory": {"lead": "lane_key"},
    "mutes": {"kind": "target"},
}
"""Columns by their names in the version before, and today's."""


def put_back(database: Path, version: str) -> None:
    """Give a database that nobody has open the tables of a version before."""
    old = database.with_name("before.db")
    Sqlite(old, STEPS[version]).open().close()
    with closing(sqlite3.connect(old)) as db:
        db.execute("ATTACH ? AS today", (str(database),))
        found = db.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")
        for (table,) in found.fetchall():
            if not table.startswith(("_", "sqlite_")):
                _copy(db, table)
        db.commit()
        db.execute("DETACH today")
    for end in ("-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    old.replace(database)


def _copy(db: sqlite3.Connection, table: str) -> None:
    columns = db.execute("SELECT name FROM pragma_table_info(?, 'main')", (table,)).fetchall()
    names = [name for (name,) in columns]
    todays = [RENAMED.get(table, {}).get(name, name) for name in names]
    db.execute(f"DELETE FROM main.{table}")
    db.execute(
        f"INSERT INTO main.{table} ({', '.join(names)})"
        f" SELECT {', '.join(todays)} FROM today.{table}"
    )
