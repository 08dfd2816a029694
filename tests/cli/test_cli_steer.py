"""``retry``, ``destinations``, ``mute``: decided by a person, read by the service."""

import json

import pytest

from notifier.core.destination_state import DestinationState, Health
from notifier.core.outcome import Outcome, State
from notifier.core.rows import Json
from notifier.store import claims, destinations, expiry, mutes, outbox, registry
from notifier.store.claims import Claimed
from support.cli_runner import Run
from support.filled import ASHA, Filled, ms


def listed(notifier: Run, *arguments: str) -> list[dict[str, Json]]:
    return [json.loads(line) for line in notifier(*arguments, "--json").out.splitlines()]


def claim(filled: Filled, destination: str) -> list[tuple[Claimed, ...]]:
    with filled.db.transaction():
        return claims.claim(filled.db, destination, now_ms=ms(), limit=9)


def said(text: str) -> str:
    return " ".join(text.replace("│", " ").split())


def test_a_retried_delivery_starts_over_and_keeps_its_error(
    notifier: Run, filled: Filled
) -> None:
    filled.deliver("crm", state=State.DEAD, error="404 Not Found")
    with filled.db.transaction():
        filled.db.execute("UPDATE deliveries SET attempts = 10, planned_ms = 1 WHERE id = 2")
    before_ms = ms()
    ended = notifier("retry", "2")
    assert (ended.code, ended.out, ended.err) == (0, "1 delivery is due now\n", "")
    (found,) = listed(notifier, "deliveries", "--destination", "crm")
    assert (found["state"], found["attempts"], found["error"]) == (
        "pending",
        0,
        "404 Not Found",
    )
    planned_ms, due_ms = filled.db.execute(
        "SELECT planned_ms, due_ms FROM deliveries WHERE id = 2"
    ).fetchone()
    assert before_ms <= planned_ms == due_ms <= ms()
    ((claimed,),) = claim(filled, "crm")
    assert claimed.id == 2


def test_an_attempt_under_way_cannot_end_what_was_retried(
    notifier: Run, filled: Filled
) -> None:
    ((claimed,),) = claim(filled, "crm")
    with filled.db.transaction():
        expiry.expire_removed(filled.db, ["sales", "ops"])
    assert notifier("retry", str(claimed.id)).code == 0
    delivered = Outcome(state=State.DELIVERED, attempts=1, at_ms=ms())
    with filled.db.transaction():
        recorded = outbox.record(
            filled.db, claimed, delivered, accepted=frozenset(), note="", now_ms=ms()
        )
    assert not recorded


def test_what_cannot_be_retried_is_told_one_by_one(notifier: Run, filled: Filled) -> None:
    filled.deliver("crm", state=State.DEAD)
    filled.deliver("sales")
    claim(filled, "ops")
    ended = notifier("retry", "1", "2", "3", "99")
    assert (ended.code, ended.out) == (1, "1 delivery is due now\n")
    assert ended.err.splitlines() == [
        "delivery 1 has been delivered; `notifier replay` sends past events anew",
        "delivery 3 is being sent right now",
        "delivery 99 does not exist",
    ]


def test_all_that_is_dead_is_retried_or_that_of_one_destination(
    notifier: Run, filled: Filled
) -> None:
    filled.deliver("crm", state=State.DEAD)
    filled.deliver("ops", state=State.DEAD)
    assert (
        notifier("retry", "--dead", "--destination", "ops").out == "2 deliveries are due now\n"
    )
    assert notifier("retry", "--dead").out == "1 delivery is due now\n"
    ended = notifier("retry", "--dead")
    assert (ended.code, ended.out) == (0, "no delivery is dead\n")


