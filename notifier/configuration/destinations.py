"""The kinds of destination, each loaded where it is used; rules → the destinations' objects.

A module of :mod:`notifier.destinations` whose name has no underscore is a kind, and its
``OPTIONS`` are what stands under ``{type: <its name>}`` in the rules file.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TextIO

from notifier import destinations as room
from notifier.configuration.settings import Settings
from notifier.core.outcome import Policy
from notifier.destinations.base import BuildContext, Destination, KindOptions
from notifier.errors import ConfigError, Fault
from notifier.rules.limits import Limits
from notifier.rules.model import DestinationSpec, Ruleset

NO_KINDS = frozenset({"base", "http"})


@cache
def kind_names() -> tuple[str, ...]:
    """Return the names of all kinds."""
    found = (module.name for module in iter_modules(room.__path__))
    return tuple(sorted(name for name in found if "_" not in name and name not in NO_KINDS))


class _Kinds(Mapping[str, type[KindOptions]]):
    """Loads a kind when it is looked up; to ask for names alone loads nothing."""

    def __getitem__(self, name: str) -> type[KindOptions]:
        if name not in kind_names():
            raise KeyError(name)
        options: type[KindOptions] = import_module(f"{room.__name__}.{name}").OPTIONS
        return options

    def __contains__(self, name: object) -> bool:
        return name in kind_names()

    def __iter__(self) -> Iterator[str]:
        return iter(kind_names())

    def __len__(self) -> int:
        return len(kind_names())


def kinds() -> Mapping[str, type[KindOptions]]:
    """Return the options of each kind of destination, by the name rules files use.

    What a kind sends with, an SDK or a mail library, is loaded where the kind is used.
    """
    return _Kinds()


def limits(rules: Ruleset) -> dict[str, Limits]:
    """Return how long each destination's messages are tried, and what would flood it."""
    return {name: _limits(spec) for name, spec in rules.destinations.items()}


def build_destinations(
    settings: Settings,
    rules: Ruleset,
    *,
    now: Callable[[], datetime],
    out: TextIO,
    button_secret: bytes | None = None,
) -> dict[str, Destination]:
    """Return every destination of the rules, ready to send; consoles write to ``out``.

    ``button_secret`` is for cards with buttons, where somebody heeds clicks.

    Raises :class:`ConfigError` with a fault per destination whose settings are
    missing or wrong.
    """
    context = BuildContext(
        now=now,
        zone=settings.timezone,
        out=out,
        slack_token=settings.slack_token,
        slack_api_url=settings.slack_api_url,
        smtp_url=settings.smtp_url,
        smtp_from=settings.smtp_from,
        public_url=settings.public_url if settings.web_password else None,
        button_secret=button_secret,
    )
    built: dict[str, Destination] = {}
    faults: list[Fault] = []
    for name, spec in rules.destinations.items():
        try:
            built[name] = options_of(spec).build(name, context)
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)
    return built


def options_of(spec: DestinationSpec) -> KindOptions:
    """Return a destination's options as its kind has them.

    Of rules that were read without their secrets some have the shared ones alone.
    """
    assert isinstance(spec.options, KindOptions)
    return spec.options


def _limits(spec: DestinationSpec) -> Limits:
    is_read_by_people, retry = spec.traits.is_read_by_people, spec.options.retry
    return Limits(
        policy=Policy(
            attempts=retry.attempts, max_age_ms=int(retry.max_age.total_seconds() * 1000)
        ),
        burst=spec.options.burst if is_read_by_people else None,
        channel=spec.options.channel_key(),
        uses_lead_memory=is_read_by_people,
    )
