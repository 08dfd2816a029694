"""Clicks on Slack cards in the service. Loaded where an app-level token is set."""

import os
import platform
from collections.abc import Callable
from typing import Protocol

from notifier.configuration.load import Configuration
from notifier.core.records import Lead
from notifier.service.change_watcher import ChangeWatcher
from notifier.service.shared import Shared
from notifier.slack_actions.click_receiver import ClickServices
from notifier.slack_actions.listener import Access, take_clicks
from notifier.store import signing
from notifier.store.session import Session
from notifier.transactions.leads import current_lead


class RunningService(Protocol):
    """The service, as far as clicks need it."""

    shared: Shared
    config: Configuration
    watcher: ChangeWatcher


async def receive_clicks(service: RunningService) -> None:
    """Keep connections to Slack, and let people act by them, until cancelled."""
    shared = service.shared
    settings = shared.settings
    assert settings.slack_token, "cards are posted by a bot token"
    assert settings.slack_app_token, "clicks come by an app-level token"
    services = ClickServices(
        store=shared.store,
        rules=lambda: service.config.ruleset,
        current_lead=_current_lead_of(service),
        wake=service.watcher.wake,
        refresh=service.watcher.refresh,
        now=shared.clocks.now,
        zone=settings.timezone,
        keeper=f"{platform.node()}:{os.getpid()}",
        secret=await shared.store.run(signing.secret, signing.BUTTONS),
    )
    access = Access(
        app_token=settings.slack_app_token,
        bot_token=settings.slack_token,
        api_url=settings.slack_api_url,
        public_url=settings.public_url if settings.web_password else None,
    )
    await take_clicks(services, access, jitter=shared.clocks.jitter)


def _current_lead_of(service: RunningService) -> Callable[[Session, str], Lead | None]:
    def found(session: Session, key: str) -> Lead | None:
        config = service.config
        watched = {one.source.bot_id: one.source for one in config.sources}
        return current_lead(session, key, watched, config.ruleset)

    return found
