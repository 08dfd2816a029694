"""Whether anybody stands behind the destination of a message about a lead."""

from notifier.destinations.base import Message
from notifier.destinations.email import EmailOptions
from notifier.destinations.mail_recipients import resolve
from notifier.destinations.slack import SlackOptions
from notifier.destinations.slack_people import ASSIGNEE, shares, slack_id
from notifier.rules.destinations import DestinationOptions


def reaches_somebody(options: DestinationOptions, message: Message) -> bool:
    """Say whether a message has a recipient: an assignee may be nobody, or unknown."""
    match options:
        case EmailOptions():
            return bool(resolve(options.to, message).shares)
        case SlackOptions(channel=channel) if channel == ASSIGNEE and message.digest:
            return bool(shares(message))
        case SlackOptions(channel=channel) if channel == ASSIGNEE:
            lead = message.lead or message.parts[-1].event.lead
            return slack_id(lead, message.agents) is not None
        case _:
            return True
