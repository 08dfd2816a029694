"""A report goes out at its time, once, whatever befell the service meanwhile."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from notifier.clocks import Clocks
from notifier.configuration.environment import read_environment
from notifier.configuration.load import Configuration, load_configuration
from notifier.core.events import Event, decode
from notifier.core.rows import iso_ms
from notifier.errors import StoreError
from notifier.reports.model import Report, as_json, from_json
from notifier.rules.model import Ruleset
from notifier.service import reporting
from notifier.service.assembly import assembled
from notifier.service.shared import things_of
from notifier.store import browse, mutes, sources
from notifier.store.browse import Wanted
from notifier.store.deliveries import Delivery
from notifier.store.health import MuteTarget
from notifier.store.session import Session
from notifier.store.sqlite import Sqlite
from notifier.store.texts import raw
from notifier.transactions import reports
from notifier.transactions.clock_set_back import bring_forward
from reports.observed import ASHA, WEBSITE, Observed, in_file
from support.full_disk import FullDisk

BERLIN_NINE = datetime(2026, 3, 9, 8, tzinfo=UTC)  # nine o'clock on a Monday in Berlin
WEEK = timedelta(days=7)
SETTINGS = {
    "NOTIFIER_TOKEN": "t",
    "NOTIFIER_BOT_ID": WEBSITE,
    "NOTIFIER_CUSTOMER_ID": "c",
    "NOTIFIER_TIMEZONE": "Europe/Berlin",
}
RULES = """
destinations:
  screen: {type: console}
  crm:
    type: webhook
    url: https://crm.example.com/hook
    secret: whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u
rules:
  - {name: New, when: lead.created, send: screen}
reports:
  - {name: Monday, at: "0 9 * * mon", send: [screen, crm]}
"""


def configured(folder: Path, rules: str = RULES) -> Configuration:
    (folder / "rules.yaml").write_text(rules, encoding="utf-8")
    paths = {
        "NOTIFIER_DATABASE": str(folder / "notifier.db"),
        "NOTIFIER_RULES": str(folder / "rules.yaml"),
    }
    return load_configuration(read_environment(SETTINGS | paths, folder=folder))


class Stage:
    """The schedule at moments of one's choice, over a database with a lead that waits."""

    def __init__(self, folder: Path) -> None:
        self.rules = configured(folder).ruleset
        self.observed = Observed(in_file(folder), begins=BERLIN_NINE - 2 * WEEK)
        self.observed.baseline()
        self.observed.go(BERLIN_NINE - timedelta(days=1))
        self.lead = self.observed.create(assignee=ASHA)
        self.observed.go(BERLIN_NINE - timedelta(hours=1))
        self.keep()

    @property
    def session(self) -> Session:
        return self.observed.session

    def keep(self, rules: Ruleset | None = None) -> None:
        """Let the service start or reload."""
        self.rules = rules or self.rules
        reports.keep_schedule(self.session, self.rules.reports, now_ms=self.observed.now_ms)

    def go(self, at: datetime, *, read: bool = True) -> None:
        self.observed.go(at)
        if read:
            sources.succeeded(self.session, WEBSITE, at_ms=self.observed.now_ms)

    def make(self) -> list[str]:
        """Write what is due; return when each was."""
        made = []
        for one, due_ms in reports.due_reports(
            self.session, self.rules.reports, [WEBSITE], now_ms=self.observed.now_ms
        ):
            found = self.observed.report(since=one.since)
            written = reports.write_report(
                self.session,
                one,
                replace_name(found, one.name),
                self.rules,
                due_ms=due_ms,
                now_ms=self.observed.now_ms,
            )
            made += [event.time for event in written.events]
        return made

    def deliveries(self) -> list[Delivery]:
        return browse.deliveries(self.session, Wanted(types=("report.ready",)))


def replace_name(found: Report, name: str) -> Report:
    return from_json({**as_json(found), "name": name})


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    one = Stage(tmp_path)
    yield one
    one.session.close()


