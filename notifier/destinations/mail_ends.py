"""What became of a mail, and of each part of a digest, once those it is for were asked."""

from collections.abc import Mapping

from notifier.core.outcome import UNRESOLVED
from notifier.destinations.base import Message, Receipt
from notifier.destinations.mail_recipients import Recipients
from notifier.destinations.mail_tally import Tally
from notifier.errors import DeliveryError, SkippedDeliveryError


def receipt(
    message: Message, who: Recipients, tally: Tally, *, memory: Mapping[str, str]
) -> Receipt:
    """Return the proof that somebody took it; parts of a digest may have ended apart."""
    if message.digest is None:
        return Receipt(memory=memory, note=_note(0, who, tally))
    notes = {position: _note(position, who, tally) for position in range(len(message.parts))}
    refused = {n: why for n, why in ends(message, who, tally).items() if why}
    return Receipt(
        notes={position: note for position, note in notes.items() if note},
        left=refused | dict.fromkeys(who.left, SkippedDeliveryError(UNRESOLVED)),
    )


def _note(position: int, who: Recipients, tally: Tally) -> str:
    """Return what went less than well with one part, though somebody took it."""
    unresolved = (one for one, positions in who.unresolved.items() if position in positions)
    notes = [tally.note(who.of(position)), *(f"{UNRESOLVED} {one}" for one in unresolved)]
    return "; ".join(filter(None, notes))


def ends(message: Message, who: Recipients, tally: Tally) -> Mapping[int, DeliveryError | None]:
    """Return how each part of a digest ended, once all whom it is for have answered."""
    if message.digest is None:
        return {}
    whom = {position: who.of(position) for position in range(len(message.parts))}
    return {
        position: tally.end_for(boxes)
        for position, boxes in whom.items()
        if boxes and not tally.may_take(boxes)
    }
