"""Everything of this room together: connections to Slack, and who takes what comes by them."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import structlog
from pydantic import SecretStr

from notifier.core.rows import iso_ms, ms_of
from notifier.destinations.slack_api import WebApi
from notifier.destinations.slack_faults import Refusal
from notifier.errors import BusyError, DeliveryError, StoreError
from notifier.network.targets import target_of
from notifier.slack_actions.desk import Desk, Lent
from notifier.slack_actions.display import Display
from notifier.slack_actions.faults import SocketFault, refused
from notifier.slack_actions.lines import ConnectionStatus, Lines
from notifier.store import service_state
from notifier.store.service_state import SlackConnections

OPEN = "apps.connections.open"
OPEN_TIMEOUT_S = 10.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The tokens, and where Slack is; ``public_url`` is the page's, for links."""

    app_token: SecretStr = field(repr=False)
    bot_token: SecretStr = field(repr=False)
    api_url: str
    public_url: str | None = None


async def keep_office(lent: Lent, access: Access, *, jitter: Callable[[], float]) -> None:
    """Take clicks until cancelled."""
    doorbell = WebApi(token=access.app_token, base_url=access.api_url, now=lent.now)
    voice = WebApi(token=access.bot_token, base_url=access.api_url, now=lent.now)
    display = Display(
        api=voice,
        store=lent.store,
        current_lead=lent.current_lead,
        now=lent.now,
        public_url=access.public_url,
    )
    desk, board = Desk(lent, display), _Board(lent)
    lines = Lines(
        address=lambda: address_of(doorbell),
        heed=desk.heed,
        changed=board.show,
        jitter=jitter,
    )
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(board.run())
            tasks.create_task(lines.run())
    finally:
        await desk.aclose()
        await doorbell.aclose()
        await board.clear()


async def address_of(doorbell: WebApi) -> str:
    """Return where to connect, by Slack's word; raises :class:`SocketFault`."""
    try:
        answer = await doorbell.call(OPEN, {}, timeout_s=OPEN_TIMEOUT_S)
    except Refusal as refusal:
        raise refused(refusal) from None
    except DeliveryError as error:
        raise SocketFault(str(error), remedy=error.remedy) from None
    url = answer.get("url")
    if not isinstance(url, str) or not _is_socket(url):
        raise SocketFault(f"Slack answered {OPEN} without an address to connect to")
    return url


async def refusal_of(app_token: SecretStr, api_url: str) -> SocketFault | None:
    """Return why a token opens no connection, ``None`` where it would; opens none."""
    doorbell = WebApi(token=app_token, base_url=api_url, now=lambda: datetime.now(UTC))
    try:
        await address_of(doorbell)
    except SocketFault as fault:
        return fault
    finally:
        await doorbell.aclose()
    return None


def _is_socket(url: str) -> bool:
    scheme, _, rest = url.partition("://")
    try:
        target_of(f"http://{rest}")
    except ValueError:
        return False
    return scheme in ("wss", "ws")


class _Board:
    """Notes how the connections stand, for whoever asks: doctor, status, metrics."""

    def __init__(self, lent: Lent) -> None:
        self._lent = lent
        self._shown = SlackConnections()
        self._changed = asyncio.Event()
        self._changed.set()

    def show(self, status: ConnectionStatus) -> None:
        """Take up how they stand now."""
        is_same = status.fault == self._shown.fault
        since = self._shown.since if is_same else iso_ms(self._lent.now())
        self._shown = SlackConnections(
            held=status.held,
            counted=status.counted,
            fault=status.fault,
            remedy=status.remedy,
            since=since if status.fault else "",
        )
        self._changed.set()

    async def run(self) -> None:
        """Note each change, and from time to time that it is still so, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(service_state.SLACK_NOTED_MS / 1000):
                    await self._changed.wait()
            self._changed.clear()
            now_ms = ms_of(self._lent.now())
            await self._note(msgspec.structs.replace(self._shown, at_ms=now_ms))

    async def clear(self) -> None:
        """Nobody keeps connections any more."""
        await self._note(None)

    async def _note(self, found: SlackConnections | None) -> None:
        try:
            run = self._lent.store.run
            await run(service_state.set_slack, self._lent.keeper, found)
        except (StoreError, BusyError) as error:
            log.warning("slack_connections_unnoted", error=str(error))
