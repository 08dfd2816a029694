"""Draws README's picture of a lead in Slack, from what the real destination posts.

Needs Debian's ``chromium`` and ``fonts-noto-color-emoji``::

    PYTHONPATH=tests python tests/messages/render_card.py docs/slack-card.png
"""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from pydantic import SecretStr

from notifier.core.event_types import EventType
from notifier.core.events import encode
from notifier.core.records import Lead
from notifier.destinations.base import Message, Part
from notifier.destinations.slack import SlackDestination, SlackOptions
from notifier.messages.builtin import builtin_text
from notifier.messages.samples import AT, FULL, sample_event
from notifier.messages.text import Medium
from support.slack import Slack

CHROMIUM = (
    *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--no-first-run", "--virtual-time-budget=2000", "--force-device-scale-factor=1"),
)
WIDTH, HEIGHT = 600, 486
PAGE = """<!doctype html><meta charset="utf-8"><style>
  body { margin: 0; padding: 14px 18px; background: #fff; color: #1d1c1d;
         font: 15px/1.46 "Noto Sans", "Noto Color Emoji", sans-serif }
  .message { margin-bottom: 12px } .reply { margin-left: 22px; padding-left: 12px;
         border-left: 3px solid #ddd }
  .who { font-weight: 800 } .app { font-size: 10px; background: #eee; color: #616061;
         padding: 1px 3px; border-radius: 2px; margin-left: 5px; font-weight: 600 }
  .block { margin: 5px 0 } .fields { display: grid; grid-template-columns: 1fr 1fr;
         gap: 5px 16px } .context { font-size: 12px; color: #616061 }
  .button { display: inline-block; border: 1px solid #bbb; border-radius: 4px;
         padding: 3px 10px; font-weight: 700; font-size: 13px }
  a { color: #1264a3; text-decoration: none } blockquote { margin: 2px 0; padding-left: 10px;
         border-left: 4px solid #ddd }
</style>"""

SENDER = '<span class="who">notifier</span><span class="app">APP</span>'


async def posted() -> list[dict[str, Any]]:
    """Return what stands in the channel after a new lead and a change of its status."""
    async with Slack() as slack:
        destination = SlackDestination(
            "sales",
            SlackOptions(type="slack", channel="#sales-leads"),
            token=SecretStr(slack.token),
            api_url=slack.url,
            now=lambda: AT,
            zone=UTC,
        )
        fresh = msgspec.structs.replace(FULL, source="website", status="OPEN")
        taken = msgspec.structs.replace(fresh, status="INPROGRESS")
        receipt = await destination.send(told(EventType.LEAD_CREATED, fresh, {}))
        await destination.send(told(EventType.LEAD_STATUS_CHANGED, taken, receipt.memory))
        await destination.aclose()
        return slack.posts("C0000000001")


def told(kind: EventType, lead: Lead, memory: Mapping[str, str]) -> Message:
    """Return the message a rule without words of its own sends about a lead."""
    event = sample_event(kind)
    event = msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, lead=lead))
    text = builtin_text(event, Medium.SLACK, {})
    part = Part(event=event, body=encode(event), text=text, rule="New lead")
    return Message(id=event.id, parts=(part,), lead=lead, memory=memory)


def page(messages: list[dict[str, Any]]) -> str:
    """Return messages in Block Kit as a page that looks like Slack's."""
    return PAGE + "".join(_message(one) for one in messages)


def _message(message: Mapping[str, Any]) -> str:
    kind = "message reply" if "thread_ts" in message else "message"
    shown = "".join(f'<div class="block">{part}</div>' for part in _parts(message["blocks"]))
    return f'<div class="{kind}">{SENDER}{shown}</div>'


def _parts(blocks: list[dict[str, Any]]) -> Iterator[str]:
    for block in blocks:
        match block:
            case {"type": "section", "fields": fields}:
                cells = "".join(f"<div>{_mrkdwn(field['text'])}</div>" for field in fields)
                yield f'<div class="fields">{cells}</div>'
            case {"type": "section", "text": text}:
                yield _mrkdwn(text["text"])
            case {"type": "context", "elements": elements}:
                said = "".join(_mrkdwn(one["text"]) for one in elements)
                yield f'<div class="context">{said}</div>'
            case {"type": "actions", "elements": elements}:
                labels = [one["text"]["text"] for one in elements]
                yield "".join(f'<span class="button">{label}</span>' for label in labels)
            case _:
                raise ValueError(f"no picture of a block of type {block['type']}")


def _mrkdwn(text: str) -> str:
    """Return mrkdwn as HTML; Slack's escapes of ``& < >`` are HTML's."""
    text = re.sub(r"<!date[^|>]*\|([^>]*)>", r"\1", text)
    text = re.sub(r"<([^|>!]+)\|([^>]*)>", r'<a href="\1">\2</a>', text)
    text = re.sub(r"\*([^*\n]+)\*", r"<b>\1</b>", text)
    text = re.sub(r"^> (.*)$", r"<blockquote>\1</blockquote>", text, flags=re.MULTILINE)
    return text.replace("\n", "<br>").replace("<br><blockquote>", "<blockquote>")


def draw(picture: Path) -> None:
    """Write the picture, a PNG."""
    with TemporaryDirectory(prefix="slack-card-") as folder:
        drawn = Path(folder) / "card.html"
        drawn.write_text(page(asyncio.run(posted())), encoding="utf-8")
        subprocess.run(
            [
                *CHROMIUM,
                f"--user-data-dir={folder}/profile",
                f"--window-size={WIDTH},{HEIGHT}",
                f"--screenshot={picture.absolute()}",
                drawn.as_uri(),
            ],
            check=True,
        )


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
