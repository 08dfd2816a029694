"""``doctor`` at the destinations: whether each would take a message."""

import time
from collections.abc import AsyncIterator

from notifier.cli.findings import Finding, Verdict, doubtful, wrong
from notifier.cli.sample import sample_message
from notifier.destinations.base import Destination
from notifier.destinations.console import ConsoleDestination
from notifier.destinations.email import EmailDestination
from notifier.destinations.slack import SlackDestination
from notifier.destinations.webhook import WebhookDestination
from notifier.errors import DeliveryError
from notifier.rules.model import DestinationSpec, Ruleset


async def check_place(
    destination: Destination, spec: DestinationSpec, ruleset: Ruleset, *, send: bool
) -> list[Finding]:
    """Try one destination; ``send`` posts a signed sample to a webhook."""
    check = f"{destination.name} ({spec.kind})"
    try:
        return [finding async for finding in _findings(check, destination, ruleset, send=send)]
    except DeliveryError as error:
        again = f"does it run, and may this host reach it? `notifier send {destination.name}`"
        return [wrong(check, error.in_full, error.remedy or again)]


async def _findings(
    check: str, destination: Destination, ruleset: Ruleset, *, send: bool
) -> AsyncIterator[Finding]:
    match destination:
        case WebhookDestination() if send:
            begun_s = time.monotonic()
            await destination.send(sample_message(ruleset, destination.medium))
            took_s = time.monotonic() - begun_s
            yield Finding(check=check, found=f"took a signed sample, {took_s:.1f} s")
        case WebhookDestination():
            yield _answered(check, await destination.check())
        case SlackDestination():
            found = await destination.check()
            untried = found.endswith(("tried by posting", "(untried)"))
            verdict = Verdict.UNTRIED if untried else Verdict.FINE
            remedy = f"`notifier send {destination.name}`" if verdict is Verdict.UNTRIED else ""
            yield Finding(check=check, found=found, verdict=verdict, remedy=remedy)
        case EmailDestination():
            await destination.check()
            yield Finding(check=check, found="the server lets us in")
        case ConsoleDestination():
            yield Finding(check=check, found="prints to the service's own output")
        case _:
            yield Finding(check=check, found="no check for this kind", verdict=Verdict.UNTRIED)


def _answered(check: str, status: int) -> Finding:
    """Return what the status of a bare HEAD request tells: only that somebody is there."""
    found = f"somebody answers (HEAD: {status})"
    if status >= 500:
        return doubtful(check, found, "it has a fault of its own; try again, with --send")
    return Finding(check=check, found=found)
