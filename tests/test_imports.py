"""Imports go one way: the rooms of docs/design.md, checked over syntax trees."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import notifier
from notifier.configuration import destinations as building

PACKAGE = Path(notifier.__file__).parent
PURE = ("cleaning", "errors", "core", "messages", "rules", "plan", "reports", "rulesfile")
IO = ("upstream", "store", "destinations")
PEERS = ("poller", "dispatcher", "members")
ORDER = (
    *PURE,
    "log",
    "clocks",
    "crashes",
    "threads",
    "files",
    "network",
    *IO,
    "transactions",
    "measuring",
    *PEERS,
    "slack_actions",
    "rehearsal",
    "monitoring",
    "web",
    "configuration",
    "service",
    "simulator",
    "cli",
)
SETTINGS = ("notifier.configuration.settings", "notifier.configuration.read_settings")
SETTINGS_READERS = {"configuration", "service", "cli"}
BANNED_IN_PURE = {
    *("asyncio", "httpx", "logging", "os", "random"),
    *("psycopg", "socket", "sqlite3", "sqlite_utils", "time"),
}

# What lies under httpx is the business of the room that opens connections, but that two
# rooms serve HTTP, and slack-sdk takes a session of aiohttp's.
UNDER_HTTPX = {"aiohttp", "certifi", "multidict", "yarl"}
SERVERS = {"monitoring", "simulator", "web"}
SLACK_SDK = "destinations/slack_api.py"

# What orjson writes stands in stored digests, and its errors name line and column.
ORJSON = ("core/rows.py", "web/trial.py")


# What is loaded later is named in a string, ``module`` or ``module:name``.
LOADED_LATER = re.compile(r"(notifier(?:\.\w+){2,})(?::\w*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One module imported at one line; ``room`` is the importer's."""

    where: str
    room: str
    module: str

    @property
    def target(self) -> str | None:
        """The imported room, or ``None`` for what is not ours."""
        first, _, rest = self.module.partition(".")
        return rest.partition(".")[0] or None if first == "notifier" else None


def imports_of(source: str, *, where: str, room: str) -> Iterator[Import]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "notifier":
            modules = [f"notifier.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = ["." * node.level + (node.module or "")]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            named = LOADED_LATER.fullmatch(node.value)
            modules = [named[1]] if named else []
        else:
            continue
        for module in modules:
            yield Import(where=f"{where}:{node.lineno}", room=room, module=module)


def wrong(found: Import) -> str | None:
    """Return what is wrong with an import, or ``None``."""
    if found.module.startswith("."):
        return "relative imports hide where they lead"
    root = found.module.partition(".")[0]
    if found.room in PURE and root in BANNED_IN_PURE:
        return f"a pure room may not import {root}"
    if problem := wrong_library(found, root):
        return problem
    if found.target in (None, found.room, "__version__"):
        return None
    if found.module.startswith(SETTINGS) and found.room not in SETTINGS_READERS:
        return f"{found.room} may not read the settings"
    return wrong_room(found.room, found.target)


def wrong_library(found: Import, root: str) -> str | None:
    if root in UNDER_HTTPX and not may_go_under_httpx(found):
        return f"{root} is for network alone: speak httpx over its transport"
    if root == "orjson" and not found.where.startswith(ORJSON):
        return "JSON is msgspec's, but in core/rows.py and web/trial.py"
    return None


def may_go_under_httpx(found: Import) -> bool:
    if found.room == "network":
        return True
    is_exception = found.room in SERVERS or found.where.startswith(SLACK_SDK)
    return is_exception and found.module.partition(".")[0] == "aiohttp"


def wrong_room(room: str, target: str) -> str | None:
    """Return why ``room`` may not import its neighbour ``target``, or ``None``."""
    if target not in ORDER or room not in ORDER:
        return f"{target} or {room} has no place in the order"
    if ORDER.index(target) > ORDER.index(room):
        return f"{room} lies below {target}"
    if any(room in group and target in group for group in (IO, PEERS)):
        return f"{room} and {target} may not know each other"
    return None


def every_import() -> Iterator[Import]:
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        room = inside.parts[0].removesuffix(".py")
        if room != "__init__":
            yield from imports_of(path.read_text(), where=str(inside), room=room)


def test_every_import_goes_one_way() -> None:
    found = list(every_import())
    assert len(found) > 40
    assert [f"{one.where}: {problem}" for one in found if (problem := wrong(one))] == []


def test_every_file_belongs_to_a_room() -> None:
    rooms = {path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py")}
    assert {room.removesuffix(".py") for room in rooms} - {"__init__"} <= set(ORDER)


@pytest.mark.parametrize(
    ("room", "line", "problem"),
    [
        ("core", "import notifier.rules.model", "core lies below rules"),
        ("rules", "from time import sleep", "a pure room may not import time"),
        ("plan", "import os.path", "a pure room may not import os"),
        ("core", "from . import records", "relative imports hide where they lead"),
        (
            "store",
            "from notifier import upstream",
            "store and upstream may not know each other",
        ),
        (
            "dispatcher",
            "import notifier.poller",
            "dispatcher and poller may not know each other",
        ),
        (
            "dispatcher",
            "from notifier.configuration.sources import watched_sources",
            "dispatcher lies below configuration",
        ),
        (
            "simulator",
            "import notifier.configuration.settings",
            "simulator may not read the settings",
        ),
        ("store", "import orjson", "JSON is msgspec's, but in core/rows.py and web/trial.py"),
        ("cli", "import notifier.attic", "attic or cli has no place in the order"),
        ("store", "KIND = 'notifier.cli.main:app'", "store lies below cli"),
        (
            "destinations",
            "import aiohttp",
            "aiohttp is for network alone: speak httpx over its transport",
        ),
        (
            "simulator",
            "from yarl import URL",
            "yarl is for network alone: speak httpx over its transport",
        ),
    ],
)
def test_an_import_the_wrong_way_is_noticed(room: str, line: str, problem: str) -> None:
    (found,) = imports_of(line, where="here", room=room)
    assert wrong(found) == problem


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("rules", "from notifier.core.records import Lead"),
        ("store", "import sqlite3"),
        ("network", "import aiohttp"),
        ("monitoring", "from aiohttp import web"),
        ("cli", "from notifier import __version__"),
        ("service", "from notifier.configuration.settings import Settings"),
    ],
)
def test_an_import_the_right_way_is_let_through(room: str, line: str) -> None:
    (found,) = imports_of(line, where="here", room=room)
    assert wrong(found) is None


KINDS = "|".join(building.kind_names())
NAMES_OF_KINDS = re.compile(rf"""kind\w* *[=!]= *["'](?:{KINDS})["']""")


def test_no_file_asks_for_the_name_of_a_kind() -> None:
    """What a kind is stands in its own file: another kind must not touch any other."""
    asking = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if NAMES_OF_KINDS.search(path.read_text())
    ]
    assert asking == []


def test_the_kinds_are_the_modules_of_their_room_without_an_underscore() -> None:
    files = {path.stem for path in (PACKAGE / "destinations").glob("*.py")}
    named = {name for name in files if "_" not in name} - building.NO_KINDS
    assert set(building.kinds()) == named >= {"console", "email", "slack", "webhook"}
    assert all(kind.model_fields["type"].annotation for kind in building.kinds().values())
    assert all(kind.delivered_means for kind in building.kinds().values())
