"""A clock set back delays nothing by more than its own pause."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from notifier.clocks import Clocks
from notifier.configuration.environment import read_environment
from notifier.configuration.load import Configuration, load_configuration
from notifier.core.acts import LeadState
from notifier.core.destination_state import DestinationState, Health
from notifier.core.outcome import Outcome, State
from notifier.core.records import LEAD, Source
from notifier.core.rows import iso_ms, ms_of
from notifier.rehearsal.row import row_of
from notifier.service.assembly import assembled
from notifier.store import (
    claims,
    destinations,
    lead_acts,
    listings,
    mutes,
    outbox,
    sources,
)
from notifier.store.health import MuteTarget
from notifier.store.session import Session
from notifier.store.sqlite import Sqlite
from notifier.transactions import clock_set_back
from support.polls import poll

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
BOT = Source(name="default", bot_id="b1", customer_id="c1")
RULES = """
windows:
  office: {days: mon-fri, hours: "09:00-18:00", timezone: UTC}
destinations:
  plain: {type: console}
  gathering: {type: console}
  daily: {type: console}
  quiet: {type: console}
rules:
  - {name: Plain, when: lead.created, send: plain}
  - {name: Digest, when: lead.created, digest: 10m, send: gathering}
  - {name: Daily, when: lead.created, digest: "0 18 * * *", send: daily}
  - {name: Settle, when: lead.created, settle: 10m, send: quiet}
  - {name: Overdue, if: {status: OPEN}, for: 15m, send: plain}
  - {name: Again, if: {status: OPEN}, for: 1m, repeat: 20m, send: plain}
"""
SETTINGS = {"NOTIFIER_TOKEN": "t", "NOTIFIER_BOT_ID": "b1", "NOTIFIER_CUSTOMER_ID": "c1"}


@dataclass(slots=True)
class Dial:
    """The host's clocks; only one of them is ever set."""

    now: datetime = NOON
    monotonic_ms: int = 1_000
    clocks: Clocks = field(init=False)

    def __post_init__(self) -> None:
        self.clocks = Clocks(
            now=lambda: self.now,
            monotonic_ms=lambda: self.monotonic_ms,
            jitter=lambda: 0.0,
        )


