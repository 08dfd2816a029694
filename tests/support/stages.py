"""The real rooms over a database in memory, in made-up time: for what depends on time.

::

    stage = staged(RULES)
    stage.read([row(1, country="India")])
    later(stage, minutes=16)
    assert told(stage) == ["10:15:00 Waits → screen: …"]
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from notifier.configuration.destinations import limits
from notifier.configuration.load import Configuration
from notifier.configuration.settings import Settings
from notifier.core.records import Source
from notifier.core.rows import Row, iso_ms
from notifier.rehearsal.row import row_of
from notifier.rehearsal.stage import Stage
from notifier.rules.model import Ruleset, SourceSpec
from notifier.service.take_over import take_over
from notifier.store.opening import memory
from notifier.store.session import Session
from support.rules import ruleset as of_text

MONDAY_10 = datetime(2026, 3, 2, 10, tzinfo=UTC)
WEBSITE = Source(name="website", bot_id="b1", customer_id="c1")
PLACES = """
windows:
  office: {days: mon-fri, hours: "09:00-18:00", timezone: UTC}
destinations:
  screen: {type: console}
  team: {type: slack, channel: "#team"}
  crm: {type: webhook, url: "https://crm.example.com", secret: "${CRM_SECRET}"}
"""


def ruleset(rules: str, *, places: str = PLACES) -> Ruleset:
    """Return the rules in the lines under ``rules:``, with :data:`PLACES` to send to."""
    return of_text(f"{places}\nrules:\n{rules}")


class Staged(Protocol):
    """As :func:`staged`, but for its session."""

    def __call__(
        self, rules: str, /, *, at: datetime = MONDAY_10, places: str = PLACES
    ) -> Stage: ...


def staged(
    rules: str,
    /,
    *,
    at: datetime = MONDAY_10,
    places: str = PLACES,
    session: Session | None = None,
) -> Stage:
    """Return a stage whose baseline is done, at ``at``; in memory, unless it has a session."""
    found = ruleset(rules, places=places)
    stage = Stage(
        session=session or memory(),
        rules=found,
        limits=limits(found),
        source=WEBSITE,
        now=at,
    )
    stage.open()
    return stage


def restarted(stage: Stage, rules: str | None = None, *, places: str = PLACES) -> Stage:
    """Return a stage over the same database, as after a restart or reload."""
    found = stage.rules if rules is None else ruleset(rules, places=places)
    new = Stage(
        session=stage.session, rules=found, limits=limits(found), source=WEBSITE, now=stage.now
    )
    with new.session.transaction():
        config = Configuration(
            settings=Settings(),
            ruleset=found,
            sources=(SourceSpec(source=WEBSITE),),
            warnings=(),
        )
        take_over(new.session, config, new.current_lead, now_ms=int(new.now.timestamp() * 1000))
    new.deliver()
    return new


def row(number: int = 1, *, at: datetime = MONDAY_10, **fields: Any) -> Row:
    """Return the row of a lead called ``Lead <number>``, open and without an assignee.

    ``at`` is its time of creation; what is said twice is what changed since.
    """
    usual = {
        "id": f"lead{number}",
        "name": f"Lead {number}",
        "status": "OPEN",
        "created_at": iso_ms(at),
        "updated_at": iso_ms(at),
    }
    return row_of(usual | fields)


def later(stage: Stage, **duration: float) -> None:
    """Let time pass on stage."""
    stage.advance(stage.now + timedelta(**duration))


def told(stage: Stage) -> list[str]:
    """Return what was sent: time, destination, and the title of each part."""
    return [
        f"{one.at:%H:%M:%S} {one.to}: {' + '.join(titles)}"
        for one in stage.sent
        for titles in [[part.text.title or part.event.type for part in one.message.parts]]
    ]


def ended(stage: Stage) -> list[tuple[str, str, str, str | None]]:
    """Return every delivery: its event's type, rule, state and reason."""
    rows: Sequence[tuple[str, str, str, str | None]] = stage.session.execute(
        "SELECT e.type, d.rule, d.state, d.reason FROM deliveries AS d"
        " JOIN events AS e ON e.seq = d.event_seq ORDER BY d.id"
    ).fetchall()
    return list(rows)
