"""Strangers' words, made harmless for each medium."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.messages.escape import (
    one_line,
    plain,
    safe_link,
    shorten,
    shorten_mrkdwn,
    slack,
)

ENTITY = re.compile(r"&(amp|lt|gt);")


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("<!channel>", "&lt;!channel&gt;"),
        ("<https://evil.example|bank>", "&lt;https://evil.example|bank&gt;"),
        ("R&D", "R&amp;D"),
        ('O\'Brien "x" *b*', 'O\'Brien "x" *b*'),
        ("&lt;", "&amp;lt;"),
    ],
)
def test_slack_gives_meaning_to_three_characters(given_text: str, shown: str) -> None:
    assert slack(given_text) == shown


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07here", "here"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jcleared", "cleared"),
        ("\x1bcreset", "creset"),
        ("safe\rforged", "safe\nforged"),
        ("a\r\nb", "a\nb"),
        ("a\u2028b\x85c", "a\nb\nc"),
        ("exe\u202egpj.sh", "exegpj.sh"),
        ("tab\tstays", "tab\tstays"),
        ("bell\x07 nul\x00", "bell nul"),
        ("नमस्ते 🌸 עברית", "नमस्ते 🌸 עברית"),
    ],
)
def test_a_terminal_is_told_nothing(given_text: str, shown: str) -> None:
    assert plain(given_text) == shown


def test_one_line_is_one_line() -> None:
    assert one_line(" a\r\n b\u2028c\x0bd\t e ") == "a b c d e"


@given(st.text())
def test_one_line_never_breaks(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


@given(st.text())
def test_nothing_is_lost_by_escaping_for_slack(text: str) -> None:
    escaped = slack(text)
    read = escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert read == plain(text)
    assert not {"<", ">"} & set(escaped)


@given(st.text(alphabet="ab&<>é🌸 \n", max_size=200), st.integers(1, 120))
def test_a_shortened_text_fits_and_cuts_no_entity(text: str, limit: int) -> None:
    short = slack(text, limit)
    assert len(short) <= limit
    assert "&" not in ENTITY.sub("", short)
    assert short == slack(text) or short.endswith("…")


def test_a_cut_shows() -> None:
    assert shorten("Asha Rao", 5) == "Asha…"
    assert shorten("Asha", 4) == "Asha"
    assert slack("&&&", 12) == "&amp;&amp;…"
    assert slack("&&&", 15) == "&amp;&amp;&amp;"


def test_finished_mrkdwn_is_cut_between_its_tokens() -> None:
    assert shorten_mrkdwn("ab <!here> c", 11) == "ab <!here>…"
    assert shorten_mrkdwn("ab <!here> c", 9) == "ab…"
    assert shorten_mrkdwn("x &amp; y", 6) == "x…"
    assert shorten_mrkdwn("a < b", 5) == "a < b"


@given(st.lists(st.sampled_from(["a", " ", "&amp;", "<!here>", "<", "\n"])), st.integers(1, 60))
def test_finished_mrkdwn_fits(tokens: list[str], limit: int) -> None:
    short = shorten_mrkdwn("".join(tokens), limit)
    assert len(short) <= limit
    assert "&" not in ENTITY.sub("", short)


@pytest.mark.parametrize(
    "url", ["https://app.example.com/inbox/7e88d192?a=b&c=d#e", "http://127.0.0.1:8080/x"]
)
def test_http_links_are_kept(url: str) -> None:
    assert safe_link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/inbox",
        "https://",
        "https://[::1",
        "https://a.example/|x",
        "https://a.example/>x",
        "https://a.example/\nx",
        "https://a.example/ x",
        " https://a.example/",
        'https://a.example/"x',
        "https://a.example/\u202ex",
    ],
)
def test_other_links_are_no_links(url: str | None) -> None:
    assert safe_link(url) is None
