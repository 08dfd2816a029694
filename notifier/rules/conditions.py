"""A rule's ``if`` as one object that says whether it holds, and if not, why not."""

from dataclasses import dataclass

from notifier.core.rows import Json
from notifier.rules.comparisons import Test
from notifier.rules.views import Getter, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The first key of a condition that does not hold.

    ``wanted`` is what the rules file says, ``seen`` the value that was there;
    for the combinators ``any`` and ``not`` it is ``None``.
    """

    key: str
    wanted: str
    seen: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One key of a condition: read a value, test it.

    The combinators read the whole view and test it with their ``parts``.
    """

    key: str
    wanted: str
    get: Getter
    test: Test
    parts: "tuple[Condition, ...]" = ()

    def first_failure(self, view: View) -> Failure | None:
        """Return why this key does not hold; of an ``all``, the part's own reason."""
        seen = self.get(view)
        if self.test(seen):
            return None
        if self.key == "all":
            return next(filter(None, (part.first_failure(view) for part in self.parts)))
        return Failure(key=self.key, wanted=self.wanted, seen=None if self.parts else seen)


@dataclass(frozen=True, slots=True)
class Condition:
    """A mapping under ``if``: every key must hold; an empty one always does.

    ``written`` is the mapping on one line; two conditions with the same text
    mean the same.
    """

    clauses: tuple[Clause, ...] = ()
    written: str = "{}"

    def holds(self, view: View) -> bool:
        """Say whether every key holds."""
        # No generator and no method in between: hundreds of rules ask this of every event.
        for clause in self.clauses:  # noqa: SIM110
            if not clause.test(clause.get(view)):
                return False
        return True

    def names(self, key: str) -> bool:
        """Say whether a key stands anywhere in the condition."""
        return any(
            clause.key == key or any(part.names(key) for part in clause.parts)
            for clause in self.clauses
        )

    def first_failure(self, view: View) -> Failure | None:
        """Return the first key that does not hold, ``None`` where all do."""
        return next(filter(None, (clause.first_failure(view) for clause in self.clauses)), None)


def group(key: str, parts: "tuple[Condition, ...]", *, wanted: str) -> Clause:
    """Return the clause of a combinator: ``any``, ``all`` or ``not`` of the parts."""
    tests: dict[str, Test] = {
        "any": lambda view: any(part.holds(view) for part in parts),
        "all": lambda view: all(part.holds(view) for part in parts),
        "not": lambda view: not any(part.holds(view) for part in parts),
    }
    return Clause(key=key, wanted=wanted, get=_whole, test=tests[key], parts=parts)


def _whole(view: View) -> View:
    return view
