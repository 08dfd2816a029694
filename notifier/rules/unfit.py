"""What is said of a text that does not belong where it stands, without telling a secret."""

import re

HUSHED = re.compile(r"token|secret|password|url|authorization|key", re.IGNORECASE)


def is_hushed(line: str) -> bool:
    """Say whether what stands beside this word may be a secret: no message repeats it."""
    return HUSHED.search(line) is not None


class UnfitError(ValueError):
    """A text does not fit; ``problem``, with any suggestion, is said of it in our words.

    ``hint`` goes on in words made from the text, and is told only with the text itself.
    What was put in for a ``${NAME}`` is told to nobody: who reports the error then quotes
    the source text, with :meth:`said_of`.
    """

    def __init__(self, text: str, problem: str, hint: str = "") -> None:
        super().__init__(f"`{text}` {problem}{hint}")
        self.problem = problem

    def said_of(self, source: str) -> str:
        """Return the message with the text as it stands in the file."""
        return f"`{source}` {self.problem}"
