"""What all lanes share."""

from collections.abc import Callable
from dataclasses import dataclass

from notifier.rules.model import Ruleset
from notifier.store.owned import OwnerStore
from notifier.transactions.leads import CurrentLead
from notifier.transactions.turn import Turn


def unobserved(_destination: str, _turn: Turn) -> None:
    """Take no notice of a turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneContext:
    """What all lanes share. ``now_ms`` is wall-clock time, ``jitter`` lies in [0, 1).

    ``observe`` hears of each turn, with the destination's name.
    """

    store: OwnerStore
    rules: Callable[[], Ruleset]
    current_lead: CurrentLead
    now_ms: Callable[[], int]
    jitter: Callable[[], float]
    wake: Callable[[set[str]], None]
    observe: Callable[[str, Turn], None] = unobserved
