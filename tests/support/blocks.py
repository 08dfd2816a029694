"""Slack's limits on a message. Source: Slack's Block Kit reference and chat.postMessage."""

from collections.abc import Iterator, Mapping
from typing import Any

MAX_TEXT_CHARS = 40_000
MAX_BLOCKS = 50
MAX_ALL_CHARS = 13_000


def refusal(message: Mapping[str, Any]) -> tuple[str, list[str]] | None:
    """Return Slack's error code and its explanations, or ``None`` for a good message."""
    text, blocks = message.get("text") or "", message.get("blocks") or []
    if not text and not blocks:
        return "no_text", []
    if len(text) > MAX_TEXT_CHARS:
        return "msg_too_long", []
    faults = list(_faults(blocks))
    if faults:
        return "invalid_blocks", faults
    if sum(len(words) for block in blocks for words in _words(block)) > MAX_ALL_CHARS:
        return "msg_blocks_too_long", []
    return None


def _faults(blocks: Any) -> Iterator[str]:
    if not isinstance(blocks, list):
        yield "blocks must be an array"
        return
    if len(blocks) > MAX_BLOCKS:
        yield f"no more than {MAX_BLOCKS} items allowed [json-pointer:/blocks]"
    for index, block in enumerate(blocks):
        for fault in _block_faults(block):
            yield f"{fault} [json-pointer:/blocks/{index}]"


def _block_faults(block: Mapping[str, Any]) -> Iterator[str]:
    match block.get("type"):
        case "header":
            if block["text"]["type"] != "plain_text":
                yield "a header is plain_text"
            yield from _text_faults(block["text"], 150)
        case "section":
            if "text" not in block and not block.get("fields"):
                yield "a section needs text or fields"
            if "text" in block:
                yield from _text_faults(block["text"], 3_000)
            yield from _list_faults(block.get("fields", []), 2_000)
        case "context":
            yield from _list_faults(block.get("elements", []), 3_000)
        case "divider" | "actions" | "image" | "rich_text":
            pass
        case kind:
            yield f"unsupported type: {kind}"


def _list_faults(entries: list[Mapping[str, Any]], limit: int) -> Iterator[str]:
    if len(entries) > 10:
        yield "no more than 10 items allowed"
    for entry in entries:
        yield from _text_faults(entry, limit)


def _text_faults(text: Mapping[str, Any], limit: int) -> Iterator[str]:
    if text.get("type") not in ("plain_text", "mrkdwn"):
        yield "text must be plain_text or mrkdwn"
    if not 1 <= len(text.get("text", "")) <= limit:
        yield f"must be between 1 and {limit} characters"


def _words(block: Mapping[str, Any]) -> Iterator[str]:
    texts = [block.get("text", {}), *block.get("fields", []), *block.get("elements", [])]
    return (text["text"] for text in texts if isinstance(text.get("text"), str))
