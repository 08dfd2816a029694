"""What the simulated program is told to do, and when each part of it is due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u"
BERLIN = ZoneInfo("Europe/Berlin")
EPOCH = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday; clocks change on 29 March, 25 October
FOR_S = 2_700.0
LADDER_S = 1_200.0
STEPS_S = (1_200.0, 7_200.0)
SETTLE_S = 600.0
LONGEST_SETTLE_S = 4 * SETTLE_S
RULES_BEFORE = """\
windows:
  office: {days: mon-fri, hours: "09:00-18:00", timezone: Europe/Berlin}
destinations:
  crm:
    type: webhook
    url: "http://127.0.0.1:8001/hook"
    secret: "${SECRET}"
    retry: {max_age: 80h}
  audit: {type: webhook, url: "http://127.0.0.1:8002/hook", secret: "${SECRET}"}
  sales: {type: slack, channel: C0000000001}
  boss: {type: email, to: boss@example.com}
rules:
  - name: All
    when: [lead.created, lead.status_changed, lead.assigned, lead.reassigned, lead.unassigned]
    send: crm
  - {name: New, when: lead.created, send: sales}
  - {name: Night, when: lead.created, digest: "0 8 * * *", send: boss}
  - {name: Settled, when: lead.created, settle: 10m, send: audit}
  - {name: Morning, when: lead.status_changed, digest: "0 8 * * *", send: audit}
  - {name: Office, when: lead.assigned, only: office, send: audit}
  - {name: Waiting, if: {status: OPEN, assignee: null}, for: 45m, send: audit}
  - name: Watch
    when: [source.down, source.up, destination.down, destination.up, delivery.dead]
    send: audit
"""
"""What the version before is told to do, and knew how to."""
RULES = f"""\
{RULES_BEFORE}
  - {{name: Acts, when: [lead.taken, lead.released, lead.snoozed], send: [audit, crm]}}
  - name: Ladder
    if: {{status: OPEN, assignee: null, taken_by: null}}
    for: 20m
    send: sales
    escalate: [{{after: 20m, send: boss}}, {{after: 2h, send: crm}}]
reports:
  - {{name: Monday, at: "0 9 * * mon", since: 7d, goal: 5m, send: audit}}
"""
SENT = {
    "lead.created": {"crm", "sales", "boss", "audit"},
    "lead.status_changed": {"crm", "audit"},
    "lead.assigned": {"crm", "audit"},
    "lead.reassigned": {"crm"},
    "lead.unassigned": {"crm"},
    "lead.taken": {"crm", "audit"},
    "lead.released": {"crm", "audit"},
    "lead.snoozed": {"crm", "audit"},
}
"""To which destinations each event goes by these rules."""


def eight_after(at_s: float) -> float:
    """Return the first eight o'clock in Berlin after then, when a digest is due."""
    local = (EPOCH + timedelta(seconds=at_s)).astimezone(BERLIN)
    eight = local.replace(hour=8, minute=0, second=0, microsecond=0)
    days = int(eight <= local)
    return _seconds(eight.replace(tzinfo=None) + timedelta(days=days))


def nine_of(day: int) -> float:
    """Return nine o'clock in Berlin of a day, when a Monday's report is due."""
    date = (EPOCH + timedelta(days=day)).replace(tzinfo=None)
    return _seconds(date.replace(hour=9))


def office_from(at_s: float) -> float:
    """Return the first moment from then on at which the office is open."""
    local = (EPOCH + timedelta(seconds=at_s)).astimezone(BERLIN).replace(tzinfo=None)
    opens = local.replace(hour=9, minute=0, second=0, microsecond=0)
    if local.weekday() < 5 and opens <= local < opens.replace(hour=18):
        return at_s
    if local >= opens:
        opens += timedelta(days=1)
    while opens.weekday() >= 5:
        opens += timedelta(days=1)
    return _seconds(opens)


def _seconds(local: datetime) -> float:
    return (local.replace(tzinfo=BERLIN) - EPOCH).total_seconds()