def configured(folder: Path) -> Configuration:
    (rules := folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    paths = {
        "NOTIFIER_DATABASE": str(folder / "n.db"),
        "NOTIFIER_RULES": str(rules),
        "NOTIFIER_BASE_URL": "http://127.0.0.1:9",
    }
    return load_configuration(read_environment(SETTINGS | paths, folder=folder))


def _filled(db: Session, config: Configuration) -> None:
    """Let one new lead wait in every way there is, at noon."""
    at_ms = ms_of(NOON)
    sources.register(db, BOT.bot_id, BOT.name)
    sources.succeeded(db, BOT.bot_id, at_ms=at_ms)
    listings.state(db, BOT.bot_id, LEAD)
    listings.finish_full_walk(db, BOT.bot_id, LEAD, at_ms=at_ms, pages=1)
    lead = {"id": "asha", "name": "Asha", "status": "OPEN", "created_at": iso_ms(NOON)}
    poll(db, [row_of(lead)], source=BOT, rules=config.ruleset, at=NOON)
    ((claimed,),) = claims.claim(db, "plain", now_ms=at_ms, limit=1)
    outcome = Outcome(state=State.PENDING, attempts=1, at_ms=at_ms + 5_000, error="no")
    outbox.record(db, claimed, outcome, accepted=frozenset(), note="", now_ms=at_ms)
    db.execute("UPDATE timers SET told_ms = since_ms WHERE rule = 'Again'")
    failing = DestinationState(health=Health.FAILING, since_ms=at_ms, probe_ms=at_ms + 5_000)
    destinations.set_state(db, "quiet", failing)
    mutes.mute(db, MuteTarget.RULE, "Plain", until_ms=at_ms + 7_200_000)
    snoozed = LeadState(snoozed_until=NOON + timedelta(hours=1))
    lead_acts.save(db, BOT.bot_id, "asha", snoozed)


def _after(db: Session, now: datetime) -> dict[str, Any]:
    """Return how many seconds each still waits."""
    waits = db.execute(
        "SELECT rule, due_ms FROM deliveries UNION SELECT rule, due_ms FROM timers"
        " UNION SELECT 'probe', probe_ms FROM destinations WHERE probe_ms IS NOT NULL"
        " UNION SELECT 'mute', until_ms FROM mutes"
        " UNION SELECT 'snooze', snoozed_ms FROM lead_acts"
    ).fetchall()
    return {name: (due_ms - ms_of(now)) / 1000 for name, due_ms in waits}


@pytest.mark.parametrize("back", [DAY, timedelta(hours=3), timedelta(seconds=90)])
def test_each_waits_for_its_own_pause_from_now(tmp_path: Path, back: timedelta) -> None:
    config, now = configured(tmp_path), NOON - back
    with closing(Sqlite(tmp_path / "n.db").open()) as db, db.transaction():
        _filled(db, config)
        by_ms = clock_set_back.set_back_ms(db, now_ms=ms_of(now))
        assert by_ms == back // timedelta(milliseconds=1)
        clock_set_back.bring_forward(db, config.ruleset, by_ms=by_ms, now_ms=ms_of(now))
        waits = _after(db, now)
        assert 5 <= waits.pop("Plain") <= 5.5
        assert waits.pop("probe") <= 300
        six = now.replace(hour=18, minute=0, second=0)
        assert waits.pop("Daily") == (six - now).total_seconds()
        assert waits == {
            "Digest": 600,
            "Settle": 600,
            "Overdue": 900,
            "Again": 1200,
            "mute": 7200,
            "snooze": 3600,
        }
        assert clock_set_back.set_back_ms(db, now_ms=ms_of(now)) == 0, "once is enough"


def test_a_clock_that_went_on_or_was_adjusted_changes_nothing(tmp_path: Path) -> None:
    config = configured(tmp_path)
    with closing(Sqlite(tmp_path / "n.db").open()) as db, db.transaction():
        _filled(db, config)
        for later in (timedelta(seconds=-1), timedelta(0), DAY):
            assert clock_set_back.set_back_ms(db, now_ms=ms_of(NOON + later)) == 0


async def test_a_start_after_a_clock_was_set_back_brings_forward(tmp_path: Path) -> None:
    config, dial = configured(tmp_path), Dial(now=NOON - DAY)
    with closing(Sqlite(tmp_path / "n.db").open()) as db, db.transaction():
        _filled(db, config)
    with capture_logs() as logs:
        async with assembled(
            config, clocks=dial.clocks, out=StringIO(), reread=lambda: config
        ) as service:
            await service.poll()
            waits = await service.shared.store.read(_after, dial.now)
    assert [one["by_s"] for one in logs if one["event"] == "clock_set_back"] == [86_400]
    assert (waits["Digest"], waits["Overdue"]) == (600, 900)


async def test_a_clock_set_back_under_the_service_is_noticed(tmp_path: Path) -> None:
    config, dial = configured(tmp_path), Dial()
    with closing(Sqlite(tmp_path / "n.db").open()) as db, db.transaction():
        _filled(db, config)
    with capture_logs() as logs:
        async with assembled(
            config, clocks=dial.clocks, out=StringIO(), reread=lambda: config
        ) as service:
            running = asyncio.create_task(service.run())
            await _until(lambda: any(one["event"] == "started" for one in logs))
            await asyncio.sleep(0)
            dial.now -= timedelta(hours=3)
            await _until(lambda: any(one["event"] == "clock_set_back" for one in logs))
            waits = await service.shared.store.read(_after, dial.now)
            service.stop()
            await running
    assert (waits["Digest"], waits["Overdue"]) == (600, 900)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - a log has no event to wait for
            await asyncio.sleep(0.01)
