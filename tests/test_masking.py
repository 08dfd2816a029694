import pytest

from notifier.core.masking import HIDDEN, is_telling, masked


@pytest.mark.parametrize(
    "text",
    [
        *(
            "+919876543210",
            "98765 43210",
            "(020) 7946-0958",
            "020.7946.0958",
            "+1-202-555-0143",
        ),
        *("٠١٢٣٤٥٦٧٨٩", "９８７６５４３２１０", "98\u00a0765\u00a0432", "98_76_54_32_10"),
        *("asha@example.com", "a.b+c@d", "asha @ example.com", "asha＠example.com", "ä@ö.de"),
    ],
)
def test_numbers_and_addresses_are_hidden_wherever_they_stand(text: str) -> None:
    assert masked(text) == HIDDEN
    assert masked(f"Call {text}, please") in (
        f"Call {HIDDEN}, please",
        f"Call {HIDDEN} please",  # a comma behind an address may be part of it
    )
    assert is_telling(text)


@pytest.mark.parametrize(
    "text", ["", "What does it cost?", "2 rooms, 120000", "at 10:30", "@ home"]
)
def test_other_words_stay(text: str) -> None:
    assert masked(text) == text
    assert not is_telling(text)


def test_what_is_known_to_be_a_number_or_address_is_hidden_in_any_form() -> None:
    assert (
        masked("reach 12345 or asha", ["12345", "asha", "or"]) == f"reach {HIDDEN} or {HIDDEN}"
    )


def test_a_word_without_end_takes_no_longer_for_it() -> None:
    for text in ("x" * 200_000, "x " * 100_000, "1 2" * 1, "a" * 100_000 + " "):
        assert masked(text) == text
