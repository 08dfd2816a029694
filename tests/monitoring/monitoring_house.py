"""What the tests of monitoring share: a manager that listens, a database with a past."""

import asyncio
import socket
from pathlib import Path

from notifier.core.destination_state import DestinationState, Health
from notifier.store import destinations, registry, service_state, sources
from notifier.store.health import (
    DestinationHealth,
    ListingHealth,
    Overview,
    SourceHealth,
)
from notifier.store.leases import MemberHealth
from notifier.store.service_state import SlackConnections
from notifier.store.session import Session

NOW_MS = 1_772_425_800_000
MINUTE_MS = 60_000


class Manager:
    """The receiving end of sd_notify; an ``address`` with @ is abstract."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(address.replace("@", "\0", 1))

    async def heard(self) -> list[str]:
        """Return the lines of the next datagram."""
        async with asyncio.timeout(10):
            told = await asyncio.get_running_loop().sock_recv(self._socket, 4096)
        return told.decode().split("\n")

    def close(self) -> None:
        self._socket.close()


def seed(db: Session) -> None:
    """One good source, and a destination that a person disabled."""
    registry.set_active(
        db, watched={"bot": "website"}, destinations={"crm": "webhook"}, rules=()
    )
    sources.succeeded(db, "bot", at_ms=NOW_MS - 3_000)
    sources.quarantine(db, "bot", "lead", [(b"x", "no id")], at_ms=NOW_MS)
    sources.claim_request(db, "key", limit=90, now_ms=1_000)
    destinations.set_state(
        db, "crm", DestinationState(health=Health.DISABLED, reason="410 Gone")
    )
    service_state.rules(db, loaded_at="2026-03-02T04:30:00.000Z", refused=None)


def source(
    state: str = "up",
    *,
    age_ms: int | None = 3_000,
    reason: str = "",
    name: str = "website",
    quarantined: int = 2,
    listing: ListingHealth | None = None,
) -> SourceHealth:
    return SourceHealth(
        bot_id="bot",
        name=name,
        state=state,
        reason=reason or None,
        remedy=None,
        last_success_ms=None if age_ms is None else NOW_MS - age_ms,
        listings=(listing,) if listing else (),
        leads=40,
        records=45,
        quarantined=quarantined,
    )


def destination(
    health: Health = Health.UP,
    *,
    reason: str = "",
    remedy: str = "",
    since_ms: int | None = None,
    probe_ms: int | None = None,
    dead: int = 1,
) -> DestinationHealth:
    state = DestinationState(
        health=health, reason=reason, remedy=remedy, since_ms=since_ms, probe_ms=probe_ms
    )
    return DestinationHealth(
        name="crm",
        kind="webhook",
        state=state,
        pending=4,
        dead=dead,
        oldest_due_ms=NOW_MS - 90_000,
    )


def overview(
    *parts: SourceHealth | DestinationHealth,
    refused: str | None = None,
    slack: SlackConnections | None = None,
) -> Overview:
    return Overview(
        sources=tuple(one for one in parts if isinstance(one, SourceHealth)),
        destinations=tuple(one for one in parts if isinstance(one, DestinationHealth)),
        mutes=(),
        next_due_ms=None,
        timers=0,
        rules_loaded_at="2026-03-02T04:30:00.000Z",
        rules_refused=refused,
        slack=slack,
    )


def member(name: str, *, rules: str = "r1", version: str = "1.0") -> MemberHealth:
    return MemberHealth(
        name=name,
        version=version,
        rules=rules,
        since_ms=NOW_MS - MINUTE_MS,
        share=True,
        sources=("website",),
        lanes=(),
        chores=(),
    )


def abstract(folder: Path) -> str:
    """Return an abstract address that no other test uses."""
    return f"@notifier-test{folder}"[:100]
