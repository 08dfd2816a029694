"""A destination without a network, for what lanes do with any kind."""

import asyncio
from dataclasses import dataclass, field

from notifier.destinations.base import Diagnosis, Message, Receipt
from notifier.messages.text import Medium


@dataclass(slots=True, kw_only=True)
class Fake:
    """Takes every message at once; ``sent`` has the time and the lead of each."""

    name: str = "screen"
    medium: Medium = Medium.PLAIN
    slots: int = 2
    min_interval_s: float = 0.0
    sent: list[tuple[float, str]] = field(default_factory=list)

    async def send(self, message: Message) -> Receipt:
        now_s = asyncio.get_running_loop().time()
        self.sent.append((now_s, message.parts[0].event.subject))
        return Receipt()

    async def check(self) -> Diagnosis:
        return Diagnosis(found="a fake")

    async def aclose(self) -> None:
        pass
