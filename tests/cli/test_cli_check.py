"""``check`` and ``schema``: everything wrong at once, on stderr, with exit code 78."""

import json
from pathlib import Path

import pytest

from support.cli_runner import Run

DESTINATIONS = """\
destinations:
  screen: {type: console}
  crm: {type: webhook, url: "https://crm.example.com/hook", secret: "${CRM_SECRET}"}
"""
RULES = (
    DESTINATIONS
    + """\
rules:
  - {name: New, when: lead.created, send: [screen, crm]}
  - {name: Trouble, when: [source.down, destination.down, delivery.dead], send: screen}
"""
)
SETTINGS = {"NOTIFIER_TOKEN": "tok", "NOTIFIER_BOT_ID": "b", "NOTIFIER_CUSTOMER_ID": "c"}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "rules.yaml").write_text(RULES)
    return tmp_path / "rules.yaml"


def test_rules_alone_need_neither_settings_nor_secrets(notifier: Run, rules: Path) -> None:
    ended = notifier("check", "--rules", str(rules))
    assert (ended.code, ended.out) == (0, "ok: 2 rules, 2 destinations\n")
    (warning,) = ended.err.splitlines()
    assert warning.startswith(f"warning: {rules}:3:")
    assert "`${CRM_SECRET}` is not set" in warning


