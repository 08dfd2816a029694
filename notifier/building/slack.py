"""Slack destinations: channels and direct messages need a token, webhooks do not."""

from hashlib import sha256

from pydantic import SecretStr

from notifier.building.kind import Ground, Kind, missing
from notifier.destinations.slack import SlackDestination, SlackOptions
from notifier.rules.destinations import DestinationOptions
from notifier.rules.model import DestinationSpec


def build(spec: DestinationSpec, ground: Ground) -> SlackDestination:
    """Return the destination."""
    options, settings = spec.options, ground.settings
    assert isinstance(options, SlackOptions)
    if options.channel is not None and settings.slack_token is None:
        raise missing(spec.name, "NOTIFIER_SLACK_TOKEN", "a Slack channel needs a bot token")
    return SlackDestination(
        spec.name,
        options,
        token=settings.slack_token,
        api_url=settings.slack_api_url,
        now=ground.now,
        zone=settings.timezone,
    )


def channel(options: DestinationOptions) -> str:
    """Return what is equal for destinations that post to the same channel."""
    match options:
        case SlackOptions(webhook_url=SecretStr() as url):
            return f"slack {sha256(url.get_secret_value().encode()).hexdigest()}"
        case SlackOptions(channel=str() as name):
            return f"slack {name.removeprefix('#').lower()}"
        case _:
            return ""


KIND = Kind(options=SlackOptions, build=build, by_people=True, channel=channel)
