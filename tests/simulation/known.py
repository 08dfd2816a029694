"""Short stories that bring out the planted faults, each by the name of its fault.

``python tests/simulation/planted.py NAME...`` says what each breaks.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simulation.disk import Moment
from simulation.story import HOUR_S, Entry, Story

SOON = 7_100.0
"""Shortly before a poll."""
OFTEN_S = 300
"""Between two polls, where an hour has to have more than four."""
MORNING = Story(
    seed=1,
    days=0,
    leads=0,
    poll_s=900,
    limit=12,
    order="updated-desc",
    entries=(),
    rest_s=8.2 * HOUR_S,
)
"""Some quiet hours, until digests and windows have come."""


def _at(at_s: float, what: str, text: str = "", number: int = 0, lasts_s: float = 0.0) -> Entry:
    return Entry(at_s=at_s, what=what, text=text, number=number, lasts_s=lasts_s)


def _told(*entries: Entry, **changes: Any) -> Story:
    return replace(MORNING, entries=entries, **changes)


def _shared(*entries: Entry, **changes: Any) -> Story:
    return _told(*entries, members=2, **changes)


CREATED = _at(SOON, "create")
MANY = _at(SOON, "import", number=30)
FAILING = _at(SOON, "trouble", "crm: status 503, nothing taken", lasts_s=4_000.0)
LEAD = _told(CREATED)
KNOWN: Mapping[str, Story] = {
    "what was cut off is not released": _told(CREATED, _at(SOON, "kill", Moment.COMMIT, 6)),
    "a yes that counts for all that follow": LEAD,
    "a claim that does not count": _told(_at(SOON, "import", number=3)),
    "a lead's order forgotten": _told(
        CREATED,
        replace(FAILING, lasts_s=350.0),
        _at(SOON + 300.0, "status", "INPROGRESS"),
        poll_s=OFTEN_S,
    ),
    "a head poll that ends at its first page": _told(MANY, leads=45),
    "a walk that ends at a short page": _told(
        replace(MANY, number=35), ragged=True, limit=4, rest_s=7.2 * HOUR_S
    ),
    "a broken walk's records count as held": _told(
        MANY, _at(SOON, "kill", Moment.COMMITTED, 3), leads=45
    ),
    "a message that ends and wakes nobody": _told(
        CREATED, _at(SOON + 700.0, "kill", "await", 1)
    ),
    "a wake-up during a turn that is lost": _told(
        replace(MANY, number=20),
        replace(FAILING, lasts_s=9_000.0),
        _at(9_000.0, "import", number=20),
        seed=12,
    ),
    "a page that wakes nobody": LEAD,
    "one request too many": _told(leads=45, limit=2, order="unordered", rest_s=HOUR_S),
    "a budget that a restart forgets": _told(
        _at(SOON, "kill", "await", 1), leads=45, limit=2, order="unordered", rest_s=2.1 * HOUR_S
    ),
    "a wait that is not kept": _told(
        _at(SOON, "others use the token", lasts_s=3_000.0), rest_s=3 * HOUR_S
    ),
    "a source that is not asked again": _told(
        _at(SOON, "odd answers", "upstream: 401", lasts_s=600.0), _at(SOON + 1_300.0, "create")
    ),
    "a bad record that spoils its page": _told(
        CREATED, _at(SOON - 900.0, "bad record", number=3, lasts_s=3 * HOUR_S)
    ),
    "a page in two commits": _told(CREATED, _at(SOON, "kill", Moment.STATEMENT, 8)),
    "what is new on a full page is not told": _told(MANY, leads=45),
    "a baseline that tells": _told(leads=5, rest_s=HOUR_S),
    "a timer that forgets its condition": _told(
        CREATED,
        _at(SOON + 600.0, "assign", "agent-asha"),
        _at(SOON + 1_400.0, "back"),
        poll_s=OFTEN_S,
    ),
    "a new lead that starts no timer": LEAD,
    "a row read long ago that accuses": _told(
        _at(4_000.0, "import", number=6),
        _at(4_300.0, "stop", lasts_s=4_000.0),
        _at(4_400.0, "assign", "agent-asha", number=-1),
        leads=45,
        order="unordered",
    ),
    "a ladder that nobody climbs": LEAD,
    "a snooze that nobody heeds": _told(CREATED, _at(SOON + 400.0, "snooze", "agent-asha")),
    "an act written without its deliveries": _told(
        CREATED, _at(SOON + 400.0, "take", "agent-asha")
    ),
    "what ended is forgotten where the disk is full": _told(
        CREATED, _at(SOON, "disk full", number=4, lasts_s=150.0)
    ),
    "an answer in doubt taken for a yes": _told(
        CREATED, _at(SOON, "trouble", "crm: no answer, nothing taken", lasts_s=600.0)
    ),
    "a second answer taken for the next one": _told(
        replace(MANY, number=3),
        _at(
            SOON,
            "trouble",
            "slack: taken or not, and answered twice",
            lasts_s=900.0,
        ),
    ),
    "a refusal taken for a yes": _told(CREATED, FAILING),
    "a destination that is not probed again": _told(
        CREATED, replace(FAILING, lasts_s=13_000.0)
    ),
    "an outage that costs a message its place": _told(
        CREATED,
        replace(FAILING, lasts_s=900.0),
        _at(SOON + 500.0, "status", "INPROGRESS"),
        _at(SOON + 510.0, "create"),
        _at(SOON + 900.5, "trouble", "crm: taken or not, and answered twice", lasts_s=1_500.0),
        poll_s=OFTEN_S,
    ),
    "an alert that is told again and again": _told(CREATED, FAILING),
    "a digest that does not wait": _told(CREATED, _at(SOON + 400.0, "status", "INPROGRESS")),
    "a window that is always open": _told(CREATED, _at(SOON + 400.0, "assign", "agent-asha")),
    "a report that a restart loses": _told(
        _at(28_700.0, "stop", lasts_s=1_300.0), rest_s=21 * HOUR_S
    ),
    "an upgrade that forgets what waits": _told(
        CREATED, _at(SOON + 400.0, "upgrade", "0.2.0", lasts_s=5.0)
    ),
    "a member that is never removed": _shared(
        CREATED,
        _at(SOON + 150.0, "kill", "await", 1, lasts_s=5.0),
        _at(SOON + 1_500.0, "create"),
    ),
    "a lease not checked": _shared(
        _at(7_110.0, "freeze", lasts_s=991.0),
        _at(8_050.0, "import", number=4),
        seed=23,
        poll_s=OFTEN_S,
    ),
    "what a lost member was sending is not released": _shared(
        replace(MANY, number=3),
        *(_at(SOON + s, "kill", Moment.COMMITTED, 3, lasts_s=5.0) for s in (1.0, 40.0)),
        seed=3,
    ),
}
