"""People who act on leads, and what events and leads tell of their acts."""

from enum import StrEnum

import msgspec


class Through(StrEnum):
    """The door an act came through."""

    SLACK = "slack"
    WEB = "web"
    CLI = "cli"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts, as far as the door knows: by an agent's id, a Slack id, or a name alone."""

    agent: str | None = None
    name: str
    slack: str | None = None

    def is_same_as(self, other: "Person | Taken") -> bool:
        """Say whether two doors mean one person: by an id, else, without any, by the name."""
        pairs = ((self.agent, other.agent), (self.slack, other.slack))
        if any(one and one == another for one, another in pairs):
            return True
        has_id = any(one for pair in pairs for one in pair)
        return not has_id and self.name == other.name


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Who is on a lead, and since when (``at``, ISO 8601): the lead's ``taken_by``."""

    agent: str | None = None
    name: str
    slack: str | None = None
    at: str

    @property
    def id(self) -> str:
        """What conditions compare: the agent's id, else the Slack id, else the name."""
        return self.agent or self.slack or self.name


class ActTold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event's ``data.act``: who did it, through which door, and a snooze's end."""

    by: Person
    through: Through
    until: str | None = None
