"""The fixture that runs a command in this process."""

from typing import Protocol

from support.program import Ended


class Run(Protocol):
    """``notifier(*arguments)``, from an empty working folder unless files were put there."""

    def __call__(self, *arguments: str, answers: str = "") -> Ended: ...
