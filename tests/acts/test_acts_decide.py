"""Who may take, release and snooze a lead: the first one wins."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.core.acts import (
    AlreadySo,
    Becomes,
    LeadState,
    NothingToRelease,
    Release,
    Snooze,
    Take,
    TakenAlready,
    decide,
    taken_after,
)
from notifier.core.people import Person, Taken
from notifier.core.records import Agent, Lead

TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
ASHA = Person(agent="a1", name="Asha Rao", slack="U024BE7LH")
RAVI = Person(agent="a2", name="Ravi Iyer")
BY_ASHA = Taken(agent="a1", name="Asha Rao", slack="U024BE7LH", at="2026-03-02T10:00:00.000Z")
FREE = LeadState()
HERS = LeadState(taken=BY_ASHA)


def lead(owner: str | None = None) -> Lead:
    agent = Agent(id=owner) if owner else None
    return Lead(id="1", source="s", bot_id="b", customer_id="c", assignee=agent)


def test_a_free_lead_is_taken_by_who_comes_first() -> None:
    assert decide(FREE, Take(), ASHA, at=TEN) == Becomes(state=HERS, suffix="taken")


def test_the_second_is_told_who_has_it_since_when() -> None:
    assert decide(HERS, Take(), RAVI, at=TEN) == TakenAlready(by=BY_ASHA)


def test_a_second_click_of_the_same_person_is_no_second_act() -> None:
    assert decide(HERS, Take(), ASHA, at=TEN + timedelta(hours=1)) == AlreadySo(state=HERS)


def test_a_person_is_the_same_through_two_doors_by_either_id() -> None:
    by_slack = Person(name="asha", slack="U024BE7LH")
    by_agent = Person(agent="a1", name="a1")
    assert decide(HERS, Take(), by_slack, at=TEN) == AlreadySo(state=HERS)
    assert decide(HERS, Take(), by_agent, at=TEN) == AlreadySo(state=HERS)


def test_a_name_alone_is_the_same_only_beside_no_id() -> None:
    operator = Person(name="command line")
    taken = Taken(name="command line", at="2026-03-02T10:00:00.000Z")
    assert isinstance(decide(LeadState(taken=taken), Take(), operator, at=TEN), AlreadySo)
    namesake = Person(name="Asha Rao")
    assert decide(HERS, Take(), namesake, at=TEN) == TakenAlready(by=BY_ASHA)


def test_anybody_may_release() -> None:
    assert decide(HERS, Release(), RAVI, at=TEN) == Becomes(state=FREE, suffix="released")


def test_there_is_nothing_to_release_of_a_free_lead() -> None:
    assert decide(FREE, Release(), RAVI, at=TEN) == NothingToRelease()


def test_a_snooze_leaves_who_is_on_it() -> None:
    until = TEN + timedelta(hours=1)
    after = LeadState(taken=BY_ASHA, snoozed_until=until)
    assert decide(HERS, Snooze(until), RAVI, at=TEN) == Becomes(state=after, suffix="snoozed")


def test_two_clicks_on_an_hour_are_one_snooze() -> None:
    first = LeadState(snoozed_until=TEN + timedelta(hours=1))
    again = Snooze(TEN + timedelta(hours=1, seconds=2))
    assert decide(first, again, ASHA, at=TEN + timedelta(seconds=2)) == AlreadySo(state=first)


def test_a_later_snooze_replaces_the_one_before() -> None:
    first = LeadState(snoozed_until=TEN + timedelta(hours=1))
    later = TEN + timedelta(hours=3)
    found = decide(first, Snooze(later), ASHA, at=TEN)
    assert found == Becomes(state=LeadState(snoozed_until=later), suffix="snoozed")


def test_a_snooze_that_is_over_is_refused() -> None:
    with pytest.raises(ValueError, match="later than it begins"):
        decide(FREE, Snooze(TEN), ASHA, at=TEN)


def test_an_owner_in_botpenguin_ends_it() -> None:
    assert taken_after(BY_ASHA, lead(), lead("a9")) is None
    assert taken_after(BY_ASHA, lead("a8"), lead("a9")) is None
    assert taken_after(BY_ASHA, None, lead("a9")) is None


def test_without_a_new_owner_it_stays() -> None:
    assert taken_after(BY_ASHA, lead(), lead()) == BY_ASHA
    assert taken_after(BY_ASHA, lead("a9"), lead()) == BY_ASHA
    assert taken_after(BY_ASHA, lead("a9"), lead("a9")) == BY_ASHA


ACTS = st.one_of(
    st.just(Take()),
    st.just(Release()),
    st.integers(1, 500).map(lambda minutes: Snooze(TEN + timedelta(days=1, minutes=minutes))),
)


@given(st.lists(st.tuples(ACTS, st.sampled_from([ASHA, RAVI]))))
def test_whatever_happens_one_at_most_is_on_it_and_only_who_took_it(
    clicks: list[tuple[Take | Release | Snooze, Person]],
) -> None:
    state, holder = FREE, None
    for minute, (wanted, by) in enumerate(clicks):
        found = decide(state, wanted, by, at=TEN + timedelta(minutes=minute))
        if isinstance(wanted, Take):
            expected = (
                Becomes if holder is None else AlreadySo if holder is by else TakenAlready
            )
            assert isinstance(found, expected)
            holder = holder or by
        if isinstance(wanted, Release):
            assert isinstance(found, Becomes if holder else NothingToRelease)
            holder = None
        state = found.state if isinstance(found, Becomes) else state
        assert (state.taken.name if state.taken else None) == (holder.name if holder else None)
