"""The ids that a walk has met; pure."""

from array import array
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Final

END: Final = b"\xff"  # in no UTF-8
SMALLEST: Final = 64


class Ids(AbstractSet[str]):
    """A set that grows, in two blocks of memory whatever it holds.

    As texts of their own the ids of 100,000 leads are 12 MB, strewn between what a
    walk goes through; most of that would stay with the process for good.
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._words = bytearray(END)
        self._places = array("I", bytes(4 * SMALLEST))
        self._count = 0
        self.update(ids)

    def update(self, ids: Iterable[str]) -> None:
        """Take in more ids."""
        for one in ids:
            self._add(_word(one))

    def __contains__(self, one: object) -> bool:
        return isinstance(one, str) and self._places[self._slot(_word(one))] > 0

    def __iter__(self) -> Iterator[str]:
        return (self._word_at(at)[:-1].decode(errors="surrogatepass") for at in self._each())

    def __len__(self) -> int:
        return self._count

    def _add(self, word: bytes) -> None:
        slot = self._slot(word)
        if self._places[slot]:
            return
        self._places[slot] = len(self._words)
        self._words += word
        self._count += 1
        if 2 * self._count > len(self._places):
            self._grow()

    def _grow(self) -> None:
        self._places = array("I", bytes(8 * len(self._places)))
        for at in self._each():
            self._places[self._slot(self._word_at(at))] = at

    def _slot(self, word: bytes) -> int:
        """Return where the table says where the word begins, or would say so."""
        last = len(self._places) - 1
        slot = hash(word) & last
        while (at := self._places[slot]) and not self._words.startswith(word, at):
            slot = (slot + 1) & last
        return slot

    def _each(self) -> Iterator[int]:
        at = len(END)
        while at < len(self._words):
            yield at
            at = self._words.index(END, at) + len(END)

    def _word_at(self, at: int) -> bytes:
        return bytes(self._words[at : self._words.index(END, at) + len(END)])


def _word(text: str) -> bytes:
    return text.encode(errors="surrogatepass") + END
