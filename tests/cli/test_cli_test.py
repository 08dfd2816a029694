"""``test``: rule tests beside the rules, without network or settings."""

import json
from pathlib import Path

import pytest

from support.cli_runner import Run

RULES = """\
destinations:
  screen: {type: console}
  crm: {type: webhook, url: "https://crm.example.com/hook", secret: "${CRM_SECRET}"}
rules:
  - {name: New, when: lead.created, if: {country: India}, send: [screen, crm]}
"""
TESTS = """\
tests:
  - name: a lead from India
    at: 2026-03-02T10:00+05:30
    lead: {name: Asha, country: India}
    steps: [{expect: [{rule: New, to: [screen, crm], says: Asha}]}]
"""
FAILING = """\
tests:
  - name: a lead from Nepal
    at: 2026-03-02T10:00+05:30
    lead: {name: Asha, country: India}
    steps:
      - after: 1m
        expect: [{rule: New, to: crm}]
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "rules.yaml").write_text(RULES)
    (folder / "rules.test.yaml").write_text(TESTS)
    return folder


@pytest.mark.usefixtures("rules")
def test_the_tests_beside_the_rules_run_without_settings(notifier: Run) -> None:
    ended = notifier("test")
    assert (ended.code, ended.out, ended.err) == (
        0,
        "ok    a lead from India\n1 test passed\n",
        "",
    )


@pytest.mark.parametrize("place", ["rules", "rules/rules.yaml", "rules/rules.test.yaml"])
@pytest.mark.usefixtures("rules")
def test_a_path_is_a_folder_a_rules_file_or_a_test_file(notifier: Run, place: str) -> None:
    assert notifier("test", place).out.endswith("1 test passed\n")


def test_the_setting_says_where_the_rules_are(
    notifier: Run, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER_RULES", str(rules.rename(rules.with_name("elsewhere"))))
    assert notifier("test").code == 0


def test_a_failing_test_shows_what_was_expected_and_what_was_sent(
    notifier: Run, rules: Path
) -> None:
    (rules / "rules.test.yaml").write_text(FAILING)
    ended = notifier("test")
    assert ended.code == 1
    assert ended.out == (
        "FAIL  a lead from Nepal (rules/rules.test.yaml:2:5)\n"
        "      step 1, at 2026-03-02 10:01:00+05:30 (rules/rules.test.yaml:6:9)\n"
        "      + sent      10:00:00  New → screen: New lead: Asha, India\n"
        "        as told   10:00:00  New → crm: lead.created\n"
        "1 of 1 test failed\n"
    )


def test_programs_get_an_object_a_test(notifier: Run, rules: Path) -> None:
    (rules / "other.test.yaml").write_text(FAILING)
    ended = notifier("test", "--json")
    failed, passed = map(json.loads, ended.out.splitlines())
    assert (ended.code, passed["passed"], failed["passed"]) == (1, True, False)
    assert failed["failure"]["surplus"][0] == {
        "at": "2026-03-02T10:00:00+05:30",
        "rules": ["New"],
        "to": "screen",
        "title": "New lead: Asha, India",
    }


def test_a_test_file_may_name_the_rules_files_it_is_about(notifier: Run, rules: Path) -> None:
    (rules / "more.yaml").write_text(
        "rules: [{name: All, when: lead.created, send: second}]\n"
        "destinations: {second: {type: console}}\n"
    )
    assert notifier("test").code == 1
    (rules / "rules.test.yaml").write_text("rules: rules.yaml\n" + TESTS)
    assert notifier("test").code == 0


def test_mistakes_in_rules_and_tests_come_at_once(notifier: Run, rules: Path) -> None:
    (rules / "rules.yaml").write_text("rulez: []\n")
    (rules / "rules.test.yaml").write_text("tests:\n  - {name: x, stps: []}\n")
    ended = notifier("test")
    assert (ended.code, ended.out) == (78, "")
    assert [line.partition(": ")[0] for line in ended.err.splitlines()] == [
        "rules/rules.yaml:1:1",
        "rules/rules.test.yaml:2:5",
        "rules/rules.test.yaml:2:15",
    ]


def test_no_test_at_all_is_no_success(notifier: Run, rules: Path) -> None:
    (rules / "rules.test.yaml").unlink()
    ended = notifier("test")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("there is no rule test here")