def test_a_retry_to_a_place_that_cannot_send_says_so(notifier: Run, filled: Filled) -> None:
    filled.deliver("crm", state=State.DEAD)
    with filled.db.transaction():
        destinations.set_state(filled.db, "crm", DestinationState(health=Health.DISABLED))
    ended = notifier("retry", "2")
    assert ended.code == 0
    assert "crm is disabled: nothing goes out before `notifier destinations enable crm`" in (
        ended.err
    )
    with filled.db.transaction():
        filled.db.execute("UPDATE deliveries SET state = 'dead'")
        registry.set_active(filled.db, watched={}, destinations={"ops": "console"}, rules=())
    ended = notifier("retry", "2")
    assert ended.code == 1
    assert "goes to crm, which the rules in force do not name" in ended.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("retry",), "give ids of deliveries, or --dead"),
        (("retry", "1", "--dead"), "give ids of deliveries, or --dead"),
        (("retry", "1", "--destination", "crm"), "--destination goes with --dead"),
        (("retry", "--dead", "--destination", "cmr"), "did you mean `crm`?"),
        (("destinations", "disable", "sals"), "did you mean `sales`?"),
        (("destinations", "enable", "x"), "there is `crm`, `ops`, `sales`"),
        (("mute", "Lead closd", "--for", "2h"), "did you mean `Lead closed`?"),
        (("mute", "rule:sales", "--for", "2h"), "there is no rule or destination"),
        (("mute", "sales", "--for", "0"), "a mute lasts longer than nothing"),
        (("mute", "sales", "--for", "soon"), "`soon` is not a duration"),
        (("mute", "sales"), "--for"),
    ],
)
@pytest.mark.usefixtures("filled")
def test_what_is_mistyped_is_wrong_usage(
    notifier: Run, arguments: tuple[str, ...], words: str
) -> None:
    ended = notifier(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert words in said(ended.err)


def test_a_disabled_destination_sends_nothing_until_it_is_enabled(
    notifier: Run, filled: Filled
) -> None:
    assert notifier("destinations", "disable", "ops").out == (
        "ops is disabled; what is for it waits until `notifier destinations enable ops`\n"
    )
    found = {one["name"]: one for one in listed(notifier, "destinations")}
    assert (found["ops"]["state"], found["ops"]["reason"]) == ("disabled", "disabled by hand")
    assert destinations.state(filled.db, "ops").health is Health.DISABLED
    assert notifier("destinations", "enable", "ops").out == "ops is up; it was disabled\n"
    assert notifier("destinations", "enable", "ops").out == "ops is up; it was up already\n"
    assert destinations.state(filled.db, "ops") == DestinationState()


def test_what_waited_for_a_retry_goes_out_when_its_destination_is_enabled(
    notifier: Run, filled: Filled
) -> None:
    filled.deliver("crm", state=State.PENDING, error="503")
    with filled.db.transaction():
        filled.db.execute("UPDATE deliveries SET due_ms = due_ms + 9000000 WHERE id = 2")
    assert claim(filled, "crm") == []
    notifier("destinations", "enable", "crm")
    assert len(claim(filled, "crm")) == 1


def test_the_list_tells_what_to_do(notifier: Run, filled: Filled) -> None:
    filled.park("ops", "not in the channel", "invite the app")
    lines = [said(line) for line in notifier("destinations").out.splitlines()]
    assert lines == [
        "name type state reason waiting dead what to do",
        "crm webhook up 1 0",
        "ops console parked not in the channel 2 0 invite the app",
        "sales console up 3 0",
    ]


def test_a_mute_skips_later_matches_alone(notifier: Run, filled: Filled) -> None:
    ended = notifier("mute", "Any new lead", "--for", "2h")
    assert ended.code == 0
    assert ended.out.startswith("rule Any new lead is muted until ")
    assert ended.out.endswith("; what waits already still goes out\n")
    filled.lead("63d9ffa77a8d152facbe2f31", name="Chi", country="China", status="CLOSED")
    filled.look()
    found = listed(notifier, "deliveries", "--type", "lead.created")
    told = {(one["lead"][-2:], one["state"], one["reason"]) for one in found}
    assert told == {
        ("2f", "pending", None),
        ("30", "pending", None),
        ("31", "skipped", "muted"),
    }
    assert notifier("unmute", "any new lead").code == 1
    assert (
        notifier("unmute", "rule:Any new lead").out == "rule Any new lead is no longer muted\n"
    )
    assert mutes.active(filled.db, now_ms=ms()).rules == frozenset()


@pytest.mark.usefixtures("filled")
def test_what_is_not_muted_cannot_be_unmuted(notifier: Run) -> None:
    notifier("mute", "sales", "--for", "1h")
    ended = notifier("unmute", "ops")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "`ops` is not muted; muted now: destination sales\n"


def test_a_name_that_is_both_needs_its_kind(notifier: Run, filled: Filled) -> None:
    with filled.db.transaction():
        registry.set_active(
            filled.db, watched={}, destinations={"sales": "console"}, rules=["sales"]
        )
    ended = notifier("mute", "sales", "--for", "1h")
    assert ended.code == 2
    assert "write `rule:sales` or `destination:sales`" in said(ended.err)
    assert notifier("mute", "rule:sales", "--for", "1h").code == 0
    assert notifier("mute", "destination:sales", "--for", "1h").code == 0
    assert mutes.active(filled.db, now_ms=ms()).destinations == {"sales"}


def test_looking_needs_no_lock(notifier: Run, filled: Filled) -> None:
    with filled.db.transaction():
        assert len(listed(notifier, "deliveries", "--lead", ASHA)) == 4
        assert notifier("status", "--json").code == 0
