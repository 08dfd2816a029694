"""``escalate`` in the rules file: what it may say, and what is told of mistakes in it."""

from datetime import timedelta

import pytest
from rules_examples import faults, warnings

from notifier.rules.model import EscalationStep
from support.rules import ruleset

BASE = """destinations:
  screen: {type: console}
  team: {type: console}
windows:
  office: {days: mon, hours: "09:00-09:01"}
rules:
- {name: Nobody, if: {status: OPEN, taken_by: null}, for: 15m, send: screen, escalate: %s}
"""
COLUMN = BASE.splitlines()[6].index("%") + 1


def test_steps_are_read_in_their_order() -> None:
    text = "[{after: 10m, send: team, mention: here}, {after: 1h, send: [team, screen, team]}]"
    rule = ruleset(BASE % text).rules[0]
    assert rule.escalate == (
        EscalationStep(after=timedelta(minutes=10), send=("team",), mention="here"),
        EscalationStep(after=timedelta(hours=1), send=("team", "screen")),
    )
    assert rule.destinations == ("screen", "team")


def test_a_step_has_of_the_rule_what_it_does_not_say() -> None:
    text = BASE % "[{after: 10m, send: team}]"
    rule = ruleset(text.replace("send: screen", "send: screen, mention: channel")).rules[0]
    step = rule.at_step(1)
    assert (step.name, step.send, step.mention) == ("Nobody", ("team",), "channel")
    assert rule.at_step(0) is rule
    assert rule.at_step(9).send == ("team",)  # the rule has fewer steps by now


@pytest.mark.parametrize(
    ("steps", "offset", "fault"),
    [
        (
            "{after: 10m, send: team}",
            0,
            "`escalate` is a list of steps (begin each of them with `- `)",
        ),
        ("[]", 0, "`escalate` is a list of steps (write [{after: 10m, send: managers}])"),
        ("10m", 0, "`escalate` is a list of steps (write [{after: 10m, send: managers}])"),
        ("[10m]", 1, "a step is a mapping of keys and values"),
        ("[{after: 10m}]", 1, "`send` is missing"),
        ("[{send: team}]", 1, "`after` is missing"),
        ("[{after: 0, send: team}]", 2, "`after`: it must be longer than nothing"),
        ("[{aftr: 1m, send: team}]", 2, "`aftr` is not a step key; did you mean `after`?"),
        ("[{after: 1m, send: tem}]", 19, "`tem` is not a destination; did you mean `team`?"),
        (
            "[{after: 1m, send: team, mention: bob}]",
            25,
            (
                "`mention`: `bob` is not a mention;"
                " write here, channel, assignee or a Slack user id"
            ),
        ),
        (
            "[{after: 5m, send: team}, {after: 5m, send: screen}]",
            34,
            (
                "`after`: a step comes later than the one before it"
                " (each `after` counts from the first message)"
            ),
        ),
        (
            "[{after: 1m, send: team, message: {title: '{{ lead.nme }}'}}]",
            42,
            "`title`: `nme` is no lead field; did you mean `name`?",
        ),
    ],
)
def test_a_mistake_is_told_at_its_place(steps: str, offset: int, fault: str) -> None:
    found = faults(BASE % steps)
    place = f"a.yaml:7:{COLUMN + offset}: "
    assert [one for one in found if not one.startswith("a.yaml:7:") or fault in one] == [
        f"{place}{fault}"
    ]


def test_steps_go_with_for_alone() -> None:
    text = BASE % "[{after: 10m, send: team}]"
    (found,) = faults(text.replace("for: 15m", "when: lead.created"))
    assert "`escalate` works only with `for`" in found


def test_a_step_that_never_comes_due_in_its_window_is_a_fault() -> None:
    text = BASE % "[{after: 30d, send: team}]"
    found = faults(text.replace("for: 15m", "for: 1m, clock: office"))
    assert ["`after` never comes due in that window" in one for one in found] == [True]


def test_a_ladder_that_goes_on_when_somebody_took_the_lead_is_told() -> None:
    text = (BASE % "[{after: 10m, send: team}]").replace(", taken_by: null", "")
    (found,) = [one for one in warnings(text) if "escalates on" in one]
    assert found.endswith("(add `taken_by: null` to its `if`)")
    assert not [one for one in warnings(BASE % "[{after: 1m, send: team}]") if "take" in one]
