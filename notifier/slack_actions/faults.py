"""Why buttons do not work, and what to do about it."""

from collections.abc import Mapping

from notifier.destinations.slack_faults import Refusal
from notifier.errors import NotifierError

TOKEN = "NOTIFIER_SLACK_APP_TOKEN"  # noqa: S105 - its name
NEW_TOKEN = (
    "make an app-level token (xapp-…) with the scope connections:write under Basic Information"
    f" of the app, and put it into {TOKEN}"
)
TURN_ON = "turn on Socket Mode in the app's settings"
# Source: Slack's apps.connections.open, errors.
REMEDIES: Mapping[str, str] = {
    "invalid_auth": f"the token is wrong: {NEW_TOKEN}",
    "not_authed": f"the token is wrong: {NEW_TOKEN}",
    "account_inactive": f"the app or its workspace was deactivated; then {NEW_TOKEN}",
    "token_revoked": f"the token was revoked: {NEW_TOKEN}",
    "token_expired": f"the token has expired: {NEW_TOKEN}",
    "not_allowed_token_type": f"this is no app-level token: {NEW_TOKEN}",
    "missing_scope": f"the token lacks connections:write: {NEW_TOKEN}",
    "no_permission": f"the token lacks connections:write: {NEW_TOKEN}",
    "access_denied": f"the token may not do this: {NEW_TOKEN}",
    "forbidden_team": "the app may not connect in this workspace: ask a workspace admin",
    "socket_mode_not_enabled": TURN_ON,
    "link_disabled": TURN_ON,
}


class SocketFault(NotifierError):  # noqa: N818 - it is told, and never raised far
    """No connection for clicks; ``remedy`` is empty where time is the remedy.

    ``retry_after_s`` is Slack's own wish.
    """

    def __init__(
        self, problem: str, *, remedy: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(problem)
        self.remedy = remedy
        self.retry_after_s = retry_after_s


def refused(refusal: Refusal) -> SocketFault:
    """Return what Slack's refusal of a connection means."""
    remedy = REMEDIES.get(refusal.code, "")
    return SocketFault(str(refusal), remedy=remedy, retry_after_s=refusal.retry_after_s)
