"""The keys of the rules file, as the models that check them and describe them to editors.

A key is added here, and to :mod:`notifier.rules.model` in the form it is used in.
"""

import re
from datetime import timedelta
from typing import Annotated, Any, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    StringConstraints,
    WithJsonSchema,
)

from notifier.cleaning import visible
from notifier.rules.destinations import SLACK_USER_ID, Flag, Options, check_mention
from notifier.rules.durations import PositiveDuration
from notifier.rules.model import Outside
from notifier.rules.reports import By
from notifier.rules.windows import Span
from notifier.rulesfile.bots import check_id, check_inbox_url, check_token, check_types
from notifier.rulesfile.hours import parse_days, parse_spans, parse_timezone

# What mail destinations take; they look more closely, with a library.
WORD = r"[^\s@<>,;:\"()\[\]\\.]+"
LABEL = r"[^\s@<>,;:\"()\[\]\\._-]+(?:-+[^\s@<>,;:\"()\[\]\\._-]+)*"
MAIL_ADDRESS = re.compile(rf"{WORD}(?:\.{WORD})*@{LABEL}(?:\.{LABEL})*")
NAME = re.compile(r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$")
WHOLE_DAY = (Span(begins=0, ends=1440),)
ONE_OR_MORE = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]
}


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _check_name(name: str) -> str:
    if not visible(name):
        raise ValueError("it is empty")
    if not NAME.fullmatch(name):
        raise ValueError("it wants one line of text, without controls")
    return name


def _check_slack_id(name: str) -> str:
    if not SLACK_USER_ID.fullmatch(name):
        raise ValueError("that is not a Slack user id; it looks like U024BE7LH")
    return name


def _check_address(address: str) -> str:
    if not MAIL_ADDRESS.fullmatch(address):
        raise ValueError("that is not a mail address")
    return address


def _check_message(value: object) -> object:
    if isinstance(value, str):
        raise ValueError('it wants a mapping; write {title: "…"}')  # noqa: TRY004 - pydantic's
    return value


Text: TypeAlias = Annotated[str, StringConstraints(min_length=1)]
Id: TypeAlias = Annotated[str, StringConstraints(min_length=1), AfterValidator(check_id)]
Name: TypeAlias = Annotated[
    str,
    AfterValidator(_check_name),
    WithJsonSchema({"type": "string", "pattern": NAME.pattern}),
]
Texts: TypeAlias = Annotated[
    tuple[Text, ...], Field(min_length=1), BeforeValidator(_listed), WithJsonSchema(ONE_OR_MORE)
]


class SourceOptions(Options):
    """One bot to poll."""

    bot_id: Id = Field(description="The bot's id.")
    customer_id: Id = Field(description="The account's id.")
    token: Annotated[SecretStr, AfterValidator(check_token)] | None = Field(
        default=None, description="The x-bot-token; default NOTIFIER_TOKEN."
    )
    types: Annotated[Texts, AfterValidator(check_types)] = Field(
        default=(), description="lead, non-lead or both; default NOTIFIER_TYPES."
    )
    inbox_url: Annotated[str, AfterValidator(check_inbox_url)] | None = Field(
        default=None, description="Link to a chat; fields: chat_id uuid bot_id customer_id."
    )


class AgentOptions(Options):
    """Who stands behind an agent id."""

    name: Text | None = Field(default=None, description="The name shown in messages.")
    slack: Annotated[str, AfterValidator(_check_slack_id)] | None = Field(
        default=None, description="Slack user id, for mentions and direct messages."
    )
    email: Annotated[str, AfterValidator(_check_address)] | None = Field(
        default=None, description="Mail address, for destinations that write to the assignee."
    )


class WindowOptions(Options):
    """A named time of the week."""

    days: Annotated[
        frozenset[int], BeforeValidator(parse_days), WithJsonSchema(ONE_OR_MORE)
    ] = Field(default=frozenset(range(7)), description="mon-fri, sat, [mon, wed]; default all.")
    hours: Annotated[
        tuple[Span, ...], BeforeValidator(parse_spans), WithJsonSchema(ONE_OR_MORE)
    ] = Field(
        default=WHOLE_DAY,
        description="09:00-18:00, also overnight or several; default the whole day.",
    )
    timezone: (
        Annotated[ZoneInfo, BeforeValidator(parse_timezone), WithJsonSchema({"type": "string"})]
        | None
    ) = Field(default=None, description="IANA name; default NOTIFIER_TIMEZONE.")


class MessageOptions(Options):
    """A rule's own words, as Jinja2 templates."""

    title: str | None = Field(default=None, description="One line; default the built-in title.")
    body: str | None = Field(default=None, description="Any lines; default the built-in body.")


class StepOptions(Options):
    """One step of a ladder: a further message about the same overdue lead."""

    after: PositiveDuration = Field(description="How long after the first message.")
    send: Texts = Field(description="Destinations.")
    mention: Annotated[str | None, BeforeValidator(check_mention)] = Field(
        default=None, description="Slack: as on a rule; default the rule's own."
    )
    message: Annotated[MessageOptions | None, BeforeValidator(_check_message)] = Field(
        default=None, description="The step's own words; default the rule's."
    )


class RuleOptions(Options):
    """One rule: which events go where, saying what, and when."""

    name: Name = Field(description="What the rule is called everywhere; unique.")
    when: Texts | None = Field(default=None, description="Event types, also lead.*")
    condition: Any = Field(default=None, alias="if", description="What must hold.")
    for_: PositiveDuration | None = Field(
        default=None, alias="for", description="Instead of when: `if` must hold this long."
    )
    repeat: PositiveDuration | None = Field(
        default=None, description="With for: again after this long while it still holds."
    )
    clock: str | None = Field(default=None, description="With for: whose hours count.")
    send: Texts = Field(description="Destinations.")
    escalate: Any = Field(
        default=None, description="With for: further messages while it still holds, in steps."
    )
    message: Annotated[MessageOptions | None, BeforeValidator(_check_message)] = Field(
        default=None, description="The rule's own words."
    )
    digest: Text | None = Field(
        default=None, description="Collect and send as one: a duration or a cron line."
    )
    settle: PositiveDuration | None = Field(
        default=None, description="With created: wait until the lead has been quiet this long."
    )
    only: str | None = Field(default=None, description="The window in which it sends.")
    outside: Outside = Field(
        default=Outside.HOLD, description="What becomes of matches outside `only`."
    )
    mention: Annotated[str | None, BeforeValidator(check_mention)] = Field(
        default=None, description="Slack: here, channel, assignee or a user id."
    )
    broadcast: Flag | None = Field(
        default=None, description="Slack: whether replies also show in the channel."
    )
    enabled: Flag = Field(default=True, description="false: as if it were not there.")


class ReportOptions(Options):
    """One report that comes by itself: how fast leads were answered."""

    name: Name = Field(description="What the report is called everywhere; unique.")
    at: Text = Field(description="When it comes: a cron line, in NOTIFIER_TIMEZONE.")
    since: PositiveDuration = Field(
        default=timedelta(days=7),
        description="Leads created this long before; default 7d.",
    )
    goal: PositiveDuration = Field(
        default=timedelta(minutes=5),
        description="Tell the share answered within this time; default 5m.",
    )
    clock: str | None = Field(default=None, description="The window whose hours count.")
    by: By = Field(default=By.AGENT, description="What leads are grouped by; default agent.")
    send: Texts = Field(description="Destinations.")
