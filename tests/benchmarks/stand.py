"""What the groups of rows share: a folder, a pace, and one house with 100,000 leads."""

from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from big import Big, build


@dataclass(frozen=True, kw_only=True)
class Stand:
    """One run of the benchmarks; what ``stack`` holds is closed at its end."""

    folder: Path
    quick: bool
    stack: ExitStack

    def place(self, name: str) -> Path:
        """Return a new folder."""
        folder = self.folder / name
        folder.mkdir()
        return folder

    @cached_property
    def big(self) -> Big:
        """The installation with 100,000 known leads, made by its baseline at first use."""
        return self.stack.enter_context(build(self.place("big"), leads=100_000))
