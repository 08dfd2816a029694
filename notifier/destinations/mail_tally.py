"""Who has answered for a mail, and what becomes of it once each of them has."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from notifier.destinations.base import PartlyTakenError
from notifier.destinations.mail_answers import Answer
from notifier.destinations.mail_server import Mailbox
from notifier.errors import DeliveryError, PermanentDeliveryError, RecipientRefusedError

# In front of an address among the accepted: refused for good, not taken. No
# address we send to contains a space.
REFUSED = "refused "


@dataclass(slots=True, kw_only=True)
class Tally:
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

    def interrupted(self, error: DeliveryError) -> DeliveryError:
        """Return the error for a fault that some recipients of this attempt escaped."""
        if self._done == self.before:
            return error
        partly = PartlyTakenError(str(error), accepted=self._done)
        partly.excerpt = error.excerpt
        return partly

    def conclude(self) -> str:
        """Return a note naming whoever refused for good, where somebody took the mail.

        The note ends with the server's words. Raises :class:`PartlyTakenError` where
        some may still take it and others are done with by this attempt; where nobody
        took it this time the fault of all, else :class:`RecipientRefusedError`.
        """
        problem = "; ".join(
            f"{address}: {self.host} {answer.told}" for address, answer in self.refusals.items()
        )
        passing = [one for one in self.faults if not isinstance(one, PermanentDeliveryError)]
        if passing and not self.taken:
            raise self.interrupted(passing[0])
        if not all(answer.is_final for answer in self.refusals.values()):
            raise self.interrupted(self._refused(problem))
        if all(entry.startswith(REFUSED) for entry in self._done):
            found = self._refused(problem or "every recipient refused it", for_good=True)
            raise next(iter(self.faults), found)
        earlier = sorted(entry for entry in self.before if entry.startswith(REFUSED))
        named = "; ".join([*earlier, problem] if problem else earlier)
        return ": ".join(filter(None, (named, self._words)))

    def _refused(self, problem: str, *, for_good: bool = False) -> DeliveryError:
        error = RecipientRefusedError(problem, for_good=for_good)
        error.excerpt = self._words
        return error

    @property
    def _words(self) -> str:
        """Return what the server said of those it refused, each sentence once."""
        said = dict.fromkeys(answer.words for answer in self.refusals.values())
        return "; ".join(filter(None, said))

    @property
    def _done(self) -> frozenset[str]:
        final = {REFUSED + who for who, answer in self.refusals.items() if answer.is_final}
        return self.before | self.taken | final
