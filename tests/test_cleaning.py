"""What comes from outside leaves the door as text that everything can carry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.cleaning import clean


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("250 ok, für alle", "250 ok, für alle"),
        (b"550 Empf\xe4nger", "550 Empf\ufffdnger"),
        ("550 Empf\udce4nger", "550 Empf\ufffdnger"),  # as smtplib's kin keep a byte
        ("caf\udcc3\udca9", "café"),  # bytes of UTF-8 that were kept one by one
        ("\ud800x\udfff", "\ufffdx\ufffd"),  # as JSON has them
        ("a\0b\x1b[1m\x85", "a\ufffdb\ufffd[1m\ufffd"),
        ("two\r\nlines\tand a tab", "two\nlines\tand a tab"),
    ],
)
def test_words_become_text(said: str | bytes, text: str) -> None:
    assert clean(said) == text


@given(st.one_of(st.binary(), st.text(st.characters(exclude_categories=()))))
def test_whatever_was_said_can_be_written_and_is_clean_from_then_on(said: str | bytes) -> None:
    text = clean(said)
    assert text.encode().decode() == text
    assert clean(text) == text
