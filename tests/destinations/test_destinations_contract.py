"""What every kind of destination promises, whatever stands behind it."""

import asyncio
import io
import logging
from collections.abc import Iterator

import pytest
from benches import KINDS, NOT_NETWORKED, WORDED, Stand
from broker_benches import BROKERS
from examples import change_of, lead, message, new_lead, part

from notifier import log
from notifier.core.records import LastMessage
from notifier.destinations.base import Receipt
from notifier.errors import (
    DeliveryError,
    DestinationGoneError,
    DestinationRefusedError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from notifier.messages.builtin import builtin_text
from notifier.messages.text import Medium

pytest_plugins = ["broker_fixtures"]

AGAIN, DEAD = TemporaryDeliveryError, PermanentDeliveryError
PARKED, GONE = DestinationRefusedError, DestinationGoneError
ALL = KINDS | BROKERS
NETWORKED = sorted(ALL.keys() - NOT_NETWORKED)
ANSWERS = [
    *(("webhook", status, AGAIN) for status in ("300", "301", "400", "401", "403", "404")),
    *(("webhook", status, AGAIN) for status in ("413", "422", "429", "500", "502", "503")),
    ("webhook", "410", GONE),
    *(("email", code, AGAIN) for code in ("421", "450", "451", "452")),
    *(("email", code, DEAD) for code in ("550", "552", "554")),
    *(("slack", status, AGAIN) for status in ("302", "429", "500", "503")),
    *(("slack", code, AGAIN) for code in ("ratelimited", "internal_error", "request_timeout")),
    *(("slack", code, PARKED) for code in ("invalid_auth", "token_revoked", "missing_scope")),
    *(("slack", code, PARKED) for code in ("channel_not_found", "is_archived")),
    ("slack", "not_in_channel", PARKED),
    *(("incoming_webhook", status, AGAIN) for status in ("302", "429", "500 rollup_error")),
    *(
        ("incoming_webhook", answer, PARKED)
        for answer in ("404 no_service", "403 action_prohibited")
    ),
    *(("apprise", status, AGAIN) for status in ("302", "400", "429", "500", "503")),
    *(("apprise", status, PARKED) for status in ("401", "403", "404", "410")),
    ("console", "closed", AGAIN),
]


@pytest.mark.parametrize("kind", ALL)
async def test_a_message_is_taken_and_says_what_it_should(kind: str, stand: Stand) -> None:
    async with ALL[kind](stand) as bench:
        assert isinstance(await bench.destination.send(message()), Receipt)
        (seen,) = await bench.seen()
        assert "Ravi Kumar" in seen.words


@pytest.mark.parametrize(("kind", "answer", "error"), ANSWERS)
async def test_each_answer_has_its_error(
    kind: str, answer: str, error: type[DeliveryError], stand: Stand
) -> None:
    async with ALL[kind](stand) as bench:
        for _ in range(3):
            bench.answer(answer)
        with pytest.raises(DeliveryError) as raised:
            await bench.destination.send(message())
    assert type(raised.value) is error
    assert str(raised.value)
    assert raised.value.remedy or error in (AGAIN, DEAD)


@pytest.mark.parametrize("kind", NETWORKED)
@pytest.mark.parametrize("trouble", ["hang", "reset"])
async def test_silence_and_broken_connections_are_temporary(
    kind: str, trouble: str, stand: Stand
) -> None:
    async with ALL[kind](stand) as bench:
        bench.answer(trouble)
        async with asyncio.timeout(30):
            with pytest.raises(TemporaryDeliveryError):
                await bench.destination.send(message())
        assert isinstance(await bench.destination.send(message()), Receipt)


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """The program's own logging at its most talkative."""
    root = logging.getLogger()
    before, level = root.handlers, root.level
    lines = io.StringIO()
    log.set_up(log_format="json", level="debug", stream=lines)
    yield lines
    root.handlers, root.level = before, level


@pytest.mark.parametrize("kind", [kind for kind in NETWORKED if kind != "kafka"])
async def test_no_secret_stands_in_an_error_a_log_line_or_a_repr(
    kind: str, stand: Stand, log_lines: io.StringIO
) -> None:
    async with ALL[kind](stand) as bench:
        for answer in ("hang", "reset", "451" if kind == "email" else "500"):
            bench.answer(answer)
            with pytest.raises(DeliveryError) as raised:
                await bench.destination.send(message())
            logging.getLogger("test").warning("%s", raised.value.remedy, exc_info=raised.value)
        await bench.destination.send(message())
    said = log_lines.getvalue() + repr(vars(bench.destination))
    assert "DeliveryError" in said
    assert bench.secrets
    assert [secret for secret in bench.secrets if secret in said] == []


@pytest.mark.parametrize("kind", ["webhook", "email"])
async def test_a_retry_carries_the_same_id(kind: str, stand: Stand) -> None:
    async with ALL[kind](stand) as bench:
        bench.answer("451" if kind == "email" else "500")
        with pytest.raises(TemporaryDeliveryError):
            await bench.destination.send(message())
        await bench.destination.send(message())
        first, second = await bench.seen()
    assert first.id
    assert first.id == second.id


@pytest.mark.parametrize("kind", sorted({*WORDED} - NOT_NETWORKED))
async def test_overlong_text_is_shortened_visibly(kind: str, stand: Stand) -> None:
    words = "& <long> " * 2_000
    stranger = lead(name=words, city=words, attributes={f"{n}": words for n in range(60)})
    overlong = part(new_lead(stranger), title=words, body=words)
    async with ALL[kind](stand) as bench:
        await bench.destination.send(message(overlong, who=stranger))
        (seen,) = await bench.seen()
    assert "…" in seen.words
    assert len(seen.words) < 500_000


@pytest.mark.parametrize("kind", WORDED)
async def test_several_events_of_a_lead_and_a_digest_are_one_message(
    kind: str, stand: Stand
) -> None:
    parts = (
        part(new_lead(), title="Came in"),
        part(change_of(lead(), "status", "OPEN", "CLOSED"), title="Went out"),
    )
    async with ALL[kind](stand) as bench:
        await bench.destination.send(message(*parts))
        assert "Came in" in (await bench.seen())[0].words
        assert "Went out" in (await bench.seen())[0].words
    async with ALL[kind](stand) as bench:
        await bench.destination.send(message(*parts, who=None, digest="The night"))
        (seen,) = await bench.seen()
        assert "The night" in seen.words
        assert "Came in" in seen.words
        assert "Went out" in seen.words


@pytest.mark.parametrize("kind", WORDED)
@pytest.mark.parametrize("never", ["0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"])
async def test_no_time_is_shown_as_nothing(kind: str, never: str, stand: Stand) -> None:
    stranger = lead(created_at=never, updated_at=never, last_seen_at=never)
    async with ALL[kind](stand) as bench:
        await bench.destination.send(message(part(new_lead(stranger)), who=stranger))
        (seen,) = await bench.seen()
    assert "Ravi Kumar" in seen.words
    assert "created <" not in seen.words
    assert "Created" not in seen.words
    assert "9999" not in seen.words


@pytest.mark.parametrize("kind", WORDED)
@pytest.mark.parametrize("words", [LastMessage(by="user", text="Hello?"), None])
async def test_an_attribute_called_like_our_own_fact_is_shown_beside_it(
    kind: str, words: LastMessage | None, stand: Stand
) -> None:
    names = ("Last message", "Name", "Status", "Phone", "Owner", "Place", "Created")
    attributes = {name: f"my {name}" for name in names}
    stranger = lead(attributes=attributes, last_message=words)
    text = builtin_text(change_of(stranger, "attributes", {}, attributes), Medium.PLAIN)
    update = part(new_lead(stranger), title=text.title, body=text.body)
    async with ALL[kind](stand) as bench:
        await bench.destination.send(message(update, who=stranger))
        (seen,) = await bench.seen()
    for name in names:
        assert f"my {name}" in seen.words
        assert f"{name} (attribute)" in seen.words
        assert f"*{name}*\\nmy {name}" not in seen.words
    assert "Ravi Kumar" in seen.words
    assert ("Visitor: Hello?" in seen.words) == (words is not None)
