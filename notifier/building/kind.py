"""What each kind of destination offers to those who build them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TextIO

from notifier.destinations.base import Destination
from notifier.errors import ConfigError, Fault
from notifier.rules.destinations import DestinationOptions
from notifier.rules.model import DestinationSpec
from notifier.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What destinations are built on: ``out`` is where the console's messages go."""

    settings: Settings
    now: Callable[[], datetime]
    out: TextIO


def _elsewhere(_options: DestinationOptions) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The class of its options in the rules file, and its constructor.

    ``build`` raises :class:`ConfigError` where it lacks a setting. What is read
    ``by_people`` has a flood limit, and its messages remember earlier ones.
    ``channel`` names the Slack channel, if any.
    """

    options: type[DestinationOptions]
    build: Callable[[DestinationSpec, Ground], Destination]
    by_people: bool = False
    channel: Callable[[DestinationOptions], str] = _elsewhere


def missing(name: str, variable: str, why: str) -> ConfigError:
    """Return the error for a destination that needs a setting."""
    return ConfigError(
        [
            Fault(
                where=f"destinations.{name}",
                problem=f"{variable} is not set: {why}",
                remedy=f"set {variable} in the environment or in .env",
            )
        ]
    )
