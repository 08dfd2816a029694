"""Until when a snooze lasts."""

from datetime import datetime, timedelta, tzinfo

from notifier.rules.model import Ruleset
from notifier.rules.windows import Span, Window

HOUR = timedelta(hours=1)
EVERY_DAY = frozenset(range(7))
NINE = Span(begins=9 * 60, ends=24 * 60)


def morning(rules: Ruleset, rule_name: str, at: datetime, zone: tzinfo) -> datetime:
    """Return when the rule's hours begin on a later day: its ``clock``, else its ``only``.

    A rule with neither, or one that is gone, has days that begin at nine o'clock.
    """
    rule = rules.rule(rule_name)
    window = (rule.clock or rule.only) if rule else None
    return (window or _usual(zone)).next_morning(at)


def _usual(zone: tzinfo) -> Window:
    return Window(name="", days=EVERY_DAY, spans=(NINE,), timezone=zone)
