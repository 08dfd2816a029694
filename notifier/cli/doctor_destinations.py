"""``doctor`` at the destinations: whether each would take a message."""

import time
from collections.abc import AsyncIterator

from notifier.cli.findings import Finding, Verdict, doubtful, wrong
from notifier.configuration.destinations import options_of
from notifier.destinations.base import Destination, KindOptions
from notifier.errors import DeliveryError
from notifier.rules.model import DestinationSpec, Ruleset
from notifier.service.sampling import sample_message


async def check_destination(
    destination: Destination, spec: DestinationSpec, ruleset: Ruleset, *, send: bool
) -> list[Finding]:
    """Try one destination; ``send`` posts a signed sample to a webhook."""
    check = f"{destination.name} ({spec.kind})"
    try:
        options = options_of(spec)
        findings = _findings(check, destination, options, ruleset, send=send)
        return [finding async for finding in findings]
    except DeliveryError as error:
        again = f"does it run, and may this host reach it? `notifier send {destination.name}`"
        return [wrong(check, error.in_full, error.remedy or again)]


async def _findings(
    check: str, destination: Destination, options: KindOptions, ruleset: Ruleset, *, send: bool
) -> AsyncIterator[Finding]:
    if send and options.is_tried_with_a_sample:
        begun_s = time.monotonic()
        await destination.send(sample_message(ruleset, options.medium))
        took_s = time.monotonic() - begun_s
        yield Finding(check=check, found=f"took a signed sample, {took_s:.1f} s")
        return
    found = await destination.check()
    if found.doubt:
        yield doubtful(check, found.found, found.doubt)
    elif found.untried:
        remedy = f"`notifier send {destination.name}`"
        yield Finding(check=check, found=found.found, verdict=Verdict.UNTRIED, remedy=remedy)
    else:
        yield Finding(check=check, found=found.found)
