"""What can be wrong with a rule's own words."""


class TemplateFault(ValueError):  # noqa: N818 - a fault of the author's, as in ConfigError
    """What is wrong in a template; ``line`` counts from 1 within ``part``.

    ``part`` is ``title`` or ``body``. ``problem`` quotes no visitor's words.
    """

    def __init__(self, line: int, problem: str, part: str = "body") -> None:
        super().__init__(f"{part}, line {line}: {problem}")
        self.line = line
        self.problem = problem
        self.part = part
