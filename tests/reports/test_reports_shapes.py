"""JSON, sheet, words, mail and Slack tell the same figures, to the second."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from msgspec.structs import replace

from notifier.core.events import decode, encode, report_ready
from notifier.core.rows import Json
from notifier.destinations.base import Message, Part
from notifier.destinations.mail_body import write_body
from notifier.destinations.slack_blocks import untied
from notifier.messages.text import Medium, Text
from notifier.reports import mail, sheet, slack, words
from notifier.reports.model import Measure, Report, as_json, from_json
from notifier.reports.model import encode as encoded
from reports.month import play
from reports.observed import ASHA, BORIS, NAMELESS, WHATSAPP, Observed, in_file

BEGINS = datetime(2026, 3, 9, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    """A busy week after another one, with a lead of an awkward name that waits."""
    observed = Observed(in_file(tmp_path_factory.mktemp("shapes")), begins=BEGINS)
    play(observed, begins=BEGINS, days=17, seed=3)
    observed.create(name="<b>*Eve*</b>|\u202eevil & co", assignee=ASHA, bot_id=WHATSAPP)
    observed.create(name="Ada", assignee=None)  # of the bot that has links
    observed.go(observed.now + timedelta(hours=2))
    yield msgspec.structs.replace(observed.report(since=WEEK), name="Monday")
    observed.session.close()


def figures(measure: Measure) -> tuple[str, str, str]:
    """Return what people must find of a measure, to the second."""
    return words.long(measure.median_s), words.long(measure.p90_s), str(measure.count)


def seen(html: str) -> str:
    """Return what a reader sees of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def shown(blocks: list[dict[str, Json]]) -> str:
    """Return all words of Slack's blocks."""

    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("text"), str):
                yield value["text"]
            value = list(value.values())
        if isinstance(value, list):
            for one in value:
                yield from texts(one)

    return "\n".join(texts(blocks))


def in_seconds(text: str) -> int:
    """Return the seconds in ``2h 5m 9s``: another reading than the program's own."""
    units = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
    return sum(int(part[:-1]) * units[part[-1]] for part in text.split())


def test_a_duration_in_words_is_the_very_number(report: Report) -> None:
    for _, now, before in words.each(report):
        for measure in (now, before):
            for value in (measure.median_s, measure.p90_s):
                assert value is not None
                assert in_seconds(words.long(value)) == value


def test_every_shape_tells_every_measure(report: Report) -> None:
    html, slack_words = seen(mail.html(report)), shown(slack.blocks(report, ""))
    for label, now, before in words.each(report):
        for told in (html, mail.text(report), slack_words):
            assert label.casefold() in told.casefold()
            assert all(figure in told for figure in figures(now))
            assert words.long(before.median_s) in told
        assert all(one in words.message(report, Medium.PLAIN).body for one in figures(now))
        assert f"{now.count} leads (before: {before.count})" in html


def test_every_shape_tells_every_group(report: Report) -> None:
    html, slack_words = seen(mail.html(report)), shown(slack.blocks(report, ""))
    assert {one.key for one in report.groups} >= {ASHA, BORIS, NAMELESS}
    for one in report.groups:
        median, _, count = figures(one.measures.reply)
        for told in (html, mail.text(report), slack_words):
            assert f"{count} of {one.leads}" in told
            assert one.name in told
            assert median in told


def test_the_sheet_has_the_numbers_of_the_json(report: Report) -> None:
    known = orjson.loads(encoded(report))
    rows = list(sheet.rows(report))
    for row, told in zip(rows, [known, known["before"], *known["groups"]], strict=True):
        for measure, values in told["measures"].items():
            assert {name: row[f"{measure}_{name}"] for name in values} == values


def test_who_waits_is_told_with_a_link_that_nobody_else_can_make(report: Report) -> None:
    html, text = mail.html(report), mail.text(report)
    for told in (seen(html), text):
        assert "<b>*Eve*</b>|evil & co" in told
        assert words.long(report.waiting[0].waits_s) in told
    assert "<b>*Eve" not in html
    assert "&lt;b&gt;*Eve*&lt;/b&gt;|evil &amp; co" in shown(slack.blocks(report, ""))
    links = re.findall(r'href="([^"]*)"', html)
    assert links
    assert all(link.startswith("https://chat.example/") for link in links)


def test_what_a_mail_leaves_out_is_counted(report: Report) -> None:
    many = replace(report, groups=report.groups[:1] * 30, still_waiting=1_020)
    for told in (mail.text(many), seen(mail.html(many))):
        assert "and 5 more" in told
        assert "and 1,000 more" in told


def test_an_owner_s_name_keeps_to_its_line_of_the_mail(report: Report) -> None:
    waits = msgspec.structs.replace(report.waiting[0], assignee="Asha\n\n\u202e" + "x" * 99)
    text = mail.text(msgspec.structs.replace(report, waiting=(waits,)))
    assert re.search(r", Asha x{54}…( https://\S+)?\n", text)


def test_nothing_in_the_mail_comes_from_elsewhere(report: Report) -> None:
    html = mail.html(report)
    assert not re.search(r"<(?:img|link|script|style|iframe|svg)|url\(|src=", html)


def test_slack_gets_what_slack_takes(report: Report) -> None:
    blocks = slack.blocks(report, "<!here>")
    assert len(blocks) <= 6  # one screen
    assert len(orjson.dumps(blocks)) < 13_000
    for block in blocks:
        for one in [block.get("text"), *block.get("fields", ()), *block.get("elements", ())]:
            assert one is None or 0 < len(one["text"]) <= 2_900
    assert shown(blocks).startswith("<!here> *Monday: ")


def message(report: Report) -> Message:
    event = report_ready("Monday", as_json(report), due=BEGINS, at=BEGINS)
    stored = decode(encode(event))  # as a lane claims it
    text = Text(title="Monday", body="")
    return Message(
        id="m", parts=(Part(event=stored, body=encode(event), text=text, rule="Monday"),)
    )


def test_destinations_show_the_report_of_the_event(report: Report) -> None:
    told = message(report)
    body = write_body(told, zone=UTC)
    assert (body.html, body.text) == (mail.html(report), mail.text(report))
    assert body.subject == words.title(report)
    assert untied(told.parts, "") == slack.blocks(report, "")


def test_a_program_gets_the_json_in_the_envelope(report: Report) -> None:
    body = orjson.loads(message(report).parts[0].body)
    assert (body["type"], body["subject"]) == ("report.ready", "Monday")
    assert body["data"]["report"] == orjson.loads(encoded(report))
    assert from_json(body["data"]["report"]) == report


def test_a_report_on_nothing_is_told_too(tmp_path: Path) -> None:
    observed = Observed(in_file(tmp_path), begins=BEGINS)
    empty = observed.report(since=WEEK)
    observed.session.close()
    assert mail.subject(empty) == "no leads"
    assert "none" in mail.text(empty)
    assert "By agent" not in mail.text(empty)
    assert slack.blocks(empty, "")
    assert "First replies" not in mail.html(empty)
