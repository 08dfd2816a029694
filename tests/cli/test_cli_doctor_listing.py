"""What ``doctor`` concludes from the first pages of a listing."""

import pytest
from pydantic import SecretStr

from notifier.cli.doctor_listing import FirstPages, Upstream, _findings
from notifier.cli.findings import Verdict
from notifier.core.rows import Row
from notifier.upstream.budget import Budget
from notifier.upstream.client import Client
from notifier.upstream.page import Page, Reading


def no_budget(_token: SecretStr) -> Budget:
    raise AssertionError("nothing is asked here")


def page(rows: list[Row]) -> Page:
    return Page(
        rows=tuple(Reading(lead_id=str(row["_id"]), row=row, digest=b"") for row in rows)
    )


def rows(*, rising: bool, page_number: int) -> list[Row]:
    first = (page_number - 1) * 20
    numbers = range(first, first + 20) if rising else range(99 - first, 79 - first, -1)
    return [
        {
            "_id": f"{n * 7 % 100:024}",
            "updatedAt": f"2026-03-02T04:{n // 60:02}:{n % 60:02}.000Z",
        }
        for n in numbers
    ]


@pytest.fixture
async def client() -> Client:
    return Client("http://127.0.0.1:9", timeout_s=1)


@pytest.mark.parametrize(
    ("rising", "sweeps", "verdict", "words"),
    [
        (False, True, Verdict.FINE, "newest change first"),
        (True, True, Verdict.DOUBTFUL, "ascending"),
        (True, False, Verdict.WRONG, "ascending"),
    ],
)
async def test_an_order_that_hides_changes_is_told_with_what_follows(
    client: Client, rising: bool, sweeps: bool, verdict: Verdict, words: str
) -> None:
    seen = FirstPages(pages=[page(rows(rising=rising, page_number=n)) for n in (1, 2, 3)])
    upstream = Upstream(client=client, budget=no_budget, rate_limit=90, sweeps=sweeps)
    order = next(one for one in _findings("website", seen, upstream) if "order" in one.check)
    assert order.verdict is verdict
    assert words in order.found
    await client.aclose()


async def test_rows_that_prove_no_order_are_not_taken_for_one(client: Client) -> None:
    seen = FirstPages(pages=[page([{"_id": f"{n}"} for n in range(5)])])
    upstream = Upstream(client=client, budget=no_budget, rate_limit=90, sweeps=True)
    order = [*_findings("website", seen, upstream)][-1]
    assert order.verdict is Verdict.DOUBTFUL
    assert order.found == "not to be seen in 5 records: polls alone might miss changes"
    await client.aclose()


async def test_one_page_hides_nothing_in_any_order(client: Client) -> None:
    seen = FirstPages(pages=[page(rows(rising=True, page_number=1)), page([])])
    upstream = Upstream(client=client, budget=no_budget, rate_limit=90, sweeps=False)
    order = [*_findings("website", seen, upstream)][-1]
    assert (order.verdict, order.found) == (Verdict.FINE, "one page: every poll sees all of it")
    await client.aclose()
