"""Who has answered for a mail, and what becomes of it once each of them has."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from notifier.destinations.base import PartlyTakenError
from notifier.destinations.mail_answers import Answer
from notifier.destinations.mail_server import Mailbox
from notifier.errors import DeliveryError, PermanentDeliveryError, RecipientRefusedError

# In front of an address among the accepted: refused for good, not taken. No
# address we send to contains a space.
REFUSED = "refused "


@dataclass(slots=True, kw_only=True)
class SendResults:
    """Who has answered what so far; ``before`` is who was done with in earlier attempts.

    ``faults`` are refusals that may mean everybody's mail, not just these recipients'.
    ``most``: so many recipients a mail may have, where the server said so in its way.
    """

    host: str
    before: frozenset[str]
    taken: set[str] = field(default_factory=set)
    refusals: dict[str, Answer] = field(default_factory=dict)
    faults: list[DeliveryError] = field(default_factory=list)
    most: int | None = None

    def unanswered(self, mailboxes: Iterable[Mailbox]) -> list[Mailbox]:
        """Return those who have not answered yet, and may still take the mail."""
        return [
            box
            for box in mailboxes
            if box.address not in self.taken
            and box.address not in self.refusals
            and not {box.address, REFUSED + box.address} & self.before
        ]

    @property
    def count(self) -> int:
        """How many have answered in this attempt."""
        return len(self.taken) + len(self.refusals)

    @property
    def progress(self) -> tuple[int, int | None]:
        """What differs once a connection has brought something."""
        return self.count, self.most

    def take(self, mailboxes: Iterable[Mailbox]) -> None:
        """Count those who took the mail."""
        self.taken |= {box.address for box in mailboxes}

    def refuse(
        self,
        mailboxes: Iterable[Mailbox],
        answer: Answer,
        *,
        fault: DeliveryError | None = None,
    ) -> None:
        """Count those who were refused, by an answer that may be a ``fault`` of all."""
        self.refusals |= dict.fromkeys((box.address for box in mailboxes), answer)
        self.faults += [fault] if fault else []

    def may_take(self, mailboxes: Sequence[Mailbox]) -> bool:
        """Whether some of them have still to take it, now or later."""
        left = {box.address for box in self.unanswered(mailboxes)}
        passing = {who for who, answer in self.refusals.items() if not answer.is_final}
        return bool(left or passing & {box.address for box in mailboxes})

    def end_for(self, mailboxes: Sequence[Mailbox]) -> DeliveryError | None:
        """Return how it ended for those who have all answered: ``None`` is taken."""
        addresses = {box.address for box in mailboxes}
        if addresses & (self.taken | self.before):
            return None
        return self._refused(self._refusals_of(addresses), for_good=True)

    def interrupted(self, error: DeliveryError) -> DeliveryError:
        """Return the error for a fault that some recipients of this attempt escaped."""
        if self._done == self.before:
            return error
        partly = PartlyTakenError(str(error), accepted=self._done)
        partly.excerpt = error.excerpt
        return partly

    def conclude(self) -> None:
        """Raise what is to be done about those who did not take it, if anything is.

        :class:`PartlyTakenError` where some may still take it and others are done with by
        this attempt; where nobody took it this time the fault of all, else
        :class:`RecipientRefusedError`.
        """
        passing = [one for one in self.faults if not isinstance(one, PermanentDeliveryError)]
        if passing and not self.taken:
            raise self.interrupted(passing[0])
        if not all(answer.is_final for answer in self.refusals.values()):
            raise self.interrupted(self._refused(self.refusals))
        if all(entry.startswith(REFUSED) for entry in self._done):
            raise next(iter(self.faults), self._refused(self.refusals, for_good=True))

    def note(self, mailboxes: Sequence[Mailbox]) -> str:
        """Return who of them refused for good, and the server's words."""
        addresses = [box.address for box in mailboxes]
        earlier = sorted({REFUSED + one for one in addresses} & self.before)
        refusals = self._refusals_of(addresses)
        named = "; ".join([*earlier, *self._told(refusals)])
        return ": ".join(filter(None, (named, _words(refusals))))

    def _refusals_of(self, addresses: Collection[str]) -> dict[str, Answer]:
        return {who: answer for who, answer in self.refusals.items() if who in addresses}

    def _refused(
        self, refusals: Mapping[str, Answer], *, for_good: bool = False
    ) -> DeliveryError:
        problem = "; ".join(self._told(refusals)) or "every recipient refused it"
        error = RecipientRefusedError(problem, for_good=for_good)
        error.excerpt = _words(refusals)
        return error

    def _told(self, refusals: Mapping[str, Answer]) -> list[str]:
        return [f"{who}: {self.host} {answer.told}" for who, answer in refusals.items()]

    @property
    def _done(self) -> frozenset[str]:
        final = {REFUSED + who for who, answer in self.refusals.items() if answer.is_final}
        return self.before | self.taken | final


def _words(refusals: Mapping[str, Answer]) -> str:
    """Return what the server said of those it refused, each sentence once."""
    said = dict.fromkeys(answer.words for answer in refusals.values())
    return "; ".join(filter(None, said))
