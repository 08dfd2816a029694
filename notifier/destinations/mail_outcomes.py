"""What became of a mail, and of each part of a digest, once those it is for were asked."""

from collections.abc import Mapping

from notifier.core.outcome import UNRESOLVED
from notifier.destinations.base import Message, Receipt
from notifier.destinations.mail_recipients import Recipients
from notifier.destinations.mail_results import SendResults
from notifier.errors import DeliveryError, SkippedDeliveryError


def receipt(
    message: Message, who: Recipients, results: SendResults, *, memory: Mapping[str, str]
) -> Receipt:
    """Return the proof that somebody took it; parts of a digest may have ended apart."""
    if message.digest is None:
        return Receipt(memory=memory, note=_note(0, who, results))
    notes = {position: _note(position, who, results) for position in range(len(message.parts))}
    refused = {n: why for n, why in ends(message, who, results).items() if why}
    return Receipt(
        notes={position: note for position, note in notes.items() if note},
        left=refused | dict.fromkeys(who.left, SkippedDeliveryError(UNRESOLVED)),
    )


def _note(position: int, who: Recipients, results: SendResults) -> str:
    """Return what went less than well with one part, though somebody took it."""
    unresolved = (one for one, positions in who.unresolved.items() if position in positions)
    notes = [results.note(who.of(position)), *(f"{UNRESOLVED} {one}" for one in unresolved)]
    return "; ".join(filter(None, notes))


def ends(
    message: Message, who: Recipients, results: SendResults
) -> Mapping[int, DeliveryError | None]:
    """Return how each part of a digest ended, once all whom it is for have answered."""
    if message.digest is None:
        return {}
    whom = {position: who.of(position) for position in range(len(message.parts))}
    return {
        position: results.end_for(boxes)
        for position, boxes in whom.items()
        if boxes and not results.may_take(boxes)
    }
