"""The responses table: how each lead was answered, one row a lead.

Kept while events are written, so that a report need not read them all. What comes
first stays: the first owner, reply and closing.
"""

from collections import Counter
from collections.abc import Iterable

from notifier.core.responses import Response, Step
from notifier.store.batches import chunks, insert
from notifier.store.retention import BATCH
from notifier.store.session import Session

SLICE = 1_000
"""Leads a slice: the database thread is others' again after some 10 ms."""

# The fields of a Response, in their order.
COLUMNS = """
    bot_id, lead_id, created_ms, seen_ms, silent, converted, forgotten, country, status,
    COALESCE(replied_by, assignee, owner),
    CASE WHEN replied_by IS NULL OR replied_by = assignee THEN assignee_name END,
    owned_ms, replied_ms, taken_ms, closed_ms, reassigned,
    replied_ms IS NULL AND silent = 0 AND EXISTS (SELECT 1 FROM records AS r
        WHERE r.bot_id = a.bot_id AND r.lead_id = a.lead_id AND r.absent = 0)
"""

# Both keep what was there first. The assignments see the row as it was before.
INTO = """
    responses (bot_id, lead_id, type, created_ms, seen_ms, silent, converted, country, status,
        assignee, assignee_name, owner, owned_ms, replied_by, replied_ms, taken_ms, closed_ms)
"""
ANEW = """
    ON CONFLICT (bot_id, lead_id) DO UPDATE SET type = excluded.type,
        created_ms = excluded.created_ms, seen_ms = excluded.seen_ms,
        silent = excluded.silent, converted = excluded.converted,
        country = excluded.country, status = excluded.status,
        assignee = excluded.assignee, assignee_name = excluded.assignee_name,
        owner = COALESCE(responses.owner, excluded.owner),
        owned_ms = COALESCE(responses.owned_ms, excluded.owned_ms),
        replied_by = CASE WHEN responses.replied_ms IS NULL
            THEN excluded.replied_by ELSE responses.replied_by END,
        replied_ms = COALESCE(responses.replied_ms, excluded.replied_ms),
        closed_ms = COALESCE(responses.closed_ms, excluded.closed_ms)
"""
# A column of which every row is NULL has no type of its own.
GO_ON = """
    WITH told (bot_id, lead_id, country, status, assignee, assignee_name, owner, owned_ms,
        replied_by, replied_ms, taken_ms, closed_ms, reassigned) AS (VALUES :rows)
    UPDATE responses SET country = told.country, status = told.status,
        assignee = told.assignee, assignee_name = told.assignee_name,
        owner = COALESCE(responses.owner, told.owner),
        owned_ms = COALESCE(responses.owned_ms, CAST(told.owned_ms AS BIGINT)),
        replied_by = CASE WHEN responses.replied_ms IS NULL
            THEN told.replied_by ELSE responses.replied_by END,
        replied_ms = COALESCE(responses.replied_ms, CAST(told.replied_ms AS BIGINT)),
        taken_ms = COALESCE(responses.taken_ms, CAST(told.taken_ms AS BIGINT)),
        closed_ms = COALESCE(responses.closed_ms, CAST(told.closed_ms AS BIGINT)),
        reassigned = responses.reassigned
            + CASE WHEN responses.replied_ms IS NULL THEN told.reassigned ELSE 0 END
    FROM told WHERE responses.bot_id = told.bot_id AND responses.lead_id = told.lead_id
"""


def observe(session: Session, steps: Iterable[Step], *, silent: bool = False) -> None:
    """Keep what events told, those of a lead in their order; ``silent`` are a baseline's.

    Of a lead that was never announced, nor found by a baseline, nothing is kept.
    """
    found = list(steps)
    for some in _in_turns([one for one in found if one.created_ms is not None]):
        insert(session, INTO, [_begun(one, silent=silent) for one in some], then=ANEW)
    for some in _in_turns([one for one in found if one.created_ms is None]):
        for rows in chunks([_going_on(one) for one in some]):
            session.spread(GO_ON, {"rows": rows})


