"""An act over the real rooms: its event, its deliveries and the lead's state are one whole."""

from datetime import timedelta

import pytest

from notifier.core.acts import (
    AlreadySo,
    NothingToRelease,
    Release,
    Snooze,
    Take,
    TakenAlready,
)
from notifier.core.events import decode, encode
from notifier.core.people import Person, Through
from notifier.core.records import NON_LEAD
from notifier.core.rows import ms_of
from notifier.rehearsal.stage import Stage
from notifier.store import acts, forgotten, lead_acts, responses
from notifier.transactions.acts import Actor, Done, NoSuchLead
from support.stages import MONDAY_10, later, restarted, row, staged, told

ASHA = Person(agent="a1", name="Asha Rao", slack="U024BE7LH")
RAVI = Person(agent="a2", name="Ravi Iyer")
TELLS = "  - {name: Acts, when: [lead.taken, lead.released, lead.snoozed], send: team}\n"
WAITS = """
  - {name: Waits, if: {status: OPEN, assignee: null, taken_by: null}, for: 15m, send: team}
"""


def actor(by: Person = ASHA, *, click: str | None = None) -> Actor:
    return Actor(by=by, through=Through.SLACK, click=click)


def count(stage: Stage, table: str) -> int:
    return int(stage.session.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


def taken_by(stage: Stage) -> str | None:
    lead = stage.current_lead(stage.session, "b1/lead1")
    assert lead is not None
    return lead.taken_by.name if lead.taken_by else None


def test_a_take_is_an_event_with_its_deliveries() -> None:
    stage = staged(TELLS)
    stage.read([row()])
    later(stage, minutes=3)
    done = stage.act("lead1", Take(), actor())
    assert isinstance(done, Done)
    assert told(stage) == ["10:03:00 team: Lead 1 is taken by Asha Rao"]
    assert taken_by(stage) == "Asha Rao"
    envelope = encode(done.event)
    assert decode(envelope) == done.event
    assert done.event.type == "lead.taken"
    assert done.event.time == "2026-03-02T10:03:00.000Z"
    assert b'"act":{"by":{"agent":"a1","name":"Asha Rao","slack":"U024BE7LH"}' in envelope
    assert b'"through":"slack"}' in envelope
    assert b'"taken_by":{"agent":"a1","name":"Asha Rao","slack":"U024BE7LH","at":' in envelope


def test_leads_have_taken_by_from_the_first_act_on() -> None:
    stage = staged("  - {name: All, when: lead.*, send: team}\n")
    stage.read([row()])
    stage.act("lead1", Take(), actor())
    stage.act("lead1", Release(), actor())
    stage.read([row(status="REVIEW")])
    bodies = [encode(one.message.parts[0].event) for one in stage.sent]
    assert [b'"taken_by":{"agent"' in body for body in bodies] == [False, True, False, False]
    assert [b'"taken_by":null' in body for body in bodies] == [False, False, True, True]
    assert b"taken_by" not in bodies[0]
    assert [encode(decode(body)) for body in bodies] == bodies


def test_a_released_lead_is_free_again() -> None:
    stage = staged(TELLS)
    stage.read([row()])
    stage.act("lead1", Take(), actor())
    stage.act("lead1", Release(), actor(RAVI))
    assert told(stage)[-1] == (
        "10:00:00 team: Lead 1 is released by Ravi Iyer: nobody is on it any more"
        " (was Asha Rao)"
    )
    assert taken_by(stage) is None
    assert isinstance(stage.act("lead1", Release(), actor()), NothingToRelease)


def test_a_snooze_says_how_long_and_until_when() -> None:
    stage = staged(TELLS)
    stage.read([row()])
    done = stage.act("lead1", Snooze(MONDAY_10 + timedelta(hours=1)), actor())
    assert isinstance(done, Done)
    assert told(stage) == ["10:00:00 team: Lead 1 is snoozed for 1 hour by Asha Rao"]
    assert done.event.data.act is not None
    assert done.event.data.act.until == "2026-03-02T11:00:00.000Z"
    assert done.event.data.changes == {}


def test_the_second_gets_nothing_written() -> None:
    stage = staged(TELLS)
    stage.read([row()])
    stage.act("lead1", Take(), actor())
    events, remembered = count(stage, "events"), count(stage, "acts")
    second = stage.act("lead1", Take(), actor(RAVI))
    assert isinstance(second, TakenAlready)
    assert (second.by.name, second.by.at) == ("Asha Rao", "2026-03-02T10:00:00.000Z")
    assert isinstance(stage.act("lead1", Take(), actor()), AlreadySo)
    assert (count(stage, "events"), count(stage, "acts")) == (events, remembered)


def test_a_repeated_envelope_does_nothing_however_late_it_comes() -> None:
    stage = staged(TELLS)
    stage.read([row()])
    stage.act("lead1", Take(), actor(click="C1"))
    stage.act("lead1", Release(), actor(RAVI, click="C2"))
    assert isinstance(stage.act("lead1", Take(), actor(click="C1")), AlreadySo)
    assert taken_by(stage) is None
    assert isinstance(stage.act("lead1", Take(), actor(click="C3")), Done)


def test_nobody_acts_on_a_lead_that_is_not_known() -> None:
    stage = staged(TELLS)
    assert isinstance(stage.act("lead9", Take(), actor()), NoSuchLead)
    assert count(stage, "events") == 0


def test_an_owner_in_botpenguin_ends_it_without_an_event_of_its_own() -> None:
    stage = staged("  - {name: All, when: lead.*, send: team}\n")
    stage.read([row()])
    stage.act("lead1", Take(), actor())
    stage.read([row(name="Lead One")])
    assert taken_by(stage) == "Asha Rao"
    stage.read([row(name="Lead One", assignee={"id": "a2"})])
    assert taken_by(stage) is None
    types = [one.message.parts[0].event.type for one in stage.sent]
    assert types == ["lead.created", "lead.taken", "lead.updated", "lead.assigned"]
    assert stage.sent[-1].message.parts[0].event.lead.taken_by is None  # type: ignore[union-attr]


def test_who_took_a_lead_with_an_owner_stays_on_it_until_the_owner_changes() -> None:
    stage = staged(TELLS)
    stage.read([row(assignee={"id": "a1"})])
    stage.act("lead1", Take(), actor(RAVI))
    stage.read([row(assignee={"id": "a1"}, status="REVIEW")])
    assert taken_by(stage) == "Ravi Iyer"
    stage.read([row(assignee={"id": "a3"}, status="REVIEW")])
    assert taken_by(stage) is None


def test_taking_stops_the_clock_and_releasing_starts_it_anew() -> None:
    stage = staged(WAITS)
    stage.read([row()])
    later(stage, minutes=10)
    stage.act("lead1", Take(), actor())
    later(stage, hours=1)
    assert told(stage) == []
    stage.act("lead1", Release(), actor())
    later(stage, hours=1)
    assert told(stage) == ["11:25:00 team: Waits: Lead 1"]


@pytest.mark.parametrize(
    ("by", "holds"),
    [
        (ASHA, "{taken_by: a1}"),
        (Person(name="asha", slack="U024BE7LH"), "{taken_by: U024BE7LH}"),
        (Person(name="command line"), "{taken_by: command line}"),
        (ASHA, "{taken_by.name: Asha Rao, taken_by.slack: U024BE7LH}"),
        (ASHA, "{taken_by: {not: null}}"),
    ],
)
def test_conditions_see_who_is_on_it(by: Person, holds: str) -> None:
    stage = staged(f"  - {{name: R, when: lead.taken, if: {holds}, send: team}}\n")
    stage.read([row()])
    stage.act("lead1", Take(), actor(by))
    assert len(stage.sent) == 1


def test_templates_name_who_is_on_it() -> None:
    title = "{{ taken_by.agent }}: {{ lead.taken_by }}, {{ taken_by }}, {{ event.data.act.by }}"
    stage = staged(
        f"  - {{name: R, when: lead.taken, send: team, message: {{title: '{title}'}}}}\n"
    )
    stage.read([row()])
    stage.act("lead1", Take(), actor())
    assert told(stage) == ["10:00:00 team: a1: Asha Rao, Asha Rao, Asha Rao"]


def test_a_chat_is_taken_like_a_lead() -> None:
    stage = staged("  - {name: Acts, when: [lead.taken, chat.taken], send: team}\n")
    stage.read([row()], listing_type=NON_LEAD)
    done = stage.act("lead1", Take(), actor())
    assert isinstance(done, Done)
    assert done.event.type == "chat.taken"
    stage.read([row(status="REVIEW")])  # it is a lead now
    assert taken_by(stage) == "Asha Rao"


def test_it_survives_a_restart() -> None:
    stage = staged(TELLS)
    stage.read([row()])
    stage.act("lead1", Take(), actor())
    assert taken_by(restarted(stage)) == "Asha Rao"


def test_the_report_knows_when_it_was_taken() -> None:
    stage = staged(TELLS)
    stage.read([row()])
    later(stage, minutes=4)
    stage.act("lead1", Take(), actor())
    begin = ms_of(MONDAY_10)
    (found,) = responses.created_between(
        stage.session, from_ms=begin, until_ms=begin + 1, after=None
    )
    assert found.taken_ms == begin + 4 * 60_000


def test_acts_are_remembered_with_their_door() -> None:
    stage = staged(TELLS)
    stage.read([row()])
    stage.act("lead1", Take(), actor())
    stage.act("lead1", Snooze(MONDAY_10 + timedelta(hours=1)), actor(RAVI))
    found = acts.of_lead(stage.session, "b1/lead1")
    assert [(one.act, one.target, one.who, one.through) for one in found] == [
        ("take", "Lead 1", "Asha Rao", "slack"),
        ("snooze", "Lead 1", "Ravi Iyer", "slack"),
    ]
    assert found[1].until_ms == ms_of(MONDAY_10) + 3_600_000


def test_who_is_forgotten_leaves_no_act_behind() -> None:
    stage = staged(TELLS)
    stage.read([row()])
    stage.act("lead1", Take(), actor())
    with stage.session.transaction():
        forgotten.erase(stage.session, "b1", "lead1", at_ms=ms_of(MONDAY_10))
    assert lead_acts.states(stage.session, "b1", ["lead1"]) == {}
    assert [
        (one.lead, one.target) for one in acts.newest(stage.session, before=99, limit=9)
    ] == [(None, "forgotten")]
    assert isinstance(stage.act("lead1", Take(), actor()), NoSuchLead)


def test_an_act_whose_number_is_lower_is_found_all_the_same() -> None:
    stage = staged(TELLS)
    stage.read([row(1), row(2)])
    stage.act("lead1", Take(), actor())
    stage.session.execute("UPDATE acts SET id = id + 5")
    keys, seen = acts.leads_acted_on(stage.session, ())
    assert keys == {"b1/lead1"}
    stage.act("lead2", Take(), actor())
    stage.session.execute("UPDATE acts SET id = 2 WHERE lead = 'b1/lead2'")
    keys, seen = acts.leads_acted_on(stage.session, seen)
    assert keys == {"b1/lead2"}
    assert acts.leads_acted_on(stage.session, seen) == (set(), seen)
