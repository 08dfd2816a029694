"""Settings and rules → the destinations' objects, one constructor a kind."""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from pydantic import SecretStr
from rich.console import Console

from notifier.conclude import Policy
from notifier.destinations.base import Destination
from notifier.destinations.console import ConsoleDestination, ConsoleOptions
from notifier.destinations.email import EmailDestination, EmailOptions
from notifier.destinations.http import build_transport
from notifier.destinations.mail_server import parse_mailbox, parse_smtp_url
from notifier.destinations.slack import SlackDestination, SlackOptions
from notifier.destinations.webhook import WebhookDestination, WebhookOptions
from notifier.dispatcher.tools import Limits
from notifier.errors import ConfigError, Fault
from notifier.rules.destinations import DestinationOptions
from notifier.rules.model import DestinationSpec, Ruleset
from notifier.settings import Settings

FLOODABLE = ("slack", "email")  # read by people: a burst becomes a summary


def kinds() -> dict[str, type[DestinationOptions]]:
    """Return the options of each kind of destination, by the name rules files use."""
    return {
        "slack": SlackOptions,
        "email": EmailOptions,
        "webhook": WebhookOptions,
        "console": ConsoleOptions,
    }


def limits(rules: Ruleset) -> dict[str, Limits]:
    """Return how long each destination's messages are tried, and what would flood it."""
    return {
        name: Limits(
            policy=Policy(
                attempts=spec.options.retry.attempts,
                max_age_ms=int(spec.options.retry.max_age.total_seconds() * 1000),
            ),
            burst=spec.options.burst if spec.kind in FLOODABLE else None,
            channel=_channel(spec.options),
            converses=spec.kind in FLOODABLE,
        )
        for name, spec in rules.destinations.items()
    }


def _channel(options: DestinationOptions) -> str:
    """Return what is equal for destinations that post to the same Slack channel."""
    match options:
        case SlackOptions(webhook_url=SecretStr() as url):
            return f"slack {sha256(url.get_secret_value().encode()).hexdigest()}"
        case SlackOptions(channel=str() as channel):
            return f"slack {channel.removeprefix('#').lower()}"
        case _:
            return ""


def build_destinations(
    settings: Settings, rules: Ruleset, *, now: Callable[[], datetime], console: Console
) -> dict[str, Destination]:
    """Return every destination of the rules, ready to send.

    Raises :class:`ConfigError` with a fault per destination whose settings are
    missing or wrong.
    """
    built: dict[str, Destination] = {}
    faults: list[Fault] = []
    for name, spec in rules.destinations.items():
        try:
            built[name] = _build(spec, settings, now=now, console=console)
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)
    return built


def _build(
    spec: DestinationSpec, settings: Settings, *, now: Callable[[], datetime], console: Console
) -> Destination:
    match spec.options:
        case WebhookOptions() as options:
            return WebhookDestination(spec.name, options, transport=build_transport(), now=now)
        case SlackOptions() as options:
            return _slack(spec.name, options, settings, now)
        case EmailOptions() as options:
            return _email(spec.name, options, settings, now)
        case ConsoleOptions() as options:
            return ConsoleDestination(
                spec.name, options, console=console, zone=settings.timezone
            )
        case _:
            raise AssertionError(f"no constructor for {spec.kind}")


def _slack(
    name: str, options: SlackOptions, settings: Settings, now: Callable[[], datetime]
) -> SlackDestination:
    if options.channel is not None and settings.slack_token is None:
        raise _missing(name, "NOTIFIER_SLACK_TOKEN", "a Slack channel needs a bot token")
    return SlackDestination(
        name,
        options,
        token=settings.slack_token,
        api_url=settings.slack_api_url,
        now=now,
        zone=settings.timezone,
    )


def _email(
    name: str, options: EmailOptions, settings: Settings, now: Callable[[], datetime]
) -> EmailDestination:
    if settings.smtp_url is None:
        raise _missing(name, "NOTIFIER_SMTP_URL", "mail needs a server")
    if settings.smtp_from is None:
        raise _missing(name, "NOTIFIER_SMTP_FROM", "mail needs a sender")
    return EmailDestination(
        name,
        options,
        server=parse_smtp_url(settings.smtp_url.get_secret_value()),
        sender=parse_mailbox(settings.smtp_from),
        zone=settings.timezone,
        now=now,
    )


def _missing(name: str, variable: str, why: str) -> ConfigError:
    return ConfigError(
        [
            Fault(
                where=f"destinations.{name}",
                problem=f"{variable} is not set: {why}",
                remedy=f"set {variable} in the environment or in .env",
            )
        ]
    )
