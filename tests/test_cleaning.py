"""What comes from outside leaves the door as text that everything can carry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.cleaning import MOST_MARKS, clean, comparable, visible


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


@pytest.mark.parametrize(
    "written",
    [
        *("\u200b", "\u200e\u200d\u2060", "\u2800", "\u3164", "\u00ad\u00ad", "\u202e"),
        *("\u2066\u2069", "\ufeff", "\u115f\u1160", "\uffa0", "\u061c", "\u180e", "\u034f"),
        *("\ufe0f", "\ufe0f\u200d\ufe0f", "\U000e0041\U000e007f", "\U000e0100", "\x00\x7f\x9f"),
        *("", "  ", " \u00a0\u3000\n\t", "\u200b \n \u2028\u2060", "\x1b[2J"),
    ],
)
def test_what_is_nothing_to_the_eye_is_empty(written: str) -> None:
    assert visible(written) == ""
    assert comparable(written) == ""


@pytest.mark.parametrize(
    "written",
    [
        "Meera Nair",
        "O'Brien & Søn <x>",
        "नमस्ते 🌸 עברית",
        "क्\u200dष",  # a half form, in the middle of a word
        "രാജന്\u200d",  # a chillu in its older spelling, at a word's end
        "ශ්\u200dරී",
        "می\u200cخواهم",
        "👩\u200d👩\u200d👧",
        "👨🏽\u200d⚕\ufe0f",
        "🏳\ufe0f\u200d🌈",
        "❤\ufe0f",
        "1\ufe0f\u20e3",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "葛\U000e0100城",
        "two\nlines",
    ],
)
def test_what_belongs_to_a_word_or_a_picture_stays(written: str) -> None:
    assert visible(written) == written


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Jose\u0301", "José"),
        ("Jose\u200b\u0301", "José"),
        ("\u202ePune\u202c", "Pune"),
        ("Pu\u200dne", "Pune"),
        ("Asha\u200c", "Asha"),
        ("5000\ufe0f", "5000"),
        ("New\u00a0\u2003 Delhi", "New Delhi"),
        ("New\u2800Delhi", "New Delhi"),
        (" a \r\n\u200b b\u2028c\x85d ", "a\nb\nc\nd"),
        ("\x1b[31mred\x1b[0m\x1b]0;owned\x07", "red"),
        ("a\0b\x7f\x9fc", "abc"),
    ],
)
def test_a_text_is_kept_as_it_is_seen(written: str, shown: str) -> None:
    assert visible(written) == shown


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("TÜRKİYE", "Türkiye"),
        ("İstanbul", "istanbul"),
        ("I\u0307stanbul", "Istanbul"),
        ("Ma\u0301laga", "MÁLAGA"),
        ("New\u00a0Delhi", "new  delhi"),
        ("New\nDelhi", "new delhi"),
        ("Pune\u200b", "\u200e\ufeffPUNE"),
        ("ＰＵＮＥ", "Pune"),
        ("STRASSE", "Straße"),
        ("❤\ufe0f", "❤"),
    ],
)
def test_what_people_would_call_the_same_compares_so(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


def test_a_joiner_that_shows_makes_a_difference() -> None:
    assert comparable("می\u200cخواهم") != comparable("میخواهم")


@given(st.text())
def test_nobody_sees_a_difference_between_a_text_and_what_is_kept(written: str) -> None:
    shown = visible(written)
    assert visible(shown) == shown
    assert comparable(shown) == comparable(written)
    assert shown == shown.strip()


def test_a_letter_under_a_heap_of_marks_costs_no_more_than_others() -> None:
    heap = "a" + "\u0315\u0300\u0323\u0334" * 5_000
    assert len(visible(heap)) <= 1 + MOST_MARKS
