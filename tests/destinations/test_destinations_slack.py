"""The Slack destination against a Slack that runs here."""

import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from examples import ASHA, LEAD, NOON, change_of, lead, message, new_lead, part
from pydantic import SecretStr, ValidationError

from notifier.core.event_types import EventType
from notifier.core.events import operation
from notifier.core.records import Agent
from notifier.destinations.base import Message, PartlyTakenError
from notifier.destinations.slack import SlackDestination, SlackOptions
from notifier.errors import (
    DestinationRefusedError,
    PermanentDeliveryError,
    RecipientRefusedError,
    SkippedDeliveryError,
    TemporaryDeliveryError,
)
from notifier.messages.samples import sample_event
from support.loopback import Ending, Reply, json_reply
from support.slack import TOKEN, Slack, failure, rate_limited

pytestmark = pytest.mark.virtual_time

CHANNEL = "C0000000001"
ASHA_ON_SLACK = Agent(id=ASHA.id, name="Asha Rao", slack="U024BE7LH")
BINA_ON_SLACK = Agent(id="731aa793bcfa100487d13d0d", name="Bina Sen", slack="U0000BINA")
AGENTS = {agent.id: agent for agent in (ASHA_ON_SLACK, BINA_ON_SLACK)}

Build = Callable[..., SlackDestination]


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(users=("U024BE7LH", "U0000BINA")) as server:
        yield server


@pytest.fixture
async def build(slack: Slack) -> AsyncIterator[Build]:
    built: list[SlackDestination] = []

    def make(*, now: datetime = NOON, timeout_s: float = 5.0, **keys: Any) -> SlackDestination:
        options = SlackOptions.model_validate({"type": "slack", **keys})
        built.append(
            SlackDestination(
                "sales",
                options,
                token=SecretStr(TOKEN),
                api_url=slack.url,
                now=lambda: now,
                zone=UTC,
                send_timeout_s=timeout_s,
                update_timeout_s=timeout_s,
            )
        )
        return built[-1]

    yield make
    for destination in built:
        await destination.aclose()


def replaced(original: Message, **fields: Any) -> Message:
    kept = {name: getattr(original, name) for name in Message.__slots__}
    return Message(**{**kept, **fields})


def closing(memory: Mapping[str, str], *, title: str = "Ravi Kumar is closed") -> Message:
    now_closed = lead(status="CLOSED")
    event = change_of(now_closed, "status", "OPEN", "CLOSED")
    return message(part(event, title=title), who=now_closed, memory=memory)


def shown(post: Mapping[str, Any]) -> str:
    return json.dumps(post["blocks"], ensure_ascii=False)


async def test_the_first_message_of_a_lead_is_its_card(slack: Slack, build: Build) -> None:
    await build(channel="#sales-leads").send(message())
    (post,) = slack.posts(CHANNEL)
    assert post["text"] == "New lead: Ravi Kumar"
    assert post["blocks"][0]["text"]["text"] == "*New lead: Ravi Kumar*"
    assert [field["text"] for field in post["blocks"][1]["fields"]] == [
        "*Name*\nRavi Kumar",
        "*Status*\n🔵 OPEN",
        "*Phone*\n<tel:+919876543210|+919876543210>",
        "*Email*\n<mailto:ravi@example.org|ravi@example.org>",
        "*Place*\nPune, India",
        "*Owner*\nAsha Rao",
        "*Tags*\ndemo",
        "*Budget*\n5000",
    ]
    assert post["blocks"][2]["text"]["text"] == "*Last message*\n> Visitor: Hello?"
    assert post["blocks"][-1]["elements"][0]["url"] == "https://app.example.com/inbox/7e88d192"
    assert (post["unfurl_links"], post["unfurl_media"]) == (False, False)
    assert "thread_ts" not in post


async def test_strangers_words_notify_nobody_and_link_nowhere(
    slack: Slack, build: Build
) -> None:
    hostile = lead(
        name="<!channel>",
        email="x@y.z|<!here>",
        tags=("<@U024BE7LH>",),
        attributes={"<!here>": "<https://evil.example|bank>"},
    )
    await build(channel=CHANNEL).send(message(part(new_lead(hostile)), who=hostile))
    (post,) = slack.posts(CHANNEL)
    words = shown(post)
    assert "<!" not in words.replace("<!date", "")
    assert "<@" not in words
    assert "<https://evil" not in words
    assert "&lt;!channel&gt;" in words


