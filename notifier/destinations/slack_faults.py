"""What Slack's answers mean for a message. Source: Slack's Web API and incoming webhooks."""

import re
from collections.abc import Mapping

from notifier.errors import (
    DeliveryError,
    DestinationRefusedError,
    PermanentDeliveryError,
    RecipientRefusedError,
    TemporaryDeliveryError,
)

VANISHED = frozenset({"message_not_found", "thread_not_found"})
OF_THE_MESSAGE = frozenset(
    {
        "msg_too_long",
        "msg_blocks_too_long",
        "invalid_blocks",
        "no_text",
        "invalid_arguments",
        "invalid_payload",
    }
)
# Source: Slack's chat.postMessage, errors. Without metadata the message is still one.
OF_THE_METADATA = re.compile(r"metadata_.*|invalid_metadata_.*")
PASSING = frozenset(
    {"", "ratelimited", "internal_error", "fatal_error", "service_unavailable"}
) | {"request_timeout"}
TOKEN_REMEDY = "copy the app's Bot User OAuth Token (xoxb-…) into NOTIFIER_SLACK_TOKEN"  # noqa: S105
WEBHOOK_REMEDY = "make a new incoming webhook for the app and put its URL into the rules"
OF_THE_DESTINATION: Mapping[str, str] = {
    "invalid_auth": f"the token is wrong: {TOKEN_REMEDY}",
    "not_authed": f"there is no token: {TOKEN_REMEDY}",
    "account_inactive": f"the app or its workspace was deactivated; then {TOKEN_REMEDY}",
    "token_revoked": f"the token was revoked: reinstall the app, then {TOKEN_REMEDY}",
    "token_expired": f"the token has expired: {TOKEN_REMEDY}, without token rotation",
    "missing_scope": "give the app the scope chat:write and reinstall it",
    "no_permission": "let the app post there: check its scopes and the channel's settings",
    "channel_not_found": "check the channel's name; invite the app if the channel is private",
    "is_archived": "the channel is archived: unarchive it or name another in the rules",
    "not_in_channel": "invite the app: write /invite @app in the channel",
    "restricted_action": "a workspace policy forbids posting there: ask a workspace admin",
    "action_prohibited": "a workspace policy forbids this webhook: ask a workspace admin",
    "no_service": f"the webhook was removed or disabled: {WEBHOOK_REMEDY}",
    "channel_is_archived": "the channel is archived: unarchive it or make another webhook",
}
ID_REMEDY = "check the Slack user id of this lead's assignee under `agents`"
GONE_REMEDY = "this lead's assignee left Slack: give the lead to somebody else"
TAB_REMEDY = "turn on the Messages Tab under App Home in the app's settings"
# Of direct messages: what is one person's trouble and not everybody's.
# Source: Slack's chat.postMessage and conversations.open, errors.
OF_A_PERSON: Mapping[str, str] = {
    **dict.fromkeys(("channel_not_found", "not_in_channel", "user_not_in_channel"), ID_REMEDY),
    **dict.fromkeys(("user_not_found", "users_not_found", "invalid_users"), ID_REMEDY),
    **dict.fromkeys(("user_not_visible", "cannot_dm_bot"), ID_REMEDY),
    **dict.fromkeys(("user_disabled", "is_archived"), GONE_REMEDY),
    "messages_tab_disabled": TAB_REMEDY,
}
# Of codes that are not listed, those that speak of whom a direct message is for.
ABOUT_A_PERSON = re.compile(r"(?:^|_)(?:users?|members?|recipients?|dms?|im)(?:_|$)")
CODE = re.compile(r"[a-z][a-z0-9_]{0,60}")


class Refusal(Exception):  # noqa: N818 - never leaves this room
    """Slack's answer to one call, where it is anything but success.

    ``code`` is Slack's own word, empty where the answer could not be read.
    """

    def __init__(
        self, method: str, status: int, code: str = "", retry_after_s: float | None = None
    ) -> None:
        # Slack refuses with a 200, too: beside its own word the number would only mislead.
        told = code or str(status)
        if told == "200":
            told = "200, but in words that are not Slack's"
        super().__init__(f"Slack answered {method} with {told}")
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s


def translated(refusal: Refusal, *, to_a_person: bool) -> DeliveryError:
    """Return what the dispatcher is to do about a refusal.

    ``to_a_person``: the channel is one agent's direct messages, so that a wrong
    id is that agent's trouble and must not stop everybody's messages.
    """
    problem = str(refusal)
    if refusal.status == 429 or refusal.code == "ratelimited":
        return TemporaryDeliveryError(problem, retry_after_s=refusal.retry_after_s)
    if refusal.status >= 500:
        return TemporaryDeliveryError(problem)
    if refusal.code in OF_THE_MESSAGE:
        return PermanentDeliveryError(
            problem, remedy="send the event to another destination, or shorten its template"
        )
    if to_a_person and (remedy := _of_a_person(refusal.code)):
        return RecipientRefusedError(problem, remedy=remedy)
    if remedy := OF_THE_DESTINATION.get(refusal.code, ""):
        return DestinationRefusedError(problem, remedy=remedy)
    return TemporaryDeliveryError(problem)


def is_passing(refusal: Refusal) -> bool:
    """Whether the same call may be answered in a while."""
    return refusal.status in (429, *range(500, 600)) or refusal.code in PASSING


def _of_a_person(code: str) -> str:
    """Return the remedy where one person is what a direct message met, else nothing."""
    unlisted = ID_REMEDY if ABOUT_A_PERSON.search(code) else ""
    return OF_A_PERSON.get(code, unlisted)


def code_in(answer: object) -> str:
    """Return Slack's error code from an answer's body, empty where it has none."""
    code = answer.get("error") if isinstance(answer, Mapping) else answer
    return code if isinstance(code, str) and CODE.fullmatch(code) else ""
