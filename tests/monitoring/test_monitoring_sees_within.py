"""How long a change waits to be seen, in figures and in one sentence."""

import pytest
from monitoring_house import source

from notifier.monitoring.sees_within import sees_within, sentence, words
from notifier.store.health import ListingHealth, SourceHealth
from notifier.upstream.waiting import Wait


def listing(
    order: str = "created-desc",
    *,
    pages: int = 9,
    has_baseline: bool = True,
    wait_s: tuple[float, float] | None = None,
) -> ListingHealth:
    median_s, p90_s = wait_s or (None, None)
    return ListingHealth(
        type="lead",
        order=order,
        pages=pages,
        has_baseline=has_baseline,
        median_ms=None if median_s is None else int(median_s * 1000),
        p90_ms=None if p90_s is None else int(p90_s * 1000),
    )


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (listing("updated-desc"), Wait(median_ms=15_000, p90_ms=15_000)),
        (listing("updated-desc", wait_s=(9, 99)), Wait(median_ms=15_000, p90_ms=15_000)),
        (listing(pages=1), Wait(median_ms=15_000, p90_ms=15_000)),
        (listing(wait_s=(40, 150)), Wait(median_ms=40_000, p90_ms=150_000)),
        (listing(), None),
        (listing("updated-desc", has_baseline=False), None),
        (None, None),
    ],
)
def test_where_polls_see_all_it_is_their_interval(
    one: ListingHealth | None, told: Wait | None
) -> None:
    assert sees_within(source(listing=one), interval_ms=15_000) == told


@pytest.mark.parametrize(
    ("median_s", "p90_s", "told"),
    [
        (15, 15, "within 15 seconds"),
        (1, 1, "within 1 second"),
        (38.2, 165, "after about 40 seconds, nine of ten within 3 minutes"),
        (0.2, 7, "after about 1 second, nine of ten within 7 seconds"),
        (700, 5000, "after about 12 minutes, nine of ten within 1 hour 24 minutes"),
    ],
)
def test_a_wait_is_told_in_round_figures(median_s: float, p90_s: float, told: str) -> None:
    wait = Wait(median_ms=int(median_s * 1000), p90_ms=int(p90_s * 1000))
    assert words(wait) == told


def test_one_sentence_tells_of_the_source_where_changes_wait_longest() -> None:
    quick = source(name="quick", listing=listing("updated-desc"))
    slow = source(name="slow", listing=listing(wait_s=(40, 150)))
    new = source(name="new", listing=listing())

    def said(*sources: SourceHealth) -> str:
        return sentence(sources, interval_ms=15_000)

    assert said(quick) == "A change is seen within 15 seconds."
    assert said(slow) == (
        "A change is seen after about 40 seconds, nine of ten within 3 minutes."
    )
    assert said(quick, slow) == (
        "A change of slow is seen after about 40 seconds, nine of ten within 3 minutes."
    )
    assert said(quick, new) == "A change is seen within 15 seconds. It is not known yet of new."
    assert said(new) == said() == ""
