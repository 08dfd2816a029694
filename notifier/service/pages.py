"""The page's place in the service: what it is lent. Loaded where a password is set."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Protocol

from notifier.configuration.load import Configuration
from notifier.configuration.settings import Settings
from notifier.errors import DeliveryError
from notifier.rules.model import Ruleset
from notifier.service.change_watcher import ChangeWatcher
from notifier.service.sampling import send_sample
from notifier.service.shared import Shared
from notifier.threads import in_a_thread
from notifier.web.context import PageServices
from notifier.web.names import Names
from notifier.web.sessions import Role
from notifier.web.site import Site


class RunningService(Protocol):
    """The service, as far as the page needs it."""

    shared: Shared
    config: Configuration
    reread: Callable[[], Configuration]
    watcher: ChangeWatcher


def pages_of(service: RunningService) -> Callable[[], AbstractAsyncContextManager[Site]]:
    """Return what opens the pages of this service."""
    settings = service.shared.settings
    return partial(
        Site.opened,
        _services(service),
        names=_names(settings),
        passwords=dict(_passwords(settings)),
    )


def _services(service: RunningService) -> PageServices:
    shared = service.shared

    async def rules_on_disk() -> Ruleset:
        return (await in_a_thread(service.reread)).ruleset

    async def sample(name: str) -> str:
        return await _sampled(service.config, name)

    return PageServices(
        store=shared.store,
        clocks=shared.clocks,
        zone=shared.settings.timezone,
        interval_ms=int(shared.settings.poll_interval.total_seconds() * 1000),
        rules=lambda: service.config.ruleset,
        rules_on_disk=rules_on_disk,
        sample=sample,
        changed=service.watcher.wake_all,
        refresh=service.watcher.refresh,
        watched=lambda: {one.source.bot_id: one.source for one in service.config.sources},
        keep_ms=int(shared.settings.retention.total_seconds() * 1000),
    )


async def _sampled(config: Configuration, name: str) -> str:
    """Send a sample to a destination, and return in words what came of it."""
    begun_s = time.monotonic()
    try:
        receipt = await send_sample(config, name)
    except DeliveryError as error:
        remedy = f" What to do: {error.remedy}." if error.remedy else ""
        return f"{name} did not take the sample: {error.in_full}.{remedy}"
    note = f"; {receipt.note}" if receipt.note else ""
    return f"{name} took a sample lead in {time.monotonic() - begun_s:.1f} s{note}."


def _names(settings: Settings) -> Names:
    host = settings.http.host if settings.http else ""
    return Names(listens_on=host, public_url=settings.public_url)


def _passwords(settings: Settings) -> Iterator[tuple[Role, str]]:
    if settings.web_password:
        yield Role.OPERATOR, settings.web_password.get_secret_value()
    if settings.web_view_password:
        yield Role.VIEWER, settings.web_view_password.get_secret_value()
