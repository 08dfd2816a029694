"""Faults that last for a while: each of them is to meet somebody."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from simulation.story import MINUTE_S, Entry, Story, name_of

LASTING = (
    *("trouble", "odd answers", "disk full", "clock"),
    *("others use the token", "bad record", "cut off"),
)
Turn = Callable[[], object]


@dataclass(slots=True, kw_only=True)
class Lasting:
    """What goes wrong just now, and what went wrong.

    Of one sort there is one at a time (but for what goes on beside others). It goes on until
    it has met somebody, or the time of rest begins; then the next one of its sort begins.
    ``later`` lets a turn come at its time, ``effects`` says how often each fault has taken
    effect; ``idle`` counts those that never did.
    """

    story: Story
    clock_s: Callable[[], float]
    effects: Callable[[], Counter[str]]
    later: Callable[[float, Turn], None]
    idle: Counter[str] = field(default_factory=Counter)
    _was: list[Entry] = field(default_factory=list)
    _busy: set[str] = field(default_factory=set)
    _waiting: list[tuple[Entry, Turn, Turn]] = field(default_factory=list)

    def begin(self, fault: Entry, begin: Turn, end: Turn) -> None:
        """Let a fault begin, and end whatever process lives then."""
        sort = _sort(fault)
        if sort in self._busy:
            self._waiting.append((fault, begin, end))
            return
        self._busy.add(sort)
        go_on = partial(self._go_on, sort)
        self._last(fault, begin, end, until_s=self.story.rests_from_s, then=go_on)

    def beside(self, fault: Entry, begin: Turn, end: Turn) -> None:
        """Let a fault begin beside others of its sort; it ends at its time."""
        self._last(fault, begin, end)

    def _last(
        self,
        fault: Entry,
        begin: Turn,
        end: Turn,
        *,
        until_s: float = 0.0,
        then: Turn = lambda: None,
    ) -> None:
        """Let it last for its time, and until ``until_s`` where it has met nobody by then."""
        name, at_s = name_of(fault), self.clock_s()
        before = self.effects()[name]
        begin()

        def over() -> None:
            is_met = self.effects()[name] != before
            next_s = self.clock_s() + max(fault.lasts_s, MINUTE_S)
            if not is_met and next_s <= until_s:
                self.later(next_s, over)
                return
            end()
            self.idle[name] += not is_met
            self._was.append(replace(fault, at_s=at_s, lasts_s=self.clock_s() - at_s))
            then()

        self.later(at_s + fault.lasts_s, over)

    def happened(self) -> Story:
        """Return the story with its faults as they were."""
        rest = [one for one in self.story.entries if one.what not in LASTING]
        entries = sorted([*rest, *self._was], key=lambda one: one.at_s)
        return replace(self.story, entries=tuple(entries))

    def _go_on(self, sort: str) -> None:
        """Let the next one of this sort begin, where it can end before the rest."""
        self._busy.discard(sort)
        found = [one for one in self._waiting if _sort(one[0]) == sort]
        if not found:
            return
        fault, begin, end = found[0]
        self._waiting.remove(found[0])
        left_s = self.story.rests_from_s - self.clock_s()
        if left_s > MINUTE_S:
            self.begin(replace(fault, lasts_s=min(fault.lasts_s, left_s)), begin, end)
        else:
            self.idle[name_of(fault)] += 1
            self._go_on(sort)


def _sort(fault: Entry) -> str:
    """Return what two faults have in common that cannot be there at once."""
    host = fault.text.partition(":")[0] if fault.what in ("trouble", "odd answers") else ""
    return f"{fault.what} {host}"
