"""README and docs say what is so: its rules, settings, commands, log lines, metrics and rooms.

That its command lines run is in ``end_to_end/test_end_to_end_readme.py``.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import notifier
from notifier.cli.main import MODULES
from notifier.configuration.destinations import kinds, limits
from notifier.configuration.settings import PREFIX, Settings
from notifier.monitoring.gauges import gauges
from notifier.monitoring.metrics import Meters
from notifier.rehearsal.play import play
from notifier.rehearsal.read_script import read_scripts
from notifier.rules.durations import format_duration
from notifier.rules.model import Ruleset
from notifier.rulesfile.document import read_document
from notifier.rulesfile.nodes import Faults
from notifier.store.health import Overview
from notifier.store.leases import MemberHealth
from notifier.store.service_state import SlackConnections
from support import readme
from support.rules import ruleset
from test_imports import ORDER

PACKAGE = Path(notifier.__file__).parent
RULES = [block for block in readme.blocks("yaml") if not block.startswith("tests:")]
TESTS = [block for block in readme.blocks("yaml") if block.startswith("tests:")]
TOLD_IN_WORDS = {"first_run": "`silent`", "timezone": "the host's"}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


# Beside an example that is one file of several.
ANY_RULE = """
rules: [{name: Any, when: lead.created, send: any}]
destinations: {any: {type: console}}
"""


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
    rows = re.findall(r"^\| `(NOTIFIER_\w+)` \| (.+?) \| .+ \|$", readme.TEXT, re.MULTILINE)
    assert rows == [
        (PREFIX + name.upper(), TOLD_IN_WORDS.get(name) or written(field.default))
        for name, field in Settings.model_fields.items()
    ]


@pytest.mark.parametrize("text", RULES)
def test_every_rules_example_loads(text: str) -> None:
    found = ruleset(text if "\nrules:" in text else text + ANY_RULE)
    assert found.rules


def test_the_page_of_further_destinations_has_every_kind_that_an_extra_brings() -> None:
    extra = [name for name, kind in kinds().items() if kind.needs]
    assert sorted(readme.first_column("type")) == extra


def test_the_first_rules_leave_nothing_to_be_desired_but_their_secret() -> None:
    complaints = [fault.problem for fault in ruleset(RULES[0]).warnings]
    assert complaints == ["`${CRM_SECRET}` is not set"]


def test_the_rule_test_passes_with_the_first_rules() -> None:
    def first_rules(_names: Sequence[str]) -> Ruleset:
        return ruleset(RULES[0])

    (text,) = TESTS
    faults = Faults()
    document = read_document("README.test.yaml", text, lookup=lambda _: None, faults=faults)
    assert document is not None
    scripts = read_scripts(document, rules=first_rules, faults=faults)
    assert faults.faults() == ()
    assert [play(one, limits(one.rules)).difference for one in scripts] == [None]


def test_the_commands_table_has_every_command_and_no_other() -> None:
    assert sorted(readme.first_column("command")) == sorted(MODULES)


def test_every_place_it_points_to_exists() -> None:
    pointed = re.findall(r'(?:\]\(|src=")(?!https?:)([^)"]+)', readme.README)
    assert len(pointed) >= 4
    assert [place for place in pointed if not (readme.ROOT / place).exists()] == []
    assert (readme.ROOT / "docs" / "slack-card.png").stat().st_size < 60_000


def test_the_rooms_are_those_that_are_there_in_their_order() -> None:
    there = [
        f"{room}/" if (PACKAGE / room).is_dir() else f"{room}.py"
        for room in ORDER
        if (PACKAGE / room).is_dir() or (PACKAGE / f"{room}.py").is_file()
    ]
    assert readme.first_column("room") == there


def test_the_metrics_are_exposed() -> None:
    nothing = Overview(
        sources=(),
        destinations=(),
        mutes=(),
        next_due_ms=None,
        timers=0,
        rules_loaded_at="2026-03-02T04:30:00.000Z",
        rules_refused=None,
        slack=SlackConnections(held=2, counted=2),
        members=(
            MemberHealth(
                name="host/1",
                version="1.0",
                rules="r",
                since_ms=0,
                share=True,
                sources=(),
                lanes=(),
                chores=(),
            ),
        ),
    )
    exposed = {
        family.name
        for registry in (
            Meters().registry,
            gauges(nothing, now_ms=0, interval_ms=1, budget_left={}),
        )
        for family in registry.collect()
    }
    told = readme.first_column("metric")
    assert len(told) >= 8
    assert set(told) - exposed == set()


def logged() -> Iterator[str]:
    """Yield the event of every log call as a regular expression."""
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and is_log(call.func):
                yield from events_of(call.args[0], tree)


def is_log(called: ast.expr) -> bool:
    if not isinstance(called, ast.Attribute) or called.attr not in LEVELS:
        return False
    logger = called.value.func if isinstance(called.value, ast.Call) else called.value
    return ast.unparse(logger) in ("log", "structlog.get_logger")


def events_of(said: ast.expr, tree: ast.Module) -> Iterator[str]:
    match said:
        case ast.Constant(value=str(words)):
            yield words
        case ast.JoinedStr(values=parts):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else ".+" for p in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from events_of(one, tree)
            yield from events_of(other, tree)
        case ast.Name(id=name):
            for found in ast.walk(tree):
                if isinstance(found, ast.Assign) and ast.unparse(found.targets[0]) == name:
                    yield from events_of(found.value, tree)
        case _:
            raise AssertionError(f"no fixed words: {ast.unparse(said)}")


def test_the_log_lines_are_those_that_are_written() -> None:
    told, events = readme.first_column("`event`"), set(logged())
    assert len(events) > 20
    assert [one for one in events if not any(re.fullmatch(one, key) for key in told)] == []
    assert [key for key in told if not any(re.fullmatch(one, key) for one in events)] == []
