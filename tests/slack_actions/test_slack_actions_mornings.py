"""Until when a snooze until tomorrow lasts."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from notifier.slack_actions.mornings import morning
from support.rules import ruleset

KOLKATA = ZoneInfo("Asia/Kolkata")
FRIDAY = datetime(2026, 3, 6, 10, tzinfo=UTC)
RULES = """
windows:
  office: {days: mon-fri, hours: "09:30-18:00", timezone: Asia/Kolkata}
  shop: {days: mon-sat, hours: "11:00-20:00", timezone: Asia/Kolkata}
destinations: {screen: {type: console}}
rules:
  - {name: Late, if: {status: OPEN}, for: 1h, clock: office, only: shop, send: screen}
  - {name: New, when: lead.created, only: shop, send: screen}
  - {name: Closed, when: lead.status_changed, send: screen}
"""


def until(rule: str) -> str:
    found = morning(ruleset(RULES), rule, FRIDAY, KOLKATA)
    return found.astimezone(KOLKATA).strftime("%a %H:%M")


def test_it_is_when_the_rules_clock_opens() -> None:
    assert until("Late") == "Mon 09:30"


def test_without_a_clock_it_is_when_messages_go_out() -> None:
    assert until("New") == "Sat 11:00"


def test_without_hours_and_for_a_rule_that_is_gone_it_is_nine() -> None:
    assert until("Closed") == until("Gone") == "Sat 09:00"
