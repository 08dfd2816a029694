"""Whether anybody stands behind the destination of a message about a lead."""

from notifier.destinations.base import Message
from notifier.destinations.email import EmailOptions
from notifier.destinations.mail_recipients import resolve
from notifier.destinations.slack import SlackOptions
from notifier.destinations.slack_people import ASSIGNEE, shares, slack_id
from notifier.rules.destinations import DestinationOptions


def unresolved(options: DestinationOptions, message: Message) -> frozenset[int]:
    """Return the positions of the parts for nobody: an assignee may be nobody, or unknown."""
    match options:
        case EmailOptions():
            return resolve(options.to, message).left
        case SlackOptions(channel=channel) if channel == ASSIGNEE and message.digest:
            return shares(message)[1]
        case SlackOptions(channel=channel) if channel == ASSIGNEE:
            lead = message.lead or message.parts[-1].event.lead
            reached = slack_id(lead, message.agents) is not None
            return frozenset() if reached else frozenset(range(len(message.parts)))
        case _:
            return frozenset()
