"""Doors by which people act from elsewhere: what each needs is loaded only where it is open."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pkgutil import resolve_name
from typing import Protocol

from notifier.configuration.load import Configuration
from notifier.core.leases import CLICKS
from notifier.members.membership import Membership
from notifier.service.change_watcher import ChangeWatcher
from notifier.service.shared import Shared

LOOK_S = 0.5


class RunningService(Protocol):
    """The service, as far as doors need it."""

    shared: Shared
    config: Configuration
    watcher: ChangeWatcher


def doors(service: RunningService) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
    """Yield what to keep doing, with its name."""
    settings = service.shared.settings
    if settings.slack_app_token and settings.slack_token:
        receive = resolve_name("notifier.service.slack:receive_clicks")
        yield (
            "heed clicks in Slack",
            lambda: _by_one(service.shared.members, lambda: receive(service)),
        )


async def _by_one(members: Membership | None, duty: Callable[[], Awaitable[None]]) -> None:
    """Do it as long as this member is the one for it: Slack deals clicks to all connections."""
    if members is None:
        await duty()
        return
    doing: asyncio.Future[None] | None = None
    try:
        while doing is None or not doing.done():
            if doing is None and members.holds(CLICKS):
                doing = asyncio.ensure_future(duty())
            elif doing is not None and not members.holds(CLICKS):
                return
            await asyncio.sleep(LOOK_S)
        await doing
    finally:
        if doing is not None:
            doing.cancel()
            # It says good-bye in the database, which is open only as long as we wait.
            await asyncio.gather(doing, return_exceptions=True)
