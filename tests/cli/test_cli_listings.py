"""``leads``, ``events`` and ``deliveries``: the promised shapes, filters, tables for people."""

import csv
import json
from io import StringIO

import pytest

from notifier.core.outcome import UNRESOLVED, State
from notifier.core.rows import Json
from support.cli_runner import Run
from support.filled import ASHA, BORIS, SOURCE, Filled, ago

DELIVERY_KEYS = [
    *("id", "event_id", "type", "lead", "rule", "destination", "state", "reason"),
    *("attempts", "due_at", "created_at", "delivered_at", "error"),
]


def listed(notifier: Run, *arguments: str) -> list[dict[str, Json]]:
    ended = notifier(*arguments, "--json")
    assert (ended.code, ended.err) == (0, "")
    return [json.loads(line) for line in ended.out.splitlines()]


def test_deliveries_have_exactly_the_promised_fields(notifier: Run, filled: Filled) -> None:
    filled.deliver("sales")
    filled.deliver("crm", state=State.DEAD, error="404 Not Found")
    found = listed(notifier, "deliveries")
    assert all(list(one) == DELIVERY_KEYS for one in found)
    told = [(one["rule"], one["destination"], one["state"]) for one in found]
    assert told == [
        ("New Indian lead", "sales", "delivered"),
        ("New Indian lead", "crm", "dead"),
        ("Any new lead", "ops", "pending"),
        ("Any new lead", "sales", "delivered"),
        ("Any new lead", "ops", "pending"),
        ("Lead closed", "sales", "pending"),
    ]
    sold, dead = found[0], found[1]
    assert sold["delivered_at"] >= sold["due_at"] == sold["created_at"]
    assert (dead["error"], dead["attempts"], dead["delivered_at"]) == ("404 Not Found", 1, None)
    assert {one["lead"] for one in found} == {ASHA, BORIS}


@pytest.mark.usefixtures("filled")
def test_events_are_the_envelopes_consumers_get(notifier: Run) -> None:
    found = listed(notifier, "events")
    assert [(one["type"], one["subject"]) for one in found] == [
        ("lead.created", ASHA),
        ("lead.created", BORIS),
        ("lead.status_changed", ASHA),
    ]
    closed = found[-1]
    assert closed["specversion"] == "1.0"
    assert closed["data"]["changes"] == {"status": {"from": "OPEN", "to": "CLOSED"}}
    assert closed["data"]["lead"]["name"] == "Asha Rao"


def test_leads_come_by_their_last_change(notifier: Run, filled: Filled) -> None:
    filled.lead("63d9ffa77a8d152facbe2f31", name="Chi", updatedAt=None)
    filled.rows["63d9ffa77a8d152facbe2f31"]["updatedAt"] = ago(days=2)
    filled.look()
    found = listed(notifier, "leads")
    assert [one["name"] for one in found] == ["Chi", "Boris", "Asha Rao"]
    assert (found[2]["status"], found[2]["source"]) == ("CLOSED", SOURCE.name)
    assert [one["name"] for one in listed(notifier, "leads", "--since", "1h")] == [
        "Boris",
        "Asha Rao",
    ]


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (("deliveries", "--since", "2h"), 6),
        (("deliveries", "--type", "lead.status_changed"), 1),
        (("deliveries", "--type", "LEAD.created"), 5),
        (("deliveries", "--type", "lead.*"), 6),
        (("deliveries", "--type", "chat.*"), 0),
        (("deliveries", "--lead", BORIS), 2),
        (("deliveries", "--state", "pending"), 6),
        (("deliveries", "--state", "dead"), 0),
        (("deliveries", "--destination", "ops"), 2),
        (("deliveries", "--destination", "ops", "--lead", BORIS, "--limit", "5"), 1),
        (("deliveries", "--limit", "4"), 4),
        (("events", "--type", "lead.created"), 2),
        (("events", "--lead", ASHA), 2),
        (("events", "--state", "pending"), 3),
        (("events", "--state", "skipped"), 0),
        (("leads", "--state", "closed"), 1),
        (("leads", "--lead", BORIS), 1),
        (("leads", "--type", "non-lead"), 0),
        (("leads", "--limit", "1"), 1),
    ],
)
@pytest.mark.usefixtures("filled")
def test_filters_narrow_what_is_listed(
    notifier: Run, arguments: tuple[str, ...], count: int
) -> None:
    assert len(listed(notifier, *arguments)) == count


