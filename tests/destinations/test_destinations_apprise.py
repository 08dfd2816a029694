"""Services through Apprise: what is Apprise's own, on real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any

import pytest
from examples import change_of, lead, message, new_lead, part
from pydantic import ValidationError

from notifier.destinations.apprise import AppriseDestination, AppriseOptions, _hidden
from notifier.destinations.base import PartlyTakenError, Receipt
from notifier.errors import DestinationRefusedError, TemporaryDeliveryError
from support.loopback import Ending, Reply
from support.receivers import Receiver

# Each byte comes soon enough for the library, and the last one too late for us.
DRIP = Reply(body=b"x" * 20, ending=Ending.DRIPPED, interval_s=0.02)
TOKEN = "3ccdd113474722377935511fc85d3dd4"


def place(receiver: Receiver) -> str:
    return receiver.base_url.partition("//")[2]


@asynccontextmanager
async def destination(*urls: str, timeout_s: float = 10) -> AsyncIterator[AppriseDestination]:
    options = AppriseOptions.model_validate({"type": "apprise", "urls": list(urls)})
    yield AppriseDestination("chat", options, zone=UTC, timeout_s=timeout_s)


async def test_a_message_has_its_title_and_its_body() -> None:
    async with Receiver() as receiver, destination(f"json://{place(receiver)}/") as one:
        text = part(new_lead(), title="New lead: Zoë", body="Pune\nIndia")
        assert await one.send(message(text)) == Receipt()
    (got,) = receiver.requests
    assert (got.event["title"], got.event["message"]) == ("New lead: Zoë", "Pune\nIndia")


async def test_of_several_services_each_that_took_it_is_remembered() -> None:
    async with (
        Receiver() as good,
        Receiver(replies=[Reply(status=500)]) as bad,
        destination(f"json://{place(good)}/", f"json://{place(bad)}/") as one,
    ):
        with pytest.raises(PartlyTakenError) as raised:
            await one.send(message())
        again = message(accepted=raised.value.accepted)
        assert await one.send(again) == Receipt()
    assert (len(good.requests), len(bad.requests)) == (1, 2)
    assert str(raised.value) == "1 of 2 services did not take it"
    assert "error=500" in raised.value.excerpt


async def test_a_token_that_is_refused_parks_without_being_told() -> None:
    async with (
        Receiver(default=Reply(status=403)) as receiver,
        destination(f"mmost://{place(receiver)}/{TOKEN}") as one,
    ):
        with pytest.raises(DestinationRefusedError) as raised:
            await one.send(message())
    told = f"{raised.value.in_full} {raised.value.remedy} {one!r} {vars(one)}"
    assert "error=403" in told
    assert "does `url` have the token" in told
    assert TOKEN not in told


async def test_a_service_that_hangs_ends_at_the_deadline_and_is_asked_once_at_a_time() -> None:
    async with (
        Receiver(replies=[DRIP]) as receiver,
        destination(f"json://{place(receiver)}/", timeout_s=0.3) as one,
    ):
        with pytest.raises(TemporaryDeliveryError, match=r"no answer within 0\.3 s"):
            await one.send(message())
        with pytest.raises(TemporaryDeliveryError, match="still hangs"):
            await one.send(message())
        assert len(receiver.requests) == 1
        while one._busy:  # noqa: ASYNC110 - a thread has no event of ours
            await asyncio.sleep(0.01)
        assert await one.send(message()) == Receipt()


def test_messages_go_to_a_service_one_after_another() -> None:
    # A second one beside the first would find its service asked already, and fail.
    assert AppriseDestination.slots == 1


async def test_a_title_that_has_no_field_of_its_own_leaves_less_room_for_the_body() -> None:
    async with (
        Receiver(default=Reply(status=200)) as receiver,
        destination(f"mmost://{place(receiver)}/{TOKEN}") as one,
    ):
        await one.send(message(part(new_lead(), title="New lead", body="x" * 9_000)))
    words = json.loads(receiver.requests[0].body)["text"]
    assert words.startswith("New lead")
    assert words.endswith("x…")
    assert len(words) == 4_000


def test_a_secret_is_hidden_as_written_and_as_meant() -> None:
    assert {"p%40ss%2Fword", "p@ss/word"} <= set(_hidden("mailtos://me:p%40ss%2Fword@host/to"))
    assert "ab:cdef-gh" in set(_hidden("kind://ab%3Acdef-gh/x"))


async def test_a_redirect_is_not_followed() -> None:
    async with Receiver() as elsewhere:
        moved = Reply(status=302, headers={"location": elsewhere.url})
        async with (
            Receiver(default=moved) as receiver,
            destination(f"json://{place(receiver)}/") as one,
        ):
            with pytest.raises(TemporaryDeliveryError):
                await one.send(message())
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("url", "field"), [("mmost://{}/" + TOKEN, "text"), ("json://{}/?format=html", "message")]
)
async def test_a_visitor_s_name_mentions_nobody_and_hides_no_link(url: str, field: str) -> None:
    name = "@channel [click](http://evil.example) <!here> <b>x</b>"
    ok = Reply(status=200)
    async with (
        Receiver(default=ok) as receiver,
        destination(url.format(place(receiver))) as one,
    ):
        await one.send(message(part(new_lead(), title=name, body=name)))
    (got,) = receiver.requests
    words = json.loads(got.body)[field]
    for live in ("@channel", "](http", "<!here", "<b>"):
        assert live not in words
    assert "channel" in words


async def test_the_events_of_a_lead_are_one_message() -> None:
    parts = (
        part(new_lead(), title="Came in"),
        part(change_of(lead(), "status", "OPEN", "CLOSED"), title="Went out", body="Bye"),
    )
    async with Receiver() as receiver, destination(f"json://{place(receiver)}/") as one:
        await one.send(message(*parts))
    assert receiver.requests[0].event["title"] == "Came in"
    assert receiver.requests[0].event["message"] == "Went out\nBye"


async def test_a_check_says_that_only_sending_tells() -> None:
    async with destination("json://127.0.0.1/", "tgram://123456789:AbcdefGhijKlmno/42/") as one:
        diagnosis = await one.check()
    assert diagnosis.untried
    assert diagnosis.found == "JSON, Telegram, which can only be tried by sending"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "has either `url` or `urls`"),
        ({"url": "json://h/", "urls": ["json://h/"]}, "has either `url` or `urls`"),
        ({"url": "nosuch://hunter2"}, "Apprise knows no such service"),
        ({"urls": ["json://h/", "tgram://hunter2"]}, "Apprise knows no such service"),
        ({"url": "json://h/hunter2, json://i/"}, "these are several services"),
    ],
)
def test_a_wrong_key_is_told_without_quoting_it(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError) as raised:
        AppriseOptions.model_validate({"type": "apprise"} | fields)
    assert problem in str(raised.value)
    assert "hunter2" not in str(raised.value)


async def test_a_broken_connection_is_a_passing_trouble() -> None:
    async with (
        Receiver(replies=[Reply(ending=Ending.RESET)]) as receiver,
        destination(f"json://{place(receiver)}/") as one,
    ):
        with pytest.raises(TemporaryDeliveryError):
            await one.send(message())
