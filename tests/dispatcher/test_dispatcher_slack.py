"""Lanes against Slack: tempo, pauses, parking, and cards that are kept up to date."""

from itertools import pairwise

import pytest
from house import House, house, lead
from pydantic import SecretStr
from structlog.testing import capture_logs

from notifier.configuration.settings import Settings
from notifier.destinations.slack_faults import OF_A_PERSON
from support.databases import Database
from support.slack import Slack, failure, rate_limited

pytestmark = pytest.mark.virtual_time

SALES, OPS = "C0000000001", "C0000000002"
CHANNELS = {"sales-leads": SALES, "ops": OPS}
RULES = """
destinations:
  sales: {type: slack, channel: "#sales-leads"}
  ops: {type: slack, channel: "#ops"}
rules:
  - {name: New, when: [lead.created, lead.status_changed], send: sales}
  - {name: Trouble, when: [destination.down, destination.up], send: ops}
"""


def settings(slack: Slack) -> Settings:
    return Settings(slack_token=SecretStr(slack.token), slack_api_url=slack.url)


def times(slack: Slack, method: str) -> list[float]:
    return [call.at_s for call in slack.calls_of(method)]


def card(slack: Slack) -> str:
    return str(slack.posts(SALES)[0]["blocks"])


async def posted(found: House, slack: Slack, name: str) -> None:
    """Let a lead's card be posted and remembered."""
    await found.create(name)
    await found.states("sales", delivered=1)
    assert name in card(slack)


async def test_a_channel_takes_one_message_a_second(database: Database) -> None:
    async with (
        Slack(channels=CHANNELS) as slack,
        house(database, RULES, settings=settings(slack)) as found,
    ):
        await found.create("a", "b", "c")
        await found.states("sales", delivered=3)
        first, second, third = times(slack, "chat.postMessage")
        assert second - first >= 1
        assert third - second >= 1


async def test_destinations_of_one_channel_share_its_tempo(database: Database) -> None:
    rules = RULES.replace("#ops", "sales-leads").replace("send: sales", "send: [sales, ops]")
    async with (
        Slack(channels=CHANNELS) as slack,
        house(database, rules, settings=settings(slack)) as found,
    ):
        await found.create("a", "b")
        await found.states("sales", delivered=2)
        await found.states("ops", delivered=2)
        moments = times(slack, "chat.postMessage")
        assert all(later - earlier >= 0.9 for earlier, later in pairwise(moments))


async def test_a_pause_holds_for_its_channel_alone(database: Database) -> None:
    rules = RULES.replace("send: sales", "send: [sales, ops]")
    async with (
        Slack(channels=CHANNELS) as slack,
        house(database, rules, settings=settings(slack)) as found,
    ):
        slack.script(rate_limited("3"), method="chat.postMessage", channel=SALES)
        await found.create("a", "b")
        await found.states("ops", delivered=2)
        refused = times(slack, "chat.postMessage")[0]
        assert slack.posts(SALES) == []
        found.pass_(seconds=5)
        await found.states("sales", delivered=2)
        again = min(
            call.at_s
            for call in slack.calls_of("chat.postMessage")
            if call.arguments["channel"] == "#sales-leads" and call.at_s > refused + 0.5
        )
        assert again - refused >= 3


async def test_a_refusal_parks_a_destination_until_a_probe_succeeds(database: Database) -> None:
    async with (
        Slack(channels=CHANNELS) as slack,
        house(database, RULES, settings=settings(slack)) as found,
    ):
        slack.script(failure("not_in_channel"), method="chat.postMessage", channel=SALES)
        await found.create("a", "b")
        await found.stands("sales", "parked")
        await found.states("ops", delivered=1)
        told = str(slack.posts(OPS))
        assert "not_in_channel" in told
        assert "invite" in told
        found.pass_(minutes=4)
        await found.states("sales", pending=2)
        found.pass_(minutes=1)
        await found.states("sales", delivered=2)
        assert await found.rows("SELECT DISTINCT attempts FROM deliveries") == [(1,)]
        await found.states("ops", delivered=2)


