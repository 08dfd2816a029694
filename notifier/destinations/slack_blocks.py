"""A message in Slack's Block Kit, within every limit of Slack's.

Limits: 50 blocks, 3,000 characters a section, ten fields of 2,000 each, and
about 13,000 in all, hence the smaller ones here. Texts are ``verbatim``: Slack
must not turn a stranger's words into links or mentions.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from notifier.core.records import Lead
from notifier.core.rows import EPOCH, Json, instant
from notifier.destinations.base import Part
from notifier.messages.escape import one_line, safe_link, shorten, shorten_mrkdwn, slack
from notifier.messages.facts import Fact, details, moment
from notifier.messages.text import Text
from notifier.reports.model import from_json
from notifier.reports.slack import blocks as report_blocks

MAX_HEAD = 2_900
MAX_SECTION = 3_000
MAX_DIGEST = 9_000
MAX_FIELDS = 20
MAX_LABEL = 60
MAX_VALUE = 240
MAX_LINK = 500
MAX_LAST_WORDS = 700
MAX_NOTICE = 1_000
MAX_URL = 3_000

TOLD_BELOW = ("Last message", "Taken by")
CHAT = "open_chat"
PAGE = "open_page"

Block = dict[str, Json]


def head(parts: Sequence[Part], mention: str) -> str:
    """Return the titles and bodies of a message as mrkdwn, mention first."""
    texts = "\n\n".join(_titled(part.text) for part in parts)
    return shorten_mrkdwn(f"{mention} {texts}".strip(), MAX_HEAD)


def notice(parts: Sequence[Part], mention: str) -> str:
    """Return the fallback for notifications and screen readers: the titles alone."""
    titles = " · ".join(part.text.title for part in parts)
    return shorten_mrkdwn(f"{mention} {titles}".strip(), MAX_NOTICE) or "New message"


def reply(words: str) -> list[Block]:
    """Return a message that needs no details: those stand above it in the thread."""
    return [_section(words)]


def untied(parts: Sequence[Part], mention: str) -> list[Block]:
    """Return a message about no lead: a report, or what happened to a source and its kin."""
    report = parts[0].event.data.report
    if report is not None:
        return report_blocks(from_json(report), mention)
    return reply(head(parts, mention))


def card(
    words: str, lead: Lead, page: str | None = None, buttons: Block | None = None
) -> list[Block]:
    """Return the rule's words above the lead's details; ``page`` is where it is shown.

    With ``buttons`` the links stand beside the words and below the details: a card has
    three buttons at most, and those are to act with.
    """
    if buttons is None:
        return [_section(words), *lead_details(lead), *_footer(lead, page)]
    above = _section(words)
    if chat := list(_links([CHAT], lead, page)):
        above |= {"accessory": chat[0]}
    origin = _origin(lead)
    if page and safe_link(page) and len(page) <= MAX_LINK:
        origin += f" · <{slack(page)}|Timeline>"
    return [above, *lead_details(lead), _context(origin), buttons]


def lead_details(lead: Lead) -> list[Block]:
    """Return what is shown of a lead and changes with it; equal where nothing shown did."""
    known = details(lead)
    fields = [_field(fact) for fact in known if fact.label not in TOLD_BELOW]
    spoken = [fact for fact in known if fact.label == "Last message"][-1:]
    shown = fields[:MAX_FIELDS]
    if len(fields) > MAX_FIELDS:
        shown[-1] = f"… and {len(fields) - MAX_FIELDS + 1} more"
    rows = [shown[start : start + 10] for start in range(0, len(shown), 10)]
    blocks: list[Block] = [
        {"type": "section", "fields": [_mrkdwn(field) for field in row]} for row in rows
    ]
    blocks += [_section(_last_words(fact)) for fact in spoken]
    return [*blocks, *_on_it(lead)]


def digest(text: Text, mention: str) -> list[Block]:
    """Return a digest's text in as many sections as it takes."""
    words = shorten_mrkdwn(f"{mention} {_titled(text)}".strip(), MAX_DIGEST)
    return [_section(chunk) for chunk in _chunks(words)]


def _chunks(words: str) -> Iterator[str]:
    chunk = ""
    for line in words.split("\n"):
        if chunk and len(chunk) + len(line) + 1 > MAX_SECTION:
            yield chunk
            chunk = ""
        chunk = f"{chunk}\n{line}" if chunk else shorten_mrkdwn(line, MAX_SECTION)
    if chunk.strip():
        yield chunk


def _titled(text: Text) -> str:
    # An author's own *bold* would end ours in the middle of the title.
    title = text.title if "*" in text.title or not text.title else f"*{text.title}*"
    return f"{title}\n{text.body}".strip()


def _on_it(lead: Lead) -> Iterator[Block]:
    """Yield who is on it, and since when."""
    if (taken := lead.taken_by) is None:
        return
    since = instant(taken.at)
    words = f"✋ *{slack(one_line(taken.name), MAX_LABEL)}* is on it"
    if since:
        words += f" since {date(since, moment(taken.at, UTC))}"
    yield _context(words)


def _footer(lead: Lead, page: str | None) -> Iterator[Block]:
    yield _context(_origin(lead))
    if buttons := list(_links([CHAT, PAGE], lead, page)):
        yield {"type": "actions", "elements": buttons}


def _origin(lead: Lead) -> str:
    said = [slack(one_line(lead.source), MAX_LABEL)]
    if created := instant(lead.created_at):
        said.append(f"created {date(created, moment(lead.created_at, UTC))}")
    return " · ".join(said)


def _links(wanted: Sequence[str], lead: Lead, page: str | None) -> Iterator[Block]:
    """Yield buttons that lead elsewhere."""
    links = {CHAT: ("Open the chat", lead.url), PAGE: ("Timeline", page)}
    for action_id in wanted:
        label, link = links[action_id]
        if safe_link(link) and len(link or "") <= MAX_URL:
            yield {
                "type": "button",
                "text": {"type": "plain_text", "text": label},
                "url": link,
                "action_id": action_id,
            }


def date(at: datetime, fallback: str) -> str:
    """Return a moment that Slack shows in each reader's own zone; it knows none before 1970."""
    if at < EPOCH:
        return fallback
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{fallback}>"


def _field(fact: Fact) -> str:
    value = slack(one_line(fact.value), MAX_VALUE)
    if fact.link and len(fact.link) <= MAX_LINK and "|" not in value:
        value = f"<{slack(fact.link)}|{value}>"
    return f"*{slack(one_line(fact.label), MAX_LABEL)}*\n{value}"


def _last_words(fact: Fact) -> str:
    words = slack(shorten(fact.value.strip(), MAX_LAST_WORDS), MAX_LAST_WORDS)
    return "*Last message*\n" + "\n".join(f"> {line}" for line in words.split("\n"))


def _section(words: str) -> Block:
    return {"type": "section", "text": _mrkdwn(shorten_mrkdwn(words, MAX_SECTION) or "…")}


def _context(words: str) -> Block:
    return {"type": "context", "elements": [_mrkdwn(words)]}


def _mrkdwn(words: str) -> Block:
    return {"type": "mrkdwn", "text": words, "verbatim": True}
