"""How long a change at BotPenguin waits to be seen: figures, and one sentence. Pure."""

from collections.abc import Sequence

from notifier.messages.facts import duration
from notifier.store.health import NEWEST_FIRST, ListingHealth, SourceHealth
from notifier.upstream.waiting import Wait, wait_of_polls

ROUNDED_TO_S = 5
IN_MINUTES_FROM_S = 100


def sees_within(source: SourceHealth, *, interval_ms: int) -> Wait | None:
    """Return how long a change waits in the listing where it waits longest.

    ``None`` where that is not known: before a first full walk, shortly after a start, or
    where full walks are off and would be needed. ``interval_ms`` is between polls.
    """
    waits = [_of_listing(one, interval_ms) for one in source.listings]
    known = [wait for wait in waits if wait is not None]
    if not known or len(known) < len(waits):
        return None
    return Wait(
        median_ms=max(one.median_ms for one in known), p90_ms=max(one.p90_ms for one in known)
    )


def sentence(sources: Sequence[SourceHealth], *, interval_ms: int) -> str:
    """Return what a person may rely on, of the source where changes wait longest."""
    waits = {one.name: sees_within(one, interval_ms=interval_ms) for one in sources}
    unknown = [name for name, wait in waits.items() if wait is None]
    known = {name: wait for name, wait in waits.items() if wait is not None}
    said = ""
    if known:
        name, slowest = max(known.items(), key=lambda item: item[1].p90_ms)
        is_one_of = len(set(known.values())) > 1
        said = f"A change {f'of {name} ' if is_one_of else ''}is seen {words(slowest)}."
    if unknown and known:
        said += f" It is not known yet of {', '.join(unknown)}."
    return said


def words(wait: Wait) -> str:
    """Return the wait as it stands in a sentence."""
    if wait.median_ms == wait.p90_ms:
        return f"within {_about(wait.p90_ms)}"
    return f"after about {_about(wait.median_ms)}, nine of ten within {_about(wait.p90_ms)}"


def _of_listing(one: ListingHealth, interval_ms: int) -> Wait | None:
    if not one.has_baseline:
        return None
    # A single page is read whole at every poll, whatever its order.
    if one.order == NEWEST_FIRST or one.pages <= 1:
        return wait_of_polls(interval_ms)
    if one.median_ms is None or one.p90_ms is None:
        return None
    return Wait(median_ms=one.median_ms, p90_ms=one.p90_ms)


def _about(ms: int) -> str:
    """Return a length of time without more figures than are worth anything."""
    seconds = round(ms / 1000)
    if seconds >= IN_MINUTES_FROM_S:
        return duration(-(-seconds // 60) * 60)
    if seconds > 2 * ROUNDED_TO_S:
        seconds = -(-seconds // ROUNDED_TO_S) * ROUNDED_TO_S
    return duration(max(seconds, 1))
