"""What goes on beside the work: how it goes on after what it meets."""

import asyncio
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from notifier.crashes import keep_doing
from notifier.errors import BusyError, StoreError

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
