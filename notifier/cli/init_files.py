"""The two files of a new installation, as text."""

import re
from collections.abc import Mapping

READ_ALIKE = re.compile(r"[^\s\\'\"`]([^\\\r\n]*[^\s\\])?")
COMMENT = re.compile(r"\s#")

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
    """Return an environment file: one ``NAME=value`` a line, for every reader of one."""
    lines = [_line(name, value) for name, value in values.items()]
    return "# Secrets: for the eyes of the service alone.\n" + "".join(lines)


def _line(name: str, value: str) -> str:
    """Return a line that dotenv, systemd and ``docker run --env-file`` read alike.

    Docker takes all behind ``=`` as it is, quotes included; the others drop a backslash
    that is not in double quotes, and dotenv takes `` #`` for a comment.
    """
    if READ_ALIKE.fullmatch(value) and not COMMENT.search(value):
        return f"{name}={value}\n"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    note = f"# docker run --env-file takes these quotes literally: use -e {name}\n"
    return f'{note}{name}="{escaped}"\n'
