"""What keeps clicks coming: connections to Slack, and who takes what comes by them."""

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
from notifier.slack_actions.click_receiver import ClickReceiver, ClickServices
from notifier.slack_actions.connections import Connections, ConnectionStatus
from notifier.slack_actions.display import Display
from notifier.slack_actions.faults import SocketFault, refused
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


async def take_clicks(
    services: ClickServices, access: Access, *, jitter: Callable[[], float]
) -> None:
    """Take clicks until cancelled."""
    opening_api = WebApi(token=access.app_token, base_url=access.api_url, now=services.now)
    posting_api = WebApi(token=access.bot_token, base_url=access.api_url, now=services.now)
    display = Display(
        api=posting_api,
        store=services.store,
        current_lead=services.current_lead,
        now=services.now,
        public_url=access.public_url,
    )
    receiver, recorder = ClickReceiver(services, display), _StatusRecorder(services)
    connections = Connections(
        address=lambda: socket_url(opening_api),
        on_envelope=receiver.on_envelope,
        changed=recorder.show,
        jitter=jitter,
    )
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(recorder.run())
            tasks.create_task(connections.run())
    finally:
        await receiver.aclose()
        await opening_api.aclose()
        await recorder.clear()


async def socket_url(opening_api: WebApi) -> str:
    """Return where to connect, by Slack's word; raises :class:`SocketFault`."""
    try:
        answer = await opening_api.call(OPEN, {}, timeout_s=OPEN_TIMEOUT_S)
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
    opening_api = WebApi(token=app_token, base_url=api_url, now=lambda: datetime.now(UTC))
    try:
        await socket_url(opening_api)
    except SocketFault as fault:
        return fault
    finally:
        await opening_api.aclose()
    return None


def _is_socket(url: str) -> bool:
    scheme, _, rest = url.partition("://")
    try:
        target_of(f"http://{rest}")
    except ValueError:
        return False
    return scheme in ("wss", "ws")


class _StatusRecorder:
    """Notes how the connections stand, for whoever asks: doctor, status, metrics."""

    def __init__(self, services: ClickServices) -> None:
        self._services = services
        self._shown = SlackConnections()
        self._changed = asyncio.Event()
        self._changed.set()

    def show(self, status: ConnectionStatus) -> None:
        """Take up how they stand now."""
        is_same = status.fault == self._shown.fault
        since = self._shown.since if is_same else iso_ms(self._services.now())
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
            now_ms = ms_of(self._services.now())
            await self._note(msgspec.structs.replace(self._shown, at_ms=now_ms))

    async def clear(self) -> None:
        """Nobody keeps connections any more."""
        await self._note(None)

    async def _note(self, found: SlackConnections | None) -> None:
        try:
            run = self._services.store.run
            await run(service_state.set_slack, self._services.keeper, found)
        except (StoreError, BusyError) as error:
            log.warning("slack_connections_unnoted", error=str(error))
