import pytest
from rehearsals import ONE, faults_of


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("steps: {}", "4:12: `steps` is a list (begin each entry with `- `)"),
        ("lead: {contry: India}", "4:12: `contry` is not a lead key; did you mean `country`?"),
        ("lead: {visits: many}", "4:12: `visits`: it wants a whole number"),
        (
            "lead: {created_at: today}",
            (
                "4:12: `created_at`: `today` is not a time with its offset,"
                " as in 2026-03-02T10:00+05:30"
            ),
        ),
        ("steps: [{chang: {}}]", "4:14: `chang` is not a step key; did you mean `change`?"),
        ("steps: [{change: {id: x}}]", "4:23: `id` of a lead never changes"),
        (
            "steps: [{after: 16}]",
            (
                "4:14: `after`: `16` is not a duration;"
                " write 500ms, 15s, 5m, 6h, 2d or 1h30m: a unit is missing"
            ),
        ),
        ("steps: [{expect: [{rule: Nw}]}]", "4:30: `Nw` is not a rule; did you mean `New`?"),
        (
            "steps: [{expect: [{rule: New, to: [sale]}]}]",
            "4:40: `sale` is not a destination; did you mean `sales`?",
        ),
        (
            "steps: [{expect: }]",
            "4:14: `expect` is empty (write [] where nothing is to be sent)",
        ),
        (
            "steps: [{act: snooze}]",
            (
                "4:19: `act` is one thing that somebody does"
                " (write {take: AGENT_ID}, {release: AGENT_ID} or {snooze: 1h})"
            ),
        ),
        ("steps: [{act: {tke: a1}}]", "4:20: `tke` is not an act key; did you mean `take`?"),
        (
            "steps: [{act: {snooze: soon}}]",
            ("4:20: `snooze`: `soon` is not a duration; write 500ms, 15s, 5m, 6h, 2d or 1h30m"),
        ),
        (
            "steps: [{act: {take: }}]",
            (
                "4:19: `act` does not say who, or how long"
                " (write {take: AGENT_ID}, {release: AGENT_ID} or {snooze: 1h})"
            ),
        ),
        (
            "steps: [{event: {type: source.upp, about: x}}]",
            (
                "4:22: `type`: `source.upp` is not one of delivery.dead, destination.down,"
                " destination.up, source.down, source.up"
            ),
        ),
    ],
)
def test_a_mistake_in_a_test_is_told_with_its_place(line: str, fault: str) -> None:
    steps = "" if "steps" in line else "    steps: []\n"
    text = ONE + f"    {line}\n" + steps
    assert f"t.test.yaml:{fault}" in faults_of(text)


def test_nobody_can_change_where_nobody_entered() -> None:
    text = ONE + "    lead: null\n    steps: [{change: {status: CLOSED}}]\n"
    assert faults_of(text) == ["t.test.yaml:5:14: `change`: there is no lead in this test"]


def test_all_mistakes_come_at_once() -> None:
    text = """tests:
  - name: x
    at: 2026-03-02T10:00
    lead: {nme: Asha}
    steps: [{expect: [{rule: Old}]}]
  - steps: []
"""
    places = [fault.split(": ")[0] for fault in faults_of(text)]
    assert places == [f"t.test.yaml:{at}" for at in ("3:5", "4:12", "5:30", "6:5")]


def test_a_test_begins_at_a_time_that_has_a_before_and_an_after() -> None:
    text = ONE.replace("2026-03-02T10:00+05:30", "9999-12-31T23:00-05:00") + "    steps: []\n"
    assert faults_of(text) == [
        "t.test.yaml:3:5: `at`: `9999-12-31T23:00-05:00` leaves no time before or after it"
    ]
