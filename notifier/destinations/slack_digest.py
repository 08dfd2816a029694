"""A digest in Slack: one message for a channel, or for each person the part that is theirs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from notifier.core.outcome import UNRESOLVED
from notifier.destinations import slack_blocks as blocks
from notifier.destinations.base import Message, PartlyTakenError, Receipt
from notifier.destinations.slack_faults import Refusal, translated
from notifier.destinations.slack_people import shares
from notifier.destinations.slack_post import Poster
from notifier.destinations.slack_threads import card_payload
from notifier.errors import (
    DeliveryError,
    RecipientRefusedError,
    SkippedDeliveryError,
    TemporaryDeliveryError,
)
from notifier.messages.digest import digest_text
from notifier.messages.text import Medium


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPost:
    """Posts digests; ``zone`` is for the times that people read."""

    poster: Poster
    zone: tzinfo
    mention: str

    async def to_channel(self, channel: str, message: Message, headline: str) -> Receipt:
        """Post one message; raises what the poster raises."""
        text = digest_text(message.parts, headline, Medium.SLACK, zone=self.zone)
        notice = f"{self.mention} {text.title}".strip()
        payload = {"text": notice, "blocks": blocks.digest(text, self.mention)}
        await self.poster.post(channel, payload, message)
        return Receipt()

    async def to_people(self, message: Message) -> Receipt:
        """Post to each person who has a lead in it; raises a delivery error for those left."""
        people, unresolved = shares(message)
        if not people:
            raise SkippedDeliveryError(UNRESOLVED)
        faults: dict[str, DeliveryError] = {}
        for person in [one for one in people if one not in message.accepted]:
            try:
                await self._to_person(person, message, people[person])
            except Refusal as refusal:
                faults[person] = translated(refusal, to_a_person=True)
            except DeliveryError as fault:
                faults[person] = fault
        left = dict.fromkeys(unresolved, SkippedDeliveryError(UNRESOLVED))
        if not faults:
            return Receipt(left=left)
        error = _combined(list(faults.values()), taken=frozenset(people.keys() - faults.keys()))
        if isinstance(error, PartlyTakenError):
            ends = {n: faults.get(one) for one, positions in people.items() for n in positions}
            error.parts = ends | left
        raise error

    async def _to_person(self, person: str, message: Message, positions: Sequence[int]) -> None:
        share = message.share(tuple(message.parts[position] for position in positions))
        if share.digest is None and (lead := share.parts[0].event.lead):
            await self.poster.post(person, card_payload(share, self.mention, lead), share)
        else:
            await self.to_channel(person, share, share.digest or "")


def _combined(faults: Sequence[DeliveryError], *, taken: frozenset[str]) -> DeliveryError:
    """Return the first fault, so that those who took their share do not get it again.

    Where nobody did, a fault of the destination says more than one person's.
    """
    if not taken:
        of_all = (fault for fault in faults if not isinstance(fault, RecipientRefusedError))
        return next(of_all, faults[0])
    pauses = [f.retry_after_s for f in faults if isinstance(f, TemporaryDeliveryError)]
    longest = max((pause for pause in pauses if pause), default=None)
    return PartlyTakenError(str(faults[0]), accepted=taken, retry_after_s=longest)
