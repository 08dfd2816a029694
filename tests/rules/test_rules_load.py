from datetime import timedelta

import pytest
from pydantic import SecretStr
from rules_examples import FULL, SCREEN, SECRET, faults, load

from notifier.core.event_types import EventType
from notifier.core.records import Agent, Source
from notifier.destinations.slack import SlackOptions
from notifier.rules.model import Outside, SourceSpec


def test_a_whole_file_is_read() -> None:
    ruleset = load(FULL, secrets={"BOTPENGUIN_TOKEN": "hush", "CRM_SECRET": SECRET})
    assert ruleset.sources == (
        SourceSpec(
            source=Source(
                name="website",
                bot_id="638d99eeee9e558f1247ae03",
                customer_id="5fed38e56fb193dcc6c933f5",
                inbox_url="https://app.example.com/inbox/{uuid}",
            ),
            token=SecretStr("hush"),
            types=("lead", "non-lead"),
        ),
    )
    asha = ruleset.agents["631aa793bcfa100487d13d0d"]
    assert asha == Agent(
        id="631aa793bcfa100487d13d0d",
        name="Asha Rao",
        slack="U024BE7LH",
        email="asha@example.com",
    )
    sales = ruleset.destinations["sales"]
    assert (sales.kind, sales.where) == ("slack", "rules.yaml:14:3")
    assert isinstance(sales.options, SlackOptions)
    assert sales.options.channel == "#sales-leads"


def test_a_rule_has_its_keys_in_the_form_they_are_used() -> None:
    ruleset = load(FULL, secrets={"BOTPENGUIN_TOKEN": "hush", "CRM_SECRET": SECRET})
    new, late = ruleset.rules
    assert (new.name, new.where) == ("New lead", "rules.yaml:17:5")
    assert new.when == {EventType.LEAD_CREATED}
    assert new.send == ("sales", "crm")
    assert new.settle == timedelta(minutes=1)
    assert (new.mention, new.broadcast, new.enabled) == ("here", True, True)
    assert (late.for_, late.repeat) == (timedelta(minutes=15), timedelta(hours=1))
    assert late.clock is late.only is ruleset.windows["office"]
    assert late.outside is Outside.DIGEST
    assert late.digest is not None
    assert (late.when, late.enabled) == (frozenset(), False)
    assert late.types == {EventType.LEAD_OVERDUE}


def test_a_wildcard_stands_for_every_type_of_its_subject() -> None:
    (only,) = load(f"{SCREEN}rules: [{{name: R, when: 'source.*', send: screen}}]").rules
    assert only.when == {EventType.SOURCE_DOWN, EventType.SOURCE_UP}


def test_files_are_merged_in_name_order() -> None:
    ruleset = load(FULL, secrets={"BOTPENGUIN_TOKEN": "hush", "CRM_SECRET": SECRET})
    assert [one.name for one in ruleset.rules] == ["New lead", "Overdue"]


@pytest.mark.parametrize(
    "text", ["", "# none yet\n", "rules:\n", "rules: []\nsources:\n", "agents: {}\n", SCREEN]
)
def test_files_without_a_single_rule_are_a_fault(text: str) -> None:
    remedy = "write one under `rules:`, or bring back the file as it was"
    assert faults(text) == [f"a.yaml:1:1: no rule stands here ({remedy})"]
    assert faults(text, "\n") == [f"a.yaml:1:1: no rule stands here or in b.yaml ({remedy})"]


def test_a_file_without_rules_beside_one_with_rules_is_fine() -> None:
    assert faults(SCREEN, "rules: [{name: R, when: lead.*, send: screen}]", "") == []


def test_without_secrets_the_rules_alone_can_be_read() -> None:
    ruleset = load(FULL, lenient=True)
    assert [str(warning) for warning in ruleset.warnings][:2] == [
        (
            "rules.yaml:6:12: `${BOTPENGUIN_TOKEN}` is not set"
            " (set BOTPENGUIN_TOKEN in the environment)"
        ),
        "rules.yaml:15:69: `${CRM_SECRET}` is not set (set CRM_SECRET in the environment)",
    ]
    assert set(ruleset.destinations) == {"sales", "crm"}
    assert len(ruleset.rules) == 2