async def test_later_messages_are_replies_and_the_card_shows_the_present(
    slack: Slack, build: Build
) -> None:
    sales = build(channel="#sales-leads")
    first = await sales.send(message())
    second = await sales.send(closing(first.memory))
    card, reply = slack.posts(CHANNEL)
    assert reply["thread_ts"] == card["ts"]
    assert reply["reply_broadcast"] is False
    assert "CLOSED" not in shown(reply)
    assert "✅ CLOSED" in shown(card)
    assert card["blocks"][0]["text"]["text"] == "*New lead: Ravi Kumar*"
    await sales.send(closing(second.memory))
    assert len(slack.calls_of("chat.update")) == 1


async def test_a_card_is_found_by_its_id_where_another_destination_used_the_name(
    slack: Slack, build: Build
) -> None:
    first = await build(channel="#sales-leads").send(message())
    await build(channel=CHANNEL).send(closing(first.memory))
    card, reply = slack.posts(CHANNEL)
    assert reply["thread_ts"] == card["ts"]


async def test_a_card_older_than_thirty_days_is_left_as_it_is(
    slack: Slack, build: Build
) -> None:
    first = await build(channel=CHANNEL).send(message())
    late = build(channel=CHANNEL, now=NOON + timedelta(days=31))
    await late.send(closing(first.memory))
    assert slack.calls_of("chat.update") == []
    assert len(slack.posts(CHANNEL)) == 2


@pytest.mark.parametrize(
    "trouble",
    [failure("cant_update_message"), rate_limited("30"), Reply(status=503), Reply(body=b"[]")],
)
async def test_an_update_that_fails_never_fails_the_message(
    slack: Slack, build: Build, trouble: Reply
) -> None:
    sales = build(channel=CHANNEL)
    first = await sales.send(message())
    slack.script(trouble, method="chat.update")
    second = await sales.send(closing(first.memory))
    assert len(slack.posts(CHANNEL)) == 2
    await sales.send(closing(second.memory))
    assert "CLOSED" in shown(slack.posts(CHANNEL)[0])


async def test_a_vanished_card_is_posted_anew(slack: Slack, build: Build) -> None:
    sales = build(channel="#sales-leads")
    first = await sales.send(message())
    slack.messages.clear()
    second = await sales.send(closing(first.memory))
    (card,) = slack.posts(CHANNEL)
    assert "thread_ts" not in card
    assert "✅ CLOSED" in shown(card)
    await sales.send(closing({**first.memory, **second.memory}))
    assert slack.posts(CHANNEL)[1]["thread_ts"] == card["ts"]


async def test_a_reply_to_a_vanished_thread_becomes_a_card(slack: Slack, build: Build) -> None:
    sales = build(channel=CHANNEL)
    first = await sales.send(message())
    slack.script(failure("thread_not_found"), method="chat.postMessage")
    await sales.send(message(memory=first.memory))
    assert "thread_ts" not in slack.posts(CHANNEL)[1]


async def test_a_lead_can_be_refreshed_without_a_message(slack: Slack, build: Build) -> None:
    sales = build(channel="#sales-leads")
    first = await sales.send(message())
    assert await sales.refresh(LEAD, first.memory) == {}
    memory = await sales.refresh(lead(city="Nagpur"), first.memory)
    assert "Nagpur" in shown(slack.posts(CHANNEL)[0])
    assert await sales.refresh(lead(city="Nagpur"), {**first.memory, **memory}) == {}


async def test_overdue_leads_and_mentions_also_show_in_the_channel(
    slack: Slack, build: Build
) -> None:
    sales = build(channel=CHANNEL)
    memory = (await sales.send(message())).memory
    overdue = message(part(sample_event(EventType.LEAD_OVERDUE)), memory=memory)
    await sales.send(overdue)
    await sales.send(replaced(overdue, broadcast=False))
    await sales.send(replaced(closing(memory), mention="here"))
    replies = slack.posts(CHANNEL)[1:]
    assert [reply["reply_broadcast"] for reply in replies] == [True, False, True]


@pytest.mark.parametrize(
    ("mention", "words"),
    [
        ("here", "<!here> "),
        ("channel", "<!channel> "),
        ("U0000BOSS", "<@U0000BOSS> "),
        ("assignee", "<@U024BE7LH> "),
    ],
)
async def test_a_mention_stands_before_the_words(
    slack: Slack, build: Build, mention: str, words: str
) -> None:
    asked = replaced(message(), agents=AGENTS)
    await build(channel=CHANNEL, mention=mention).send(asked)
    (post,) = slack.posts(CHANNEL)
    assert post["text"] == f"{words}New lead: Ravi Kumar"
    assert post["blocks"][0]["text"]["text"].startswith(words)


