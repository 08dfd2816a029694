"""``leads``, ``events`` and ``deliveries``: what is stored, oldest first."""

from collections.abc import Iterable, Iterator
from typing import Annotated, TypeAlias

import typer

from notifier.cli import complete
from notifier.cli.choices import LARGEST, duration_ms, event_types, one_of
from notifier.cli.opened import Opened, opened
from notifier.cli.output import print_csv, print_json, print_json_line
from notifier.cli.shapes import (
    DELIVERY_COLUMNS,
    EVENT_COLUMNS,
    LEAD_COLUMNS,
    delivery_shape,
    event_cells,
    lead_cells,
    lead_shape,
)
from notifier.cli.tables import event_words, show_deliveries, show_events, show_leads
from notifier.core.events import Event, decode
from notifier.core.outcome import State
from notifier.core.records import LEAD, NON_LEAD
from notifier.errors import DamagedError
from notifier.store import browse
from notifier.store.browse import Wanted

app = typer.Typer()

IN_A_TABLE = 50
STATES = tuple(state.value for state in State)

Since: TypeAlias = Annotated[
    str | None, typer.Option(metavar="2h", help="Only what is not older than this.")
]
OfLead: TypeAlias = Annotated[str | None, typer.Option(metavar="ID", help="Only this lead's.")]
Limit: TypeAlias = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=LARGEST,
        metavar="N",
        help=f"Only the newest so many; {IN_A_TABLE} in a table, all with --json and --csv.",
        show_default=False,
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Csv: TypeAlias = Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")]
ToDestination: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Only to this destination.",
        autocompletion=complete.destinations,
    ),
]
EventPattern: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--type",
        metavar="TYPE",
        help="`lead.created`, `lead.*`, …",
        autocompletion=complete.event_types,
    ),
]


@app.command()
def leads(
    *,
    since: Since = None,
    listing_type: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="`lead` or `non-lead`.")
    ] = None,
    lead: Annotated[str | None, typer.Option(metavar="ID", help="Only this one.")] = None,
    state: Annotated[
        str | None, typer.Option(metavar="STATUS", help="Only this status: `OPEN`, …")
    ] = None,
    limit: Limit = None,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """List the leads as they were last read, by their last change."""
    types = (
        ()
        if listing_type is None
        else (one_of(listing_type, (LEAD, NON_LEAD), "type of lead"),)
    )
    with opened() as db:
        wanted = Wanted(
            since_ms=_since_ms(since, db),
            types=types,
            lead=lead,
            state=state,
            limit=_limit(limit, is_table=not (json or csv)),
        )
        found = browse.leads(db.session, wanted, damages=db.damages)
        if json:
            print_json(map(lead_shape, found))
        elif csv:
            print_csv(map(lead_cells, found), LEAD_COLUMNS)
        else:
            show_leads(found, db)


@app.command()
def events(
    *,
    since: Since = None,
    pattern: EventPattern = None,
    lead: OfLead = None,
    state: Annotated[
        str | None,
        typer.Option(
            metavar="STATE",
            help="Only with such a delivery: `dead`, …",
            autocompletion=complete.states,
        ),
    ] = None,
    limit: Limit = None,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """List what happened; with --json, the envelopes as consumers get them."""
    types, state = event_types(pattern), _state(state)
    with opened() as db:
        wanted = Wanted(
            since_ms=_since_ms(since, db),
            types=types,
            lead=lead,
            state=state,
            limit=_limit(limit, is_table=not (json or csv)),
        )
        found = list(_readable(browse.event_bodies(db.session, wanted), db))
        if json:
            for body, _ in found:
                print_json_line(body)
        elif csv:
            cells = (event_cells(event, event_words(event)) for _, event in found)
            print_csv(cells, EVENT_COLUMNS)
        else:
            show_events((event for _, event in found), db)


@app.command()
def deliveries(
    *,
    since: Since = None,
    pattern: EventPattern = None,
    lead: OfLead = None,
    state: Annotated[
        str | None,
        typer.Option(
            metavar="STATE",
            help="Only `pending`, `delivered`, `dead` or `skipped`.",
            autocompletion=complete.states,
        ),
    ] = None,
    destination: ToDestination = None,
    limit: Limit = None,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """List what went, goes or did not go to the destinations, and why."""
    types, state = event_types(pattern), _state(state)
    with opened() as db:
        wanted = Wanted(
            since_ms=_since_ms(since, db),
            types=types,
            lead=lead,
            state=state,
            destination=destination,
            limit=_limit(limit, is_table=not (json or csv)),
        )
        found = browse.deliveries(db.session, wanted)
        if json:
            print_json(map(delivery_shape, found))
        elif csv:
            print_csv(map(delivery_shape, found), DELIVERY_COLUMNS)
        else:
            bodies = browse.events_by_id(db.session, {one.event_id for one in found})
            show_deliveries(found, [event for _, event in _readable(bodies, db)], db)


def _readable(bodies: Iterable[bytes], db: Opened) -> Iterator[tuple[bytes, Event]]:
    """Yield the events that can be read."""
    for number, body in enumerate(bodies, 1):
        try:
            yield body, decode(body)
        except DamagedError:
            db.damages.append(f"the event in place {number} of this list")


def _since_ms(text: str | None, db: Opened) -> int | None:
    return None if text is None else db.now_ms - duration_ms(text)


def _limit(limit: int | None, *, is_table: bool) -> int | None:
    return IN_A_TABLE if limit is None and is_table else limit


def _state(state: str | None) -> str | None:
    return None if state is None else one_of(state, STATES, "state")
