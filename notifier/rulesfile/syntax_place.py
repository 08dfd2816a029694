"""Where the YAML parser gave up, and what stands around that place."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ruamel.yaml.error import MarkedYAMLError, StreamMark

BEGUN = re.compile(r" *(?P<dash>- +)?(?P<key>[\w.-]+):(?: |$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What is wrong, and how to mend it; line and column start at 1."""

    line: int
    column: int
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the parser gave up, where the thing began that it was reading, and its words."""

    lines: Sequence[str]
    line: int
    column: int
    began: int
    began_column: int
    words: str

    @classmethod
    def of(cls, error: MarkedYAMLError, lines: Sequence[str]) -> "Place":
        """Return the place of a parser's error."""
        at: StreamMark | None = error.problem_mark or error.context_mark
        began: StreamMark | None = error.context_mark or at
        return cls(
            lines=lines,
            line=at.line if at else 0,
            column=at.column if at else 0,
            began=began.line if began else 0,
            began_column=began.column if began else 0,
            words=f"{error.context or ''}: {error.problem or ''}",
        )

    def text(self, line: int) -> str:
        """Return a line, counted from 0."""
        return self.lines[line] if 0 <= line < len(self.lines) else ""

    @property
    def here(self) -> str:
        """The line at which the parser gave up."""
        return self.text(self.line)

    @property
    def letter(self) -> str:
        """The letter at which the parser gave up, empty at the end of a line."""
        return self.here[self.column : self.column + 1]

    def above(self) -> int:
        """Return the last line above that says anything, or -1."""
        numbers = range(min(self.line, len(self.lines)) - 1, -1, -1)
        return next((n for n in numbers if self.text(n).strip(" \r")[:1] not in ("", "#")), -1)

    def nearest(self, column: int, *, is_entry: bool) -> tuple[int, str] | None:
        """Return the nearest column at which a key, or an entry, begins above, and the key."""
        found: list[tuple[int, str]] = []
        for number in range(self.line - 1, -1, -1):
            begun = BEGUN.match(self.text(number))
            at = begun.start("dash" if is_entry else "key") if begun else -1
            # Whatever is indented deeper than a line below it has ended there.
            if begun and at >= 0 and all(at < other for other, _ in found):
                found.append((at, begun["key"]))
        return min(found, key=lambda one: abs(one[0] - column), default=None)

    def slip(
        self, problem: str, remedy: str, line: int | None = None, column: int | None = None
    ) -> Slip:
        """Return a slip here, or at a line and column counted from 0."""
        row = self.line if line is None else line
        place = self.column if column is None else column
        return Slip(line=row + 1, column=place + 1, problem=problem, remedy=remedy)
