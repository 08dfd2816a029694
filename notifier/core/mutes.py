"""What a person has silenced for now."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutes:
    """Rules and destinations that a person has silenced for now."""

    rules: frozenset[str] = frozenset()
    destinations: frozenset[str] = frozenset()
