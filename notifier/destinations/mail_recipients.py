"""Who gets a mail: fixed addresses, and whoever has, or had, the lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from notifier.core.records import Agent
from notifier.destinations.base import Message, Part
from notifier.destinations.mail_server import Mailbox, parse_mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientGroup:
    """Those who get the same mail about the same parts."""

    mailboxes: tuple[Mailbox, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """The groups of a message, usually one, and the ids of agents without an address.

    Both ``concerned`` and ``unresolved`` have the positions of each one's parts, and
    ``left`` are those that are nobody's.
    """

    groups: tuple[RecipientGroup, ...]
    unresolved: Mapping[str, frozenset[int]]
    concerned: Mapping[Mailbox, frozenset[int]]
    left: frozenset[int]

    def of(self, position: int) -> list[Mailbox]:
        """Return whom a part is for."""
        return [box for box, positions in self.concerned.items() if position in positions]


def resolve(to: Sequence[str], message: Message) -> Recipients:
    """Return who the ``to`` of a destination means for this message.

    Of a digest each person gets what concerns them, while fixed addresses get it
    all. A lead that nobody has, or had, adds nobody and is no mistake.
    """
    everything = frozenset(range(len(message.parts)))
    concerned: dict[Mailbox, frozenset[int]] = {}
    unresolved: dict[str, frozenset[int]] = {}
    for entry in to:
        if entry not in PEOPLE:
            concerned[parse_mailbox(entry)] = everything
            continue
        for number, part in enumerate(message.parts):
            agent = PEOPLE[entry](message, part)
            if agent is None:
                continue
            group = everything if message.digest is None else {number}
            if box := _mailbox(message.agents.get(agent.id, agent)):
                concerned[box] = concerned.get(box, frozenset()) | group
            else:
                unresolved[agent.id] = unresolved.get(agent.id, frozenset()) | group
    return Recipients(
        groups=tuple(_groups(message, concerned)),
        unresolved=unresolved,
        concerned=concerned,
        left=everything.difference(*concerned.values()),
    )


def _groups(
    message: Message, concerned: Mapping[Mailbox, frozenset[int]]
) -> list[RecipientGroup]:
    grouped: dict[frozenset[int], list[Mailbox]] = {}
    for box, numbers in concerned.items():
        grouped.setdefault(numbers, []).append(box)
    return [
        RecipientGroup(
            mailboxes=tuple(boxes), parts=tuple(message.parts[n] for n in sorted(numbers))
        )
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
