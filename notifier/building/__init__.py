"""Settings and rules → the destinations' objects: one file a kind, loaded where it is used."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pkgutil import resolve_name
from typing import TextIO

from notifier.building.kind import Ground, Kind
from notifier.conclude import Policy
from notifier.destinations.base import Destination
from notifier.dispatcher.tools import Limits
from notifier.errors import ConfigError, Fault
from notifier.rules.destinations import DestinationOptions
from notifier.rules.model import DestinationSpec, Ruleset
from notifier.settings import Settings

KINDS = {
    "slack": "notifier.building.slack:KIND",
    "email": "notifier.building.email:KIND",
    "webhook": "notifier.building.webhook:KIND",
    "console": "notifier.building.console:KIND",
}


class _Kinds(Mapping[str, type[DestinationOptions]]):
    """Loads a kind when it is looked up; to ask for names alone loads nothing."""

    def __getitem__(self, name: str) -> type[DestinationOptions]:
        return _kind(name).options

    def __contains__(self, name: object) -> bool:
        return name in KINDS

    def __iter__(self) -> Iterator[str]:
        return iter(KINDS)

    def __len__(self) -> int:
        return len(KINDS)


def kinds() -> Mapping[str, type[DestinationOptions]]:
    """Return the options of each kind of destination, by the name rules files use.

    What a kind sends with, an SDK or a mail library, is loaded where the kind is used.
    """
    return _Kinds()


def limits(rules: Ruleset) -> dict[str, Limits]:
    """Return how long each destination's messages are tried, and what would flood it."""
    return {name: _limits(spec) for name, spec in rules.destinations.items()}


def build_destinations(
    settings: Settings, rules: Ruleset, *, now: Callable[[], datetime], out: TextIO
) -> dict[str, Destination]:
    """Return every destination of the rules, ready to send; consoles write to ``out``.

    Raises :class:`ConfigError` with a fault per destination whose settings are
    missing or wrong.
    """
    ground = Ground(settings=settings, now=now, out=out)
    built: dict[str, Destination] = {}
    faults: list[Fault] = []
    for name, spec in rules.destinations.items():
        try:
            built[name] = _kind(spec.kind).build(spec, ground)
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)
    return built


def _limits(spec: DestinationSpec) -> Limits:
    kind, retry = _kind(spec.kind), spec.options.retry
    return Limits(
        policy=Policy(
            attempts=retry.attempts, max_age_ms=int(retry.max_age.total_seconds() * 1000)
        ),
        burst=spec.options.burst if kind.by_people else None,
        channel=kind.channel(spec.options),
        converses=kind.by_people,
    )


def _kind(name: str) -> Kind:
    kind: Kind = resolve_name(KINDS[name])
    return kind
