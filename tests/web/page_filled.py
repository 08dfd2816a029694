"""A database with as many leads, events and deliveries as wanted, made in one go."""

from collections.abc import Iterator
from itertools import islice

import orjson

from notifier.core import events as core_events
from notifier.core.destination_state import DestinationState, Health
from notifier.core.diff import Change
from notifier.core.events import Event
from notifier.core.outcome import State
from notifier.core.records import Lead, Source, parse
from notifier.core.rows import Json, iso_of_ms, moment_of
from notifier.store import (
    attempts,
    destinations,
    events,
    lead_search,
    outbox,
    registry,
    service_state,
    snapshots,
    sources,
)
from notifier.store.attempts import Tried
from notifier.store.outbox import NewDelivery
from notifier.store.session import Session
from notifier.store.snapshots import Saved

BOT = "638d99eeee9e558f1247ae03"
SOURCE = Source(name="website", bot_id=BOT, customer_id="5fed38e56fb193dcc6c933f5")
ASHA = "631aa793bcfa100487d13d0d"
CHUNK = 100
DAY_MS = 24 * 3_600_000

NAMES = (
    "Meera Nair",
    "Kofi Mensah",
    "Conceição Araújo",
    "محمد بن علي",
    "Zoë O'Neill",
    "陳大文",
)
PLACES = (("Pune", "India"), ("Accra", "Ghana"), ("Porto", "Portugal"), ("Dubai", "UAE"))
STATUSES = ("OPEN", "INPROGRESS", "CLOSED")
SAID = (
    "What does it cost?",
    "Please call me on +91 98765 43210 or write to asha.k@example.com",
    "Can I come and see it tomorrow at ten? I would bring my brother, who knows about these.",
    "",
)


def row(number: int, *, at_ms: int) -> dict[str, Json]:
    """Return a row of the listing, another one for each number."""
    city, country = PLACES[number % len(PLACES)]
    return {
        "_id": f"{number:024x}",
        "uuid": f"00000000-0000-4000-8000-{number:012x}",
        "status": STATUSES[number % 3],
        "_agentAssigned": {"_id": ASHA} if number % 4 == 0 else None,
        "lastMessage": {"at": iso_of_ms(at_ms), "by": "user", "text": SAID[number % 4]},
        "profile": {
            "notes": [{"title": "Call", "description": "back at six"}]
            if number % 9 == 0
            else [],
            "userDetails": {
                "name": f"{NAMES[number % len(NAMES)]} {number}",
                "city": city,
                "country": country,
                "contact": {
                    "email": f"visitor{number}@example.com",
                    "phone": {"prefix": "91", "number": f"98{number:08d}"},
                },
                "tags": ["hot"] if number % 5 == 0 else ["test", "web"],
                "attributes": [{"key": "Budget", "value": str(number * 10)}],
            },
        },
        "createdAt": iso_of_ms(at_ms - DAY_MS),
        "updatedAt": iso_of_ms(at_ms),
    }


