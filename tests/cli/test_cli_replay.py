"""``replay``: past events, today's rules, the same event ids, new deliveries."""

import json
from pathlib import Path

import pytest

from notifier.core.destination_state import DestinationState, Health
from notifier.core.rows import Json
from notifier.store import acts, claims, destinations, registry
from notifier.store.pages_deliveries import NEWEST
from support.cli_runner import Run
from support.filled import ASHA, BORIS, RULES, Filled, ms


def sent_to(notifier: Run, destination: str) -> list[dict[str, Json]]:
    ended = notifier("deliveries", "--destination", destination, "--json")
    return [json.loads(line) for line in ended.out.splitlines()]


def test_the_same_events_go_out_again_under_the_same_ids(notifier: Run, filled: Filled) -> None:
    filled.deliver("crm")
    ended = notifier("replay", "--since", "2h", "--destination", "crm")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "3 past events: 1 new delivery to crm\n"
    first, again = sent_to(notifier, "crm")
    assert first["event_id"] == again["event_id"]
    assert (first["state"], again["state"], again["attempts"]) == ("delivered", "pending", 0)
    with filled.db.transaction():
        ((claimed,),) = claims.claim(filled.db, "crm", now_ms=ms(), limit=9)
    assert claimed.id == again["id"]


def test_it_stands_among_the_acts_unless_nothing_was_sent(
    notifier: Run, filled: Filled
) -> None:
    filled.deliver("crm")
    for more in (("--dry-run",), (), ()):  # the last finds what waits already
        notifier("replay", "--since", "2h", "--destination", "crm", *more)
    (act,) = acts.newest(filled.db, before=NEWEST, limit=9)
    assert (act.act, act.target, act.count) == ("replay", "destination crm", 1)
    assert (act.who, act.through) == ("command line", "cli")


def test_the_rules_of_today_decide(notifier: Run, filled: Filled, tmp_path: Path) -> None:
    filled.deliver("crm")
    (tmp_path / "rules" / "rules.yaml").write_text(
        RULES.replace("if: {country: India}", "if: {country: Nepal}")
    )
    notifier("replay", "--since", "2h", "--destination", "crm")
    assert [one["lead"] for one in sent_to(notifier, "crm")] == [ASHA, BORIS]


def test_what_waits_already_and_what_is_older_is_left_alone(
    notifier: Run, filled: Filled
) -> None:
    ended = notifier("replay", "--since", "2h", "--destination", "ops")
    assert ended.out == "3 past events: 0 new deliveries to ops\n"
    assert ended.err == "2 are left alone: they wait already\n"
    filled.deliver("ops")
    with filled.db.transaction():
        filled.db.execute("UPDATE events SET observed_ms = observed_ms - 7300000 WHERE seq = 1")
    ended = notifier("replay", "--since", "2h", "--destination", "ops")
    assert ended.out == "2 past events: 1 new delivery to ops\n"


def test_mutes_hold_for_replays_too(notifier: Run, filled: Filled) -> None:
    filled.deliver("crm")
    notifier("mute", "New Indian lead", "--for", "1h")
    ended = notifier("replay", "--since", "2h", "--destination", "crm")
    assert ended.out == "3 past events: 0 new deliveries to crm\n"
    assert ended.err == "1 skipped: muted\n"
    assert [one["reason"] for one in sent_to(notifier, "crm")] == [None, "muted"]


def test_the_forgotten_are_not_replayed(notifier: Run, filled: Filled) -> None:
    filled.deliver("ops")
    notifier("forget", ASHA)
    notifier("replay", "--since", "2h", "--destination", "ops")
    assert [one["lead"] for one in sent_to(notifier, "ops")] == [None, BORIS, BORIS]


def test_a_destination_that_cannot_send_is_told_of(notifier: Run, filled: Filled) -> None:
    filled.deliver("crm")
    with filled.db.transaction():
        destinations.set_state(filled.db, "crm", DestinationState(health=Health.DISABLED))
    ended = notifier("replay", "--since", "2h", "--destination", "crm")
    assert ended.code == 0
    assert ended.err == "crm is disabled: `notifier status` says more\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--since", "2h", "--destination", "cmr"), "did you mean `crm`?"),
        (("--since", "2", "--destination", "crm"), "`2` is not a duration"),
        (("--since", "2h"), "--destination"),
    ],
)
@pytest.mark.usefixtures("filled")
def test_what_is_mistyped_is_wrong_usage(
    notifier: Run, arguments: tuple[str, ...], words: str
) -> None:
    ended = notifier("replay", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err


def test_a_destination_that_nobody_serves_yet_is_refused(notifier: Run, filled: Filled) -> None:
    with filled.db.transaction():
        registry.set_active(filled.db, watched={}, destinations={"ops": "console"}, rules=())
    ended = notifier("replay", "--since", "2h", "--destination", "crm")
    assert ended.code == 2
    assert "crm is not in force: let `run` load the rules first" in ended.err