@pytest.mark.usefixtures("filled")
def test_a_limit_keeps_the_newest(notifier: Run) -> None:
    (last,) = listed(notifier, "events", "--limit", "1")
    assert last["type"] == "lead.status_changed"


def test_old_entries_are_beyond_since(notifier: Run, filled: Filled) -> None:
    with filled.db.transaction():
        filled.db.execute("UPDATE events SET observed_ms = observed_ms - 7300000 WHERE seq = 1")
    assert len(listed(notifier, "events", "--since", "2h")) == 2
    assert len(listed(notifier, "events", "--since", "3h")) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("deliveries", "--state", "ded"), "did you mean `dead`?"),
        (("events", "--type", "lead.creatd"), "did you mean `lead.created`?"),
        (("leads", "--type", "chat"), "there is `lead`, `non-lead`"),
        (("events", "--since", "yesterday"), "`yesterday` is not a duration"),
        (("events", "--limit", "0"), "--limit"),
    ],
)
@pytest.mark.usefixtures("filled")
def test_a_mistyped_filter_is_wrong_usage(
    notifier: Run, arguments: tuple[str, ...], said: str
) -> None:
    ended = notifier(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in " ".join(ended.err.replace("│", " ").split())


def test_tables_fit_a_terminal_and_keep_ids_whole(
    notifier: Run, filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    filled.deliver("crm", state=State.DEAD, error="404 Not Found: " + "no such route " * 9)
    tables = [notifier(name).out for name in ("leads", "events", "deliveries")]
    assert all(len(line) <= 80 for table in tables for line in table.splitlines())
    assert ASHA in tables[0]
    assert "Asha Rao: OPEN → CLOSED" in tables[1]
    (event_id, *_) = [one["id"] for one in listed(notifier, "events")]
    assert event_id in tables[1]


def test_strangers_words_give_a_terminal_no_orders(notifier: Run, filled: Filled) -> None:
    filled.lead(BORIS, name="\x1b]0;owned\x07[red]B\n\u202eoris")
    filled.look()
    assert "[red]B oris" in notifier("leads").out
    assert "\x1b" not in notifier("events").out


def test_a_retry_to_come_is_told(notifier: Run, filled: Filled) -> None:
    filled.deliver("crm", state=State.PENDING, error="503 Service Unavailable")
    with filled.db.transaction():
        filled.db.execute("UPDATE deliveries SET due_ms = due_ms + 90000000 WHERE attempts = 1")
    assert "due " in notifier("deliveries", "--destination", "crm").out


@pytest.mark.parametrize("command", ["leads", "events", "deliveries", "status"])
def test_without_a_database_it_says_so(notifier: Run, command: str) -> None:
    ended = notifier(command)
    assert (ended.code, ended.out) == (1, "")
    assert "there is no database at notifier.db: `notifier run` creates it" in ended.err


def sheet(notifier: Run, *arguments: str) -> list[dict[str, str]]:
    ended = notifier(*arguments, "--csv")
    assert (ended.code, ended.err) == (0, "")
    return [*csv.DictReader(StringIO(ended.out))]


@pytest.mark.usefixtures("filled")
def test_a_spreadsheet_gets_a_column_for_each_value(notifier: Run, filled: Filled) -> None:
    filled.lead(BORIS, _agentAssigned={"_id": "a1", "name": "Asha"})
    filled.rows[BORIS]["profile"]["userDetails"]["tags"] = ["hot", "VIP"]
    filled.look()
    boris = next(one for one in sheet(notifier, "leads") if one["id"] == BORIS)
    assert (boris["name"], boris["tags"], boris["owner"]) == ("Boris", "hot; VIP", "Asha")
    assert [one["what"] for one in sheet(notifier, "events")][:3] == [
        "New lead: Asha Rao, India (lead.created)",
        "New lead: Boris, Nepal (lead.created)",
        "Asha Rao: OPEN → CLOSED (lead.status_changed)",
    ]
    assert list(sheet(notifier, "deliveries")[0]) == DELIVERY_KEYS


@pytest.mark.parametrize("name", ["=1+1", "+491234", "-1", "@SUM(A1)", " =1+1", "\t=1"])
def test_a_strangers_words_are_no_formula(notifier: Run, filled: Filled, name: str) -> None:
    filled.lead(BORIS, name=name, status=name)
    filled.look()
    cells = next(one for one in sheet(notifier, "leads") if one["id"] == BORIS)
    assert cells["name"] == f"'{name.strip()}"


@pytest.mark.usefixtures("filled")
def test_deliveries_tell_whom_they_are_about(notifier: Run) -> None:
    lines = notifier("deliveries").out.splitlines()
    assert "about" in lines[0]
    assert ["Asha Rao" in line or "Boris" in line for line in lines[1:]].count(True) == 6


@pytest.mark.usefixtures("filled")
def test_a_table_in_a_pipe_is_as_wide_as_its_words(
    notifier: Run, filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS")
    error = "404 Not Found: " + "no such route " * 30
    filled.deliver("crm", state=State.DEAD, error=error.strip())
    assert error.strip() in notifier("deliveries").out


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize("never", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"])
def test_what_stands_for_no_time_is_shown_as_none(
    notifier: Run, filled: Filled, monkeypatch: pytest.MonkeyPatch, zone: str, never: str
) -> None:
    monkeypatch.setenv("NOTIFIER_TIMEZONE", zone)
    filled.lead("63d9ffa77a8d152facbe2f31", name="Chi", createdAt=never, lastSeenAt=never)
    filled.rows["63d9ffa77a8d152facbe2f31"]["updatedAt"] = never
    filled.look()
    assert "Chi" in notifier("leads").out
    assert "Chi" in notifier("events").out
    assert notifier("explain", "--lead", "63d9ffa77a8d152facbe2f31").code == 0
    (chi,) = listed(notifier, "leads", "--lead", "63d9ffa77a8d152facbe2f31")
    assert (chi["created_at"], chi["updated_at"], chi["last_seen_at"]) == (None, None, None)
    (event,) = listed(notifier, "events", "--lead", "63d9ffa77a8d152facbe2f31")
    assert event["time"] == event["data"]["observed_at"]


@pytest.mark.parametrize(
    "arguments",
    [("leads",), ("events",), ("deliveries",), ("explain", "--lead", BORIS)],
)
def test_no_listing_hands_a_terminal_what_it_would_obey(
    notifier: Run, filled: Filled, arguments: tuple[str, ...]
) -> None:
    filled.lead(BORIS, name="Bo\x7f\x9b2J\u202eris\u2066\ufeff", status="O\x85\u202ePEN")
    filled.look()
    filled.deliver("sales", state=State.DEAD, error="said \x9b2J\u202e")
    for printed in (notifier(*arguments).out, notifier(*arguments, "--json").out):
        assert not set("\x7f\x85\x9b\u202e\u2066\ufeff") & set(printed)


def test_a_person_reads_why_nobody_was_told_and_a_program_the_reason(
    notifier: Run, filled: Filled
) -> None:
    with filled.db.transaction():
        filled.db.execute(
            "UPDATE deliveries SET state = 'skipped', reason = :reason", {"reason": UNRESOLVED}
        )
    shown = notifier("deliveries").out
    assert "nobody is assigned, or" in shown
    assert "no email or Slack id under `agents:`" in shown
    assert UNRESOLVED not in shown
    assert {one["reason"] for one in listed(notifier, "deliveries")} == {UNRESOLVED}