async def test_without_threads_every_message_stands_alone(slack: Slack, build: Build) -> None:
    sales = build(channel=CHANNEL, thread=False)
    receipt = await sales.send(message())
    assert receipt.memory == {}
    await sales.send(closing({}))
    assert ["thread_ts" in post for post in slack.posts(CHANNEL)] == [False, False]


async def test_assignee_is_a_direct_message_to_whoever_has_the_lead_now(
    slack: Slack, build: Build
) -> None:
    await build(channel="assignee").send(replaced(message(), agents=AGENTS))
    assert len(slack.posts("D024BE7LH")) == 1


@pytest.mark.parametrize("who", [LEAD, lead(assignee=None)])
async def test_an_assignee_nobody_described_is_skipped(build: Build, who: Any) -> None:
    with pytest.raises(SkippedDeliveryError, match="unresolved assignee"):
        await build(channel="assignee").send(message(part(new_lead(who)), who=who))


async def test_a_wrong_user_id_stops_nobody_elses_messages(build: Build) -> None:
    agents = {ASHA.id: Agent(id=ASHA.id, slack="U0000GONE")}
    with pytest.raises(RecipientRefusedError, match="channel_not_found"):
        await build(channel="assignee").send(replaced(message(), agents=agents))


async def test_a_digest_is_one_message(slack: Slack, build: Build) -> None:
    parts = [part(new_lead(lead(id=f"lead{n}")), title=f"New lead: {n}") for n in range(300)]
    digest = message(*parts, who=None, digest="Overnight")
    assert (await build(channel=CHANNEL).send(digest)).memory == {}
    (post,) = slack.posts(CHANNEL)
    words = shown(post)
    assert post["text"] == "Overnight (300 messages)"
    assert "New lead: 299" in words
    assert "more" in words


async def test_a_digest_for_assignees_gives_each_their_share(
    slack: Slack, build: Build
) -> None:
    mine = part(new_lead(lead(assignee=ASHA_ON_SLACK)), title="Mine")
    theirs = part(new_lead(lead(assignee=BINA_ON_SLACK)), title="Theirs")
    slack.script(rate_limited("30"), method="chat.postMessage", channel="D0000BINA")
    digest = replaced(message(mine, theirs, who=None, digest="Overnight"), agents=AGENTS)
    direct = build(channel="assignee")
    with pytest.raises(PartlyTakenError) as partly:
        await direct.send(digest)
    assert partly.value.accepted == {"U024BE7LH"}
    assert partly.value.retry_after_s == 30.0
    unowned = part(new_lead(lead(assignee=None)), title="Nobody's")
    again = replaced(digest, accepted=partly.value.accepted, parts=(mine, theirs, unowned))
    receipt = await direct.send(again)
    assert receipt.left.keys() == {2}
    assert isinstance(receipt.left[2], SkippedDeliveryError)
    assert len(slack.posts("D024BE7LH")) == len(slack.posts("D0000BINA")) == 1


async def test_news_of_the_service_itself_needs_no_lead(slack: Slack, build: Build) -> None:
    down = operation(EventType.SOURCE_DOWN, "website", at=NOON, reason="401")
    await build(channel=CHANNEL).send(message(part(down, title="Source down"), who=None))
    assert slack.posts(CHANNEL)[0]["text"] == "Source down"


async def test_overlong_text_is_shortened_visibly(slack: Slack, build: Build) -> None:
    long = lead(
        name="&" * 20_000,
        attributes={f"key{n}" * 50: "<" * 20_000 for n in range(100)},
        tags=tuple("🌸" * 500 + str(n) for n in range(100)),
    )
    big = part(new_lead(long), title="&amp;" * 4_000, body="<!here> &lt;" * 4_000)
    await build(channel=CHANNEL).send(message(big, who=long))
    (post,) = slack.posts(CHANNEL)
    assert "…" in post["text"]
    assert "more" in shown(post)
    assert len(slack.calls) == 1


PARKS = [
    *("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"),
    *("missing_scope", "no_permission", "channel_not_found", "is_archived"),
    *("not_in_channel", "restricted_action"),
]
MESSAGE_FAULTS = [
    *("msg_too_long", "msg_blocks_too_long", "invalid_blocks", "no_text", "invalid_arguments"),
]
PASSING = [
    *("internal_error", "fatal_error", "service_unavailable", "request_timeout"),
    *("ratelimited", "a_code_of_tomorrow"),
]


