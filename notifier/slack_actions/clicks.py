"""An envelope → a click on one of our buttons; whatever else comes is none.

Source: Slack's "block_actions" payload, and envelopes of Socket Mode.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from notifier.cleaning import clean
from notifier.destinations.slack_buttons import ACTION_IDS

IDENTIFIER = re.compile(r"[A-Z0-9]{1,40}")
TIMESTAMP = re.compile(r"[0-9.]{1,40}")
MAX_NAME = 80
MAX_VALUE = 2_000
MAX_HEAD = 3_000
MAX_CLICK = 200

Said = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """One click: ``id`` is the same on each repetition of its envelope.

    ``channel`` and ``ts`` say where the card stands, ``thread_ts`` in which thread if it is
    not the first of one, and ``head`` is what stands above its details.
    """

    id: str
    action: str
    value: str
    user: str
    name: str
    channel: str
    ts: str
    thread_ts: str
    head: str


def envelope_id(envelope: Said) -> str:
    """Return the id to acknowledge, empty where it has none."""
    return _text(envelope.get("envelope_id"), MAX_CLICK)


def click_in(envelope: Said, *, app_id: str) -> Click | None:
    """Return the click, ``None`` for whatever else an app may be told.

    ``app_id`` is ours, where Slack has told it: others' buttons are not ours to take.
    """
    payload = _mapping(envelope.get("payload"))
    if envelope.get("type") != "interactive" or payload.get("type") != "block_actions":
        return None
    if app_id and payload.get("api_app_id") not in (app_id, None):
        return None
    actions = payload.get("actions")
    pressed = _mapping(actions[0]) if isinstance(actions, list) and actions else {}
    action = _text(pressed.get("action_id"), MAX_CLICK)
    user, container = _mapping(payload.get("user")), _mapping(payload.get("container"))
    message = _mapping(payload.get("message"))
    user_id = _form(IDENTIFIER, user.get("id"))
    channel = _form(IDENTIFIER, _mapping(payload.get("channel")).get("id"))
    channel = channel or _form(IDENTIFIER, container.get("channel_id"))
    ts = _form(TIMESTAMP, message.get("ts")) or _form(TIMESTAMP, container.get("message_ts"))
    if action not in ACTION_IDS or not (user_id and channel and ts):
        return None
    pressed_at = _text(pressed.get("action_ts"), MAX_CLICK)
    return Click(
        id=f"slack:{envelope_id(envelope)}:{user_id}:{action}:{pressed_at}",
        action=action,
        value=_text(pressed.get("value"), MAX_VALUE),
        user=user_id,
        name=_text(user.get("name"), MAX_NAME) or _text(user.get("username"), MAX_NAME),
        channel=channel,
        ts=ts,
        thread_ts=_form(TIMESTAMP, message.get("thread_ts")),
        head=_head(message),
    )


def _head(message: Said) -> str:
    blocks = message.get("blocks")
    first = _mapping(blocks[0]) if isinstance(blocks, list) and blocks else {}
    words = _text(_mapping(first.get("text")).get("text"), MAX_HEAD)
    return words or _text(message.get("text"), MAX_HEAD)


def _mapping(value: object) -> Said:
    return value if isinstance(value, Mapping) else {}


def _text(value: object, most: int) -> str:
    return clean(value[:most]) if isinstance(value, str) else ""


def _form(form: re.Pattern[str], value: object) -> str:
    return value if isinstance(value, str) and form.fullmatch(value) else ""
