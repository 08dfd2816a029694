"""What a shell offers: names in force, states, types; and nothing where nothing is known."""

import asyncio
from pathlib import Path

import pytest

from support.filled import Filled
from support.program import Program


def offered(folder: Path, words: str) -> list[str]:
    """Return what bash would be offered for the last, empty or half-typed word."""
    count = len(words.split()) - (not words.endswith(" "))
    environment = {
        "_NOTIFIER_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(count),
    }
    ended = asyncio.run(Program(folder, environment).ends_here())
    assert ended.err == ""
    return [line for line in ended.out.splitlines() if line]


@pytest.mark.usefixtures("filled")
def test_names_states_and_types_are_offered(tmp_path: Path) -> None:
    assert offered(tmp_path, "notifier send ") == ["crm", "ops", "sales"]
    assert offered(tmp_path, "notifier destinations enable c") == ["crm"]
    assert "New Indian lead" in offered(tmp_path, "notifier mute ")
    assert offered(tmp_path, "notifier deliveries --state d") == ["delivered", "dead"]
    assert offered(tmp_path, "notifier events --type lead.as") == ["lead.assigned"]


def test_where_there_is_no_database_nothing_is_offered_and_none_is_made(
    tmp_path: Path,
) -> None:
    assert offered(tmp_path, "notifier send ") == []
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_is_no_matter(tmp_path: Path, filled: Filled) -> None:
    filled.db.close()
    filled.path.write_bytes(b"no database" * 1000)
    assert offered(tmp_path, "notifier send ") == []
