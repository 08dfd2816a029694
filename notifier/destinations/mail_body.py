"""What a mail says: a subject, and the same words as plain text and as HTML."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from html import escape
from typing import TypeAlias

from notifier.core.records import Lead
from notifier.destinations.base import Message, Part
from notifier.messages.digest import digest_text
from notifier.messages.escape import one_line, plain, safe_link, shorten
from notifier.messages.facts import Fact, facts
from notifier.messages.links import lead_page
from notifier.messages.text import Medium, Text
from notifier.reports import mail
from notifier.reports.model import Report, from_json

MAX_TITLE, MAX_BODY = 300, 20_000
MAX_FACTS, MAX_LABEL, MAX_VALUE = 60, 100, 1_000
FONT = "font-family:Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5;color:#1d1c1d"
TITLE = "font-size:18px;margin:0 0 8px"
PARAGRAPH = "margin:0 0 16px"
LABEL = "padding:4px 16px 4px 0;vertical-align:top;text-align:left;color:#616061"
VALUE = "padding:4px 0;vertical-align:top"

Link: TypeAlias = tuple[str, str | None]
"""What a link is called, and where it leads, if anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailBody:
    """A subject of one line; ``text`` and ``html`` say the same."""

    subject: str
    text: str
    html: str


def write_body(message: Message, *, zone: tzinfo, public_url: str | None = None) -> MailBody:
    """Return what a mail about this message says; times are shown in ``zone``.

    Below the words of each part stand the lead's facts, once; lines of the words
    that merely repeat a fact are left out.
    """
    report = message.parts[0].event.data.report
    if report is not None:
        return _report_body(from_json(report))
    lead = None if message.digest is not None else message.lead or message.parts[-1].event.lead
    shown = _facts(lead, zone) if lead else []
    link = safe_link(lead.url) if lead else None
    links = [("Open the chat", link), ("Timeline", lead_page(public_url, lead))]
    if message.digest is not None:
        texts = [digest_text(message.parts, message.digest, Medium.PLAIN, MAX_BODY, zone=zone)]
    else:
        texts = list(_texts(message.parts, said=_said(shown, link)))
    return MailBody(
        subject=texts[0].title,
        text=_plain_body(texts, shown, links),
        html=_html_body(texts, shown, links),
    )


def _report_body(report: Report) -> MailBody:
    return MailBody(
        subject=shorten(mail.subject(report), MAX_TITLE),
        text=mail.text(report),
        html=mail.html(report),
    )


def _texts(parts: Sequence[Part], *, said: frozenset[str]) -> Iterator[Text]:
    for part in parts:
        lines = plain(part.text.body).split("\n")
        body = "\n".join(line for line in lines if line not in said).strip("\n")
        title = shorten(one_line(part.text.title), MAX_TITLE)
        yield Text(title=title, body=shorten(body, MAX_BODY))


def _facts(lead: Lead, zone: tzinfo) -> list[Fact]:
    found = facts(lead, zone=zone)
    shown = [
        Fact(
            label=shorten(one_line(fact.label), MAX_LABEL),
            value=shorten(plain(fact.value), MAX_VALUE),
            link=fact.link,
        )
        for fact in found[:MAX_FACTS]
    ]
    left = len(found) - len(shown)
    return [*shown, Fact(label="…", value=f"and {left} more")] if left else shown


def _said(shown: Sequence[Fact], link: str | None) -> frozenset[str]:
    return frozenset(
        {f"{fact.label}: {one_line(fact.value)}" for fact in shown} | {f"Link: {link}"}
    )


def _plain_body(texts: Sequence[Text], shown: Sequence[Fact], links: Sequence[Link]) -> str:
    blocks = [f"{text.title}\n\n{text.body}".rstrip() for text in texts]
    width = min(20, max((len(fact.label) for fact in shown), default=0)) + 2
    indented = "\n" + " " * width
    rows = (
        f"{fact.label + ':':<{width}}{fact.value.replace(chr(10), indented)}" for fact in shown
    )
    blocks += ["\n".join(rows), "\n".join(f"{label}: {to}" for label, to in links if to)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _html_body(texts: Sequence[Text], shown: Sequence[Fact], links: Sequence[Link]) -> str:
    pieces = [f'<!doctype html>\n<html lang="en"><body style="{FONT}">']
    for text in texts:
        pieces.append(f'<h1 style="{TITLE}">{escape(text.title)}</h1>')
        if text.body:
            pieces.append(f'<p style="{PARAGRAPH}">{_lines(text.body)}</p>')
    if shown:
        pieces += ['<table style="border-collapse:collapse">', *map(_row, shown), "</table>"]
    pieces += [f'<p><a href="{escape(to)}">{label}</a></p>' for label, to in links if to]
    return "\n".join([*pieces, "</body></html>", ""])


def _row(fact: Fact) -> str:
    value = _lines(fact.value)
    if fact.link:
        value = f'<a href="{escape(fact.link)}">{value}</a>'
    label = escape(fact.label)
    return f'<tr><th style="{LABEL}">{label}</th><td style="{VALUE}">{value}</td></tr>'


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>\n")
