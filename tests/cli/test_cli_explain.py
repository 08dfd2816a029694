"""``explain``: which key failed with which value, who claimed it, what became of it."""

import json
from pathlib import Path

import pytest

from notifier.core.events import decode
from notifier.core.outcome import State
from notifier.core.rows import Json
from notifier.store.browse import Wanted, event_bodies
from support.cli_runner import Run
from support.filled import ASHA, BORIS, Filled, ago, ms

TUESDAY = "2026-03-03"


def event_id(filled: Filled, lead: str, kind: str) -> str:
    wanted = Wanted(lead=lead, types=(kind,))
    return decode(event_bodies(filled.db, wanted)[-1]).id


def rules_of(notifier: Run, *arguments: str) -> dict[str, dict[str, Json]]:
    ended = notifier("explain", *arguments, "--json")
    assert (ended.code, ended.err) == (0, "")
    return {one["rule"]: one for one in json.loads(ended.out)["rules"]}


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_each_rule_says_why_it_matched_or_did_not(notifier: Run, filled: Filled) -> None:
    filled.deliver("sales")
    told = lines(notifier("explain", event_id(filled, BORIS, "lead.created")).out)
    assert told[0] == "New lead: Boris, Nepal (lead.created)"
    assert "New Indian lead no: country must be India, and was Nepal" in told
    assert "Any new lead yes, to sales; ops" in told
    assert "Lead closed no: it waits for lead.status_changed" in told
    assert "Asleep no: it is disabled" in told
    (waiting,) = [line for line in told if line.startswith("Waiting")]
    assert waiting.startswith("Waiting it has held since ")
    assert "; it alarms after 15m, at " in waiting
    assert any(line.startswith("4 ") and " delivered sales " in line for line in told)


def test_who_claimed_a_destination_first_is_named(notifier: Run, filled: Filled) -> None:
    told = lines(notifier("explain", event_id(filled, ASHA, "lead.created")).out)
    assert "New Indian lead yes, to sales; crm" in told
    assert "Any new lead yes, to ops; `New Indian lead` had claimed sales before" in told


@pytest.mark.usefixtures("filled")
def test_a_lead_is_explained_by_its_newest_events(notifier: Run) -> None:
    told = lines(notifier("explain", "--lead", ASHA).out)
    assert told[0] == "Asha Rao: CLOSED, assigned to nobody"
    (closed,) = [line for line in told if line.startswith("Lead closed lead.status_changed")]
    assert closed.endswith("yes, to sales")
    assert "Waiting no: status must be OPEN, and was CLOSED (for 15m)" in told


def test_json_gives_key_wanted_and_seen(notifier: Run, filled: Filled) -> None:
    found = rules_of(notifier, event_id(filled, BORIS, "lead.created"))
    indian = found["New Indian lead"]
    assert (indian["result"], indian["key"], indian["wanted"], indian["seen"]) == (
        *("failed", "country", "India"),
        "Nepal",
    )
    assert [one["name"] for one in found["Any new lead"]["destinations"]] == ["sales", "ops"]
    assert found["Waiting"]["result"] == "waits"
    assert found["Waiting"]["timer"]["due_at"] > found["Waiting"]["timer"]["since"]
    claimed = rules_of(notifier, event_id(filled, ASHA, "lead.created"))["Any new lead"]
    assert claimed["claimed_before"] == {"sales": "New Indian lead"}


@pytest.mark.usefixtures("filled")
def test_one_rule_and_its_deliveries_can_be_picked(notifier: Run) -> None:
    ended = notifier("explain", "--lead", ASHA, "--rule", "lead CLOSED", "--json")
    told = json.loads(ended.out)
    assert [one["rule"] for one in told["rules"]] == ["Lead closed"]
    assert [one["rule"] for one in told["deliveries"]] == ["Lead closed"]
    assert told["lead"]["name"] == "Asha Rao"


