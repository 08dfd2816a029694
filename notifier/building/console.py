"""Console destinations: all of them write to the same stream."""

from notifier.building.kind import Ground, Kind
from notifier.destinations.console import ConsoleDestination, ConsoleOptions
from notifier.rules.model import DestinationSpec


def build(spec: DestinationSpec, ground: Ground) -> ConsoleDestination:
    """Return the destination."""
    options = spec.options
    assert isinstance(options, ConsoleOptions)
    return ConsoleDestination(spec.name, options, out=ground.out, zone=ground.settings.timezone)


KIND = Kind(options=ConsoleOptions, build=build)