def _in_turns(steps: Iterable[Step]) -> list[list[Step]]:
    """Return first each lead's first step, then each one's second, and so on."""
    turns: list[list[Step]] = []
    seen = Counter[tuple[str, str]]()
    for one in steps:
        lead = one.bot_id, one.lead_id
        if seen[lead] == len(turns):
            turns.append([])
        turns[seen[lead]].append(one)
        seen[lead] += 1
    return turns


def created_between(
    session: Session,
    *,
    from_ms: int,
    until_ms: int,
    after: Response | None = None,
    limit: int = SLICE,
) -> list[Response]:
    """Return the next slice of the leads created in a period, by their creation.

    ``after`` is the last one of the slice before; an empty slice is the end.
    """
    key = (from_ms, "", "") if after is None else _key(after)
    rows = session.execute(
        # Each slice begins in the index where the last one ended: nothing is read twice.
        f"SELECT {COLUMNS} FROM responses AS a"  # noqa: S608
        " WHERE type = 'lead' AND created_ms >= :created_ms AND created_ms < :until_ms"
        " AND (created_ms, bot_id, lead_id) > (:created_ms, :bot_id, :lead_id)"
        " ORDER BY created_ms, bot_id, lead_id LIMIT :limit",
        {
            "until_ms": until_ms,
            **dict(zip(("created_ms", "bot_id", "lead_id"), key, strict=True)),
            "limit": limit,
        },
    )
    return [Response(*row) for row in rows]


def outages(session: Session, *, until_ms: int, from_ms: int) -> list[tuple[str, str, int]]:
    """Return the source's events of trouble before ``until_ms``: type, source, moment.

    Oldest first; of those before ``from_ms`` each source's last.
    """
    rows = session.execute(
        "SELECT type, subject, observed_ms FROM events WHERE bot_id IS NULL"
        " AND type IN ('source.down', 'source.up') AND observed_ms < :until_ms ORDER BY seq",
        {"until_ms": until_ms},
    ).fetchall()
    last = {source: number for number, (_, source, at) in enumerate(rows) if at < from_ms}
    return [
        row for number, row in enumerate(rows) if row[2] >= from_ms or number in last.values()
    ]


def source_names(session: Session) -> dict[str, str]:
    """Return the present name of each bot's source."""
    return dict(session.execute("SELECT bot_id, name FROM sources").fetchall())


def forget(session: Session, bot_id: str, lead_id: str, *, digest: str) -> None:
    """Keep the moments under a digest of the lead's id, and nothing of the person."""
    session.execute(
        "UPDATE responses SET lead_id = :digest, country = NULL, forgotten = 1"
        " WHERE bot_id = :bot_id AND lead_id = :lead_id",
        {"bot_id": bot_id, "lead_id": lead_id, "digest": digest},
    )


def prune(session: Session, *, before_ms: int, batch: int = BATCH) -> int:
    """Delete leads created before then; return how many went, at most ``batch``."""
    return session.execute(
        "DELETE FROM responses WHERE (bot_id, lead_id) IN (SELECT bot_id, lead_id"
        " FROM responses WHERE type IN ('lead', 'non-lead') AND created_ms < :before_ms"
        " LIMIT :batch)",
        {"before_ms": before_ms, "batch": batch},
    ).rowcount


def _key(one: Response) -> tuple[int, str, str]:
    return one.created_ms, one.bot_id, one.lead_id


def _begun(one: Step, *, silent: bool) -> tuple[object, ...]:
    return (
        *(one.bot_id, one.lead_id, one.type, one.created_ms, one.seen_ms),
        *(int(silent), int(one.converted), one.country, one.status),
        *(one.assignee, one.assignee_name, *_first(one)),
    )


def _going_on(one: Step) -> tuple[object, ...]:
    return (
        *(one.bot_id, one.lead_id, one.country, one.status),
        *(one.assignee, one.assignee_name, *_first(one), int(one.reassigned)),
    )


def _first(one: Step) -> tuple[object, ...]:
    """Return what counts where it is the first: owner, reply, taking and closing."""
    return (
        *(None if one.owned_ms is None else one.assignee, one.owned_ms),
        *(None if one.replied_ms is None else one.assignee, one.replied_ms),
        *(one.taken_ms, one.closed_ms),
    )
