"""``status``: one screen that says what works, what waits, and what needs a person."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from notifier.core.destination_state import DestinationState, Health
from notifier.core.outcome import State
from notifier.store import (
    destinations,
    ladders,
    listings,
    mutes,
    outlooks,
    registry,
    service_state,
    sources,
)
from notifier.store.health import MuteTarget
from notifier.store.ladders import Ladder
from notifier.store.outlooks import Outlook
from notifier.store.sqlite import Sqlite
from support.cli_runner import Run
from support.filled import ASHA, BORIS, BOT_ID, Filled, ms

INSTALLED = Path(sys.executable).with_name("notifier")


@pytest.fixture
def _running(tmp_path: Path) -> Iterator[None]:
    """The service has the database."""
    with Sqlite(tmp_path / "notifier.db").lock():
        yield


runs = pytest.mark.usefixtures("_running")


@runs
def test_when_all_is_well_it_says_so(notifier: Run, filled: Filled) -> None:
    for name in ("sales", "ops", "crm", "sales"):
        filled.deliver(name)
    ended = notifier("status")
    assert (ended.code, ended.err) == (0, "")
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert lines[0] == "It works."
    assert "website up 0 seconds ago 2 2 updated-desc 0" in lines
    assert "A change is seen within 15 seconds." in lines
    assert "crm webhook up 0 0" in lines
    assert "Queue: 0 waiting; 0 dead. Timers: 1." in lines
    assert "Rules in force since 2 Mar 10:00." in lines
    assert "What to do:" not in lines


@runs
def test_json_has_exactly_the_promised_shape(notifier: Run, filled: Filled) -> None:
    filled.deliver("crm", state=State.DEAD, error="404 Not Found")
    until_ms = ms(hours=-2)
    with filled.db.transaction():
        mutes.mute(filled.db, MuteTarget.DESTINATION, "ops", until_ms=until_ms)
        sources.quarantine(filled.db, BOT_ID, "lead", [(b"1", "no _id")], at_ms=1)
    ended = notifier("status", "--json")
    assert ended.code == 0
    told = json.loads(ended.out)
    (website,) = told["sources"]
    assert list(website) == [
        *("name", "state", "reason", "last_success", "lag_s"),
        *("order", "leads", "pages", "quarantined", "sees_within_s"),
    ]
    assert website["sees_within_s"] == {"median": 15.0, "p90": 15.0}
    assert 0 <= website["lag_s"] < 60
    assert (website["leads"], website["pages"], website["quarantined"]) == (2, 2, 1)
    assert told["queue"]["pending"] == 5
    assert told["queue"]["dead"] == 1
    assert told["queue"]["oldest_due_at"].endswith("Z")
    assert told["destinations"] == [
        {"name": "crm", "type": "webhook", "state": "up", "reason": None}
        | {"pending": 0, "dead": 1},
        {"name": "ops", "type": "console", "state": "muted", "reason": told_until(told)}
        | {"pending": 2, "dead": 0},
        {"name": "sales", "type": "console", "state": "up", "reason": None}
        | {"pending": 3, "dead": 0},
    ]
    assert told["timers"] == 1
    assert told["rules"] == {"loaded_at": "2026-03-02T04:30:00.000Z", "refused": None}


@runs
def test_steps_of_ladders_to_come_are_timers_too(notifier: Run, filled: Filled) -> None:
    climbing = Ladder(
        rule="Waits", bot_id=BOT_ID, lead_id=ASHA, since_ms=0, first_ms=0, due_ms=1
    )
    with filled.db.transaction():
        ladders.begin(filled.db, climbing)
        ladders.begin(filled.db, replace(climbing, lead_id=BORIS, due_ms=None))
    assert json.loads(notifier("status", "--json").out)["timers"] == 2


def told_until(told: dict[str, list[dict[str, str]]]) -> str:
    (mute,) = told["mutes"]
    assert (mute["kind"], mute["name"]) == ("destination", "ops")
    return f"until {mute['until']}"


@runs
def test_where_the_order_hides_changes_it_says_how_long_they_wait(
    notifier: Run, filled: Filled
) -> None:
    known = Outlook(turn_ms=700, median_ms=40_000, p90_ms=150_000)
    with filled.db.transaction():
        listings.set_order(filled.db, BOT_ID, "lead", "created-desc")
        outlooks.keep(filled.db, BOT_ID, "lead", known)
    said = notifier("status").out.splitlines()
    assert "A change is seen after about 40 seconds, nine of ten within 3 minutes." in said
    (website,) = json.loads(notifier("status", "--json").out)["sources"]
    assert website["sees_within_s"] == {"median": 40.0, "p90": 150.0}


@runs
def test_trouble_comes_with_what_to_do_and_exit_code_1(notifier: Run, filled: Filled) -> None:
    filled.deliver("crm", state=State.DEAD, error="404 Not Found")
    filled.park("ops", "not in the channel", "invite the app: /invite @notifier")
    gone = DestinationState(health=Health.DISABLED, reason="410 Gone")
    refused = "rules.yaml:3:5: no such key `sedn` (did you mean `send`?)"
    with filled.db.transaction():
        destinations.set_state(filled.db, "crm", gone)
        sources.set_state(filled.db, BOT_ID, "down", "401 Unauthorized", "renew NOTIFIER_TOKEN")
        service_state.rules(filled.db, loaded_at=None, refused=refused)
    ended = notifier("status")
    assert ended.code == 1
    assert ended.out.startswith("5 things need you; see the end.\n")
    told = ended.out.partition("What to do:\n")[2]
    assert told == (
        "- source website is down: 401 Unauthorized\n  renew NOTIFIER_TOKEN\n"
        "- the rules on disk are not in force, older ones are\n"
        f"  mend these faults, then reload (SIGHUP):\n    {refused}\n"
        "- destination crm is disabled: 410 Gone\n"
        "  `notifier destinations enable crm` once it works\n"
        "- 1 dead delivery to crm\n"
        "  why: `notifier deliveries --state dead --destination crm`;"
        " again: `notifier retry --dead --destination crm`\n"
        "- destination ops is parked, 2 waiting: not in the channel\n"
        "  invite the app: /invite @notifier; then it is tried again now; "
        "at once: `notifier destinations enable ops`\n"
    )


@runs
def test_a_destination_is_muted_as_long_as_it_is_not_as_its_namesake_rule(
    notifier: Run, filled: Filled
) -> None:
    with filled.db.transaction():
        mutes.mute(filled.db, MuteTarget.RULE, "ops", until_ms=ms(hours=-1))
        mutes.mute(filled.db, MuteTarget.DESTINATION, "ops", until_ms=ms(hours=-30))
    lines = [" ".join(line.split()) for line in notifier("status").out.splitlines()]
    (row,) = (line for line in lines if line.startswith("ops console muted"))
    (until,) = (line for line in lines if line.startswith("Muted: destination ops, "))
    assert f"Muted: destination ops, {row.partition('2 0 ')[2]}." == until


def test_a_service_that_does_not_run_is_told_first(notifier: Run, filled: Filled) -> None:
    filled.deliver("sales")
    ended = notifier("status")
    assert ended.code == 1
    first, _, *rest = ended.out.splitlines()
    database = filled.path.absolute()
    sentence = f"no service runs on {database}: no lead is seen, and nothing is sent"
    assert first == f"It does not run: {sentence}."
    assert f"- {sentence}" in rest
    assert notifier("status", "--json").code == 0


def test_a_service_that_does_not_run_shows_as_a_stale_poll(
    notifier: Run, filled: Filled
) -> None:
    with filled.db.transaction():
        sources.succeeded(filled.db, BOT_ID, at_ms=ms(hours=3))
    ended = notifier("status")
    assert ended.code == 1
    assert "source website had no good poll for 3 hours\n" in ended.out
    assert "is `notifier run` running?" in ended.out


@runs
def test_bad_records_are_told_but_no_emergency_and_dead_deliveries_are_one(
    notifier: Run, filled: Filled
) -> None:
    with filled.db.transaction():
        sources.quarantine(filled.db, BOT_ID, "lead", [(b"1", "no _id")], at_ms=1)
    ended = notifier("status")
    assert ended.code == 0
    assert ended.out.startswith("It works; see the end.\n")
    assert "\nWorth knowing:\n- 1 bad record was set aside of website\n" in ended.out
    assert "What to do:" not in ended.out
    filled.deliver("crm", state=State.DEAD, error="404 Not Found")
    ended = notifier("status")
    assert ended.code == 1
    assert "- 1 dead delivery to crm\n" in ended.out


@runs
def test_an_order_that_hides_changes_is_explained(notifier: Run, filled: Filled) -> None:
    with filled.db.transaction():
        listings.set_order(filled.db, BOT_ID, "lead", "created-desc")
        listings.finish_full_walk(filled.db, BOT_ID, "lead", at_ms=1, pages=30)
    ended = notifier("status")
    assert ended.code == 0
    assert "lead listing of website is not newest change first (created-desc)" in ended.out


@runs
def test_what_the_rules_no_longer_name_is_gone_or_marked(notifier: Run, filled: Filled) -> None:
    filled.deliver("crm", state=State.DEAD, error="404 Not Found")
    filled.deliver("ops")
    with filled.db.transaction():
        registry.set_active(filled.db, watched={}, destinations={"sales": "console"}, rules=[])
    told = json.loads(notifier("status", "--json").out)
    assert told["sources"] == []
    assert [(one["name"], one["type"]) for one in told["destinations"]] == [
        ("crm", None),
        ("sales", "console"),
    ]
    screen = notifier("status")
    assert screen.code == 1
    assert "nothing was polled yet" in screen.out
    assert "(removed)" in screen.out


@runs
def test_it_needs_neither_rules_nor_secrets_nor_a_right_token(
    notifier: Run, filled: Filled, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    filled.deliver("sales")
    (tmp_path / "rules" / "rules.yaml").write_text("rulez: [}")
    monkeypatch.setenv("NOTIFIER_TOKEN", "two words")
    ended = notifier("status")
    assert ended.code == 0
    assert ended.err.startswith("warning: NOTIFIER_TOKEN, from the environment: ")
    assert "two words" not in ended.err


@pytest.mark.parametrize(
    "command", ["status", "deliveries", "destinations", "retry", "mute", "forget"]
)
def test_looking_loads_no_destination(command: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", INSTALLED, command, "--help"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "notifier.store.opening" in shown.stderr
    loaded = [line.rpartition("|")[2].strip() for line in shown.stderr.splitlines()]
    heavy = {"httpx", "aiohttp", "slack_sdk", "aiosmtplib", "ruamel.yaml"}
    assert heavy.isdisjoint(loaded)


@runs
def test_the_screen_fits_a_terminal(
    notifier: Run, filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    filled.park("ops", "the channel #sales-leads-of-the-whole-company is archived " * 2, "")
    tables = notifier("status").out.partition("What to do")[0]
    assert all(len(line) <= 80 for line in tables.splitlines())


def test_status_says_what_delivered_means(filled: Filled, notifier: Run) -> None:
    with filled.db.transaction():
        registry.set_active(
            filled.db,
            watched={},
            destinations={"bus": "nats"},
            rules=(),
            meanings={"nats": "the JetStream stream has it"},
        )
    assert "Delivered (nats) means: the JetStream stream has it." in notifier("status").out
