"""``doctor`` on how long changes wait to be seen, and what would bring them sooner."""

from collections.abc import Iterator, Mapping

from notifier.cli.findings import Finding
from notifier.configuration.load import Configuration
from notifier.monitoring.sees_within import words
from notifier.rules.model import SourceSpec
from notifier.store.outlooks import Outlook
from notifier.upstream.glances import Glances, Learnt
from notifier.upstream.waiting import Wait, wait_of_pages

ALLOWED_A_MINUTE = 100

Kept = Mapping[tuple[str, str], tuple[int, Outlook]]
"""By bot id and listing type: its pages, and what is known of its changes."""


def check_waits(config: Configuration, kept: Kept) -> Iterator[Finding]:
    """Yield a finding for each listing whose order hides changes."""
    for spec in config.sources:
        for listing_type in spec.types:
            pages, known = kept.get((spec.source.bot_id, listing_type), (0, Outlook()))
            if pages > 1 and known.turn_ms and known.median_ms and known.p90_ms:
                now = Wait(median_ms=known.median_ms, p90_ms=known.p90_ms)
                yield Finding(
                    check=f"{spec.source.name}: {listing_type} waits",
                    found=f"a change is seen {words(now)}",
                    remedy="; ".join(_sooner(config, spec, pages, known)),
                )


def _sooner(
    config: Configuration, spec: SourceSpec, pages: int, known: Outlook
) -> Iterator[str]:
    """Yield what a higher limit would bring, and fewer leads."""
    assert known.turn_ms is not None
    head_ms = int(config.settings.poll_interval.total_seconds() * 1000)
    limit, heads = config.settings.rate_limit, len(spec.types) * 60_000 / head_ms
    learnt = Learnt.of_text(known.learnt)
    if heads < limit < ALLOWED_A_MINUTE:
        # What is added goes to the spare rate alone.
        turn_ms = known.turn_ms * (limit - heads) / (ALLOWED_A_MINUTE - heads)
        wait = _wait(pages, learnt, turn_ms=turn_ms, head_ms=head_ms)
        yield f"with NOTIFIER_RATE_LIMIT={ALLOWED_A_MINUTE} it would be {words(wait)}"
    wait = _wait(-(-pages // 2), learnt, turn_ms=known.turn_ms, head_ms=head_ms)
    yield f"with half as many leads {words(wait)}"


def _wait(pages: int, learnt: Learnt, *, turn_ms: float, head_ms: int) -> Wait:
    rates = Glances(pages=pages, now_ms=0, learnt=learnt).rates(now_ms=0)
    return wait_of_pages(rates, turn_ms=turn_ms, head_ms=head_ms)
