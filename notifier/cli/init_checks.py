"""Answers of ``init`` tried for real: at BotPenguin, and in Slack."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from notifier.cli.request_log import request_log
from notifier.clocks import Clocks
from notifier.configuration.environment import Environment, Variables
from notifier.configuration.formats import check_url
from notifier.configuration.load import Configuration, load_configuration
from notifier.configuration.read_settings import Reading, read_settings
from notifier.configuration.rulefiles import RuleFile
from notifier.configuration.settings import PREFIX, Settings
from notifier.core.records import LEAD, Source
from notifier.service.budgets import budgets
from notifier.service.sampling import send_sample
from notifier.store.opening import engine_at, place_from
from notifier.upstream.budget import Purpose
from notifier.upstream.client import Client, Listing
from notifier.upstream.page import Page

PATIENCE_S = 10.0
STANDARD_URL: str = Settings.model_fields["base_url"].default
IDS = (f"{PREFIX}BOT_ID", f"{PREFIX}CUSTOMER_ID")
ID = re.compile(r"[\w-]+")
SLACK_PATHS = ("/services/", "/triggers/", "/workflows/")


def as_environment(values: Mapping[str, str]) -> Environment:
    """Return the answers as a place that settings are read from."""
    return Environment(
        places=(Variables(name="the answers", values=values),),
        fallbacks=Variables(name="the host", values={}),
    )


def problem_of(variable: str, answer: str) -> str | None:
    """Return what is wrong with the form of an answer, never the answer itself."""
    if not variable.startswith(PREFIX):
        return _problem_of_webhook(answer)
    for fault in _reading({variable: answer}).faults:
        # A question names the answer itself.
        is_told = not fault.remedy or fault.problem.endswith("?")
        return fault.problem if is_told else f"{fault.problem}; {fault.remedy}"
    if variable in IDS and not ID.fullmatch(answer):
        return "an id has letters and digits alone, no address and no blanks"
    return None


async def first_page(values: Mapping[str, str], folder: Path) -> Page:
    """Return page 1 of the leads, for one request of the shared budget.

    Raises :class:`UpstreamError`, :class:`StoreError`, :class:`BusyError` or ``TimeoutError``.
    """
    settings = _reading(values).settings
    assert settings.token is not None
    source = Source(
        name="default",
        bot_id=values[f"{PREFIX}BOT_ID"],
        customer_id=values[f"{PREFIX}CUSTOMER_ID"],
    )
    async with (
        request_log(engine_at(place_from(settings.database, folder))) as store,
        Client(settings.base_url, timeout_s=PATIENCE_S) as client,
    ):
        budget = budgets(store, settings, Clocks())(settings.token)
        async with asyncio.timeout(PATIENCE_S), budget.turn({Purpose.HEAD: 0}):
            pass
        return await client.page(
            Listing(source=source, listing_type=LEAD, token=settings.token), 1
        )


async def post_sample(values: Mapping[str, str], rules: str) -> None:
    """Send a sample lead to the rules' `team`; raises :class:`DeliveryError`."""
    await send_sample(check_answers(values, ("rules.yaml", rules)), "team")


def check_answers(values: Mapping[str, str], rules: RuleFile) -> Configuration:
    """Return what the answers and the rules mean; refuses what `check` would refuse."""
    return load_configuration(as_environment(values), read=lambda _: (rules,))


def _reading(values: Mapping[str, str]) -> Reading:
    return read_settings(as_environment(values))


def _problem_of_webhook(url: str) -> str | None:
    try:
        parts = urlsplit(check_url(url))
    except ValueError as error:
        return f"{error}; a webhook's starts with https://hooks.slack.com/services/"
    is_slack = (parts.hostname or "").endswith((".slack.com", ".slack-gov.com"))
    if is_slack and not parts.path.startswith(SLACK_PATHS):
        return "it is cut off: behind hooks.slack.com stands /services/T…/B…/…"
    return None
