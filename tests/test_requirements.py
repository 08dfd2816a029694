"""The locked requirements: complete, hashed, and silent about where packages come from."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = (ROOT / "requirements.txt").read_text()


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, str]:
    """Return each package's hashes as they stand in the file."""
    pinned = re.split(r"^([\w.-]+)==\S+ \\\n", LOCK, flags=re.MULTILINE)[1:]
    return {
        normal(name): hashes for name, hashes in zip(pinned[::2], pinned[1::2], strict=True)
    }


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {normal(re.split(r"[<>=\[ ]", one)[0]) for one in project["dependencies"]}
    assert "httpx" in wanted
    assert wanted <= set(locked())


def test_every_locked_package_has_hashes_and_nothing_else() -> None:
    line = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    for hashes in locked().values():
        assert all(line.fullmatch(one) for one in hashes.splitlines())


def test_the_lock_names_no_index_and_no_folder() -> None:
    told = LOCK.replace("--no-emit-index-url", "").replace("--no-emit-find-links", "")
    assert not re.search(r"://|index|find-links|file:", told)
