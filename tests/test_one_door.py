"""One door to the database: drivers and SQL stay in the store, drivers in their own files."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import notifier

PACKAGE = Path(notifier.__file__).parent
DRIVERS = {"sqlite3", "sqlite_utils", "psycopg"}
ENGINES = {
    *("store/sqlite.py", "store/sqlite_session.py"),
    *("store/postgresql_session.py", "store/postgresql_connection.py"),
    "store/postgresql_errors.py",
}
"""The files of an engine: they know its driver, and may speak its own dialect."""
DIALECTS = {"store/postgresql_words.py"}
"""What an engine says in words of its own, without its driver."""

# In capitals: so are all our statements, and no sentence's words.
SQL = re.compile(
    r"\b(SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|VALUES|ORDER BY|CREATE|ALTER|DROP|PRAGMA"
    r"|VACUUM|ATTACH|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b"
)

NOT_SHARED = {
    r"\?": "a value without a name: write :name",
    r"json_each": "a list of SQLite's: write IN (:list), and spread it",
    r"(?i)\bPRAGMA\b|\browid\b|\bGLOB\b|\bIFNULL\b|\bstrftime\b|sqlite_|total_changes": (
        "SQLite alone has it: make it a verb of Engine"
    ),
    r"INSERT OR": "SQLite alone has it: write ON CONFLICT",
    r"\b(MIN|MAX)\([^()]*,": "PostgreSQL has it for a column alone: write a condition",
    r"= *TRUE\b|= *FALSE\b|\bIS TRUE\b": "flags are numbers in these tables",
    r":\w+ IS (NOT )?NULL": "a value of no type: leave the condition out instead",
    # It folds case in SQLite, and does not in PostgreSQL.
    r"(?<!\) )\bI?LIKE\b": "the engines fold case differently: write LOWER(name) LIKE …",
    r"DO UPDATE SET.*\b(\w+) = \1\b": "whose column? write table.column",
}
"""What one of the engines does not know, or reads differently; and what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A module imported, or a text, somewhere in a file of the package."""

    file: str
    line: int
    module: str = ""
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def found_in(source: str, file: str) -> Iterator[Found]:
    """Yield what a file imports and every text in it that is no docstring."""
    tree = ast.parse(source)
    docstrings = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for one in names:
                    yield Found(file=file, line=node.lineno, module=one.name)
            case ast.ImportFrom(module=str(module)):
                yield Found(file=file, line=node.lineno, module=module)
            case ast.Constant(value=str(text)) if node not in docstrings:
                yield Found(file=file, line=node.lineno, text=text)


def wrong(found: Found) -> str | None:
    """Return what is wrong with an import or a text, or ``None``."""
    if found.file in ENGINES | DIALECTS:
        return None
    if (root := found.module.partition(".")[0]) in DRIVERS:
        return f"{root} is for an engine's own files: take a Session"
    if not SQL.search(found.text):
        return None
    if not found.file.startswith("store/"):
        return "a statement: it belongs in store/"
    for pattern, instead in NOT_SHARED.items():
        if re.search(pattern, found.text):
            return instead
    return None


def everything() -> Iterator[Found]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield from found_in(path.read_text(), str(path.relative_to(PACKAGE)))


def test_only_an_engine_knows_its_driver_and_only_the_store_writes_statements() -> None:
    found = list(everything())
    assert {one.file for one in found if one.module in DRIVERS} == ENGINES
    assert [f"{one}: {problem}" for one in found if (problem := wrong(one))] == []


@pytest.mark.parametrize(
    ("file", "line", "problem"),
    [
        (
            "store/sources.py",
            "import sqlite3",
            "sqlite3 is for an engine's own files: take a Session",
        ),
        (
            "cli/opened.py",
            "from sqlite_utils.db import Database",
            "sqlite_utils is for an engine's own files: take a Session",
        ),
        (
            "cli/doctor_host.py",
            "session.execute('PRAGMA quick_check(1)')",
            "a statement: it belongs in store/",
        ),
        (
            "transactions/turn.py",
            "session.execute(f'SELECT id FROM {table}')",
            "a statement: it belongs in store/",
        ),
        (
            "store/sources.py",
            "session.execute('SELECT state FROM sources WHERE bot_id = ?')",
            "a value without a name: write :name",
        ),
        (
            "store/sources.py",
            "session.execute('UPDATE sources SET at_ms = MIN(at_ms, :now_ms)')",
            "PostgreSQL has it for a column alone: write a condition",
        ),
        (
            "store/browse.py",
            "session.execute('SELECT id FROM events WHERE :type IS NULL OR type = :type')",
            "a value of no type: leave the condition out instead",
        ),
        (
            "store/browse.py",
            "session.execute('SELECT id FROM events WHERE body LIKE :words')",
            "the engines fold case differently: write LOWER(name) LIKE …",
        ),
        (
            "store/destinations.py",
            "SQL = 'INSERT INTO a VALUES (1) ON CONFLICT (n) DO UPDATE SET n = n + 1'",
            "whose column? write table.column",
        ),
        (
            "store/sources.py",
            "session.execute('SELECT rowid FROM sources')",
            "SQLite alone has it: make it a verb of Engine",
        ),
    ],
)
def test_a_second_door_is_noticed(file: str, line: str, problem: str) -> None:
    assert problem in {wrong(found) for found in found_in(line, file)}


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("store/sqlite.py", "import sqlite3"),
        ("store/sources.py", "session.execute('SELECT state FROM sources')"),
        ("cli/maintenance.py", "typer.echo('select where to go from here')"),
        ("cli/maintenance.py", "'''Says what SELECT is.'''"),
    ],
)
def test_the_door_itself_is_let_through(file: str, line: str) -> None:
    assert {wrong(found) for found in found_in(line, file)} <= {None}
