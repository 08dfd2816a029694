"""Whatever strangers write, a mail has our headers and says their words."""

from datetime import UTC
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from examples import NOON, lead, message, new_lead, part
from hypothesis import given
from hypothesis import strategies as st

from notifier.destinations.mail_body import MailBody, write_body
from notifier.destinations.mail_build import (
    Letter,
    build,
    header_text,
    list_id,
    message_id,
)
from notifier.destinations.mail_server import parse_mailbox

WORDS = st.text(
    st.one_of(
        st.sampled_from("\r\n\x0b\x0c\x00\x1b\x85\u2028\u2029\u202e=?<>&\"'@:,; \t"),
        st.characters(),
        st.sampled_from(["\ud800", "é", "🐧"]),
    ),
    max_size=300,
) | st.sampled_from(["=?utf-8?q?x=0ABcc:_evil@x?=", "=?=?==??", "a\r\nBcc: evil@x\r\n\r\nhi"])
NAMES = [
    *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "List-Id"),
    *("Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version", "Content-Type"),
]


def letter(subject: str, body: MailBody, *, domain: str = "example.com") -> Letter:
    return Letter(
        sender=parse_mailbox("Leads <leads@example.com>"),
        recipients=[parse_mailbox("boss@example.com")],
        reply_to=None,
        subject=subject,
        body=body,
        message_id=message_id("managers", "dlv_1", domain=domain),
        parent=message_id("managers", "dlv_0", domain=domain),
        list_id=list_id("managers", domain=domain),
        sent_at=NOON,
    )


def read(mail: bytes) -> EmailMessage:
    return message_from_bytes(mail, policy=policy.default)


@given(WORDS, WORDS)
def test_no_word_becomes_a_header(subject: str, words: str) -> None:
    body = MailBody(subject=subject, text=words, html=words)
    mail = build(letter(subject, body), utf8=False)
    assert mail.isascii()
    assert b"\n" not in mail.replace(b"\r\n", b"")
    parsed = read(mail)
    assert parsed.keys() == NAMES
    assert parsed.defects == []
    assert [part.get_content_type() for part in parsed.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    head = mail.partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 998


@given(WORDS)
def test_a_header_is_one_short_line_that_no_reader_decodes(words: str) -> None:
    text = header_text(words)
    assert len(text) <= 200
    assert "=?" not in text
    assert text.splitlines() in ([], [text])
    assert text.encode().decode() == text


def test_a_long_subject_is_shortened_visibly() -> None:
    assert header_text("x" * 3_000) == "x" * 199 + "…"
    assert header_text("Ravi: 2 = 2? Yes") == "Ravi: 2 = 2? Yes"


def test_ids_stay_whole_however_long_the_domain() -> None:
    domain = ".".join(["d" * 60] * 3)
    body = MailBody(subject="s", text="t", html="h")
    parsed = read(build(letter("s", body, domain=domain), utf8=False))
    assert parsed["in-reply-to"] == message_id("managers", "dlv_0", domain=domain)
    assert parsed["references"] == parsed["in-reply-to"]
    assert parsed["list-id"] == f"<managers.{domain}>"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("managers", "<managers.example.com>"),
        ("Näh & Co!", "<n-h-co.example.com>"),
        ("日本", "<notifier.example.com>"),
    ],
)
def test_a_list_id_is_made_of_the_destinations_name(name: str, expected: str) -> None:
    assert list_id(name, domain="example.com") == expected


def test_a_mail_reads_well_as_text() -> None:
    body = "Status: 🔵 OPEN\nPhone: +919876543210\nCall before noon.\nLink: https://app.example.com/inbox/7e88d192"
    written = write_body(message(part(new_lead(), body=body)), zone=UTC)
    assert written.subject == "New lead: Ravi Kumar"
    assert written.text == (
        "New lead: Ravi Kumar\n"
        "\n"
        "Call before noon.\n"
        "\n"
        "Name:         Ravi Kumar\n"
        "Status:       🔵 OPEN\n"
        "Phone:        +919876543210\n"
        "Email:        ravi@example.org\n"
        "Place:        Pune, India\n"
        "Owner:        Asha Rao\n"
        "Tags:         demo\n"
        "Budget:       5000\n"
        "Last message: Visitor: Hello?\n"
        "Created:      2 Mar 2026, 11:58 UTC\n"
        "\n"
        "Open the chat: https://app.example.com/inbox/7e88d192\n"
    )


@pytest.mark.parametrize("field", ["name", "city", "status", "url", "email", "phone"])
def test_nothing_a_stranger_wrote_is_markup(field: str) -> None:
    words = "<img src=x onerror=alert(1)>\"'&"
    stranger = lead(**{field: words}, attributes={words: words, "site": "javascript:alert(1)"})
    html = write_body(
        message(part(new_lead(stranger), title=words, body=words), who=stranger), zone=UTC
    ).html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert "&lt;img src=x onerror=alert(1)&gt;&quot;&#x27;&amp;" in html


def test_what_does_not_fit_is_counted() -> None:
    many = lead(attributes={f"key {n}": "v" for n in range(100)})
    written = write_body(message(part(new_lead(many)), who=many), zone=UTC)
    assert "…:      and 49 more\n" in written.text
    assert len(written.text) < 5_000
