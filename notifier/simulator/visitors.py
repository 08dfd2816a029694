"""Rows as the listing's page describes them, with the omissions real inboxes have."""

from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from notifier.core.rows import Json, Row, iso_ms
from notifier.simulator.people import (
    AGENTS,
    BROWSING,
    BUDGETS,
    NOTES,
    TAGS,
    Person,
    Place,
    person,
)

STATUSES = ("OPEN", "INPROGRESS", "REVIEW", "ONHOLD", "DEPENDANCY", "CLOSED")
WELCOME = "Welcome! 👋 How can we help you?"


class Visitors:
    """Makes rows; which ones depends on the random numbers alone."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._machine = rng.getrandbits(40)
        self._counter = rng.getrandbits(23)

    def object_id(self, at: datetime) -> str:
        """Return an id as MongoDB makes them: 24 hex digits that begin with the time."""
        self._counter += 1
        return f"{int(at.timestamp()):08x}{self._machine:010x}{self._counter & 0xFFFFFF:06x}"

    def new(self, *, now: datetime) -> Row:
        """Return a chat that began just now: open, nobody's, the visitor still there."""
        visitor, place = person(self._rng)
        at = iso_ms(now)
        message = {"at": at, "by": "user", "text": self._rng.choice(place.messages)}
        return self._row(visitor, born=now, changed=now) | {
            "isOnline": True,
            "lastMessage": message,
            "lastSeenAt": at,
        }

    def old(self, *, born: datetime, now: datetime) -> Row:
        """Return a chat with a past: begun at ``born``, last changed at or before ``now``."""
        visitor, place = person(self._rng)
        spoken = born + self._rng.random() ** 4 * (now - born)
        changed = spoken + self._rng.random() ** 4 * (now - spoken)
        row = self._row(visitor, born=born, changed=changed) | {
            "status": self._rng.choice(STATUSES),
            "websiteVisits": self._rng.choice((1, 1, 1, 2, 3, 8)),
            **self._assigned(),
            "lastMessage": self._message(place, spoken),
            "lastSeenAt": iso_ms(min(spoken + timedelta(minutes=1), now)),
        }
        row["profile"]["notes"] = self._notes(changed)
        return row

    def _row(self, visitor: Person, *, born: datetime, changed: datetime) -> dict[str, Json]:
        return {
            "_id": self.object_id(born),
            "uuid": str(UUID(int=self._rng.getrandbits(128), version=4)),
            "isOnline": False,
            "status": "OPEN",
            "websiteVisits": 1,
            "lastMessage": None,
            "lastSeenAt": None,
            "profile": {"notes": [], "userDetails": self._details(visitor)},
            "createdAt": iso_ms(born),
            "updatedAt": iso_ms(changed),
        }

    def _details(self, visitor: Person) -> Row:
        picture = {"picture": f"https://example.com/{visitor.email}.jpg"}
        return {
            "name": visitor.name,
            **(picture if self._rng.random() < 0.3 else {}),
            "contact": self._contact(visitor),
            "city": visitor.city,
            "country": visitor.country,
            "gender": visitor.gender if self._rng.random() < 0.8 else "",
            "tags": self._rng.sample(TAGS, self._rng.choice((0, 0, 1, 2))),
            "attributes": self._attributes(),
        }

    def _contact(self, visitor: Person) -> Row:
        plus = "+" if self._rng.random() < 0.3 else ""
        phone = {"number": visitor.number, "prefix": plus + visitor.prefix}
        return {
            **({"email": visitor.email} if self._rng.random() < 0.8 else {}),
            **({"phone": phone} if self._rng.random() < 0.8 else {}),
        }

    def _attributes(self) -> list[Row]:
        if self._rng.random() < 0.5:
            return []
        reference = f"BP{self._rng.randrange(1000):03}"
        return [
            {"key": "ID", "value": reference},
            {"key": "Budget", "value": self._rng.choice(BUDGETS)},
        ]

    def _assigned(self) -> dict[str, Json]:
        agent = self._rng.choice(AGENTS)
        key = "_agentAssigned"
        forms: tuple[dict[str, Json], ...] = (
            {},
            {key: None},
            {key: ""},
            {key: {"_id": agent.id, "name": agent.name}},
        )
        return self._rng.choice((*forms, *[{key: agent.id}] * 4))

    def _message(self, place: Place, at: datetime) -> Row:
        by, texts = self._rng.choice(
            (("bot", (WELCOME,)), ("user", place.messages), ("user", BROWSING))
        )
        return {"at": iso_ms(at), "by": by, "text": self._rng.choice(texts)}

    def _notes(self, at: datetime) -> list[Row]:
        title, description = self._rng.choice(NOTES)
        note = {"_id": self.object_id(at), "title": title, "description": description}
        return [note] if self._rng.random() < 0.2 else []
