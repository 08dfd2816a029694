"""A database of a server is emptied for the next test, which takes less than to copy one."""

import psycopg

from notifier.store.postgresql_words import MIGRATIONS as MIGRATED_BY
from notifier.store.schema import MIGRATIONS
from notifier.store.tables import tables_of

Connection = psycopg.Connection[tuple[object, ...]]

MANY = 500
OURS = (
    "NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace,"
    " 'pg_toast'::regnamespace)"
)
SCHEMA = f"""
SELECT string_agg(it, chr(10) ORDER BY it) FROM (
    SELECT format('%s %s %s', relname, relkind, relacl) AS it
        FROM pg_class WHERE relnamespace {OURS}
    UNION ALL SELECT format('%s %s %s %s', relname, attname, atttypid, attnotnull)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace {OURS}
    UNION ALL SELECT conname FROM pg_constraint WHERE connamespace {OURS}
    UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace {OURS}
    UNION ALL SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'
    UNION ALL SELECT setconfig::text FROM pg_db_role_setting JOIN pg_database
        ON pg_database.oid = setdatabase WHERE datname = current_database()
    UNION ALL SELECT name FROM {MIGRATED_BY}
) AS found
"""
"""What a test may have changed beside rows, as one text."""
LEAVE = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
RESTART = f"""
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    FROM pg_sequences WHERE last_value IS NOT NULL AND sequencename !~ '^{MIGRATED_BY}'
"""


def kept(url: str) -> Connection:
    """Connect for long: the server plans a statement that it has met before no more."""
    return psycopg.connect(url, autocommit=True, prepare_threshold=0)


def schema(connection: Connection) -> object:
    """Return what there is beside rows: tables, triggers, settings, migrations."""
    return connection.execute(SCHEMA.encode()).fetchone()


def empty(connection: Connection) -> None:
    """Delete all rows: in tables as small as these a tenth of the work of TRUNCATE."""
    tables = tables_of(MIGRATIONS)
    used = [f"SELECT '{one}' WHERE EXISTS (SELECT FROM {one})" for one in tables]
    names = [str(name) for (name,) in connection.execute(" UNION ALL ".join(used).encode())]
    connection.execute("SET session_replication_role = replica")  # checks no reference
    for name in names:
        if connection.execute(f"DELETE FROM {name}".encode()).rowcount > MANY:
            connection.execute(f"VACUUM {name}".encode())
    connection.execute(RESTART.encode())
