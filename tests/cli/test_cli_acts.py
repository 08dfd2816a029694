"""``take``, ``release``, ``snooze``: a person acts, through the command line."""

import json
from pathlib import Path

import pytest

from notifier.core.rows import Json
from notifier.store import acts
from support.cli_runner import Run
from support.filled import ASHA, BORIS, BOT_ID, RULES, Filled, ms
from support.rules import ruleset

AGENT = "631aa793bcfa100487d13d0d"
AGENTS = f"agents:\n  {AGENT}: {{name: Asha Rao, slack: U024BE7LH}}\n"
TELLS = "  - {name: Acts, when: [lead.taken, lead.released, lead.snoozed], send: sales}\n"


@pytest.fixture(autouse=True)
def rules(filled: Filled, tmp_path: Path) -> Filled:
    (tmp_path / "rules" / "rules.yaml").write_text(AGENTS + RULES + TELLS)
    return filled


def events(notifier: Run, kind: str) -> list[dict[str, Json]]:
    out = notifier("events", "--type", kind, "--json").out
    return [json.loads(line) for line in out.splitlines()]


def test_a_lead_is_taken_as_an_agent(notifier: Run) -> None:
    ended = notifier("take", BORIS, "--as", AGENT)
    assert (ended.code, ended.out, ended.err) == (0, "Boris is taken by Asha Rao\n", "")
    (event,) = events(notifier, "lead.taken")
    by = {"agent": AGENT, "name": "Asha Rao", "slack": "U024BE7LH"}
    assert event["data"]["act"] == {"by": by, "through": "cli"}
    assert event["data"]["lead"]["taken_by"] == by | {"at": event["time"]}
    out = notifier("deliveries", "--json").out
    (told,) = [one for one in map(json.loads, out.splitlines()) if one["rule"] == "Acts"]
    assert (told["type"], told["destination"], told["state"]) == (
        "lead.taken",
        "sales",
        "pending",
    )


def test_without_an_agent_it_is_the_command_line(notifier: Run, rules: Filled) -> None:
    assert notifier("take", BORIS).out == "Boris is taken by command line\n"
    (found,) = acts.of_lead(rules.db, f"{BOT_ID}/{BORIS}")
    assert (found.act, found.who, found.through) == ("take", "command line", "cli")


def test_leads_show_who_is_on_them(notifier: Run) -> None:
    notifier("take", BORIS, "--as", "Asha Rao")
    found = {
        one["id"]: one["taken_by"]
        for one in map(json.loads, notifier("leads", "--json").out.splitlines())
    }
    assert found[ASHA] is None
    assert found[BORIS]["agent"] == AGENT
    header, *rows = notifier("leads", "--csv").out.splitlines()
    place = header.split(",").index("taken_by")
    assert sorted(one.split(",")[place] for one in rows) == ["", "Asha Rao"]
    assert "taken by" in notifier("leads").out


def test_the_second_is_told_who_has_it_since_when(notifier: Run) -> None:
    notifier("take", BORIS, "--as", AGENT)
    ended = notifier("take", BORIS)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("Boris is taken by Asha Rao since ")
    again = notifier("take", BORIS, "--as", AGENT)
    assert again.code == 0
    assert again.out.startswith("Boris is taken by Asha Rao already, since ")
    assert len(events(notifier, "lead.taken")) == 1


def test_anybody_may_release(notifier: Run) -> None:
    notifier("take", BORIS, "--as", AGENT)
    assert notifier("release", BORIS).out == (
        "Boris is released by command line: nobody is on it any more (was Asha Rao)\n"
    )
    ended = notifier("release", BORIS)
    assert (ended.code, ended.err) == (1, "nobody is on Boris: there is nothing to release\n")


def test_a_lead_is_snoozed(notifier: Run) -> None:
    assert notifier("snooze", BORIS, "--for", "1h", "--as", AGENT).out == (
        "Boris is snoozed for 1 hour by Asha Rao\n"
    )
    assert notifier("snooze", BORIS, "--for", "1h").out.startswith(
        "Boris is snoozed already, until "
    )
    (event,) = events(notifier, "lead.snoozed")
    assert event["data"]["act"]["until"] > event["time"]


@pytest.mark.parametrize("length", ["0", "soon", "-1h"])
def test_a_snooze_of_no_length_is_wrong_usage(notifier: Run, length: str) -> None:
    assert notifier("snooze", BORIS, "--for", length).code == 2


def test_what_is_not_known_is_not_taken(notifier: Run) -> None:
    ended = notifier("take", "63d9ffa77a8d152facbe2fff")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "no lead 63d9ffa77a8d152facbe2fff is known; `notifier leads` lists them\n"
    )
    assert notifier("take", BORIS, "--as", "").code == 2


def test_an_agent_whom_nobody_described_acts_under_the_id(notifier: Run) -> None:
    ended = notifier("take", BORIS, "--as", "a9")
    assert (ended.code, ended.out) == (0, "Boris is taken by a9\n")
    assert ended.err == "no agent `a9` stands under `agents:`; the id is shown\n"


def test_rules_that_do_not_load_are_told_and_nothing_is_done(
    notifier: Run, rules: Filled, tmp_path: Path
) -> None:
    (tmp_path / "rules" / "rules.yaml").write_text("rules: [")
    assert notifier("take", BORIS).code == 78
    assert acts.of_lead(rules.db, f"{BOT_ID}/{BORIS}") == []


def test_explain_says_where_a_ladder_stands_and_why_it_ended(
    notifier: Run, rules: Filled, tmp_path: Path
) -> None:
    waiting = "  - {name: Waiting, if: {status: OPEN, assignee: null}, for: 15m, send: ops}\n"
    ladder = (
        "  - {name: Waiting, if: {status: OPEN, taken_by: null}, for: 15m, send: ops,"
        " escalate: [{after: 10m, send: sales}, {after: 1d, send: crm}]}\n"
    )
    text = AGENTS + RULES.replace(waiting, ladder)
    (tmp_path / "rules" / "rules.yaml").write_text(text)
    rules.rules = ruleset(text)
    rules.alarm(at_ms=ms() + 20 * 60_000)
    rules.alarm(at_ms=ms() + 40 * 60_000)
    told = " ".join(notifier("explain", "--lead", BORIS).out.split())
    assert "step 2 of 2 of its ladder comes next, at " in told
    step = events(notifier, "lead.overdue")[-1]
    assert step["data"]["overdue"]["step"] == 1
    told = " ".join(notifier("explain", step["id"]).out.split())
    assert "Waiting yes, to sales; now: it holds" in told
    notifier("take", BORIS, "--as", AGENT)
    told = " ".join(notifier("explain", "--lead", BORIS).out.split())
    assert told.startswith("Boris: OPEN, assigned to nobody, taken by Asha Rao")
    assert "its ladder ended after 1 of 2 steps: Asha Rao took it, at " in told
    found = json.loads(notifier("explain", "--lead", BORIS, "--json").out)
    (shape,) = [one["ladder"] for one in found["rules"] if one["rule"] == "Waiting"]
    assert (shape["told"], shape["of"], shape["due_at"]) == (1, 2, None)
    assert shape["ended"] == "Asha Rao took it"


def test_explain_says_that_a_lead_is_snoozed(notifier: Run) -> None:
    notifier("snooze", BORIS, "--for", "2h")
    assert "snoozed until " in notifier("explain", "--lead", BORIS).out
