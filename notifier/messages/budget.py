"""What one rendering of a template may cost: counted as it goes, the same every time.

A unit of work takes about a microsecond, so that all of it stays within a tenth of a
second. Work is counted and not timed: a message must not depend on how busy the host is,
and ``explain`` and ``test`` must see what was sent.
"""

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from dataclasses import dataclass

from jinja2.runtime import Context

from notifier.core.rows import Json
from notifier.messages.views import MistakeError

MAX_OUTPUT_CHARS = 20_000
MAX_WORK = 100_000
CHARS_PER_UNIT = 16
BITS_PER_UNIT = 64
STEP = 3
BUDGET = "_budget"
HOLDERS = (list, tuple, range, KeysView, ValuesView)


class TooMuchError(MistakeError):
    """The template wants more time or memory than a message is worth."""


@dataclass(slots=True)
class Budget:
    """What one rendering may still spend; the only thing here that changes."""

    chars: int = MAX_OUTPUT_CHARS
    work: int = MAX_WORK

    def print(self, text: str) -> None:
        """Count printed text, and what a block captures."""
        self.chars -= len(text)
        if self.chars < 0:
            raise TooMuchError(f"it prints more than {MAX_OUTPUT_CHARS:,} characters")

    def spend(self, units: int = STEP) -> None:
        """Count work about to be done: by default one step, such as a call."""
        self.work -= units
        if self.work < 0:
            raise TooMuchError("it does too much: shorten its loops, lists and repeated texts")

    def weigh(self, *values: Json) -> int:
        """Count everything that values hold, at any depth, and return the units.

        A part that is held twice counts twice: it would be printed and compared twice.
        """
        before = self.work
        for value in values:
            self._weigh(value)
        return before - self.work

    def turns(self, values: Iterable[Json]) -> Iterator[Json]:
        """Count the turns of a loop."""
        for value in values:
            self.spend()
            yield value

    def made(self, value: Json) -> Json:
        """Return what an operation made, counted; what would come one by one comes at once."""
        if isinstance(value, Iterator):
            value = list(self.turns(value))
        self.weigh(value)
        return value

    def _weigh(self, value: Json) -> None:
        self.spend(1)
        if isinstance(value, str):
            self.spend(len(value) // CHARS_PER_UNIT)
        elif isinstance(value, int):
            self.spend(value.bit_length() // BITS_PER_UNIT)
        elif isinstance(value, Mapping | ItemsView):
            for key, entry in value.items() if isinstance(value, Mapping) else value:
                self._weigh(key)
                self._weigh(entry)
        elif isinstance(value, HOLDERS):
            for entry in value:
                self._weigh(entry)


def budget(context: Context) -> Budget:
    """Return the budget of the rendering that is going on."""
    found: Budget = context[BUDGET]
    return found
