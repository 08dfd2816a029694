"""What is said of a text that does not belong where it stands, without telling a secret."""


class UnfitError(ValueError):
    """A text does not fit; ``problem``, with any suggestion, is said of it in our words.

    What was put in for a ``${NAME}`` is told to nobody: who reports the error then quotes
    the source text, with :meth:`said_of`.
    """

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(f"`{text}` {problem}")
        self.problem = problem

    def said_of(self, source: str) -> str:
        """Return the message with the text as it stands in the file."""
        return f"`{source}` {self.problem}"
