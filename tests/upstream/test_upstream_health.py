"""A source's ups and downs, each told once."""

from notifier.errors import UpstreamError, UpstreamPausedError, UpstreamRefusedError
from notifier.upstream.health import SILENCE_MS, SourceHealth, SourceState, Transition

FAULT = UpstreamError("BotPenguin has a fault of its own (502)", remedy="wait")
REFUSED = UpstreamRefusedError("refused (401)", remedy="check the token")
PAUSED = UpstreamPausedError("too many requests (429)", retry_after_s=3600)
UP = Transition(state=SourceState.UP, reason="BotPenguin answers again")


def down(error: UpstreamError) -> Transition:
    return Transition(state=SourceState.DOWN, reason=str(error), remedy=error.remedy)


def test_a_refusal_is_told_at_once_and_once() -> None:
    health = SourceHealth(last_good_ms=0)
    assert health.bad(REFUSED, 1) == down(REFUSED)
    assert health.bad(REFUSED, 2) is None


def test_other_faults_are_told_at_the_third_in_a_row() -> None:
    health = SourceHealth(last_good_ms=0)
    assert [health.bad(FAULT, n) for n in range(4)] == [None, None, down(FAULT), None]


def test_a_good_answer_between_faults_starts_the_count_anew() -> None:
    health = SourceHealth(last_good_ms=0)
    told = [health.bad(FAULT, 1), health.bad(FAULT, 2), health.good(3), health.bad(FAULT, 4)]
    assert told == [None] * 4
    assert health.failures == 1


def test_an_answer_is_told_once_after_a_down() -> None:
    health = SourceHealth(last_good_ms=0)
    health.bad(REFUSED, 1)
    assert [health.good(2), health.good(3)] == [UP, None]
    assert health.bad(REFUSED, 4) == down(REFUSED)


def test_a_quarter_of_an_hour_without_a_good_answer_is_told_whatever_the_cause() -> None:
    health = SourceHealth(last_good_ms=1_000)
    assert health.bad(PAUSED, 2_000) is None
    assert health.silent(SILENCE_MS + 999) is None
    assert health.silent(SILENCE_MS + 1_000) == down(PAUSED)
    assert health.silent(SILENCE_MS + 2_000) is None


def test_silence_without_a_fault_says_so() -> None:
    told = SourceHealth(last_good_ms=0).silent(SILENCE_MS)
    assert told
    assert "15 minutes" in told.reason


def test_a_restart_tells_nothing_twice() -> None:
    health = SourceHealth(last_good_ms=0, state=SourceState.DOWN)
    assert health.bad(REFUSED, 1) is None
    assert health.good(2) == UP
