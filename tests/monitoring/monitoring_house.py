"""What the tests of monitoring share: a manager that listens, a database with a past."""

import asyncio
import socket
from collections.abc import Mapping
from pathlib import Path

from sqlite_utils import Database

from notifier.conclude import Health, Standing
from notifier.store import destinations, notes, sources
from notifier.store.vitals import DestinationVitals, SourceVitals, Vitals

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


def seed(db: Database) -> None:
    """One good source, and a destination that a person disabled."""
    sources.register(db, "bot", "website")
    sources.succeeded(db, "bot", at_ms=NOW_MS - 3_000)
    sources.quarantine(db, "bot", "lead", [(b"x", "no id")], at_ms=NOW_MS)
    sources.claim_request(db, "key", limit=90, now_ms=1_000)
    destinations.set_standing(db, "crm", Standing(health=Health.DISABLED, reason="410 Gone"))
    notes.rules(db, loaded_at="2026-03-02T04:30:00.000Z", refused=None)


def source(
    state: str = "up", *, age_ms: int | None = 3_000, reason: str = "", name: str = "website"
) -> SourceVitals:
    return SourceVitals(
        name=name,
        state=state,
        reason=reason,
        last_success_ms=None if age_ms is None else NOW_MS - age_ms,
        records=45,
        quarantined=2,
    )


def destination(
    health: Health = Health.UP, *, reason: str = "", since_ms: int | None = None
) -> DestinationVitals:
    return DestinationVitals(
        name="crm",
        standing=Standing(health=health, reason=reason, since_ms=since_ms),
        pending=4,
        dead=1,
        oldest_due_ms=NOW_MS - 90_000,
    )


def vitals(
    *parts: SourceVitals | DestinationVitals,
    requests: Mapping[str, int] | None = None,
    refused: str | None = None,
) -> Vitals:
    return Vitals(
        sources=tuple(one for one in parts if isinstance(one, SourceVitals)),
        destinations=tuple(one for one in parts if isinstance(one, DestinationVitals)),
        requests=requests or {},
        rules_loaded_at="2026-03-02T04:30:00.000Z",
        rules_refused=refused,
    )


def abstract(folder: Path) -> str:
    """Return an abstract address that no other test uses."""
    return f"@notifier-test{folder}"[:100]
