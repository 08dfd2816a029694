"""The options every kind of destination has; each kind adds its own beside its code."""

import re
from datetime import timedelta
from typing import Annotated, ClassVar, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict

from notifier.messages.text import Medium
from notifier.rules.durations import Duration
from notifier.rules.unfit import UnfitError

GROUP_MENTIONS = frozenset({"here", "channel", "assignee"})
OTHER_FLAGS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
SLACK_USER_ID = re.compile(r"[UW][A-Z0-9]{2,}")


def check_mention(value: object) -> object:
    """Return a mention as it came; raises ``ValueError`` for one Slack has no use for."""
    if not isinstance(value, str) or value in GROUP_MENTIONS or SLACK_USER_ID.fullmatch(value):
        return value
    raise UnfitError(
        value, "is not a mention; write here, channel, assignee or a Slack user id"
    )


def _flag(value: object) -> object:
    """Refuse ``yes`` and ``on``, which are words in YAML 1.2."""
    if not isinstance(value, str):
        return value
    if flag := OTHER_FLAGS.get(value.lower()):
        raise UnfitError(value, f"is neither true nor false; write {flag}")
    return {"true": True, "false": False}.get(value.lower(), value)


Flag: TypeAlias = Annotated[bool, Strict(), BeforeValidator(_flag)]
"""A field that is ``true`` or ``false`` and no other word."""


class Options(BaseModel):
    """A mapping in the rules file: no unknown keys, no input quoted in errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Burst(Options):
    """At most ``limit`` messages in any ``per``; the rest goes out as a summary."""

    limit: int = Field(default=30, ge=1, description="Messages in the sliding window.")
    per: Duration = Field(
        default=timedelta(minutes=5),
        ge=timedelta(seconds=1),
        description="The window's length, for example 5m.",
    )


class Retry(Options):
    """How often, and how long after it was due, a failing message is tried."""

    attempts: int = Field(default=10, ge=1, le=100, description="Attempts in all.")
    max_age: Duration = Field(
        default=timedelta(hours=80),
        ge=timedelta(seconds=1),
        description="No attempt later than this after the due time.",
    )


class DestinationOptions(Options):
    """What stands under a name in ``destinations:``; the keys all kinds share.

    A kind subclasses it with its own keys; a key it has no use for does nothing. What
    the kind itself is stands in class attributes: ``takes_events``, whether it takes each
    event as its envelope, in a message of its own, without words; ``medium``, what words
    are written for; ``is_read_by_people``, whether its messages may flood somebody, and
    build on what earlier ones about the lead remembered; ``sole_because``, why two with the
    same :meth:`sole_key` may not stand beside each other; ``delivered_means``, what has
    happened to a message of which "delivered" is told.
    """

    takes_events: ClassVar[bool] = False
    medium: ClassVar[Medium] = Medium.PLAIN
    is_read_by_people: ClassVar[bool] = False
    sole_because: ClassVar[str] = ""
    delivered_means: ClassVar[str] = ""

    type: str = Field(description="The kind of destination.")
    mention: Annotated[str | None, BeforeValidator(check_mention)] = Field(
        default=None, description="Slack: here, channel, assignee or a user id."
    )
    broadcast: Flag | None = Field(
        default=None, description="Slack: whether replies also show in the channel."
    )
    thread: Flag = Field(
        default=True,
        description="One conversation per lead: in Slack a thread with its card, as mail Re:.",
    )
    burst: Burst | None = Field(
        default=Burst(), description="The flood limit of what people read; null for none."
    )
    retry: Retry = Field(default=Retry(), description="How long to try a failing message.")

    @classmethod
    def is_installed(cls) -> bool:
        """Say whether what the kind sends with is there: an extra may be missing."""
        return True

    def sole_key(self) -> str:
        """Return what no two destinations may have in common, else nothing."""
        return ""

    def channel_key(self) -> str:
        """Return what is equal for destinations that share a channel's tempo, else nothing."""
        return ""