@pytest.mark.usefixtures("rules")
def test_every_fault_of_settings_and_rules_comes_at_once(
    notifier: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER_RULES", "rules.yaml")
    monkeypatch.setenv("NOTIFIER_TOKEN", "two words")
    monkeypatch.setenv("NOTIFIER_POLL_INTERVAL", "15")
    ended = notifier("check")
    assert (ended.code, ended.out) == (78, "")
    starts = ["NOTIFIER_TOKEN, from the environment", "NOTIFIER_POLL_INTERVAL, from the"]
    starts += ["rules.yaml:3:", "NOTIFIER_BOT_ID", "NOTIFIER_CUSTOMER_ID"]
    lines = ended.err.splitlines()
    assert [line[: len(start)] for line, start in zip(lines, starts, strict=True)] == starts


def test_missing_settings_are_told_beside_wrong_ones(
    notifier: Run, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER_RULES", str(rules))
    monkeypatch.setenv("CRM_SECRET", "whsec_" + "YWJj" * 8)
    monkeypatch.setenv("NOTIFIER_TOKEN", "two words")
    told = [line.partition(":")[0] for line in notifier("check").err.splitlines()]
    assert told == [
        "NOTIFIER_TOKEN, from the environment",
        "NOTIFIER_BOT_ID",
        "NOTIFIER_CUSTOMER_ID",
    ]


def test_without_any_file_it_tells_all_that_is_missing(notifier: Run) -> None:
    ended = notifier("check")
    assert ended.code == 78
    assert [line.partition(":")[0] for line in ended.err.splitlines()] == [
        "rules",
        "NOTIFIER_TOKEN",
        "NOTIFIER_BOT_ID",
        "NOTIFIER_CUSTOMER_ID",
    ]


@pytest.mark.parametrize("text", ["", "# soon\n", DESTINATIONS, DESTINATIONS + "rules:\n"])
def test_files_without_a_rule_are_refused(notifier: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "rules.yaml").write_text(text)
    ended = notifier("check", "--rules", "rules.yaml")
    assert (ended.code, ended.out) == (78, "")
    assert ended.err == (
        "rules.yaml:1:1: no rule stands here"
        " (write one under `rules:`, or bring back the file as it was)\n"
    )


def test_a_value_that_came_with_its_quotes_is_told_where_the_rules_use_it(
    notifier: Run, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        **SETTINGS,
        "CRM_SECRET": '"hush"',
        "NOTIFIER_RULES": str(rules),
    }.items():
        monkeypatch.setenv(name, value)
    ended = notifier("check")
    assert (ended.code, ended.out) == (78, "")
    assert ended.err == (
        f"{rules}:3:69: CRM_SECRET, from the environment: it is in quotes:"
        " this place takes them literally (write the value alone)\n"
    )


def test_a_mistyped_name_is_told_beside_what_it_leaves_missing(
    notifier: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER_TOKN", "tok-secret")
    ended = notifier("check")
    assert "warning: NOTIFIER_TOKN, from the environment: no such setting" in ended.err
    assert "did you mean NOTIFIER_TOKEN?" in ended.err
    assert "tok-secret" not in ended.err


def test_rules_that_name_sources_ask_for_no_settings_even_when_wrong(
    notifier: Run, tmp_path: Path
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text("sources: {}\nrulez: []\n")
    ended = notifier("check")
    assert ended.code == 78
    assert "NOTIFIER_" not in ended.err


def test_trouble_that_nobody_would_hear_of_is_warned_about(
    notifier: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text(
        "destinations: {screen: {type: console}}\n"
        "rules: [{name: Down, when: source.down, send: screen}]\n"
    )
    monkeypatch.setenv("NOTIFIER_TIMEZONE", "Asia/Kolkata")
    ended = notifier("check")
    assert (ended.code, ended.out) == (
        0,
        "ok: 1 rule, 1 destination; sources: default; times in Asia/Kolkata\n",
    )
    (warning,) = ended.err.splitlines()
    assert warning.startswith(
        "warning: rules: no rule listens to destination.down, delivery.dead"
    )


def test_what_destinations_lack_is_told_beside_what_sources_lack(
    notifier: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER_RULES", "rules.yaml")
    monkeypatch.setenv("NOTIFIER_SMTP_URL", "smtp://me:hunter2@mail.example.com:port")
    monkeypatch.setenv("NOTIFIER_SMTP_FROM", "notifier@example.com")
    (tmp_path / "rules.yaml").write_text(
        "destinations:\n"
        "  team: {type: slack, channel: '#sales'}\n"
        "  boss: {type: email, to: boss@example.com}\n"
        "rules: [{name: New, when: lead.created, send: [team, boss]}]\n"
    )
    ended = notifier("check")
    assert ended.code == 78
    told = [line.partition(":")[0] for line in ended.err.splitlines()]
    assert told == [
        "NOTIFIER_SMTP_URL, from the environment",
        "destinations.team",
        "NOTIFIER_TOKEN",
        "NOTIFIER_BOT_ID",
        "NOTIFIER_CUSTOMER_ID",
    ]
    assert "hunter2" not in ended.err


def test_the_schema_is_json_that_names_every_section(notifier: Run) -> None:
    described = json.loads(notifier("schema").out)
    assert {"sources", "destinations", "rules"} <= set(described["properties"])


def test_a_mail_servers_url_is_told_how_to_be_written(
    notifier: Run, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (SETTINGS | {"NOTIFIER_RULES": str(rules)}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CRM_SECRET", "whsec_" + "YWJj" * 8)
    monkeypatch.setenv("NOTIFIER_SMTP_URL", "smtp://u:hun/ter#2@mail.example.com:587")
    (told,) = (notifier("check")).err.splitlines()
    assert told.startswith("NOTIFIER_SMTP_URL, from the environment: percent-encode / ? #")
    assert "hun" not in told
    monkeypatch.setenv("NOTIFIER_SMTP_URL", "smtp://u:p@mail.example.com:465")
    ended = notifier("check")
    assert ended.code == 0
    assert ended.err == (
        "warning: NOTIFIER_SMTP_URL, from the environment:"
        " port 465 speaks TLS from the start: write smtps://\n"
    )


@pytest.mark.parametrize(
    ("tz", "zone"), [("IST-5:30", "IST-5:30"), (":Asia/Kolkata", "Asia/Kolkata")]
)
def test_the_zone_of_the_process_is_the_one_of_date(
    notifier: Run, rules: Path, monkeypatch: pytest.MonkeyPatch, tz: str, zone: str
) -> None:
    for name, value in {**SETTINGS, "CRM_SECRET": "whsec_" + "YWJj" * 8, "TZ": tz}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NOTIFIER_RULES", str(rules))
    ended = notifier("check")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith(f"; times in {zone}\n")


def test_a_zone_that_cannot_be_told_is_a_warning(
    notifier: Run, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**SETTINGS, "CRM_SECRET": "whsec_" + "YWJj" * 8, "TZ": "IST"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NOTIFIER_RULES", str(rules))
    ended = notifier("check")
    assert (ended.code, ended.out.partition("times in ")[2]) == (0, "UTC\n")
    assert ended.err == (
        "warning: NOTIFIER_TIMEZONE: the host's time zone cannot be told, UTC is used:"
        " set NOTIFIER_TIMEZONE (TZ is `IST`; write for example `Asia/Kolkata`)\n"
    )
