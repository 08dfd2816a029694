"""Why the program is not doing its whole work right now; pure."""

from collections.abc import Iterator

from notifier.dispatcher.trouble import is_down
from notifier.store.vitals import DestinationVitals, SourceVitals, Vitals


def troubles(vitals: Vitals, *, now_ms: int, stale_ms: int) -> list[str]:
    """Return one sentence per trouble, none where all is well.

    ``stale_ms`` is how old the last good poll of a source may be.
    """
    found: list[str] = []
    for source in vitals.sources:
        found += _source(source, now_ms=now_ms, stale_ms=stale_ms)
    for destination in vitals.destinations:
        found += _destination(destination, now_ms)
    if vitals.rules_refused:
        found.append("the rules on disk were refused; those before them are in force")
    return found


def status(vitals: Vitals, *, now_ms: int) -> str:
    """Return the line that ``systemctl status`` shows."""
    up = sum(source.state != "down" for source in vitals.sources)
    down = len(vitals.sources) - up
    polled_ms = [one.last_success_ms for one in vitals.sources if one.last_success_ms]
    parts = [f"{up} {'source' if up == 1 else 'sources'} up", f"{down} down" if down else ""]
    parts.append(f"last poll {(now_ms - max(polled_ms)) // 1000} s ago" if polled_ms else "")
    parts.append(f"{sum(one.pending for one in vitals.destinations)} pending")
    parts.append(f"{sum(one.dead for one in vitals.destinations)} dead")
    parts += [
        f"{one.name} {one.standing.health.value}"
        for one in vitals.destinations
        if is_down(one.standing, now_ms)
    ]
    parts.append("rules on disk refused" if vitals.rules_refused else "")
    return ", ".join(filter(None, parts))


def _source(source: SourceVitals, *, now_ms: int, stale_ms: int) -> Iterator[str]:
    name = f"source {source.name}"
    if source.state == "down":
        yield f"{name} is down: {source.reason}"
    elif source.last_success_ms is None:
        yield f"{name} has not been read yet"
    elif now_ms - source.last_success_ms > stale_ms:
        minutes = (now_ms - source.last_success_ms) // 60_000
        yield f"{name} had its last good poll {minutes} minutes ago"


def _destination(destination: DestinationVitals, now_ms: int) -> Iterator[str]:
    standing = destination.standing
    if is_down(standing, now_ms):
        why = f": {standing.reason}" if standing.reason else ""
        yield f"destination {destination.name} is {standing.health.value}{why}"
