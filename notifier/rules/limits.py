"""What a destination is spared: how often it is tried, and how much it gets at once."""

from dataclasses import dataclass

from notifier.core.outcome import Policy
from notifier.rules.destinations import Burst


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a destination's messages are tried, and how many may go out at once.

    Destinations of the same ``channel`` share its tempo. ``uses_lead_memory`` says
    whether its messages build on what earlier ones about the lead remembered.
    """

    policy: Policy
    burst: Burst | None
    channel: str = ""
    uses_lead_memory: bool = True
