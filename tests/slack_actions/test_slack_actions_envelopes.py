"""Whatever Slack, or somebody in its place, sends: a click is found, or nothing is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.destinations.slack_buttons import About, opened, signed
from notifier.slack_actions.clicks import Click, click_in

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
KEYS = st.sampled_from(
    [
        *("type", "payload", "actions", "action_id", "value", "user", "id", "channel"),
        *("message", "ts", "blocks", "text", "container", "message_ts", "api_app_id"),
    ]
)
WORDS = st.sampled_from(["interactive", "block_actions", "take", "C1", "U1", "1.5"])
ODD = st.recursive(
    LEAVES | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=40,
)


def envelope(**changed: Any) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "type": "block_actions",
        "api_app_id": "A1",
        "user": {"id": "U1", "name": "asha"},
        "channel": {"id": "C1"},
        "message": {"ts": "1.5", "blocks": [{"text": {"text": "*New*"}}]},
        "actions": [{"action_id": "take", "value": "v", "action_ts": "2.5"}],
        **changed,
    }
    return {"envelope_id": "e1", "type": "interactive", "payload": payload}


def test_a_click_is_read() -> None:
    assert click_in(envelope(), app_id="A1") == Click(
        id="slack:e1:U1:take:2.5",
        action="take",
        value="v",
        user="U1",
        name="asha",
        channel="C1",
        ts="1.5",
        thread_ts="",
        head="*New*",
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "view_submission"},
        {"api_app_id": "A2"},
        {"user": {"id": "U1|<!channel>"}},
        {"channel": {}},
        {"message": {"ts": "../1"}},
        {"actions": []},
        {"actions": [{"action_id": "open_chat"}]},
        {"actions": {"action_id": "take"}},
    ],
)
def test_what_is_no_click_on_ours_is_none(changed: dict[str, Any]) -> None:
    assert click_in(envelope(**changed), app_id="A1") is None


@given(ODD)
def test_an_odd_payload_raises_nothing(payload: Any) -> None:
    click_in({"envelope_id": "e", "type": "interactive", "payload": payload}, app_id="")


@given(st.dictionaries(KEYS, ODD, max_size=8))
def test_an_odd_part_raises_nothing(changed: dict[str, Any]) -> None:
    found = click_in(envelope(**changed), app_id="A1")
    assert found is None or found.action == "take"


WORD = st.text(max_size=30)


@given(WORD, WORD, WORD)
def test_a_value_says_what_was_signed(key: str, rule: str, destination: str) -> None:
    about = About(key=key, rule=rule, destination=destination)
    value = signed(about, b"secret")
    assert opened(value, b"secret") == about
    assert opened(value, b"another") is None


@given(st.text(max_size=60))
def test_an_odd_value_is_nobodys(value: str) -> None:
    assert opened(value, b"secret") is None


def test_a_rule_whose_name_is_too_long_is_left_out() -> None:
    about = About(key="b/l", rule="é" * 2_000, destination="sales")
    value = signed(about, b"secret")
    assert len(value) <= 2_000
    assert opened(value, b"secret") == About(key="b/l", rule="", destination="sales")
