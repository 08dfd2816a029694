"""Many clicks over refreshes, duplicates and two clickers: each lead is taken once.

``NOTIFIER_CLICKS=1000`` makes it thorough; a few will do for every push.
"""

import os
from pathlib import Path
from typing import Any

from clicking import ASHA, BINA, CHANNEL, scene

from notifier.destinations.slack_buttons import About, signed
from notifier.simulator.world import BOT_ID
from notifier.store import signing

CLICKS = int(os.environ.get("NOTIFIER_CLICKS", "60"))
REFRESHES_EACH = 20


def card(lead_id: str, number: int, secret: bytes) -> dict[str, Any]:
    """Return a card as it stands in the channel: posting them takes a second each."""
    about = About(key=f"{BOT_ID}/{lead_id}", rule="New", destination="sales")
    button = {"type": "button", "action_id": "take", "value": signed(about, secret)}
    head = {"type": "section", "text": {"type": "mrkdwn", "text": f"*Lead {number}*"}}
    blocks = [head, {"type": "actions", "elements": [button]}]
    ts = f"{1_600_000_000 + number}.000100"
    return {"channel": CHANNEL, "ts": ts, "text": f"Lead {number}", "blocks": blocks}


async def test_each_of_many_leads_is_taken_once(tmp_path: Path) -> None:
    async with scene(tmp_path, leads=CLICKS) as found:
        slack, secret = (
            found.slack,
            await found.service.shared.store.run(signing.secret, signing.BUTTONS),
        )
        while await found.rows("SELECT COUNT(*) FROM records") != [(CLICKS,)]:
            await found.upstream.requests.reached(found.upstream.requests.total + 1)
        cards = [
            card(lead_id, number, secret) for number, lead_id in enumerate(found.world.ids())
        ]
        slack.messages |= {(CHANNEL, post["ts"]): dict(post) for post in cards}
        for number, post in enumerate(cards):
            if number % REFRESHES_EACH == REFRESHES_EACH // 2:
                opened = slack.opened
                await next(link for link in slack.links if not link.leaving).refresh()
                await slack.opened_in_all(opened + 1)
            envelopes = [
                await slack.click(post, "take", user=user, times=1 + number % 3)
                for user in ((ASHA, BINA) if number % 2 else (BINA, ASHA))
            ]
            for envelope in envelopes:
                await slack.acknowledged(envelope)
        await found.until(lambda: len(slack.ephemerals) >= CLICKS, within_s=120)
        assert await found.events() == ["lead.taken"] * CLICKS
        assert await found.rows("SELECT COUNT(DISTINCT lead_id) FROM lead_acts") == [(CLICKS,)]
        assert slack.opened >= 2 + CLICKS // REFRESHES_EACH