def fill(session: Session, *, leads: int, now_ms: int, days: float = 7.0) -> None:
    """Write so many leads with three events and deliveries each, spread over the past days."""
    _context(session, now_ms=now_ms)
    step_ms = days * DAY_MS / max(leads, 1)
    numbers = iter(range(leads))
    while some := list(islice(numbers, min(CHUNK, leads // 10 + 1))):
        made = [(one, row(one, at_ms=int(now_ms - one * step_ms))) for one in reversed(some)]
        _leads(session, made)
        _events(session, made, now_ms=now_ms, step_ms=step_ms)


def _context(session: Session, *, now_ms: int) -> None:
    kinds = {"sales": "slack", "managers": "email", "crm": "webhook", "old": "webhook"}
    rules = ("New lead", "Changed", "Nobody has it")
    registry.set_active(session, watched={BOT: "website"}, destinations=kinds, rules=rules)
    sources.succeeded(session, BOT, at_ms=now_ms - 3_000)
    service_state.rules(session, loaded_at=iso_of_ms(now_ms - DAY_MS), refused=None)
    gone = DestinationState(health=Health.DISABLED, since_ms=now_ms - DAY_MS, reason="410 Gone")
    destinations.set_state(session, "old", gone)
    failing = DestinationState(
        health=Health.FAILING,
        failures=7,
        since_ms=now_ms - 900_000,
        probe_ms=now_ms + 60_000,
        reason="crm.example.com answered 503",
        remedy="look whether the receiver is up",
    )
    destinations.set_state(session, "crm", failing)


def _leads(session: Session, made: list[tuple[int, dict[str, Json]]]) -> None:
    saved = [
        Saved(
            lead_id=one["_id"],
            type="lead",
            digest=str(number).encode(),
            walk=1,
            row=orjson.dumps(one).decode(),
            changed_ms=lead_search.changed_ms(lead_of(one)),
        )
        for number, one in made
    ]
    snapshots.save(session, BOT, saved)
    lead_search.save(session, [lead_of(one) for _, one in made])


def lead_of(one: dict[str, Json]) -> Lead:
    return parse(one, listing_type="lead", source=SOURCE, agents={})


def _events(
    session: Session, made: list[tuple[int, dict[str, Json]]], *, now_ms: int, step_ms: float
) -> None:
    (first,) = session.execute("SELECT COALESCE(MAX(id), 0) FROM deliveries").fetchone()
    # One moment for all of them: it is one statement then, where they would be thousands.
    at_ms = int(now_ms - made[-1][0] * step_ms)
    found = [
        (number + place, event)
        for number, one in made
        for place, event in enumerate(_of_lead(lead_of(one), at_ms=at_ms))
    ]
    seqs = events.add(session, [one for _, one in found], bot_id=BOT, observed_ms=at_ms)
    outbox.add(
        session,
        [
            _delivery(event, seq, number, at_ms)
            for (number, event), seq in zip(found, seqs, strict=True)
            if seq is not None
        ],
    )
    session.execute(
        "UPDATE deliveries SET delivered_ms = created_ms + 400 + id % 900, attempts = 1"
        " WHERE state = 'delivered' AND id > :first",
        {"first": first},
    )
    session.execute(
        "UPDATE deliveries SET attempts = 10, error = 'crm.example.com answered 503: busy',"
        " reason = 'gave up after 10 attempts' WHERE state = 'dead' AND id > :first",
        {"first": first},
    )
    rows = session.execute(
        "SELECT id, created_ms, state FROM deliveries WHERE id > :first"
        " AND state IN ('delivered', 'dead')",
        {"first": first},
    ).fetchall()
    attempts.add(session, [_tried(*found) for found in rows])


def _tried(delivery_id: int, created_ms: int, state: str) -> Tried:
    is_taken = state == "delivered"
    return Tried(
        delivery_id=delivery_id,
        at_ms=created_ms + 500,
        took_ms=120 + delivery_id % 80,
        is_taken=is_taken,
        answer="204"
        if is_taken
        else "crm.example.com answered 503: busy, call +91 98765 43210",
    )


def _of_lead(lead: Lead, *, at_ms: int) -> Iterator[Event]:
    at = moment_of(at_ms)
    yield core_events.created(lead, at=at)
    changes = [
        Change(field="status", old="OPEN", new=lead.status),
        Change(field="phone", old=None, new=lead.phone),
    ]
    yield from core_events.changed(lead, changes, at=at)


def _delivery(event: Event, seq: int, number: int, at_ms: int) -> NewDelivery:
    name = ("sales", "managers", "crm")[number % 3]
    state = State.DELIVERED
    if name == "crm":
        state = State.DEAD if number % 40 < 4 else State.PENDING if number % 400 < 9 else state
    elif number % 97 == 0:
        state = State.SKIPPED
    return NewDelivery(
        event_seq=seq,
        type=event.type.value,
        rule="New lead" if event.type.value == "lead.created" else "Changed",
        destination=name,
        lane_key=f"{BOT}/{event.subject}",
        bundle=f"{event.id}:{number}",
        title=None if name == "crm" else f"New lead: {event.subject}",
        body=None if name == "crm" else "Phone: +91 98765 43210\nStatus: OPEN",
        mention=None,
        broadcast=None,
        exempt=False,
        state=state,
        reason="muted" if state is State.SKIPPED else None,
        held=None,
        due_ms=at_ms,
        created_ms=at_ms,
    )
