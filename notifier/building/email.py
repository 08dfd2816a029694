"""Email destinations: one server and sender for all."""

from notifier.building.kind import Ground, Kind, missing
from notifier.destinations.email import EmailDestination, EmailOptions
from notifier.destinations.mail_server import parse_mailbox, parse_smtp_url
from notifier.rules.model import DestinationSpec


def build(spec: DestinationSpec, ground: Ground) -> EmailDestination:
    """Return the destination."""
    options, settings = spec.options, ground.settings
    assert isinstance(options, EmailOptions)
    if settings.smtp_url is None:
        raise missing(spec.name, "NOTIFIER_SMTP_URL", "mail needs a server")
    if settings.smtp_from is None:
        raise missing(spec.name, "NOTIFIER_SMTP_FROM", "mail needs a sender")
    return EmailDestination(
        spec.name,
        options,
        server=parse_smtp_url(settings.smtp_url.get_secret_value()),
        sender=parse_mailbox(settings.smtp_from),
        zone=settings.timezone,
        now=ground.now,
    )


KIND = Kind(options=EmailOptions, build=build, by_people=True)