@pytest.mark.parametrize("code", PARKS)
async def test_a_refusal_of_the_channel_or_token_parks(
    slack: Slack, build: Build, code: str
) -> None:
    slack.script(failure(code), method="chat.postMessage")
    with pytest.raises(DestinationRefusedError, match=code) as refused:
        await build(channel=CHANNEL).send(message())
    assert refused.value.remedy
    assert len(slack.calls) == 1


@pytest.mark.parametrize("code", MESSAGE_FAULTS)
async def test_a_message_slack_dislikes_goes_out_once_more_as_plain_text(
    slack: Slack, build: Build, code: str
) -> None:
    slack.script(failure(code), method="chat.postMessage")
    await build(channel=CHANNEL).send(message())
    (post,) = slack.posts(CHANNEL)
    assert post["text"] == "New lead: Ravi Kumar"
    assert "blocks" not in post


@pytest.mark.parametrize("code", MESSAGE_FAULTS)
async def test_a_message_slack_dislikes_twice_is_dead(
    slack: Slack, build: Build, code: str
) -> None:
    slack.script(failure(code), failure(code), method="chat.postMessage")
    with pytest.raises(PermanentDeliveryError, match=code):
        await build(channel=CHANNEL).send(message())
    assert len(slack.calls) == 2


@pytest.mark.parametrize("code", PASSING)
async def test_passing_and_unknown_troubles_are_tried_again(
    slack: Slack, build: Build, code: str
) -> None:
    slack.script(failure(code), method="chat.postMessage")
    with pytest.raises(TemporaryDeliveryError, match=code):
        await build(channel=CHANNEL).send(message())
    assert len(slack.calls) == 1


async def test_a_rate_limit_says_how_long_to_wait(slack: Slack, build: Build) -> None:
    slack.script(rate_limited("17"), method="chat.postMessage")
    with pytest.raises(TemporaryDeliveryError) as limited:
        await build(channel=CHANNEL).send(message())
    assert limited.value.retry_after_s == 17.0


HTML = {"content-type": "text/html"}
JSON = {"content-type": "application/json"}
TEXT = {"content-type": "text/plain"}
ODD_ANSWERS = [
    Reply(headers=HTML, body=b"<html>sign in</html>"),
    Reply(headers=JSON, body=b"<html>sign in</html>"),
    Reply(headers=TEXT, body=b"ok"),
    Reply(headers=JSON, body=b"[1]"),
    Reply(headers=JSON, body=b"[]"),
    Reply(headers=JSON, body=b"null"),
    Reply(headers=JSON, body=b'"ok"'),
    Reply(headers=JSON, body=b'{"ok": true'),
    Reply(headers=JSON, body=b"\xff\xfe"),
    Reply(headers=JSON),
    Reply(status=500, headers=HTML, body=b"<html>"),
    Reply(status=502),
    Reply(status=404, headers=HTML, body=b"<html>"),
    json_reply({"ok": False, "error": "xoxb-simulated is wrong"}),
    Reply(headers=JSON, body=b'{"ok": true}', ending=Ending.TRUNCATED),
    Reply(headers=JSON, ending=Ending.ENDLESS),
    Reply(ending=Ending.RESET),
]


@pytest.mark.parametrize("answer", ODD_ANSWERS)
async def test_an_answer_nobody_can_read_is_tried_again(
    slack: Slack, build: Build, answer: Reply
) -> None:
    slack.script(answer, method="chat.postMessage")
    with pytest.raises(TemporaryDeliveryError) as odd:
        await build(channel=CHANNEL).send(message())
    assert TOKEN not in str(odd.value)
    assert slack.url not in str(odd.value)
    assert len(slack.calls) == 1


async def test_a_redirect_is_not_followed(slack: Slack, build: Build) -> None:
    elsewhere = Reply(status=302, headers={"location": f"{slack.url}auth.test"})
    slack.script(elsewhere, method="chat.postMessage")
    with pytest.raises(TemporaryDeliveryError, match="redirect"):
        await build(channel=CHANNEL).send(message())
    assert [call.method for call in slack.calls] == ["chat.postMessage"]


@pytest.mark.parametrize("ending", [Ending.HANG, Ending.DRIPPED])
async def test_a_slow_answer_is_given_up(slack: Slack, build: Build, ending: Ending) -> None:
    slow = Reply(headers=JSON, body=b" " * 1_000, ending=ending)
    slack.script(slow, method="chat.postMessage")
    with pytest.raises(TemporaryDeliveryError, match="within"):
        await build(channel=CHANNEL, timeout_s=0.3).send(message())


