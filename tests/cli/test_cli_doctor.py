"""``doctor``: real sockets all around, one thing wrong at a time."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from notifier.simulator.server import Simulator
from notifier.simulator.world import BOT_ID, World
from notifier.store import listings, outlooks, service_state
from notifier.store.db import Store
from notifier.store.outlooks import Outlook
from notifier.store.service_state import SlackConnections
from notifier.store.sqlite import Sqlite
from notifier.upstream.glances import Learnt
from support.loopback import Reply
from support.mail import MailServer
from support.program import Ended, Program
from support.receivers import Receiver
from support.site import environment
from support.slack import Slack, failure
from support.slack_socket import SocketSlack

SECRET = "whsec_" + "YWJj" * 8
RULES = """\
destinations:
  crm: {type: webhook, url: "${CRM_URL}", secret: "${CRM_SECRET}"}
  sales: {type: slack, channel: C0000000001}
  ops: {type: slack, webhook_url: "${SLACK_HOOK}"}
  boss: {type: email, to: boss@example.com}
  screen: {type: console}
rules:
  - {name: All, when: lead.created, send: [crm, sales, ops, boss, screen]}
"""


@dataclass(slots=True, kw_only=True)
class Town:
    """Everything that ``doctor`` visits; ``settings`` are the environment's."""

    folder: Path
    world: World
    simulator: Simulator
    receiver: Receiver
    slack: Slack
    mail: MailServer
    settings: dict[str, str] = field(default_factory=dict)

    async def ends(self, *arguments: str) -> Ended:
        return await Program(self.folder, self.settings).ends_here(*arguments)

    async def found(self, *arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
        """Return the exit code, and the findings by what was checked."""
        ended = await self.ends("doctor", "--json", *arguments)
        assert "Traceback" not in ended.err, ended.err
        lines = [json.loads(line) for line in ended.out.splitlines()]
        return ended.code, {line["check"]: line for line in lines}


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    world = World(clock=lambda: datetime.now(UTC))
    world.populate(45)
    (tmp_path / "rules.yaml").write_text(RULES)
    async with AsyncExitStack() as stack:
        town = Town(
            folder=tmp_path,
            world=world,
            simulator=await stack.enter_async_context(Simulator(world, token="tok")),
            receiver=await stack.enter_async_context(Receiver(SECRET)),
            slack=await stack.enter_async_context(Slack()),
            mail=await stack.enter_async_context(MailServer(user="u", password="pw")),
        )
        town.settings = environment(town.simulator.url, "tok") | {
            "NOTIFIER_SLACK_TOKEN": town.slack.token,
            "NOTIFIER_SLACK_API_URL": town.slack.url,
            "NOTIFIER_SMTP_URL": town.mail.url,
            "NOTIFIER_SMTP_FROM": "notifier@example.com",
            "SLACK_HOOK": town.slack.webhook_url,
            "CRM_URL": f"{town.receiver.base_url}/hook/s3cret-path",
            "CRM_SECRET": SECRET,
        }
        yield town


async def test_where_all_is_well_it_says_so_and_sends_nothing(town: Town) -> None:
    code, found = await town.found()
    assert code == 0
    assert {check: line["found"] for check, line in found.items() if "disk" not in check} == {
        "default: lead token and ids": found["default: lead token and ids"]["found"],
        "default: lead order": "newest change first: polls see every change",
        "default: clock": "agrees with BotPenguin's",
        "default: rate": "3 of 90 requests used in the last minute; polls need 4",
        "crm (webhook)": "somebody answers (HEAD: 401)",
        "sales (slack)": "notifier in Simulated, posting to #sales-leads",
        "ops (slack)": "an incoming webhook, which can only be tried by posting",
        "boss (email)": "the server lets us in",
        "screen (console)": "prints to the service's own output",
        "database": "none yet: `notifier run` creates notifier.db",
    }
    assert "20 records on page 1" in found["default: lead token and ids"]["found"]
    assert found["ops (slack)"]["remedy"] == "`notifier send ops`"
    assert (town.slack.messages, town.mail.mails) == ({}, [])
    assert not (town.folder / "notifier.db").exists()


async def test_where_changes_wait_it_says_what_would_bring_them_sooner(town: Town) -> None:
    database = Sqlite(town.folder / "notifier.db").open()
    learnt = Learnt(bands={0: 30.0, 5: 20.0, -3: 2.0}).as_text()
    known = Outlook(learnt=learnt, turn_ms=700, median_ms=40_000, p90_ms=150_000)
    with closing(database), database.transaction():
        listings.state(database, BOT_ID, "lead")
        listings.set_order(database, BOT_ID, "lead", "created-desc")
        listings.finish_full_walk(database, BOT_ID, "lead", at_ms=1, pages=400)
        outlooks.keep(database, BOT_ID, "lead", known)
    _, found = await town.found()
    waits = found["default: lead waits"]
    assert waits["verdict"] == "fine"
    assert waits["found"] == (
        "a change is seen after about 40 seconds, nine of ten within 3 minutes"
    )
    more, fewer = waits["remedy"].split("; ")
    assert more.startswith("with NOTIFIER_RATE_LIMIT=100 it would be after about ")
    assert fewer.startswith("with half as many leads after about ")


async def test_the_app_level_token_is_tried(town: Town) -> None:
    async with SocketSlack() as slack:
        town.settings |= {"NOTIFIER_SLACK_API_URL": slack.url}
        town.settings["NOTIFIER_SLACK_APP_TOKEN"] = slack.app_token
        _, found = await town.found()
        assert found["Slack buttons"]["found"] == "the app-level token opens connections"
        slack.script(failure("missing_scope"), method="apps.connections.open")
        code, found = await town.found()
        assert (code, found["Slack buttons"]["verdict"]) == (1, "wrong")
        assert "connections:write" in found["Slack buttons"]["remedy"]
        assert slack.opened == 0


async def test_connections_that_are_not_ours_are_a_doubt(town: Town) -> None:
    database = Sqlite(town.folder / "notifier.db").open()
    with closing(database), database.transaction():
        now_ms = int(datetime.now(UTC).timestamp() * 1000)
        for keeper, counted in (("a", 4), ("b", 5)):
            noted = SlackConnections(held=2, counted=counted, at_ms=now_ms)
            service_state.set_slack(database, keeper, noted)
        service_state.set_slack(database, "dead", SlackConnections(held=2, counted=9))
    async with SocketSlack() as slack:
        town.settings |= {"NOTIFIER_SLACK_API_URL": slack.url}
        town.settings["NOTIFIER_SLACK_APP_TOKEN"] = slack.app_token
        _, found = await town.found()
        assert found["Slack buttons"]["verdict"] == "doubtful"
        assert (
            "Slack counts 5 connections of the app, the service 4"
            in (found["Slack buttons"]["found"])
        )


async def test_a_scope_that_would_save_repeats_is_named(town: Town) -> None:
    town.slack.forbidden.add("conversations.history")
    code, found = await town.found()
    assert (code, found["sales (slack)"]["verdict"]) == (0, "doubtful")
    assert "channels:history" in found["sales (slack)"]["remedy"]


async def test_a_channel_that_was_not_looked_up_gets_no_tick(town: Town) -> None:
    rules = town.folder / "rules.yaml"
    rules.write_text(RULES.replace("C0000000001", '"#sales-leads"'))
    code, found = await town.found()
    assert code == 0
    sales = found["sales (slack)"]
    assert (sales["verdict"], sales["remedy"]) == ("untried", "`notifier send sales`")


async def test_people_get_ticks_crosses_and_remedies_but_no_secret(town: Town) -> None:
    town.settings["NOTIFIER_TOKEN"] = "tok-wrong-s3cret"
    town.settings["COLUMNS"] = "200"
    ended = await town.ends("doctor")
    assert ended.code == 1
    (refused,) = [line for line in ended.out.splitlines() if line.startswith("✗")]
    assert "refused the token (401)" in refused
    assert "support@botpenguin.com" in refused
    assert sum(line.startswith("✓") for line in ended.out.splitlines()) >= 5
    assert "s3cret" not in ended.out + ended.err


async def test_a_wrong_bot_id_is_told_apart_from_a_wrong_token(town: Town) -> None:
    town.settings["NOTIFIER_CUSTOMER_ID"] = "0" * 24
    code, found = await town.found()
    line = found["default: lead listing"]
    assert (code, line["verdict"]) == (1, "wrong")
    assert line["found"] == "BotPenguin refused the request (400)"
    assert line["remedy"] == "check the source's bot id and customer id"


async def test_each_destination_in_trouble_is_told_with_its_remedy(town: Town) -> None:
    town.slack.script(failure("invalid_auth"), method="auth.test")
    town.settings["NOTIFIER_SMTP_URL"] = town.mail.url.replace("pw", "wrong")
    town.settings["CRM_URL"] = "http://127.0.0.1:9/s3cret-path"
    code, found = await town.found()
    assert code == 1
    for check in ("sales (slack)", "boss (email)", "crm (webhook)"):
        assert found[check]["verdict"] == "wrong", found[check]
        assert found[check]["remedy"], found[check]
    assert "no connection to 127.0.0.1" in found["crm (webhook)"]["found"]
    assert "s3cret" not in str(found)


async def test_with_send_a_webhook_gets_one_signed_sample(town: Town) -> None:
    code, found = await town.found("--send")
    assert code == 0
    assert "took a signed sample" in found["crm (webhook)"]["found"]
    (request,) = town.receiver.received
    assert request.event["type"] == "lead.created"
    assert request.event["id"].startswith("evt_sample_")
    assert town.slack.messages == {}


async def test_with_send_a_refused_sample_is_a_cross(town: Town) -> None:
    town.receiver.default = Reply(status=500)
    code, found = await town.found("--send")
    assert code == 1
    assert found["crm (webhook)"]["found"].startswith("127.0.0.1 answered 500")


async def test_requests_count_against_the_budget_of_the_running_service(town: Town) -> None:
    Store(Sqlite(town.folder / "notifier.db")).close()
    await town.found()
    code, found = await town.found()
    assert code == 0
    assert found["default: rate"]["found"].startswith("6 of 90 requests used")
    with closing(sqlite3.connect(town.folder / "notifier.db")) as db:
        assert db.execute("SELECT COUNT(*) FROM requests").fetchone() == (6,)


async def test_polls_that_cannot_fit_into_the_rate_are_wrong(town: Town) -> None:
    town.settings |= {"NOTIFIER_POLL_INTERVAL": "500ms", "NOTIFIER_TYPES": "lead,non-lead"}
    code, found = await town.found()
    assert (code, found["default: rate"]["verdict"]) == (1, "wrong")
    assert "polls need 240" in found["default: rate"]["found"]


async def test_a_clock_that_is_off_is_told_by_how_much(town: Town) -> None:
    town.world.clock = lambda: datetime.now(UTC) + timedelta(minutes=10)
    code, found = await town.found()
    assert code == 1
    told = found["default: clock"]
    assert told["found"] in {f"{seconds} s behind BotPenguin's" for seconds in range(590, 601)}
    assert "receivers refuse signatures this old" in told["remedy"]


async def test_a_damaged_database_is_told_and_the_rest_is_still_checked(town: Town) -> None:
    (town.folder / "notifier.db").write_bytes(b"no database" * 100)
    code, found = await town.found()
    assert (code, found["database"]["verdict"]) == (1, "wrong")
    assert found["default: lead order"]["verdict"] == "fine"


async def test_secrets_that_others_may_read_are_told(town: Town) -> None:
    (town.folder / ".env").write_text("NOTIFIER_LOG_LEVEL=info\n")
    (town.folder / ".env").chmod(0o644)
    _, found = await town.found()
    assert found[".env rights"]["verdict"] == "doubtful"
    assert found[".env rights"]["remedy"] == f"chmod 600 {town.folder}/.env"


async def test_credentials_are_named_but_never_shown(town: Town) -> None:
    folder = town.folder / "credentials"
    folder.mkdir()
    (folder / "notifier_token").write_text("tok\n")
    del town.settings["NOTIFIER_TOKEN"]
    town.settings["CREDENTIALS_DIRECTORY"] = str(folder)
    code, found = await town.found()
    assert code == 0
    assert found["credentials"]["found"] == f"{folder}: notifier_token"
