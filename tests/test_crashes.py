"""What goes on beside the work: how it goes on after what it meets."""

import asyncio
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from notifier.crashes import keep_doing
from notifier.errors import BusyError, StoreError
from support.virtual_time import now_ms, run

FULL = StoreError("notifier.db: disk is full: free some disk space")
AWAY = BusyError("the server does not answer")


async def told_of(*met: Exception | None) -> list[tuple[str, str]]:
    """Return what is told of a duty that meets these, one a time."""
    left: Iterator[Exception | None] = iter(met)

    async def duty() -> None:
        found = next(left, asyncio.CancelledError())
        if found is not None:
            raise found

    with capture_logs() as logs, pytest.raises(asyncio.CancelledError):
        await keep_doing(duty, name="prune", every_s=0.0)
    assert {one["duty"] for one in logs} <= {"prune"}
    return [(one["event"], one["log_level"]) for one in logs]


async def test_a_database_that_cannot_be_used_is_no_fault_of_the_program() -> None:
    assert await told_of(FULL, None, AWAY) == [("duty_postponed", "warning")] * 2


async def test_what_lasts_is_told_once_and_again_after_it_went_well() -> None:
    assert len(await told_of(FULL, FULL, FULL)) == 1
    assert len(await told_of(FULL, AWAY, FULL)) == 2
    assert len(await told_of(FULL, None, FULL)) == 2


@pytest.mark.parametrize(
    ("is_costly", "after_s"),
    [(False, [0, 1, 2, 3, 4, 5, 6, 7]), (True, [0, 1, 3, 7, 15, 30, 31, 32])],
)
def test_only_what_costs_much_is_tried_less_often(
    *, is_costly: bool, after_s: list[int]
) -> None:
    at_ms: list[int] = []

    async def duty() -> None:
        at_ms.append(now_ms())
        if len(at_ms) > len(after_s):
            raise asyncio.CancelledError
        if len(at_ms) != 6:  # which goes well
            raise FULL

    async def main() -> None:
        with pytest.raises(asyncio.CancelledError):
            await keep_doing(duty, name="report", every_s=1.0, is_costly=is_costly)

    run(main())
    assert [at // 1000 for at in at_ms[: len(after_s)]] == after_s