async def test_a_slack_that_is_not_there_is_tried_again(slack: Slack, build: Build) -> None:
    sales = build(channel=CHANNEL)
    await slack.__aexit__(None, None, None)
    with pytest.raises(TemporaryDeliveryError):
        await sales.send(message())


async def test_a_proxy_in_the_environment_is_not_used(
    slack: Slack, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    await build(channel=CHANNEL).send(message())
    await build(webhook_url=slack.webhook_url).send(message())
    assert len(slack.calls) == 2


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        (CHANNEL, "notifier in Simulated, posting to #sales-leads"),
        ("#sales-leads", "notifier in Simulated, posting to #sales-leads (untried)"),
    ],
)
async def test_a_check_tells_who_posts_where(
    slack: Slack, build: Build, channel: str, words: str
) -> None:
    found = await build(channel=channel).check()
    assert (found.found, found.untried) == (words, "untried" in words)
    assert slack.posts(CHANNEL) == []


async def test_a_check_posts_nothing_to_a_webhook(slack: Slack, build: Build) -> None:
    found = await build(webhook_url=slack.webhook_url).check()
    assert "by posting" in found.found
    assert found.untried
    assert slack.calls == []


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("auth.test", failure("invalid_auth")),
        ("conversations.info", failure("channel_not_found")),
        ("conversations.info", json_reply({"ok": True, "channel": {"is_member": False}})),
    ],
)
async def test_a_check_tells_what_would_be_refused(
    slack: Slack, build: Build, method: str, answer: Reply
) -> None:
    slack.script(answer, method=method)
    with pytest.raises(DestinationRefusedError) as refused:
        await build(channel=CHANNEL).check()
    assert refused.value.remedy


async def test_a_check_needs_no_right_to_look(slack: Slack, build: Build) -> None:
    slack.script(failure("missing_scope"), method="conversations.info")
    assert (await build(channel=CHANNEL).check()).untried


async def test_an_incoming_webhook_gets_the_card_every_time(slack: Slack, build: Build) -> None:
    ops = build(webhook_url=slack.webhook_url)
    receipt = await ops.send(message())
    assert receipt.memory == {}
    (call,) = slack.calls_of("webhook")
    assert call.arguments["text"] == "New lead: Ravi Kumar"
    assert "Pune, India" in shown(call.arguments)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, "action_prohibited", DestinationRefusedError),
        (404, "channel_not_found", DestinationRefusedError),
        (404, "no_service", DestinationRefusedError),
        (410, "channel_is_archived", DestinationRefusedError),
        (500, "rollup_error", TemporaryDeliveryError),
        (429, "", TemporaryDeliveryError),
        (404, "<html>", TemporaryDeliveryError),
        (200, "<html>", TemporaryDeliveryError),
        (302, "", TemporaryDeliveryError),
    ],
)
async def test_a_webhooks_refusals_mean_what_slack_says(
    slack: Slack, build: Build, status: int, body: str, error: type[Exception]
) -> None:
    headers = {"location": slack.webhook_url} if status == 302 else {}
    slack.script(Reply(status=status, body=body.encode(), headers=headers), method="webhook")
    with pytest.raises(error) as refused:
        await build(webhook_url=slack.webhook_url).send(message())
    assert "simulated" not in str(refused.value)
    assert len(slack.calls) == 1


async def test_a_webhook_that_nobody_serves_is_tried_again(build: Build) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/services/secret"
        with pytest.raises(TemporaryDeliveryError) as refused:
            await build(webhook_url=url).send(message())
    assert str(refused.value) == "no connection to Slack (connection refused)"


async def test_a_payload_the_webhook_dislikes_twice_is_dead(slack: Slack, build: Build) -> None:
    bad = Reply(status=400, body=b"invalid_payload")
    slack.script(bad, bad, method="webhook")
    with pytest.raises(PermanentDeliveryError, match="invalid_payload"):
        await build(webhook_url=slack.webhook_url).send(message())


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"channel": "#a", "webhook_url": "https://hooks.slack.com/x"},
        {"webhook_url": "hooks"},
        {"channel": ""},
        {"chanel": "#a"},
    ],
)
def test_a_slack_destination_is_a_channel_or_a_webhook(keys: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        SlackOptions.model_validate({"type": "slack", **keys})
