"""Who may act by the buttons of a destination's cards."""

from collections.abc import Mapping
from enum import StrEnum

from notifier.core.people import Person
from notifier.core.records import Agent
from notifier.rules.unfit import UnfitError


class Actors(StrEnum):
    """Who may act: everyone in the channel, those under ``agents``, or nobody."""

    EVERYONE = "everyone"
    AGENTS = "agents"
    NONE = "none"


OTHER_WORDS = {"all": "everyone", "anyone": "everyone", "true": "everyone", "agent": "agents"}
OTHER_WORDS |= dict.fromkeys(("false", "nobody", "off", "no", "null"), "none")


def check_actors(value: object) -> object:
    """Return the word as it came; raises ``ValueError`` for any other."""
    word = str(value).lower() if isinstance(value, str | bool) else ""
    if value in tuple(Actors):
        return value
    near = f"; did you mean `{meant}`?" if (meant := OTHER_WORDS.get(word, "")) else ""
    raise UnfitError(str(value), "is not one of everyone, agents, none", near)


def person(user_id: str, name: str, agents: Mapping[str, Agent]) -> Person:
    """Return who a Slack user is, by ``agents`` where they are described there."""
    for agent in agents.values():
        if agent.slack == user_id:
            return Person(agent=agent.id, name=agent.name or name, slack=user_id)
    return Person(name=name or user_id, slack=user_id)
