from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from notifier.rules.digests import parse_digest

KOLKATA = ZoneInfo("Asia/Kolkata")
MONDAY_10 = datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_a_duration_counts_from_the_first_event() -> None:
    digest = parse_digest("90m", timezone=UTC)
    assert digest.due(MONDAY_10) == MONDAY_10 + timedelta(minutes=90)


def test_a_cron_line_is_in_the_time_zone_of_the_settings() -> None:
    digest = parse_digest("0 18 * * mon-fri", timezone=KOLKATA)
    assert digest.due(MONDAY_10) == datetime(2026, 3, 2, 12, 30, tzinfo=UTC)


def test_a_digest_begun_at_its_due_time_waits_for_the_next() -> None:
    digest = parse_digest("0 10 * * *", timezone=UTC)
    assert digest.due(MONDAY_10) == MONDAY_10 + timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("soon", "is not a duration"),
        ("0s", "longer than nothing"),
        ("0 18 * *", "has 4 fields; a cron line has five"),
        ("0 0 18 * * *", "has 6 fields; a cron line has five"),
        ("0 25 * * *", "is not a cron line: Bad hour"),
        ("0 0 30 2 *", "is not a cron line: Bad day-of-month"),
    ],
)
def test_what_is_neither_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_digest(text, timezone=UTC)