def test_a_report_goes_out_at_its_time_in_the_settings_zone(stage: Stage) -> None:
    stage.go(BERLIN_NINE - timedelta(seconds=1))
    assert stage.make() == []
    stage.go(BERLIN_NINE)
    assert stage.make() == [iso_ms(BERLIN_NINE)]
    told = [(one.rule, one.destination, one.state) for one in stage.deliveries()]
    assert told == [("Monday", "screen", "pending"), ("Monday", "crm", "pending")]


def test_it_does_so_once_and_again_a_week_later(stage: Stage) -> None:
    stage.go(BERLIN_NINE + timedelta(minutes=1))
    assert len(stage.make()) == 1
    stage.keep()  # a restart
    assert stage.make() == []
    stage.go(BERLIN_NINE + WEEK)
    assert stage.make() == [iso_ms(BERLIN_NINE + WEEK)]


def test_what_came_due_while_nobody_ran_goes_out_once_for_the_latest(stage: Stage) -> None:
    stage.go(BERLIN_NINE + 3 * WEEK + timedelta(hours=1))
    stage.keep()
    # Berlin has put its clocks forward by then.
    assert stage.make() == [iso_ms(BERLIN_NINE + 3 * WEEK - timedelta(hours=1))]
    assert stage.make() == []


def test_it_waits_until_what_happened_before_was_read(stage: Stage) -> None:
    stage.go(BERLIN_NINE - timedelta(seconds=5))
    stage.go(BERLIN_NINE, read=False)
    assert stage.make() == []
    stage.go(BERLIN_NINE + timedelta(seconds=10))
    assert stage.make() == [iso_ms(BERLIN_NINE)]


def test_a_source_that_is_down_keeps_no_report_back(stage: Stage) -> None:
    sources.set_state(stage.session, WEBSITE, "down", "401", "")
    stage.go(BERLIN_NINE, read=False)
    assert len(stage.make()) == 1


def test_another_time_is_counted_from_the_reload(stage: Stage, tmp_path: Path) -> None:
    stage.go(BERLIN_NINE + timedelta(hours=2))
    stage.keep(configured(tmp_path, RULES.replace("0 9 * * mon", "30 9 * * *")).ruleset)
    assert stage.make() == []
    stage.go(BERLIN_NINE + timedelta(days=1, minutes=30))
    assert stage.make() == [iso_ms(BERLIN_NINE + timedelta(days=1, minutes=30))]


def test_other_figures_keep_the_time(stage: Stage, tmp_path: Path) -> None:
    stage.go(BERLIN_NINE + timedelta(hours=2))
    stage.keep(configured(tmp_path, RULES.replace('mon",', 'mon", goal: 1h,')).ruleset)
    assert len(stage.make()) == 1


def test_a_removed_report_is_due_no_more(stage: Stage, tmp_path: Path) -> None:
    without = configured(tmp_path, RULES.partition("reports:")[0]).ruleset
    stage.go(BERLIN_NINE + timedelta(hours=2))
    stage.keep(without)
    assert stage.make() == []
    stage.keep(configured(tmp_path).ruleset)
    assert stage.make() == []


def test_a_clock_that_was_ahead_keeps_no_report_back(stage: Stage) -> None:
    stage.session.execute("UPDATE reports SET due_ms = 4102444800000")
    stage.keep()
    stage.go(BERLIN_NINE)
    assert len(stage.make()) == 1


def test_a_clock_set_back_while_it_runs_keeps_no_report_back(stage: Stage) -> None:
    stage.session.execute("UPDATE reports SET due_ms = 4102444800000")
    bring_forward(stage.session, stage.rules, by_ms=10**12, now_ms=stage.observed.now_ms)
    stage.go(BERLIN_NINE)
    assert len(stage.make()) == 1


@pytest.mark.parametrize(
    "muted", [(MuteTarget.RULE, "Monday"), (MuteTarget.DESTINATION, "screen")]
)
def test_a_muted_one_is_skipped(stage: Stage, muted: tuple[MuteTarget, str]) -> None:
    mutes.mute(stage.session, *muted, until_ms=stage.observed.now_ms + 10**9)
    stage.go(BERLIN_NINE)
    stage.make()
    screen, _ = stage.deliveries()
    assert (screen.state, screen.reason) == ("skipped", "muted")


