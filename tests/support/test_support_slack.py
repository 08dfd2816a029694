"""The Slack stand-in, seen through slack_sdk."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from support.slack import Slack, failure, rate_limited


async def post(url: str, body: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        return await client.post(url, content=body.encode())


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(channels={"sales": "C1", "ops": "C2"}) as running:
        yield running


@pytest.fixture
def client(slack: Slack) -> AsyncWebClient:
    return AsyncWebClient(slack.token, base_url=slack.url, retry_handlers=[])


async def test_a_post_by_name_returns_the_id_that_an_update_needs(
    slack: Slack, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(channel="#sales", text="one", unfurl_links=False)
    await client.chat_postMessage(channel="C1", text="reply", thread_ts=posted["ts"])
    await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="two")
    assert posted["channel"] == "C1"
    assert [message["text"] for message in slack.posts("C1")] == ["two", "reply"]
    assert slack.posts("C1")[1]["thread_ts"] == posted["ts"]


async def test_the_methods_that_only_ask_answer(slack: Slack, client: AsyncWebClient) -> None:
    assert (await client.auth_test())["user_id"] == "U0000BOT"
    opened = await client.conversations_open(users="U024BE7LH")
    assert opened["channel"]["id"] == "D024BE7LH"
    assert (await client.conversations_info(channel="C2"))["channel"]["name"] == "ops"
    assert (await client.users_info(user="U024BE7LH"))["user"]["name"] == "u024be7lh"
    assert [call.method for call in slack.calls] == [
        "auth.test",
        "conversations.open",
        "conversations.info",
        "users.info",
    ]


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": text}}


def fields(*texts: str) -> dict[str, Any]:
    return {"type": "section", "fields": [{"type": "mrkdwn", "text": text} for text in texts]}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"blocks": [section("x" * 3_001)]}, "invalid_blocks"),
        ({"blocks": [section("")]}, "invalid_blocks"),
        ({"blocks": [header("x" * 151)]}, "invalid_blocks"),
        ({"blocks": [fields(*["x"] * 11)]}, "invalid_blocks"),
        ({"blocks": [fields("x" * 2_001)]}, "invalid_blocks"),
        ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"blocks": [section("x" * 2_700)] * 5}, "msg_blocks_too_long"),
    ],
)
async def test_slacks_limits_hold(
    client: AsyncWebClient, message: dict[str, Any], code: str
) -> None:
    with pytest.raises(SlackApiError) as caught:
        await client.api_call("chat.postMessage", json={"channel": "C1", **message})
    assert caught.value.response["error"] == code


async def test_a_message_at_slacks_limits_is_taken(client: AsyncWebClient) -> None:
    blocks = [header("x" * 150), section("x" * 3_000), fields(*["x" * 900] * 10)]
    answer = await client.chat_postMessage(channel="C1", text="x" * 40_000, blocks=blocks)
    assert answer["ok"]


async def test_a_wrong_token_and_an_unknown_channel_are_refused(slack: Slack) -> None:
    stranger = AsyncWebClient("xoxb-wrong", base_url=slack.url)
    with pytest.raises(SlackApiError, match="invalid_auth"):
        await stranger.auth_test()
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await AsyncWebClient(slack.token, base_url=slack.url).chat_postMessage(
            channel="#nowhere", text="x"
        )


async def test_a_script_for_one_channel_leaves_the_other_alone(
    slack: Slack, client: AsyncWebClient
) -> None:
    slack.script(rate_limited("30"), method="chat.postMessage", channel="C1")
    slack.script(failure("fatal_error"), method="auth.test")
    assert (await client.chat_postMessage(channel="#ops", text="x"))["ok"]
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="#sales", text="x")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["retry-after"] == "30"
    with pytest.raises(SlackApiError, match="fatal_error"):
        await client.auth_test()


async def test_the_incoming_webhook_takes_a_message_and_refuses_a_bad_one(
    slack: Slack,
) -> None:
    assert (await post(slack.webhook_url, '{"text": "hello"}')).text == "ok"
    assert (await post(slack.webhook_url, "{}")).text == "no_text"
    assert (await post(slack.webhook_url, "{")).status_code == 400
    assert [call.arguments for call in slack.calls] == [{"text": "hello"}, {}]
