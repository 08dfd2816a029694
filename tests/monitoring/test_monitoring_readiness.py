import pytest
from monitoring_house import MINUTE_MS, NOW_MS, destination, source, vitals

from notifier.conclude import Health
from notifier.monitoring.readiness import status, troubles
from notifier.store.vitals import DestinationVitals, SourceVitals

STALE_MS = 15 * MINUTE_MS


@pytest.mark.parametrize(
    ("part", "sentences"),
    [
        (source(), []),
        (source(age_ms=15 * MINUTE_MS), []),
        (destination(), []),
        (destination(Health.FAILING, since_ms=NOW_MS - 4 * MINUTE_MS), []),
        (
            source("down", reason="the upstream refused the token (401)"),
            ["source website is down: the upstream refused the token (401)"],
        ),
        (source("starting", age_ms=None), ["source website has not been read yet"]),
        (
            source(age_ms=16 * MINUTE_MS),
            ["source website had its last good poll 16 minutes ago"],
        ),
        (
            destination(Health.PARKED, reason="not_in_channel"),
            ["destination crm is parked: not_in_channel"],
        ),
        (destination(Health.DISABLED), ["destination crm is disabled"]),
        (
            destination(Health.FAILING, since_ms=NOW_MS - 5 * MINUTE_MS, reason="500"),
            ["destination crm is failing: 500"],
        ),
    ],
)
def test_each_trouble_is_one_sentence_and_work_as_usual_is_none(
    part: SourceVitals | DestinationVitals, sentences: list[str]
) -> None:
    assert troubles(vitals(part), now_ms=NOW_MS, stale_ms=STALE_MS) == sentences


def test_a_refused_rules_file_is_a_trouble_without_its_text() -> None:
    found = troubles(vitals(refused="rules.yaml:3: …"), now_ms=NOW_MS, stale_ms=STALE_MS)
    assert found == ["the rules on disk were refused; those before them are in force"]


def test_the_status_line_says_what_a_person_wants_to_know_first() -> None:
    line = status(
        vitals(source(), source("down", name="shop", age_ms=None), destination()), now_ms=NOW_MS
    )
    assert line == "1 source up, 1 down, last poll 3 s ago, 4 pending, 1 dead"


def test_the_status_line_names_destinations_in_trouble() -> None:
    line = status(vitals(destination(Health.PARKED), refused="…"), now_ms=NOW_MS)
    assert line == "0 sources up, 4 pending, 1 dead, crm parked, rules on disk refused"
