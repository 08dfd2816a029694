"""The two files of a new installation, as text."""

import re
from collections.abc import Mapping

NEEDS_NO_QUOTES = re.compile(r"[\w@%+=:,./?&{}-]+", re.ASCII)

SLACK = """\
  # A Slack incoming webhook. With `channel: "#sales-leads"` in its place, and
  # NOTIFIER_SLACK_TOKEN set, every lead gets a thread of its own.
  team: {type: slack, webhook_url: "${SLACK_WEBHOOK}"}
  screen: {type: console}
"""

CONSOLE = """\
  # Prints every alert. For Slack, set SLACK_WEBHOOK in .env and write
  #   team: {type: slack, webhook_url: "${SLACK_WEBHOOK}"}
  team: {type: console}
  screen: {type: console}
"""

RULES = """\
# What is told to whom. `notifier check` finds mistakes; a running notifier takes
# up a changed file on SIGHUP.

destinations:
@destinations@
rules:
  - name: New lead
    when: lead.created
    send: team

  - name: Lead has a new owner or status
    when: [lead.status_changed, lead.assigned, lead.reassigned, lead.unassigned]
    send: team

  # Alerts about notifier itself. A destination that is down cannot say so:
  # they go to the log of the service as well.
  - name: Something is wrong
    when: [source.down, source.up, destination.down, destination.up, delivery.dead]
    send: [team, screen]
"""


def rules_text(*, slack: bool) -> str:
    """Return a first rules file that sends to Slack, or prints."""
    return RULES.replace("@destinations@", SLACK if slack else CONSOLE)


def dotenv_text(values: Mapping[str, str]) -> str:
    """Return an environment file: one quoted ``NAME=value`` a line."""
    lines = [f"{name}={_quoted(value)}\n" for name, value in values.items()]
    return "# Secrets: for the eyes of the service alone.\n" + "".join(lines)


def _quoted(value: str) -> str:
    if NEEDS_NO_QUOTES.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