async def test_a_destination_has_a_line_of_its_own_when_it_goes_down_and_comes_back(
    database: Database,
) -> None:
    async with (
        Slack(channels=CHANNELS) as slack,
        house(database, RULES, settings=settings(slack)) as found,
    ):
        slack.script(failure("not_in_channel"), method="chat.postMessage", channel=SALES)
        with capture_logs() as logs:
            await found.create("a")
            await found.stands("sales", "parked")
            found.pass_(minutes=5)
            await found.states("sales", delivered=1)
            await found.stands("sales", "up")
    down, up = (one for one in logs if one["event"].startswith("destination_"))
    assert (down["log_level"], down["destination"], down["state"]) == (
        "warning",
        "sales",
        "parked",
    )
    assert "not_in_channel" in down["reason"]
    assert "invite" in down["remedy"]
    assert up == {"event": "destination_up", "destination": "sales", "log_level": "info"}


async def test_a_message_slack_will_never_take_is_dead_and_stops_nothing(
    database: Database,
) -> None:
    async with (
        Slack(channels=CHANNELS) as slack,
        house(database, RULES, settings=settings(slack)) as found,
    ):
        refused = [failure("invalid_blocks"), failure("no_text")]
        slack.script(*refused, method="chat.postMessage")
        await found.create("a", "b")
        await found.states("sales", dead=1, delivered=1)
        await found.until("SELECT COUNT(*) FROM destinations WHERE state <> 'up'", 0)


async def test_a_change_that_no_rule_tells_of_still_shows_on_the_card(
    database: Database,
) -> None:
    async with (
        Slack(channels=CHANNELS) as slack,
        house(database, RULES, settings=settings(slack)) as found,
    ):
        await posted(found, slack, "asha")
        await found.read(lead("asha", city="Nagpur"))
        await found.read(lead("asha", city="Pune"))
        await slack.called(2)
        await found.until("SELECT COUNT(*) FROM memory WHERE value LIKE '%shown%'", 1)
        assert "Pune" in card(slack)
        assert [call.method for call in slack.calls] == ["chat.postMessage", "chat.update"]
        await found.states("sales", delivered=1)


async def test_noise_and_leads_without_a_card_cost_no_call(database: Database) -> None:
    async with (
        Slack(channels=CHANNELS) as slack,
        house(database, RULES, settings=settings(slack)) as found,
    ):
        await posted(found, slack, "asha")
        await found.read(lead("asha", last_seen_at="2026-03-02T10:05:00.000Z", visits=2))
        await found.create("bjørn")
        await found.states("sales", delivered=2)
        assert [call.method for call in slack.calls] == ["chat.postMessage"] * 2


async def test_a_refused_update_blocks_no_message_and_comes_again(database: Database) -> None:
    async with (
        Slack(channels=CHANNELS) as slack,
        house(database, RULES, settings=settings(slack)) as found,
    ):
        await posted(found, slack, "asha")
        slack.script(rate_limited("1"), method="chat.update")
        await found.read(lead("asha", city="Pune"))
        await slack.called(2)
        await found.create("bjørn")
        await found.states("sales", delivered=2)
        await slack.called(4)
        assert "Pune" in card(slack)
        await found.until("SELECT COUNT(*) FROM destinations WHERE state <> 'up'", 0)


async def test_what_changed_just_before_a_stop_is_shown_after_the_next_start(
    database: Database,
) -> None:
    async with Slack(channels=CHANNELS) as slack:
        async with house(database, RULES, settings=settings(slack)) as found:
            await posted(found, slack, "asha")
            found.dispatcher.stop()
            await found.read(lead("asha", city="Pune"))
        async with house(database, RULES, settings=settings(slack)):
            await slack.called(2)
        assert "Pune" in card(slack)


async def test_draining_sends_all_that_is_due_at_the_channels_tempo(database: Database) -> None:
    async with (
        Slack(channels=CHANNELS) as slack,
        house(database, RULES, settings=settings(slack), running=False) as found,
    ):
        await found.create("a", "b", "c")
        await found.dispatcher.drain()
        await found.states("sales", delivered=3)


async def test_draining_does_not_wait_for_a_pause(database: Database) -> None:
    async with (
        Slack(channels=CHANNELS) as slack,
        house(database, RULES, settings=settings(slack), running=False) as found,
    ):
        slack.script(rate_limited("3600"), method="chat.postMessage")
        await found.create("a", "b")
        await found.dispatcher.drain()
        await found.states("sales", pending=2)


TO_OWNERS = """
agents:
  agA: {name: Gone, slack: U0BAD}
  agB: {name: Here, slack: U0GOOD}
destinations:
  dm: {type: slack, channel: assignee}
rules:
  - {name: New, when: lead.created, send: dm}
"""
BAD, GOOD = {"id": "agA", "name": "Gone"}, {"id": "agB", "name": "Here"}


