"""What was cut off between Slack's yes and our commit is looked for, and not sent twice."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from examples import NOON, change_of, lead, message, part
from pydantic import SecretStr

from notifier.destinations.base import Message
from notifier.destinations.slack import SlackDestination, SlackOptions
from notifier.errors import UnsureDeliveryError
from support.slack import TOKEN, Slack, failure, rate_limited

pytestmark = pytest.mark.virtual_time

CHANNEL = "C0000000001"
DUE = NOON - timedelta(seconds=20)


def seconds(at: datetime) -> float:
    return at.timestamp()


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(now_s=lambda: seconds(NOON)) as server:
        yield server


@pytest.fixture
async def sales(slack: Slack) -> AsyncIterator[SlackDestination]:
    destination = built(slack, channel="#sales-leads")
    yield destination
    await destination.aclose()


def built(slack: Slack, **keys: str | bool) -> SlackDestination:
    return SlackDestination(
        "sales",
        SlackOptions.model_validate({"type": "slack", **keys}),
        token=SecretStr(TOKEN),
        api_url=slack.url,
        now=lambda: NOON,
        zone=UTC,
    )


def again(first: Message) -> Message:
    """Return the message as it comes after the program was killed."""
    return replace(first, cut_off=DUE)


def looks(slack: Slack, method: str = "conversations.history") -> list[float]:
    return [call.at_s for call in slack.calls_of(method)]


async def test_a_message_carries_its_delivery(slack: Slack, sales: SlackDestination) -> None:
    await sales.send(message(replace(message().parts[0], delivery=17)))
    (post,) = slack.posts(CHANNEL)
    marked = post["metadata"]
    assert marked["event_type"] == "notifier_delivery"
    assert marked["event_payload"]["delivery_id"] == 17
    assert len(marked["event_payload"]["message_id"]) == 32


async def test_a_card_that_stands_there_is_not_posted_again(
    slack: Slack, sales: SlackDestination
) -> None:
    await sales.send(message())
    found = await sales.send(again(message()))
    assert len(slack.posts(CHANNEL)) == 1
    # The thread goes on under it, and the card comes up to date.
    closed = lead(status="CLOSED")
    await sales.send(
        message(
            part(change_of(closed, "status", "OPEN", "CLOSED")),
            identity="dlv_2",
            who=closed,
            memory=found.memory,
        )
    )
    card, reply = slack.posts(CHANNEL)
    assert reply["thread_ts"] == card["ts"]
    assert "CLOSED" in str(card["blocks"])


async def test_a_reply_that_stands_there_is_not_posted_again(
    slack: Slack, sales: SlackDestination
) -> None:
    memory = (await sales.send(message())).memory
    reply = message(identity="dlv_2", memory=memory)
    await sales.send(reply)
    await sales.send(again(reply))
    assert len(slack.posts(CHANNEL)) == 2
    assert looks(slack) == []
    assert len(looks(slack, "conversations.replies")) == 1


async def test_what_is_not_there_is_sent_after_two_looks_two_seconds_apart(
    slack: Slack, sales: SlackDestination
) -> None:
    await sales.send(again(message()))
    assert len(slack.posts(CHANNEL)) == 1
    first, second = looks(slack)
    assert 2.0 <= second - first < 2.5


async def test_what_was_not_cut_off_is_not_looked_for(
    slack: Slack, sales: SlackDestination
) -> None:
    await sales.send(message())
    assert [call.method for call in slack.calls] == ["chat.postMessage"]


async def test_another_message_of_the_lead_is_no_copy(
    slack: Slack, sales: SlackDestination
) -> None:
    await sales.send(message(identity="dlv_other"))
    await sales.send(again(message()))
    assert len(slack.posts(CHANNEL)) == 2


@pytest.mark.parametrize("method", ["conversations.history", "users.conversations"])
async def test_without_the_scope_it_is_sent_as_before(
    slack: Slack, sales: SlackDestination, method: str
) -> None:
    await sales.send(message())
    slack.forbidden.add(method)
    await sales.send(again(message()))
    assert len(slack.posts(CHANNEL)) == 2


@pytest.mark.parametrize("answer", [rate_limited("7"), failure("internal_error")])
async def test_where_slack_does_not_answer_now_nothing_is_sent(
    slack: Slack, sales: SlackDestination, answer: object
) -> None:
    await sales.send(message())
    slack.script(answer, method="conversations.history")  # type: ignore[arg-type]
    with pytest.raises(UnsureDeliveryError):
        await sales.send(again(message()))
    assert len(slack.posts(CHANNEL)) == 1


async def test_after_three_looks_without_an_answer_it_is_sent_rather_than_never(
    slack: Slack, sales: SlackDestination
) -> None:
    await sales.send(message())
    for _ in range(3):
        slack.script(rate_limited("7"), method="conversations.history")
    for _ in range(2):
        with pytest.raises(UnsureDeliveryError):
            await sales.send(again(message()))
    await sales.send(again(message()))
    assert len(slack.posts(CHANNEL)) == 2


async def test_what_was_posted_before_its_leads_thread_began_is_found_in_the_channel(
    slack: Slack, sales: SlackDestination
) -> None:
    await sales.send(message())
    overtaking = await sales.send(message(identity="dlv_2"))
    await sales.send(replace(again(message()), memory=overtaking.memory))
    assert len(slack.posts(CHANNEL)) == 2


async def test_a_deleted_card_is_not_what_is_left_of_a_reply(
    slack: Slack, sales: SlackDestination
) -> None:
    memory = (await sales.send(message(identity="dlv_2"))).memory
    slack.delete(CHANNEL, slack.posts(CHANNEL)[0]["ts"], leaves_trace=True)
    await sales.send(replace(again(message()), memory=memory))
    assert len(slack.posts(CHANNEL)) == 2


async def test_what_a_person_deleted_counts_as_sent(
    slack: Slack, sales: SlackDestination
) -> None:
    await sales.send(message())
    slack.delete(CHANNEL, slack.posts(CHANNEL)[0]["ts"], leaves_trace=True)
    await sales.send(again(message()))
    assert [one.get("subtype") for one in slack.posts(CHANNEL)] == ["tombstone"]


async def test_what_was_deleted_long_after_is_somebody_elses(
    slack: Slack, sales: SlackDestination
) -> None:
    await sales.send(message())
    slack.delete(CHANNEL, slack.posts(CHANNEL)[0]["ts"], leaves_trace=True)
    await sales.send(replace(message(), cut_off=NOON - timedelta(hours=1)))
    assert len(slack.posts(CHANNEL)) == 2


async def test_it_is_found_behind_many_others(slack: Slack, sales: SlackDestination) -> None:
    await sales.send(message())
    for number in range(130):
        await sales.send(message(identity=f"dlv_of_others_{number}"))
    await sales.send(again(message()))
    assert len(slack.posts(CHANNEL)) == 131
    assert len(looks(slack)) == 3


async def test_a_direct_message_is_looked_for_in_its_conversation(slack: Slack) -> None:
    to_owner = built(slack, channel="U024BE7LH")
    await to_owner.send(message())
    await to_owner.send(again(message()))
    await to_owner.aclose()
    assert len(slack.posts("D024BE7LH")) == 1


async def test_a_digest_is_looked_for(slack: Slack, sales: SlackDestination) -> None:
    digest = message(digest="Morning", who=None)
    await sales.send(digest)
    await sales.send(again(digest))
    assert len(slack.posts(CHANNEL)) == 1


async def test_where_slack_wants_no_metadata_the_message_goes_without(
    slack: Slack, sales: SlackDestination
) -> None:
    slack.script(failure("metadata_must_be_sent_from_app"), method="chat.postMessage")
    await sales.send(message())
    (post,) = slack.posts(CHANNEL)
    assert "metadata" not in post


async def test_doctor_says_what_the_scope_would_bring(
    slack: Slack, sales: SlackDestination
) -> None:
    assert (await sales.check()).doubt == ""
    slack.forbidden.add("conversations.history")
    assert "channels:history" in (await sales.check()).doubt
