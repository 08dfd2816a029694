"""Showing what came of a click: on the card, in its thread, or to the one who clicked."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakValueDictionary

import msgspec
import structlog

from notifier.core.records import Lead
from notifier.destinations.slack_api import WebApi
from notifier.destinations.slack_buttons import About, Buttons
from notifier.destinations.slack_cards import Card, fingerprint, memory_of, remembered
from notifier.destinations.slack_faults import Refusal
from notifier.destinations.slack_post import Payload
from notifier.destinations.slack_threads import card_update
from notifier.errors import BusyError, DamagedError, DeliveryError, StoreError
from notifier.slack_actions.clicks import Click
from notifier.store import destinations
from notifier.store.db import Store
from notifier.transactions.leads import CurrentLead

TIMEOUT_S = 5.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """Speaks to Slack as the app; what it cannot show is logged, and the act stands."""

    api: WebApi
    store: Store
    current_lead: CurrentLead
    now: Callable[[], datetime]
    public_url: str | None
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def card(self, click: Click, about: About, buttons: Buttons) -> None:
        """Let the card that was clicked show the lead as it is now.

        One click after the other: Slack may take two updates in another order.
        """
        async with self._turns.setdefault(about.key, asyncio.Lock()):
            await self._bring_up_to_date(click, about, buttons)

    async def _bring_up_to_date(self, click: Click, about: About, buttons: Buttons) -> None:
        try:
            lead = await self.store.read(self.current_lead, about.key)
            memory = await self.store.read(destinations.memory, about.key)
        except (StoreError, BusyError, DamagedError) as error:
            # The lane of its destination looks at the card, too.
            log.warning("slack_act_not_shown", method="chat.update", error=str(error))
            return
        if lead is None:
            return
        known = remembered(memory, click.channel)
        kept = known if known and known.ts == click.ts else None
        if kept and kept.shown == fingerprint(lead):
            return  # a second click, or a snooze, changes nothing that it shows
        card = kept or self._unknown(click, about)
        change = card_update(card, lead, buttons, public_url=self.public_url)
        if await self._called("chat.update", change) and kept:
            await self._remember(about.key, kept, lead)

    async def note(self, click: Click, words: str) -> None:
        """Tell the card's thread."""
        said = {"channel": click.channel, "thread_ts": click.thread_ts or click.ts}
        await self._called("chat.postMessage", {**said, **_text(words)})

    async def tell(self, click: Click, words: str) -> None:
        """Tell the one who clicked, and nobody else."""
        said: dict[str, object] = {"channel": click.channel, "user": click.user}
        if click.thread_ts:
            said["thread_ts"] = click.thread_ts
        await self._called("chat.postEphemeral", {**said, **_text(words)})

    async def aclose(self) -> None:
        """Close the connections to Slack."""
        await self.api.aclose()

    def _unknown(self, click: Click, about: About) -> Card:
        """Return a card that is not remembered: one without a thread, or an earlier one."""
        at_s = int(self.now().timestamp())
        return Card(
            channel=click.channel,
            ts=click.ts,
            head=click.head or "…",
            shown="",
            at_s=at_s,
            rule=about.rule,
        )

    async def _remember(self, key: str, card: Card, lead: Lead) -> None:
        """Keep what the card shows now, unless its lane has written something meanwhile."""
        present = msgspec.structs.replace(card, shown=fingerprint(lead))
        ((name, old),) = memory_of(card, card.channel).items()
        ((_, new),) = memory_of(present, card.channel).items()
        now_ms = int(self.now().timestamp() * 1000)
        try:
            await self.store.run(
                destinations.exchange, key, name, old=old, new=new, now_ms=now_ms
            )
        except (StoreError, BusyError) as error:
            log.warning("slack_card_unremembered", error=str(error))

    async def _called(self, method: str, payload: Payload) -> bool:
        try:
            await self.api.call(method, payload, timeout_s=TIMEOUT_S)
        except (Refusal, DeliveryError) as error:
            log.warning("slack_act_not_shown", method=method, error=str(error))
            return False
        return True


def _text(words: str) -> dict[str, object]:
    block = {"type": "section", "text": {"type": "mrkdwn", "text": words, "verbatim": True}}
    return {"text": words, "blocks": [block], "unfurl_links": False, "unfurl_media": False}
