"""The locked requirements: complete, hashed, and silent about where packages come from."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.txt", "requirements-build.txt")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: str) -> dict[str, str]:
    """Return each package's hashes as they stand in the file."""
    text = (ROOT / lock).read_text()
    pinned = re.split(r"^([\w.-]+)==\S+ \\\n", text, flags=re.MULTILINE)[1:]
    return {
        normal(name): hashes for name, hashes in zip(pinned[::2], pinned[1::2], strict=True)
    }


def names(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[<>=\[ ]", one)[0]) for one in requirements}


def test_every_dependency_is_locked() -> None:
    wanted = names(
        tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    )
    assert "httpx" in wanted
    assert wanted <= set(locked("requirements.txt"))


def test_what_builds_the_program_is_locked() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]
    assert names(build["requires"]) <= set(locked("requirements-build.txt"))


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
