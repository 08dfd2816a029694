"""Webhook destinations: each has its own connections."""

from notifier.building.kind import Ground, Kind
from notifier.destinations.http import build_sessions
from notifier.destinations.webhook import WebhookDestination, WebhookOptions
from notifier.rules.model import DestinationSpec


def build(spec: DestinationSpec, ground: Ground) -> WebhookDestination:
    """Return the destination."""
    options = spec.options
    assert isinstance(options, WebhookOptions)
    return WebhookDestination(spec.name, options, sessions=build_sessions(), now=ground.now)


KIND = Kind(options=WebhookOptions, build=build)
