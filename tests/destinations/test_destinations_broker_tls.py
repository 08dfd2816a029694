"""What a broker shows in TLS, and what is told of it: no bytes go to one that is not proven."""

import asyncio
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from examples import message

from notifier.configuration.destinations import kinds
from notifier.destinations.base import BuildContext
from notifier.errors import TemporaryDeliveryError
from support.certificates import self_signed
from support.connections import conversing

KINDS: dict[str, dict[str, Any]] = {
    "amqp": {"url": "amqps://notifier:hunter2@{place}", "routing_key": "x"},
    "kafka": {"brokers": "{place}", "topic": "x", "tls": True},
    "mqtt": {"url": "mqtts://notifier:hunter2@{place}", "topic": "x"},
    "redis": {"url": "rediss://notifier:hunter2@{place}/0", "stream": "x"},
}
"""NATS speaks plainly first: its own tests have a real server for it."""
CONTEXT = BuildContext(now=lambda: datetime.now(UTC), zone=UTC, out=io.StringIO())
SASL = {"mechanism": "PLAIN", "username": "notifier", "password": "hunter2"}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_certificate_that_does_not_verify_is_told_for_what_it_is(
    kind: str, tmp_path: Path
) -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())

    certificate = self_signed(tmp_path)
    async with conversing(listen, ssl=certificate.server()) as port:
        fields = {
            name: one.format(place=f"127.0.0.1:{port}") if isinstance(one, str) else one
            for name, one in KINDS[kind].items()
        }
        sasl = {"sasl": SASL} if kind == "kafka" else {}
        options = kinds()[kind].model_validate({"type": kind} | fields | sasl)
        bus = options.build("bus", CONTEXT)
        with pytest.raises(TemporaryDeliveryError) as raised:
            await bus.send(message())
        await bus.aclose()
    assert "the certificate of 127.0.0.1 does not verify (" in str(raised.value)
    assert "hunter2" not in f"{raised.value.in_full} {raised.value.remedy}"
    assert b"".join(heard) == b""
