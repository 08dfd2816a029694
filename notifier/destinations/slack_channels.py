"""How Slack's channels are written, in the rules file."""

import re

from notifier.rules.unfit import UnfitError

# Letters of every script may stand in a name, and the marks that belong to them.
NOT_IN_NAMES = re.compile(r"[\s!-,./:-@\[-^`{-~“”„‘’«»]+")
CHANNEL_LINK = re.compile(r"https?://[^/]+/(?:.*/)?([CDG][A-Z0-9]{7,})\b")
CHANNEL_ID = re.compile(r"[CDGUW][A-Z0-9]*")


def check_channel(channel: str) -> str:
    """Return a channel as it came; Slack's names have neither blanks nor capitals."""
    if CHANNEL_ID.fullmatch(channel):
        return channel
    problem = "is not a channel's name or id"
    if linked := CHANNEL_LINK.match(channel):
        raise UnfitError(channel, problem, f"; did you mean `{linked[1]}`?")
    if channel.startswith("@"):
        remedy = "; for one person write the member id, as in U024BE7LH, or assignee"
        raise UnfitError(channel, problem, remedy)
    mark = "#" if "#" in channel[:2] else ""
    name = channel.removeprefix(mark).lower()
    if NOT_IN_NAMES.search(name) or mark + name != channel:
        name = NOT_IN_NAMES.sub("-", name).strip("-")
        near = f"; did you mean `{mark}{name}`?" if name else ""
        raise UnfitError(channel, problem, near)
    return channel
