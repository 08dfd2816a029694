"""What people who write no programs get wrong in a rules file, and what they are told.

``slips.txt`` has each file with the one line about it: where it is, what is wrong, how to
mend it. Nothing that follows from a mistake is told as another one.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rules_examples import faults, warnings

from notifier.configuration.destinations import kind_names
from notifier.rulesfile.document import read_document
from notifier.rulesfile.nodes import Faults

SLIPS = Path(__file__).with_name("slips.txt").read_text(encoding="utf-8")
ALL_KINDS = ", ".join(kind_names())
SECRETS = {"SLACK": "https://hooks.slack.com/services/T0/B0/x"}
TOLD, WARNED = "told => ", "warned => "
EVERYWHERE = ("no rule listens to", "no rule sends to")


def cases() -> Iterator[object]:
    for block in SLIPS.split("### ")[1:]:
        name, _, rest = block.partition("\n")
        lines = rest.splitlines(keepends=True)
        text = "".join(line for line in lines if not line.startswith((TOLD, WARNED)))
        said = [
            line.rstrip("\n").replace("@kinds@", ALL_KINDS)
            for line in lines
            if line.startswith((TOLD, WARNED))
        ]
        yield pytest.param(text, said, id=name)


@pytest.mark.parametrize(("text", "said"), [*cases()])
def test_a_mistake_is_told_where_it_is_with_its_remedy(text: str, said: list[str]) -> None:
    found = [TOLD + fault for fault in faults(text, secrets=SECRETS)]
    if not found:
        told = [one.replace("rules.yaml", "a.yaml") for one in warnings(text)]
        found = [WARNED + one for one in told if not any(all_ in one for all_ in EVERYWHERE)]
    assert found == said


def test_windows_line_ends_mean_nothing() -> None:
    text = (
        "destinations: {t: {type: console}}\r\nrules:\r\n- {name: R, when: lead.*, send: t}\r\n"
    )
    assert faults(text) == []


@pytest.mark.parametrize(
    "line",
    ["token:{}", "token {}", "secret: a: {}", "secret: @{}", "secret: '{}'s'", "token: a, {}"],
)
def test_what_may_be_a_secret_is_not_quoted(line: str) -> None:
    for text in (
        f"sources:\n  a:\n    {line}\n    bot_id: b\n",
        f"sources: {{a: {{{line}}}}}\n",
    ):
        found = faults(text.replace("{}", "hush-hush"))
        assert found
        assert [fault for fault in found if "hush-hush" in fault] == []


def test_the_warning_on_typographic_quotes_does_not_quote() -> None:
    found = Faults()
    read_document("a.yaml", "token: “hush-hush”\n", lookup=SECRETS.get, faults=found)
    (warning,) = found.warnings()
    assert "typographic quotes" in warning.problem
    assert "hush-hush" not in str(warning)
