"""Reads what a report is made of, a slice at a time: nobody waits long for the database."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from notifier.core.records import LEAD, Agent, Lead, Source, parse
from notifier.core.responses import Response
from notifier.core.rows import stored_row
from notifier.errors import DamagedError
from notifier.reports.asked import Asked
from notifier.reports.model import Report
from notifier.reports.report import LeadKey, Seen, report, waiting
from notifier.store import responses, snapshots
from notifier.store.session import Session
from notifier.threads import in_a_thread

P = ParamSpec("P")
T = TypeVar("T")


class Read(Protocol):
    """How the database is asked."""

    async def __call__(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Return what ``function(db, …)`` does."""
        ...


async def measure_report(
    read: Read,
    asked: Asked,
    *,
    watched: Mapping[str, Source],
    agents: Mapping[str, Agent],
    kept_ms: int,
) -> Report:
    """Return the report asked for; ``watched`` gives sources by bot id, for their links."""
    found = await _found(read, asked)
    seen = Seen(
        leads=await _leads(read, waiting(found, asked), watched, agents),
        turns=await read(responses.outages, from_ms=asked.from_ms, until_ms=asked.now_ms),
        kept_ms=kept_ms,
    )
    # Of 60,000 leads it takes half a second, in which others go on.
    return await in_a_thread(lambda: report(found, asked, seen))


async def _found(read: Read, asked: Asked) -> list[Response]:
    found: list[Response] = []
    while some := await read(
        responses.created_between,
        from_ms=asked.before_ms,
        until_ms=asked.until_ms,
        after=found[-1] if found else None,
    ):
        found += some
    return found


async def _leads(
    read: Read,
    waits: Sequence[Response],
    watched: Mapping[str, Source],
    agents: Mapping[str, Agent],
) -> dict[LeadKey, Lead]:
    """Return who they are; one whose record is damaged stays nameless."""
    leads: dict[LeadKey, Lead] = {}
    for bot_id, lead_ids in _by_bot(waits).items():
        unknown = Source(name=bot_id, bot_id=bot_id, customer_id="")
        source = watched.get(bot_id, unknown)
        rows = await read(snapshots.rows, bot_id, lead_ids)
        for lead_id, row in rows.items():
            with suppress(DamagedError):
                lead = parse(stored_row(row), listing_type=LEAD, source=source, agents=agents)
                leads[bot_id, lead_id] = lead
    return leads


def _by_bot(found: Sequence[Response]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = defaultdict(list)
    for one in found:
        ids[one.bot_id].append(one.lead_id)
    return ids
