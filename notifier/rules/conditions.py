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
    """One key of a condition: read a value, test it."""

    key: str
    wanted: str
    get: Getter
    test: Test

    def holds(self, view: View) -> bool:
        """Say whether the value is as wanted."""
        return self.test(view.seen.get(self.key) or view.read(self.key, self.get))

    def first_failure(self, view: View) -> Failure | None:
        """Return why this key does not hold."""
        if self.holds(view):
            return None
        return Failure(key=self.key, wanted=self.wanted, seen=self.get(view))


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The key ``any``, ``all`` or ``not`` of a condition, with the conditions it joins."""

    key: str
    wanted: str
    parts: "tuple[Condition, ...]"

    def holds(self, view: View) -> bool:
        """Say whether any, all or none of the parts hold."""
        held = (part.holds(view) for part in self.parts)
        match self.key:
            case "any":
                return any(held)
            case "all":
                return all(held)
            case _:
                return not any(held)

    def first_failure(self, view: View) -> Failure | None:
        """Return why this key does not hold; of an ``all``, the part's own reason."""
        if self.holds(view):
            return None
        if self.key == "all":
            return next(filter(None, (part.first_failure(view) for part in self.parts)))
        return Failure(key=self.key, wanted=self.wanted, seen=None)


@dataclass(frozen=True, slots=True)
class Condition:
    """A mapping under ``if``: every key must hold; an empty one always does.

    ``written`` is the mapping on one line; two conditions with the same text
    mean the same.
    """

    clauses: tuple[Clause | Group, ...] = ()
    written: str = "{}"

    def holds(self, view: View) -> bool:
        """Say whether every key holds."""
        # No generator in between: hundreds of rules ask this of every event.
        for clause in self.clauses:  # noqa: SIM110
            if not clause.holds(view):
                return False
        return True

    def names(self, key: str) -> bool:
        """Say whether a key stands anywhere in the condition."""
        return any(
            clause.key == key
            or (isinstance(clause, Group) and any(part.names(key) for part in clause.parts))
            for clause in self.clauses
        )

    def first_failure(self, view: View) -> Failure | None:
        """Return the first key that does not hold, ``None`` where all do."""
        return next(filter(None, (clause.first_failure(view) for clause in self.clauses)), None)
