"""What people in Slack are told of acts, in mrkdwn. Pure."""

from datetime import UTC, datetime

from notifier.core.acts import AlreadySo, NothingToRelease, TakenAlready
from notifier.core.people import ActTold
from notifier.core.rows import instant
from notifier.destinations.slack_blocks import date
from notifier.messages.escape import one_line, slack
from notifier.transactions.acts import Done, NoSuchLead, Result

MAX_NAME = 80
FORGED = "This button cannot be used: it is not one that was made here. Open the chat instead."
REMOVED = "This button cannot be used any more: the rules have no such destination now."
CLOSED = "Nobody acts from this channel any more. Use the page, or the command line."
AGENTS_ALONE = "Only people under `agents` in the rules may act here. Ask whoever keeps them."
UNSTORED = (
    "That was not stored. Please try again; if it happens again, `notifier status` tells more."
)
GONE = "This lead is not known any more."
NOBODY = "Nobody is on it."


def note(done: Done) -> str:
    """Return what the thread is told of an act."""
    act = done.event.data.act
    assert act
    who = f"*{_name(act.by.name)}*"
    if done.event.type.endswith(".taken"):
        return f"✋ {who} is on it."
    if done.event.type.endswith(".released"):
        return f"{who} has released it: nobody is on it."
    return f"💤 {who} has snoozed it{_until(act)}."


def answer(result: Result, user: str) -> str:
    """Return what the one who clicked is told, empty where the card says it all."""
    match result:
        case TakenAlready(by=by):
            return f"*{_name(by.name)}* is on it already{_since(by.at)}."
        case AlreadySo(state=state):
            taken = state.taken
            is_own = taken is not None and taken.slack == user
            return "" if is_own or taken is None else f"*{_name(taken.name)}* is on it."
        case NothingToRelease():
            return NOBODY
        case NoSuchLead():
            return GONE
        case Done():
            return ""


def _until(act: ActTold) -> str:
    until = instant(act.until)
    return f" until {_moment(until)}" if until else ""


def _since(at: str) -> str:
    since = instant(at)
    return f", since {_moment(since)}" if since else ""


def _moment(at: datetime) -> str:
    return date(at, f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC")


def _name(name: str) -> str:
    return slack(one_line(name), MAX_NAME)
