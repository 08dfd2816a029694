"""README says what is so: its settings, its rules, its commands."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notifier.building import kinds
from notifier.cli.main import MODULES
from notifier.rules.durations import format_duration
from notifier.rules.load import load_rules
from notifier.settings import PREFIX, Settings

README = (Path(__file__).parent.parent / "README.md").read_text()
YAML_BLOCKS = re.findall(r"^```yaml\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
TOLD_IN_WORDS = {"first_run": "`silent`", "timezone": "the host's"}


def section(title: str) -> str:
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def written(default: Any) -> str:
    match default:
        case None:
            return "–"
        case timedelta():
            return f"`{format_duration(default)}`"
        case tuple():
            return f"`{','.join(default)}`"
        case _:
            return f"`{default}`"


def test_the_settings_table_has_every_setting_with_its_default() -> None:
    rows = re.findall(r"^\| `(NOTIFIER_\w+)` \| (.+?) \| .+ \|$", README, flags=re.MULTILINE)
    assert rows == [
        (PREFIX + name.upper(), TOLD_IN_WORDS.get(name) or written(field.default))
        for name, field in Settings.model_fields.items()
    ]


@pytest.mark.parametrize("number", range(len(YAML_BLOCKS)))
def test_every_rules_example_loads(number: int) -> None:
    loaded = load_rules(
        [("README.md", YAML_BLOCKS[number])],
        lookup=lambda _: None,
        kinds=kinds(),
        lenient_secrets=True,
    )
    assert loaded.rules or loaded.sources


def test_there_are_rules_examples() -> None:
    assert len(YAML_BLOCKS) >= 2


def test_every_command_is_in_the_table() -> None:
    told = set(re.findall(r"`([a-z]+)`", section("Commands")))
    assert set(MODULES) <= told
