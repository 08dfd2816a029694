"""Who gets a mail, and what becomes of it once each of them was answered for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from aiosmtplib import SMTPResponse

from notifier.destinations.base import Message, PartlyTakenError
from notifier.destinations.mail_server import Mailbox, parse_mailbox
from notifier.destinations.mail_session import said
from notifier.errors import PermanentDeliveryError, TemporaryDeliveryError
from notifier.records import Agent

# In front of an address among the accepted: refused for good, not taken. No
# address we send to contains a space.
REFUSED = "refused "


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """The mailboxes of a message, each once, and the ids of agents without one."""

    mailboxes: tuple[Mailbox, ...]
    unresolved: tuple[str, ...]


def resolve(to: Sequence[str], message: Message) -> Recipients:
    """Return who the ``to`` of a destination means for this message.

    A lead that nobody has, or had, adds nobody and is no mistake.
    """
    found: dict[str, Mailbox] = {}
    unresolved: dict[str, None] = {}
    for entry in to:
        if entry not in PEOPLE:
            mailbox = parse_mailbox(entry)
            found.setdefault(mailbox.address, mailbox)
            continue
        for agent in PEOPLE[entry](message):
            if box := _mailbox(message.agents.get(agent.id, agent)):
                found.setdefault(box.address, box)
            else:
                unresolved[agent.id] = None
    return Recipients(mailboxes=tuple(found.values()), unresolved=tuple(unresolved))


def waiting(mailboxes: Sequence[Mailbox], accepted: frozenset[str]) -> list[Mailbox]:
    """Return those who have neither taken this very message nor refused it for good."""
    return [box for box in mailboxes if not {box.address, REFUSED + box.address} & accepted]


def conclude(
    host: str,
    *,
    asked: Sequence[Mailbox],
    refusals: Mapping[str, SMTPResponse],
    before: frozenset[str],
) -> str:
    """Return a note naming whoever refused for good, where somebody took the mail.

    ``refusals`` are by address; ``before`` is who was done with earlier. Raises
    :class:`TemporaryDeliveryError` where nobody is done with yet,
    :class:`PartlyTakenError` where some may still take it, and
    :class:`PermanentDeliveryError` where all refused for good.
    """
    final = {address for address, answer in refusals.items() if answer.code >= 500}
    taken = {box.address for box in asked if box.address not in refusals}
    accepted = before | taken | {REFUSED + address for address in final}
    problem = "; ".join(f"{address}: {said(host, one)}" for address, one in refusals.items())
    if final != refusals.keys():
        if accepted:
            raise PartlyTakenError(problem, accepted=accepted)
        raise TemporaryDeliveryError(problem)
    if all(entry.startswith(REFUSED) for entry in accepted):
        raise PermanentDeliveryError(problem or "every recipient refused it")
    refused = [entry for entry in sorted(before) if entry.startswith(REFUSED)]
    return "; ".join([*refused, problem] if problem else refused)


def _owners(message: Message) -> Iterator[Agent]:
    """Yield who has the lead now; for several leads, who had each when it happened."""
    leads = [message.lead] if message.lead else [part.event.lead for part in message.parts]
    yield from (lead.assignee for lead in leads if lead and lead.assignee)


def _former_owners(message: Message) -> Iterator[Agent]:
    for part in message.parts:
        change = (part.event.data.changes or {}).get("assignee")
        if change and change.old:
            yield Agent(id=str(change.old))


def _mailbox(agent: Agent) -> Mailbox | None:
    try:
        return parse_mailbox(agent.email or "")
    except ValueError:
        return None


PEOPLE = MappingProxyType({"assignee": _owners, "previous_assignee": _former_owners})
