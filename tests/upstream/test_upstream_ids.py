"""A set of ids is like any other set, whatever ids there are."""

from hypothesis import given
from hypothesis import strategies as st

from notifier.upstream.ids import Ids

# Lone surrogates, too: an id is what a stranger sent.
texts = st.text(st.characters(), max_size=40)


def test_what_was_taken_in_is_there_and_nothing_else() -> None:
    ids = Ids(["a", "b"])
    ids.update(["b", "c"])
    assert sorted(ids) == ["a", "b", "c"]
    assert "b" in ids
    assert "bc" not in ids
    assert "" not in ids
    assert ids >= {"a", "c"}
    assert not {"a", "d"} <= ids


@given(st.lists(st.lists(texts)), st.lists(texts))
def test_it_is_like_a_set(pages: list[list[str]], others: list[str]) -> None:
    ids, model = Ids(), set[str]()
    for page in pages:
        assert (frozenset(page) <= ids) == (frozenset(page) <= model)
        ids.update(page)
        model |= set(page)
    assert set(ids) == model
    assert len(ids) == len(model)
    assert [other in ids for other in others] == [other in model for other in others]


def test_many_ids_are_found_again() -> None:
    ids = Ids(f"{number:024x}" for number in range(5_000))
    assert len(ids) == 5_000
    assert all(f"{number:024x}" in ids for number in range(5_000))
    assert f"{5_000:024x}" not in ids
