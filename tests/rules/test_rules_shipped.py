from pathlib import Path

import pytest

from notifier.configuration.destinations import kinds
from notifier.rules.model import Ruleset
from notifier.rulesfile.load import load_rules

FOLDER = Path(__file__).parents[2] / "rules"
FILES = sorted(path for path in FOLDER.glob("*.yaml") if not path.name.endswith(".test.yaml"))
SECRETS = {
    "CRM_SECRET": "whsec_" + "c2VjcmV0" * 5,
    "NATS_URL": "nats://notifier:hunter2@nats.example",
    "TEAMS_URL": "workflows://flow.example.com:443/643e69f83c8944/dGhlc2lnbmF0dXJl",
    "TELEGRAM_URL": "tgram://123456789:AbcdefGhijKlmno/42/",
    "SLACK_WEBHOOK": "https://hooks.slack.example/services/T0/B0/x",
}


def load(*paths: Path) -> Ruleset:
    files = [(path.name, path.read_text(encoding="utf-8")) for path in paths]
    return load_rules(files, lookup=SECRETS.get, kinds=kinds())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_an_example_loads_by_itself(path: Path) -> None:
    assert load(path).rules


def test_all_examples_load_beside_each_other_without_a_warning() -> None:
    ruleset = load(*FILES)
    assert len(ruleset.rules) >= 15
    assert [str(warning) for warning in ruleset.warnings] == []
