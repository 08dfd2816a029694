"""What a command left behind, for the tests of the command line."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


class Run(Protocol):
    """``notifier(*arguments)``, from an empty working folder unless files were put there."""

    def __call__(self, *arguments: str, answers: str = "") -> Ended: ...