@pytest.mark.parametrize("code", [*sorted(OF_A_PERSON), "user_is_restricted"])
async def test_a_person_whom_slack_does_not_reach_keeps_nobody_else_waiting(
    database: Database, code: str
) -> None:
    async with (
        Slack(users=("U0BAD", "U0GOOD")) as slack,
        house(database, TO_OWNERS, settings=settings(slack)) as found,
    ):
        slack.script(*[failure(code)] * 20, method="chat.postMessage", channel="D0BAD")
        await found.read(*(lead(f"a{n}", assignee=BAD) for n in range(3)))
        await found.read(lead("b", assignee=GOOD))
        await found.states("dm", delivered=1, pending=3)
        assert len(slack.calls) == 4
        await found.until("SELECT COUNT(*) FROM destinations WHERE state <> 'up'", 0)
        (error,) = await found.one("SELECT error FROM deliveries WHERE error IS NOT NULL")
        assert code in str(error)


async def test_those_whom_slack_does_not_reach_cost_nobody_a_second_each(
    database: Database,
) -> None:
    async with (
        Slack(users=("U0BAD", "U0GOOD")) as slack,
        house(database, TO_OWNERS, settings=settings(slack)) as found,
    ):
        refused = [failure("user_not_found")] * 50
        slack.script(*refused, method="chat.postMessage", channel="D0BAD")
        await found.read(*(lead(f"a{n}", assignee=BAD) for n in range(20)))
        await found.read(lead("b", assignee=GOOD))
        await found.states("dm", delivered=1, pending=20)
        moments = times(slack, "chat.postMessage")
        assert moments[20] - moments[0] < 10


async def test_a_probe_that_one_person_refuses_is_followed_by_another_in_a_second(
    database: Database,
) -> None:
    async with (
        Slack(users=("U0BAD", "U0GOOD")) as slack,
        house(database, TO_OWNERS, settings=settings(slack)) as found,
    ):
        outage = [failure("internal_error")] * 3 + [failure("channel_not_found")] * 20
        slack.script(*outage, method="chat.postMessage", channel="D0BAD")
        await found.read(*(lead(f"a{n}", assignee=BAD) for n in range(5)))
        await found.stands("dm", "failing")
        await found.read(lead("b", assignee=GOOD))
        found.pass_(seconds=5)
        await found.states("dm", delivered=1, pending=5)
        await found.stands("dm", "up")


async def test_of_a_digest_each_lead_ends_as_its_own_recipient_was_reached(
    database: Database,
) -> None:
    hourly = TO_OWNERS.replace("send: dm}", "send: dm, digest: 1h}")
    async with (
        Slack(users=("U0BAD", "U0GOOD")) as slack,
        house(database, hourly, settings=settings(slack)) as found,
    ):
        slack.script(failure("user_not_found"), method="chat.postMessage", channel="D0BAD")
        await found.read(*(lead(f"a{n}", assignee=BAD) for n in range(2)))
        await found.read(lead("b", assignee=GOOD))
        found.pass_(hours=1)
        await found.each("pending pending delivered")
        (told,) = await found.one("SELECT DISTINCT error FROM deliveries WHERE error > ''")
        assert "check the Slack user id of this lead's assignee" in str(told)
        found.pass_(seconds=6)
        await found.each("delivered delivered delivered")
        assert len(slack.posts("D0GOOD")) == len(slack.posts("D0BAD")) == 1


async def test_of_a_summary_each_person_gets_the_count_of_their_own(database: Database) -> None:
    few = TO_OWNERS.replace(
        "channel: assignee}", "channel: assignee, burst: {limit: 1, per: 5m}}"
    )
    async with (
        Slack(users=("U0BAD", "U0GOOD")) as slack,
        house(database, few, settings=settings(slack)) as found,
    ):
        await found.read(lead("first", assignee=GOOD))
        await found.states("dm", delivered=1)
        await found.read(*(lead(f"a{n}", assignee=BAD) for n in range(3)))
        await found.read(lead("b", assignee=GOOD))
        await found.until("SELECT COUNT(*) FROM deliveries WHERE held = 'burst'", 4)
        found.pass_(minutes=5)
        await found.states("dm", delivered=5)
        assert [one["text"] for one in slack.posts("D0BAD")] == ["3 new leads (3 messages)"]
        assert [one["text"] for one in slack.posts("D0GOOD")] == [
            "New lead: first",
            "New lead: b",
        ]
