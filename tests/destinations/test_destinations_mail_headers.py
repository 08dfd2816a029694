"""Headers read as the text was written, in whichever mail program."""

import base64
import quopri
import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header

import pytest
from examples import NOON
from hypothesis import given
from hypothesis import strategies as st

from notifier.destinations.mail_body import MailBody
from notifier.destinations.mail_build import Letter, build, header_text, list_id, message_id
from notifier.destinations.mail_server import Mailbox
from notifier.messages.escape import one_line

ENCODED = re.compile(rb"=\?utf-8\?([bq])\?([^? ]*)\?=", re.IGNORECASE)
BETWEEN_ENCODED = re.compile(rb"(?<=\?=)[ \t]+(?==\?)")
SCRIPTS = [
    "مرحبا بالعالم، عميل جديد",
    "नया ग्राहक: क्षत्रिय ज्ञानेश्वरी",
    "新的潜在客户，请尽快联系",
    "👩‍👩‍👧‍👦🇮🇳👍🏽 🐧",
    "Ünïcödé, e\u0301 plain ASCII words",
    ' "quoted" (comment) <angle> @ ; : \\ = ? _ .,',
]
TEXTS = st.text(st.sampled_from("".join(SCRIPTS)), max_size=230) | st.text(max_size=230)


def mail_of(subject: str, *, name: str = "", utf8: bool = False) -> bytes:
    letter = Letter(
        sender=Mailbox(local="leads", domain="example.com", name=name),
        recipients=[
            Mailbox(local="boss", domain="example.com", name=name),
            Mailbox(local="zoë" if utf8 else "zoe", domain="example.com"),
        ],
        reply_to=None,
        subject=subject,
        body=MailBody(subject=subject, text="t", html="h"),
        message_id=message_id("managers", "dlv_1", domain="example.com"),
        parent=None,
        list_id=list_id("managers", domain="example.com"),
        sent_at=NOON,
    )
    return build(letter, utf8=utf8)


def raw_header(mail: bytes, name: bytes) -> bytes:
    """Return a header's value, unfolded, as a program reads it that knows no Python."""
    head = mail.partition(b"\r\n\r\n")[0] + b"\r\n"
    found = re.search(rb"(?im)^" + name + rb": ((?:.*\r\n)(?:[ \t].*\r\n)*)", head)
    assert found
    return found[1].replace(b"\r\n", b"")


def decoded(value: bytes) -> str:
    """Return the text of a value by RFC 2047, each word on its own, strictly."""
    text, end = "", 0
    joined = BETWEEN_ENCODED.sub(b"", value)
    for word in ENCODED.finditer(joined):
        assert len(word[0]) <= 75
        raw = base64.b64decode(word[2]) if word[1].lower() == b"b" else _unquoted(word[2])
        text += joined[end : word.start()].decode("ascii") + raw.decode("utf-8")
        end = word.end()
    return text + joined[end:].decode("ascii")


def _unquoted(word: bytes) -> bytes:
    return quopri.decodestring(word.replace(b"_", b" "))


def said_by_all(mail: bytes) -> set[str]:
    """Return what three readers make of the subject."""
    value = raw_header(mail, b"Subject")
    return {
        str(message_from_bytes(mail, policy=policy.default)["subject"]),
        str(make_header(decode_header(value.decode("ascii")))),
        decoded(value),
    }


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_long_subject_survives_folding_in_any_script(script: str) -> None:
    subject = " ".join([script] * 6)
    assert said_by_all(mail_of(subject)) == {header_text(subject)}


@given(TEXTS, st.booleans())
def test_a_subject_reads_as_it_was_written(subject: str, utf8: bool) -> None:
    assert said_by_all(mail_of(subject, utf8=utf8)) == {header_text(subject)}


@given(TEXTS, st.booleans())
def test_a_name_reads_as_it_was_written(name: str, utf8: bool) -> None:
    name = one_line(name.encode("utf-8", "replace").decode())
    mail = mail_of("s", name=name, utf8=utf8)
    parsed = message_from_bytes(mail, policy=policy.default)
    (sender,) = parsed["from"].addresses
    boss, zoe = parsed["to"].addresses
    assert {sender.addr_spec, boss.addr_spec} == {"leads@example.com", "boss@example.com"}
    assert zoe.domain == "example.com"
    value = raw_header(mail, b"From")
    if not name.isascii():
        assert decoded(value) == f"{name} <leads@example.com>"
    # CPython before 3.12.9 reads a blank between two words that names are split into.
    if len(ENCODED.findall(value)) <= 1:
        assert sender.display_name == boss.display_name == name
    assert max(map(len, mail.partition(b"\r\n\r\n")[0].split(b"\r\n"))) <= 998


def test_an_address_outside_ascii_is_written_as_it_is_where_the_server_can() -> None:
    mail = mail_of("s", name="Zoë", utf8=True)
    parsed = message_from_bytes(mail, policy=policy.default.clone(utf8=True))
    assert "<boss@example.com>" in str(parsed["to"])
    assert "zoë@example.com".encode() in mail


@pytest.mark.parametrize("subject", ["x" * 80, f"https://example.com/{'y' * 90} is long"])
def test_a_first_word_that_is_too_long_for_its_line_gets_no_blank(subject: str) -> None:
    assert said_by_all(mail_of(subject)) == {subject}


@pytest.mark.parametrize("name", ["é" + "x" * 150, "सेल्स टीम " * 12])
def test_no_line_with_encoded_words_is_longer_than_they_may_be(name: str) -> None:
    lines = mail_of(name, name=name.strip()).partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert max(len(line) for line in lines if b"=?" in line) <= 76  # RFC 2047, 2