def test_it_goes_by_the_rules_on_disk(notifier: Run, filled: Filled, tmp_path: Path) -> None:
    rules = tmp_path / "rules" / "rules.yaml"
    rules.write_text(
        "destinations: {ops: {type: console}}\nrules:\n"
        "- {name: Rich, when: lead.created, if: {attributes.Budget: {gt: 5}}, send: ops}\n"
        "- {name: Either, when: lead.created, if: {any: [{city: A}, {city: B}]}, send: ops}\n"
        "- {name: Held, if: {status: OPEN}, for: 1h, send: ops}\n"
        "- {name: Chats, if: {status: OPEN}, for: 1h, send: ops, enabled: false}\n"
    )
    told = lines(notifier("explain", event_id(filled, BORIS, "lead.created")).out)
    assert "Rich no: attributes.Budget must be {gt: 5}, and was empty" in told
    assert any(line.startswith("Either no: any [") for line in told)
    assert any(
        line.startswith("Held it holds, but no clock runs towards 1h: ") for line in told
    )
    assert "Chats no: it is disabled" in told


def test_what_a_rule_does_outside_its_window_is_told(
    notifier: Run, filled: Filled, tmp_path: Path
) -> None:
    (tmp_path / "rules" / "rules.yaml").write_text(
        "destinations: {ops: {type: console}}\n"
        "windows: {never: {days: mon, hours: '00:00-00:01'}}\nrules:\n"
        "- {name: Drop, when: lead.created, send: ops, only: never, outside: drop}\n"
        "- {name: Hold, when: lead.created, send: ops, only: never}\n"
    )
    with filled.db.transaction():
        filled.db.execute(
            "UPDATE events SET body = replace(body, :old, :new)",
            {"old": ago()[:10], "new": TUESDAY},
        )
    told = lines(notifier("explain", event_id(filled, BORIS, "lead.created")).out)
    assert "Drop yes, to ops (dropped: outside the rule's window)" in told
    assert any(line.startswith("Hold yes, to ops (held until ") for line in told)


def test_an_overdue_alert_is_explained_by_its_own_rule(notifier: Run, filled: Filled) -> None:
    filled.alarm(at_ms=ms(minutes=-16))
    told = lines(notifier("explain", event_id(filled, BORIS, "lead.overdue")).out)
    (waiting,) = [line for line in told if line.startswith("Waiting ")]
    assert waiting.startswith("Waiting yes, to ops; now: it holds, but no clock runs")


def test_a_lead_that_never_had_an_event_says_so(notifier: Run, filled: Filled) -> None:
    with filled.db.transaction():
        filled.db.execute("DELETE FROM deliveries")
        filled.db.execute("DELETE FROM events")
    ended = notifier("explain", "--lead", BORIS)
    assert ended.code == 0
    assert "No event of this lead is stored: the first full walk found it" in ended.out
    assert "No delivery was made." in ended.out


def test_what_cannot_be_explained_says_why(notifier: Run, filled: Filled) -> None:
    unknown = notifier("explain", "evt_unknown")
    assert (unknown.code, unknown.out) == (1, "")
    assert unknown.err == "no event evt_unknown is stored; `notifier events` lists them\n"
    assert "no lead nobody is known" in notifier("explain", "--lead", "nobody").err
    created = event_id(filled, ASHA, "lead.created")
    notifier("forget", ASHA)
    gone = notifier("explain", created)
    assert gone.code == 1
    assert gone.err == f"event {created} was about somebody who is forgotten\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give an event's id, or --lead ID"),
        (("evt_1", "--lead", ASHA), "give an event's id, or --lead ID"),
        (("evt_1", "--rule", "Lead closd"), "did you mean `Lead closed`?"),
    ],
)
@pytest.mark.usefixtures("filled")
def test_what_is_mistyped_is_wrong_usage(
    notifier: Run, arguments: tuple[str, ...], words: str
) -> None:
    ended = notifier("explain", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err


def test_broken_rules_are_named_with_their_faults(
    notifier: Run, filled: Filled, tmp_path: Path
) -> None:
    (tmp_path / "rules" / "rules.yaml").write_text("rulez: []\n")
    for arguments in (
        ("explain", event_id(filled, ASHA, "lead.created")),
        ("replay", "--since", "1h", "--destination", "ops"),
    ):
        ended = notifier(*arguments)
        assert (ended.code, ended.out) == (78, "")
        first, fault = ended.err.splitlines()
        assert first == "the rules on disk do not load, and this command needs them:"
        assert fault.startswith("rules/rules.yaml:1:1: ")


def test_dead_deliveries_show_their_error(notifier: Run, filled: Filled) -> None:
    filled.deliver("crm", state=State.DEAD, error="404 Not Found")
    ended = notifier("explain", event_id(filled, ASHA, "lead.created"))
    assert "404 Not Found" in ended.out
