"""Who gets a mail, and what becomes of it once each of them was answered for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from notifier.core.records import Agent
from notifier.destinations.base import Message, Part, PartlyTakenError
from notifier.destinations.mail_answers import Answer
from notifier.destinations.mail_server import Mailbox, parse_mailbox
from notifier.destinations.mail_session import Handed
from notifier.errors import DeliveryError, RecipientRefusedError

# In front of an address among the accepted: refused for good, not taken. No
# address we send to contains a space.
REFUSED = "refused "


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Those who get the same mail about the same parts."""

    mailboxes: tuple[Mailbox, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """The shares of a message, usually one, and the ids of agents without an address.

    ``left`` are the positions of the parts that are in nobody's share.
    """

    shares: tuple[Share, ...]
    unresolved: tuple[str, ...]
    left: frozenset[int]


def resolve(to: Sequence[str], message: Message) -> Recipients:
    """Return who the ``to`` of a destination means for this message.

    Of a digest each person gets what concerns them, while fixed addresses get it
    all. A lead that nobody has, or had, adds nobody and is no mistake.
    """
    everything = frozenset(range(len(message.parts)))
    concerned: dict[Mailbox, frozenset[int]] = {}
    unresolved: dict[str, None] = {}
    for entry in to:
        if entry not in PEOPLE:
            concerned[parse_mailbox(entry)] = everything
            continue
        for number, part in enumerate(message.parts):
            agent = PEOPLE[entry](message, part)
            box = _mailbox(message.agents.get(agent.id, agent)) if agent else None
            if box:
                share = {number} if message.digest else everything
                concerned[box] = concerned.get(box, frozenset()) | share
            elif agent:
                unresolved[agent.id] = None
    return Recipients(
        shares=tuple(_shares(message, concerned)),
        unresolved=tuple(unresolved),
        left=everything.difference(*concerned.values()),
    )


def waiting(mailboxes: Sequence[Mailbox], accepted: frozenset[str]) -> list[Mailbox]:
    """Return those who have neither taken this very message nor refused it for good."""
    return [box for box in mailboxes if not {box.address, REFUSED + box.address} & accepted]


@dataclass(slots=True, kw_only=True)
class Tally:
    """Who has answered what so far; ``before`` is who was done with in earlier attempts."""

    host: str
    before: frozenset[str]
    taken: set[str] = field(default_factory=set)
    refusals: dict[str, Answer] = field(default_factory=dict)

    def add(self, handed: Handed) -> None:
        """Count one mail that was handed in."""
        self.taken |= handed.taken
        self.refusals |= handed.refused

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
        some may still take it and others are done with by this attempt, and
        :class:`RecipientRefusedError` where nobody took it this time.
        """
        problem = "; ".join(
            f"{address}: {self.host} answered {answer.codes}"
            for address, answer in self.refusals.items()
        )
        if not all(answer.is_final for answer in self.refusals.values()):
            raise self.interrupted(self._refused(problem))
        if all(entry.startswith(REFUSED) for entry in self._done):
            raise self._refused(problem or "every recipient refused it", for_good=True)
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


def _shares(message: Message, concerned: Mapping[Mailbox, frozenset[int]]) -> list[Share]:
    grouped: dict[frozenset[int], list[Mailbox]] = {}
    for box, numbers in concerned.items():
        grouped.setdefault(numbers, []).append(box)
    return [
        Share(mailboxes=tuple(boxes), parts=tuple(message.parts[n] for n in sorted(numbers)))
        for numbers, boxes in grouped.items()
    ]


def _owner(message: Message, part: Part) -> Agent | None:
    """Return who has the lead now; in a digest, who had it then."""
    lead = message.lead or part.event.lead
    return lead.assignee if lead else None


def _former_owner(_: Message, part: Part) -> Agent | None:
    change = (part.event.data.changes or {}).get("assignee")
    return Agent(id=str(change.old)) if change and change.old else None


def _mailbox(agent: Agent) -> Mailbox | None:
    try:
        return parse_mailbox(agent.email or "")
    except ValueError:
        return None


PEOPLE = MappingProxyType({"assignee": _owner, "previous_assignee": _former_owner})
