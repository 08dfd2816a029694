"""A click → an act: committed first, then acknowledged, then shown."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

import structlog

from notifier.core.acts import Act, Release, Snooze, Take
from notifier.core.people import Person, Through
from notifier.destinations.slack import SlackOptions
from notifier.destinations.slack_actors import Actors, person
from notifier.destinations.slack_buttons import (
    RELEASE,
    SNOOZE,
    TAKE,
    About,
    Buttons,
    opened,
)
from notifier.errors import BusyError, DamagedError, StoreError
from notifier.rules.model import Ruleset
from notifier.slack_actions import words
from notifier.slack_actions.clicks import Click, click_in, envelope_id
from notifier.slack_actions.connection import Connection
from notifier.slack_actions.display import Display
from notifier.slack_actions.mornings import HOUR, morning
from notifier.store.db import Store
from notifier.transactions import acts
from notifier.transactions.acts import Actor, Done, Result
from notifier.transactions.leads import CurrentLead

SHOW_S = 2.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickServices:
    """The service as clicks need it.

    ``wake`` lets destinations look for work, and ``refresh`` leads' cards be brought up
    to date. ``secret`` is what buttons are signed with, and ``keeper`` tells this process
    from others on the same database.
    """

    store: Store
    rules: Callable[[], Ruleset]
    current_lead: CurrentLead
    wake: Callable[[set[str]], None]
    refresh: Callable[[Collection[str]], None]
    now: Callable[[], datetime]
    zone: tzinfo
    keeper: str
    secret: bytes = field(repr=False)


class ClickReceiver:
    """Takes clicks as they come, by whichever connection."""

    def __init__(self, services: ClickServices, display: Display) -> None:
        self._services = services
        self._display = display
        self._showing: set[asyncio.Task[None]] = set()

    async def on_envelope(self, envelope: Mapping[str, Any], connection: Connection) -> None:
        """Deal with an envelope; whatever it is, it is acknowledged."""
        known_as = envelope_id(envelope)
        if not known_as:
            log.warning("slack_envelope_unreadable", error="it has no id")
            return
        click = click_in(envelope, app_id=connection.app_id)
        outcome: Outcome | None = None
        try:
            outcome = await self._acted(click) if click else None
        except Exception:
            # Broad: one odd click must not end what takes the others.
            log.exception("slack_click_crashed")
            outcome = Outcome(tell=words.UNSTORED)
        await connection.acknowledge(known_as)
        if click and outcome:
            task = asyncio.create_task(self._show(click, outcome))
            self._showing.add(task)
            task.add_done_callback(self._showing.discard)

    async def aclose(self) -> None:
        """Finish showing what was done; a Slack that hangs is not waited for long."""
        if self._showing:
            _, left = await asyncio.wait(self._showing, timeout=SHOW_S)
            for task in left:
                task.cancel()
        await self._display.aclose()

    async def _acted(self, click: Click) -> "Outcome":
        """Commit the act; return what is to be shown of it."""
        services, rules = self._services, self._services.rules()
        about = opened(click.value, services.secret)
        if about is None:
            log.warning("slack_click_forged", user=click.user)
            return Outcome(tell=words.FORGED)
        options = _options(rules, about)
        by = person(click.user, click.name, rules.agents)
        if refusal := _refusal(options, by):
            return Outcome(tell=refusal)
        at = services.now()
        actor = Actor(by=by, through=Through.SLACK, click=click.id)
        try:
            committing = services.store.run(
                acts.act,
                about.key,
                _wanted(click, about, at, services),
                actor,
                rules=rules,
                current_lead=services.current_lead,
                at=at,
            )
            result = await asyncio.shield(committing)
        except (StoreError, BusyError, DamagedError) as error:
            log.error("slack_click_unstored", error=str(error))
            return Outcome(tell=words.UNSTORED)
        return self._outcome(click, about, result)

    def _outcome(self, click: Click, about: About, result: Result) -> "Outcome":
        note = ""
        if isinstance(result, Done):
            self._services.wake(result.written.destinations)
            log.info("acted", act=click.action, lead=about.key, through="slack")
            # The rule's own message names who, where one goes to this very thread now.
            is_told = about.destination in result.written.at_once
            note = "" if is_told else words.note(result)
        return Outcome(tell=words.answer(result, click.user), note=note, about=about)

    async def _show(self, click: Click, outcome: "Outcome") -> None:
        display, about = self._display, outcome.about
        if about:
            buttons = Buttons(destination=about.destination, secret=self._services.secret)
            await display.card(click, about, buttons)
            # Only now: what shows it already is left alone, and other channels' cards follow.
            self._services.refresh([about.key])
        if outcome.note:
            await display.note(click, outcome.note)
        if outcome.tell:
            await display.tell(click, outcome.tell)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is shown of a click: its card ``about`` a lead, a note in its thread, an answer."""

    tell: str = ""
    note: str = ""
    about: About | None = None


def _wanted(click: Click, about: About, at: datetime, services: ClickServices) -> Act:
    if click.action == TAKE:
        return Take()
    if click.action == RELEASE:
        return Release()
    if click.action == SNOOZE:
        return Snooze(at + HOUR)
    return Snooze(morning(services.rules(), about.rule, at, services.zone))


def _options(rules: Ruleset, about: About) -> SlackOptions | None:
    spec = rules.destinations.get(about.destination)
    options = spec.options if spec else None
    return options if isinstance(options, SlackOptions) else None


def _refusal(options: SlackOptions | None, by: Person) -> str:
    """Return why this person may not act from this destination, else nothing."""
    if options is None:
        return words.REMOVED
    if options.actions is Actors.NONE:
        return words.CLOSED
    if options.actions is Actors.AGENTS and by.agent is None:
        return words.AGENTS_ALONE
    return ""
