"""Every outcome of an attempt: for its delivery, and for its destination."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.core.destination_state import DestinationState, Health, state_after
from notifier.core.outcome import (
    HOUR_MS,
    MINUTE_MS,
    RETRY_AFTER_MS,
    SECOND_MS,
    Outcome,
    Policy,
    State,
    conclude,
)
from notifier.errors import (
    DeliveryError,
    DestinationGoneError,
    DestinationRefusedError,
    PermanentDeliveryError,
    RecipientRefusedError,
    SkippedDeliveryError,
    TemporaryDeliveryError,
    UnsureDeliveryError,
)

NOON_MS = 1_772_452_800_000
BROKEN = TemporaryDeliveryError("500")
REFUSED = DestinationRefusedError("not_in_channel", remedy="invite the app")
GONE = DestinationGoneError("410")
FAILING = DestinationState(
    health=Health.FAILING, failures=3, since_ms=NOON_MS, probe_ms=NOON_MS + 5_000, reason="500"
)
PARKED = DestinationState(
    health=Health.PARKED, failures=1, since_ms=NOON_MS, probe_ms=NOON_MS + 300_000
)
DISABLED = DestinationState(health=Health.DISABLED, failures=1, since_ms=NOON_MS)


def after(
    failure: DeliveryError | None,
    *,
    attempts: int = 0,
    age_ms: int = 0,
    policy: Policy | None = None,
    probe: bool = False,
    jitter: float = 0.0,
) -> Outcome:
    """Conclude at noon about a delivery that was planned ``age_ms`` ago."""
    return conclude(
        failure,
        attempts=attempts,
        planned_ms=NOON_MS - age_ms,
        policy=policy or Policy(),
        probe=probe,
        now_ms=NOON_MS,
        jitter=jitter,
    )


def test_what_was_taken_is_delivered() -> None:
    assert after(None, attempts=2) == Outcome(state=State.DELIVERED, attempts=3, at_ms=NOON_MS)


def test_a_refused_message_is_dead_at_once_with_reason_and_remedy() -> None:
    refused = PermanentDeliveryError("msg_too_long", remedy="shorten its template")
    assert after(refused) == Outcome(
        state=State.DEAD,
        attempts=1,
        at_ms=NOON_MS,
        error="msg_too_long (shorten its template)",
        reason="refused",
    )


@pytest.mark.parametrize("probe", [False, True])
def test_what_one_recipient_refuses_follows_the_messages_own_schedule(probe: bool) -> None:
    full = RecipientRefusedError("452 4.2.2")
    outcome = after(full, attempts=1, probe=probe)
    assert (outcome.state, outcome.attempts) == (State.PENDING, 2)
    assert outcome.at_ms == NOON_MS + RETRY_AFTER_MS[1]
    assert after(full, attempts=9, probe=probe).state is State.DEAD
    gone = after(RecipientRefusedError("550 5.1.1", for_good=True), probe=probe)
    assert (gone.state, gone.reason, gone.error) == (State.DEAD, "refused", "550 5.1.1")


def test_a_message_for_nobody_is_skipped_with_its_reason() -> None:
    outcome = after(SkippedDeliveryError("unresolved assignee"))
    assert (outcome.state, outcome.reason) == (State.SKIPPED, "unresolved assignee")


@pytest.mark.parametrize(("attempts", "pause_ms"), list(enumerate(RETRY_AFTER_MS)))
def test_a_failing_message_follows_the_schedule(attempts: int, pause_ms: int) -> None:
    outcome = after(BROKEN, attempts=attempts)
    assert (outcome.state, outcome.attempts) == (State.PENDING, attempts + 1)
    assert outcome.at_ms == NOON_MS + pause_ms


def test_the_tenth_failure_is_the_last() -> None:
    outcome = after(BROKEN, attempts=9)
    assert (outcome.state, outcome.reason) == (State.DEAD, "gave up after 10 attempts")


def test_a_single_attempt_is_told_as_one() -> None:
    outcome = after(BROKEN, attempts=0, policy=Policy(attempts=1))
    assert (outcome.state, outcome.reason) == (State.DEAD, "gave up after 1 attempt")


def test_a_destination_may_override_how_often_a_message_is_tried() -> None:
    assert after(BROKEN, attempts=1, policy=Policy(attempts=3)).state is State.PENDING
    assert after(BROKEN, attempts=2, policy=Policy(attempts=3)).state is State.DEAD
    late = after(BROKEN, attempts=50, policy=Policy(attempts=100))
    assert late.at_ms == NOON_MS + 24 * HOUR_MS


def test_the_receivers_wish_wins_where_it_is_longer_up_to_a_day() -> None:
    def pause(wish_s: float) -> int:
        return after(TemporaryDeliveryError("503", retry_after_s=wish_s)).at_ms - NOON_MS

    assert pause(1) == 5 * SECOND_MS
    assert pause(7) == 7 * SECOND_MS
    assert pause(99_999_999) == 24 * HOUR_MS
    assert pause(float("inf")) == 24 * HOUR_MS


def test_no_attempt_comes_later_than_its_age_allows() -> None:
    # With its jitter the ninth pause would end after 80 hours.
    last = after(BROKEN, attempts=8, age_ms=56 * HOUR_MS, jitter=0.5)
    assert (last.state, last.at_ms) == (State.PENDING, NOON_MS + 24 * HOUR_MS)
    assert after(BROKEN, attempts=1, age_ms=80 * HOUR_MS).state is State.DEAD


def test_a_wish_beyond_its_age_ends_a_message() -> None:
    tomorrow = TemporaryDeliveryError("503", retry_after_s=24 * 3600)
    assert after(tomorrow, policy=Policy(max_age_ms=HOUR_MS)).state is State.DEAD


@pytest.mark.parametrize("failure", [REFUSED, GONE])
def test_a_refusal_of_the_destination_costs_a_message_nothing(failure: DeliveryError) -> None:
    outcome = after(failure, attempts=9)
    assert (outcome.state, outcome.attempts, outcome.at_ms) == (State.PENDING, 9, NOON_MS)


def test_a_probe_costs_a_message_nothing_until_it_is_too_old() -> None:
    assert after(BROKEN, attempts=9, probe=True).state is State.PENDING
    old = after(BROKEN, attempts=9, probe=True, age_ms=80 * HOUR_MS)
    assert (old.state, old.attempts, old.reason) == (State.DEAD, 9, "too old")


def test_three_failures_in_a_row_make_a_destination_fail() -> None:
    state = DestinationState()
    for failures in (1, 2):
        state = state_after(BROKEN, state, probe=False, now_ms=NOON_MS)
        assert (state.health, state.failures) == (Health.UP, failures)
    assert state_after(BROKEN, state, probe=False, now_ms=NOON_MS) == FAILING


def test_a_success_in_between_begins_the_count_anew() -> None:
    shaky = DestinationState(failures=2, since_ms=NOON_MS)
    assert state_after(None, shaky, probe=False, now_ms=NOON_MS) == DestinationState()


def test_probes_come_at_doubling_intervals_up_to_five_minutes() -> None:
    state, now_ms, pauses = FAILING, NOON_MS, []
    for _ in range(8):
        pauses.append(((state.probe_ms or 0) - now_ms) // SECOND_MS)
        now_ms = state.probe_ms or 0
        state = state_after(BROKEN, state, probe=True, now_ms=now_ms)
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]
    assert state.since_ms == NOON_MS


def test_a_probe_heeds_what_the_receiver_asked_for() -> None:
    busy = TemporaryDeliveryError("429", retry_after_s=120)
    state = state_after(busy, FAILING, probe=True, now_ms=NOON_MS)
    assert state.probe_ms == NOON_MS + 120 * SECOND_MS


def test_a_refusal_parks_a_destination_with_reason_and_remedy() -> None:
    assert state_after(
        REFUSED, DestinationState(), probe=False, now_ms=NOON_MS
    ) == DestinationState(
        health=Health.PARKED,
        failures=1,
        since_ms=NOON_MS,
        probe_ms=NOON_MS + 5 * MINUTE_MS,
        reason="not_in_channel",
        remedy="invite the app",
    )


def test_a_parked_destination_is_probed_every_five_minutes() -> None:
    for failure in (REFUSED, BROKEN):
        state = state_after(failure, PARKED, probe=True, now_ms=NOON_MS)
        assert state.health is Health.PARKED
        assert state.probe_ms == NOON_MS + 5 * MINUTE_MS


@pytest.mark.parametrize("trouble", [FAILING, PARKED])
@pytest.mark.parametrize("taken", [None, PermanentDeliveryError("msg_too_long")])
def test_one_message_taken_or_judged_ends_the_trouble(
    trouble: DestinationState, taken: DeliveryError | None
) -> None:
    assert state_after(taken, trouble, probe=True, now_ms=NOON_MS) == DestinationState()


def test_what_was_in_flight_when_the_trouble_began_does_not_add_to_it() -> None:
    assert state_after(BROKEN, FAILING, probe=False, now_ms=NOON_MS + 9) == FAILING
    assert state_after(REFUSED, PARKED, probe=False, now_ms=NOON_MS + 9) == PARKED


def test_a_late_answer_may_still_tell_of_worse() -> None:
    parked = state_after(REFUSED, FAILING, probe=False, now_ms=NOON_MS)
    assert parked.health is Health.PARKED
    for state in (FAILING, PARKED):
        gone = state_after(GONE, state, probe=False, now_ms=NOON_MS)
        assert (gone.health, gone.probe_ms) == (Health.DISABLED, None)


@pytest.mark.parametrize("failure", [None, BROKEN, REFUSED, GONE, SkippedDeliveryError("x")])
def test_a_disabled_destination_stays_so_whatever_comes_late(
    failure: DeliveryError | None,
) -> None:
    assert state_after(failure, DISABLED, probe=False, now_ms=NOON_MS) == DISABLED


def test_a_skipped_message_says_nothing_about_its_destination() -> None:
    skipped = SkippedDeliveryError("unresolved assignee")
    assert state_after(skipped, FAILING, probe=True, now_ms=NOON_MS) == FAILING


@pytest.mark.parametrize("for_good", [False, True])
def test_what_one_recipient_refuses_says_nothing_about_the_destination(
    for_good: bool,
) -> None:
    full = RecipientRefusedError("mailbox full", for_good=for_good)
    for state in (
        DestinationState(),
        DestinationState(failures=2, since_ms=NOON_MS),
        FAILING,
        PARKED,
    ):
        assert state_after(full, state, probe=False, now_ms=NOON_MS) == state


def test_after_a_probe_that_told_nothing_the_next_comes_no_later() -> None:
    full = RecipientRefusedError("mailbox full")
    for state, pause_ms in ((FAILING, 5 * SECOND_MS), (PARKED, 5 * MINUTE_MS)):
        later = state_after(full, state, probe=True, now_ms=NOON_MS + 9)
        assert later == replace(state, probe_ms=NOON_MS + 9 + pause_ms)
    assert (
        state_after(full, DestinationState(), probe=True, now_ms=NOON_MS) == DestinationState()
    )


wishes = st.none() | st.floats() | st.integers(-(2**70), 2**70)
problems = st.text(min_size=1)  # an error always says what is wrong
failures = st.one_of(
    st.builds(TemporaryDeliveryError, problems, remedy=st.text(), retry_after_s=wishes),
    st.builds(RecipientRefusedError, problems, remedy=st.text(), for_good=st.booleans()),
    *(
        st.builds(kind, problems, remedy=st.text())
        for kind in (
            PermanentDeliveryError,
            SkippedDeliveryError,
            DestinationRefusedError,
            DestinationGoneError,
        )
    ),
)
policies = st.builds(
    Policy, attempts=st.integers(1, 100), max_age_ms=st.integers(1_000, 200 * HOUR_MS)
)
jitters = st.floats(0, 1, exclude_max=True)


@given(
    failure=st.none() | failures,
    attempts=st.integers(0, 99),
    age_ms=st.integers(0, 300 * HOUR_MS),
    policy=policies,
    probe=st.booleans(),
    jitter=jitters,
)
def test_every_outcome_is_sound(  # noqa: PLR0917
    failure: DeliveryError | None,
    attempts: int,
    age_ms: int,
    policy: Policy,
    probe: bool,
    jitter: float,
) -> None:
    outcome = after(
        failure, attempts=attempts, age_ms=age_ms, policy=policy, probe=probe, jitter=jitter
    )
    assert (outcome.state is State.DELIVERED) == (failure is None)
    assert outcome.attempts in (attempts, attempts + 1)
    if outcome.state is State.PENDING:
        assert outcome.attempts < max(policy.attempts, attempts + 1)
        assert NOON_MS <= outcome.at_ms <= NOON_MS - age_ms + policy.max_age_ms
        assert (
            outcome.attempts == attempts
            or not probe
            or isinstance(failure, RecipientRefusedError)
        )
    if outcome.state in (State.DEAD, State.SKIPPED):
        assert outcome.reason or outcome.error


@given(wish_s=st.floats(0, 24 * 3600), attempts=st.integers(0, 8), jitter=jitters)
def test_no_retry_comes_before_the_schedule_or_the_receivers_wish(
    wish_s: float, attempts: int, jitter: float
) -> None:
    failure = TemporaryDeliveryError("503", retry_after_s=wish_s)
    outcome = after(failure, attempts=attempts, jitter=jitter)
    pause_ms = outcome.at_ms - NOON_MS
    assert pause_ms >= max(RETRY_AFTER_MS[attempts], int(wish_s * 1000))
    assert pause_ms <= max(RETRY_AFTER_MS[attempts] * 1.1, wish_s * 1000)


@given(st.lists(st.tuples(st.none() | failures, st.booleans())))
def test_a_standing_is_sound_after_any_history(
    history: list[tuple[DeliveryError | None, bool]],
) -> None:
    state, was_gone = DestinationState(), False
    for step, (failure, probe) in enumerate(history):
        now_ms = NOON_MS + step
        state = state_after(failure, state, probe=probe, now_ms=now_ms)
        was_gone = was_gone or isinstance(failure, DestinationGoneError)
        assert (state.health is Health.DISABLED) == was_gone
        is_probed = state.health in (Health.FAILING, Health.PARKED)
        assert (state.probe_ms is not None) == is_probed
        assert (state.since_ms is not None) == (state.failures > 0)


def test_a_look_that_failed_is_never_the_last_attempt() -> None:
    outcome = after(UnsureDeliveryError("Slack does not answer"), policy=Policy(attempts=1))
    assert (outcome.state, outcome.attempts) == (State.PENDING, 1)
