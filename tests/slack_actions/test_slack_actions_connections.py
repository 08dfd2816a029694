"""Connections of Socket Mode, kept against a Slack that refreshes, drops, and falls silent."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from notifier.destinations.slack_api import WebApi
from notifier.slack_actions.connection import Connection
from notifier.slack_actions.connections import Connections, ConnectionStatus
from notifier.slack_actions.listener import socket_url
from support.loopback import Reply, json_reply
from support.slack import failure, rate_limited
from support.slack_socket import SocketSlack

pytestmark = pytest.mark.virtual_time

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class Office:
    """Who keeps the connections, and what came by them."""

    connections: Connections
    changed: asyncio.Event
    heard: list[str] = field(default_factory=list)

    async def until(self, true: Callable[[ConnectionStatus], bool]) -> ConnectionStatus:
        """Return how the connections stand, once it is so."""
        async with asyncio.timeout(1000):
            while not true(self.connections.status):
                self.changed.clear()
                await self.changed.wait()
        return self.connections.status


Opened = Callable[..., AbstractAsyncContextManager[Office]]


@pytest.fixture
async def slack() -> AsyncIterator[SocketSlack]:
    async with SocketSlack() as server:
        yield server


@pytest.fixture
def kept(slack: SocketSlack) -> Opened:
    @asynccontextmanager
    async def opened(*, token: str = slack.app_token) -> AsyncIterator[Office]:
        api = WebApi(token=SecretStr(token), base_url=slack.url, now=lambda: NOON)

        async def on_envelope(envelope: Mapping[str, Any], connection: Connection) -> None:
            found.heard.append(envelope["envelope_id"])
            await connection.acknowledge(envelope["envelope_id"])

        changed = asyncio.Event()
        found = Office(
            changed=changed,
            connections=Connections(
                address=lambda: socket_url(api),
                on_envelope=on_envelope,
                changed=lambda _: changed.set(),
                jitter=lambda: 0.0,
            ),
        )
        running = asyncio.create_task(found.connections.run())
        try:
            yield found
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await api.aclose()

    return opened


async def test_two_connections_are_kept(slack: SocketSlack, kept: Opened) -> None:
    async with kept() as found:
        status = await found.until(lambda one: one.held == 2)
        assert status == ConnectionStatus(held=2, counted=2)
        await asyncio.sleep(600)
        assert slack.opened == 2


async def test_an_envelope_is_acknowledged(slack: SocketSlack, kept: Opened) -> None:
    async with kept() as found:
        await found.until(lambda one: one.held == 2)
        envelope = slack.envelope("interactive", {"type": "block_actions"})
        await slack.deal(json.dumps(envelope))
        await slack.acknowledged(envelope["envelope_id"])
        assert found.heard == [envelope["envelope_id"]]


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_a_refresh_opens_another_before_it_closes_the_old(
    slack: SocketSlack, kept: Opened, reason: str
) -> None:
    async with kept() as found:
        await found.until(lambda one: one.held == 2)
        old = slack.links[0]
        await old.refresh(reason)
        await slack.opened_in_all(3)
        assert slack.most_at_once == 3
        # What comes by the old one meanwhile is heard.
        await old.socket.send_str(json.dumps(slack.envelope("interactive", {})))
        await asyncio.sleep(11)
        assert len(found.heard) == 1
        assert old not in slack.links
        assert found.connections.status == ConnectionStatus(held=2, counted=2)


async def test_a_connection_that_broke_is_replaced(slack: SocketSlack, kept: Opened) -> None:
    async with kept() as found:
        await found.until(lambda one: one.held == 2)
        await asyncio.sleep(60)
        await slack.links[0].drop()
        await slack.opened_in_all(3)
        await found.until(lambda one: one.held == 2)


async def test_a_connection_without_pings_for_thirty_seconds_is_replaced(
    slack: SocketSlack, kept: Opened
) -> None:
    async with kept() as found:
        await found.until(lambda one: one.held == 2)
        await asyncio.sleep(100)
        slack.links[0].silent = True
        begun_s = asyncio.get_running_loop().time()
        await slack.opened_in_all(3)
        assert asyncio.get_running_loop().time() - begun_s <= 31


async def test_a_half_open_connection_is_replaced(slack: SocketSlack, kept: Opened) -> None:
    async with kept() as found:
        await found.until(lambda one: one.held == 2)
        slack.links[1].deaf = True
        begun_s = asyncio.get_running_loop().time()
        await slack.opened_in_all(3)
        assert asyncio.get_running_loop().time() - begun_s <= 31
        await found.until(lambda one: one.held == 2)


async def test_ghosts_are_counted(slack: SocketSlack, kept: Opened) -> None:
    slack.ghosts = 3
    async with kept() as found:
        status = await found.until(lambda one: one.held == 2)
        assert status.counted == 5
        # What is gone is noticed without a refresh of Slack's.
        slack.ghosts = 0
        begun_s = asyncio.get_running_loop().time()
        await found.until(lambda one: one.counted == one.held)
        assert asyncio.get_running_loop().time() - begun_s <= 601


async def test_a_connection_that_slack_has_not_missed_yet_is_counted(
    slack: SocketSlack, kept: Opened
) -> None:
    async with kept() as found:
        await found.until(lambda one: one.held == 2)
        slack.ghosts = 1  # the one that breaks, as Slack sees it
        await slack.links[0].drop()
        status = await found.until(lambda one: one.counted > one.held)
        assert status == ConnectionStatus(held=2, counted=3)


@pytest.mark.parametrize(
    ("answer", "told", "remedy"),
    [
        (failure("invalid_auth"), "invalid_auth", "xapp-"),
        (failure("token_revoked"), "token_revoked", "xapp-"),
        (failure("missing_scope"), "missing_scope", "connections:write"),
        (failure("internal_error"), "internal_error", ""),
        (Reply(body=b"<html>"), "not Slack's", ""),
        (Reply(status=503), "503", ""),
        (json_reply({"ok": True, "url": "file:///etc/passwd"}), "without an address", ""),
    ],
)
async def test_a_refusal_is_told_with_its_remedy_and_tried_again(
    slack: SocketSlack, kept: Opened, answer: Reply, told: str, remedy: str
) -> None:
    slack.script(*[answer] * 2, method="apps.connections.open")
    async with kept() as found:
        status = await found.until(lambda one: bool(one.fault))
        assert told in status.fault
        assert remedy in status.remedy
        await found.until(lambda one: one == ConnectionStatus(held=2, counted=2))


async def test_a_pause_that_slack_asks_for_is_kept(slack: SocketSlack, kept: Opened) -> None:
    slack.script(rate_limited("45"), method="apps.connections.open")
    async with kept() as found:
        await found.until(lambda one: one.held == 2)
        asked = [call.at_s for call in slack.calls_of("apps.connections.open")]
        assert asked == pytest.approx([0, 45, 45], abs=0.5)


async def test_a_wrong_token_is_asked_for_seldom(slack: SocketSlack, kept: Opened) -> None:
    async with kept(token="xapp-wrong") as found:
        await asyncio.sleep(300)
        assert "invalid_auth" in found.connections.status.fault
        assert len(slack.calls_of("apps.connections.open")) <= 12


async def test_socket_mode_turned_off_is_told(slack: SocketSlack, kept: Opened) -> None:
    async with kept() as found:
        await found.until(lambda one: one.held == 2)
        await slack.links[0].refresh("link_disabled")
        status = await found.until(lambda one: bool(one.fault))
        assert "turn on Socket Mode" in status.remedy


async def test_connections_that_break_at_once_are_not_opened_without_a_pause(
    slack: SocketSlack, kept: Opened
) -> None:
    async with kept() as found:
        for _ in range(300):
            for link in tuple(slack.links):
                await link.drop()
            await asyncio.sleep(1)
        assert 4 < slack.opened < 30
        await found.until(lambda one: one.held == 2)


@pytest.mark.parametrize(
    "frame", ["{", "[]", "nonsense", '{"type": "hello"}', "[" * 50_000, '{"type": 7}', "{}"]
)
async def test_odd_frames_end_nothing(slack: SocketSlack, kept: Opened, frame: str) -> None:
    async with kept() as found:
        await found.until(lambda one: one.held == 2)
        for link in slack.links:
            await link.socket.send_str(frame)
        envelope = slack.envelope("interactive", {})
        await slack.deal(json.dumps(envelope))
        await slack.acknowledged(envelope["envelope_id"])
        assert slack.opened == 2
