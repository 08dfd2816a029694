"""The shipped examples do what their own tests say, and each of their rules is tried."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from notifier.configuration.destinations import kinds, limits
from notifier.configuration.rulefiles import read_rule_files, read_test_files
from notifier.rehearsal.play import play
from notifier.rehearsal.read_script import read_scripts
from notifier.rehearsal.script import Script
from notifier.rules.model import Ruleset
from notifier.rulesfile.document import read_document
from notifier.rulesfile.load import load_rules
from notifier.rulesfile.nodes import Faults

FOLDER = Path(__file__).parents[2] / "rules"


def rules(names: Sequence[str]) -> Ruleset:
    (name,) = names
    return load_rules(
        read_rule_files(FOLDER / name),
        lookup=lambda _: None,
        kinds=kinds(),
        lenient_secrets=True,
    )


def shipped() -> list[Script]:
    scripts: list[Script] = []
    for name, text in read_test_files(FOLDER):
        faults = Faults()
        document = read_document(name, text, lookup=lambda _: None, faults=faults)
        assert document is not None
        scripts += read_scripts(document, rules=rules, faults=faults)
        assert faults.faults() == ()
    return scripts


SCRIPTS = shipped()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_shipped_rule_test_passes(script: Script) -> None:
    assert play(script, limits(script.rules)).difference is None


def test_every_shipped_rule_is_expected_to_send_somewhere() -> None:
    tried = {
        expected.rule
        for script in SCRIPTS
        for step in script.steps
        for expected in step.expect or ()
    }
    files = [name for name, _ in read_rule_files(FOLDER)]
    names = {rule.name for name in files for rule in rules([Path(name).name]).rules}
    assert names - tried == set()