def test_a_program_gets_the_figures_of_the_report_and_no_words(stage: Stage) -> None:
    stage.go(BERLIN_NINE)
    stage.make()
    rows = stage.session.execute(
        "SELECT destination, title, body FROM deliveries ORDER BY id"
    ).fetchall()
    (screen, title, body), crm = rows
    assert (screen, title) == ("screen", "Monday: 1 lead, none answered yet")
    assert "First owner: 1, half within 0s" in body
    assert crm == ("crm", None, None)
    (stored,) = browse.event_bodies(stage.session, Wanted(types=("report.ready",)))
    event = decode(stored)
    assert (event.subject, event.source) == ("Monday", "/notifier")
    assert from_json(event.data.report).still_waiting == 1


def test_who_is_forgotten_stands_on_no_list_any_more(stage: Stage) -> None:
    stage.go(BERLIN_NINE)
    stage.make()
    name = from_json(told(stage).data.report).waiting[0].name
    assert name
    stage.observed.forget(stage.lead)
    report = from_json(told(stage).data.report)
    assert (report.waiting, report.still_waiting, report.leads) == ((), 1, 1)
    columns = "SELECT body FROM events UNION ALL SELECT body FROM deliveries"
    kept = b"".join(raw(body) for (body,) in stage.session.execute(columns))
    assert name.encode() not in kept
    assert stage.lead.encode() not in kept


def told(stage: Stage) -> Event:
    (stored,) = browse.event_bodies(stage.session, Wanted(types=("report.ready",)))
    return decode(stored)


async def test_the_service_makes_what_is_due_and_sends_it(tmp_path: Path) -> None:
    Stage(tmp_path).session.close()
    config = configured(tmp_path)
    now = [BERLIN_NINE - timedelta(minutes=1)]
    clocks = Clocks(now=lambda: now[0])
    async with assembled(
        config, clocks=clocks, out=StringIO(), reread=lambda: config
    ) as service:
        run, shared = service.shared.store.run, service.shared
        await run(reports.keep_schedule, config.ruleset.reports, now_ms=clocks.now_ms())
        now[0] = BERLIN_NINE + timedelta(seconds=3)
        await run(sources.succeeded, WEBSITE, at_ms=clocks.now_ms())
        woken: list[set[str]] = []
        await reporting.make_due(shared, config, shared.store, woken.append)
        await reporting.make_due(shared, config, shared.store, woken.append)
        assert woken == [{"screen", "crm"}]
        (body,) = await run(browse.event_bodies, Wanted(types=("report.ready",)))
    report = from_json(decode(body).data.report)
    assert (report.begins, report.ends) == (iso_ms(BERLIN_NINE - WEEK), iso_ms(BERLIN_NINE))
    assert (report.at, report.name, report.leads) == (iso_ms(now[0]), "Monday", 1)


async def test_a_report_waits_for_a_full_disk_and_is_made_after_it(tmp_path: Path) -> None:
    Stage(tmp_path).session.close()
    config = configured(tmp_path)
    now = [BERLIN_NINE - timedelta(minutes=1)]
    store = FullDisk(Sqlite(tmp_path / "notifier.db"))
    clocks = Clocks(now=lambda: now[0])
    async with assembled(
        config, clocks=clocks, out=StringIO(), reread=lambda: config
    ) as service:
        shared = replace(service.shared, store=store)
        held = shared.held(things_of(config))
        await store.run(reports.keep_schedule, config.ruleset.reports, now_ms=clocks.now_ms())
        now[0] = BERLIN_NINE + timedelta(seconds=3)
        await store.run(sources.succeeded, WEBSITE, at_ms=clocks.now_ms())
        store.full = True
        with pytest.raises(StoreError, match="full"):
            await reporting.make_due(shared, config, store, lambda _: None)
        with capture_logs() as logs:
            assert not await reporting.make_once(shared, config, held)
        assert [(one["event"], one["duty"]) for one in logs] == [("duty_postponed", "report")]
        store.full = False
        assert await reporting.make_once(shared, config, held)
        assert len(await store.run(browse.event_bodies, Wanted(types=("report.ready",)))) == 1
        store.close()
