"""Pauses after failed requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.errors import UpstreamError, UpstreamPausedError, UpstreamRefusedError
from notifier.upstream.backoff import pause_s

FAULT = UpstreamError("502")


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 1), (2, 2), (5, 16), (9, 256), (10, 300)]
)
def test_faults_double_the_pause_from_a_second_to_five_minutes(
    failures: int, seconds: float
) -> None:
    assert pause_s(FAULT, failures=failures, jitter=0) == seconds


def test_jitter_takes_up_to_half_of_a_pause() -> None:
    assert pause_s(FAULT, failures=5, jitter=0.5) == 12


@given(failures=st.integers(1, 10_000), jitter=st.floats(0, 1, exclude_max=True))
def test_no_pause_leaves_its_bounds(failures: int, jitter: float) -> None:
    assert 1 <= pause_s(FAULT, failures=failures, jitter=jitter) <= 300


def test_a_refusal_is_probed_once_a_minute() -> None:
    assert pause_s(UpstreamRefusedError("401"), failures=7, jitter=0.9) == 60


def test_a_429_waits_in_the_budget() -> None:
    assert pause_s(UpstreamPausedError("429", retry_after_s=9), failures=1, jitter=0) == 0
