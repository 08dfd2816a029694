"""What makes the service one of several members, where its database is a server's."""

import os
import secrets
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Protocol

from pydantic import SecretStr

from notifier import __version__
from notifier.configuration.load import Configuration
from notifier.core.leases import UPKEEP, Lease, digest
from notifier.members.member import Member
from notifier.members.membership import Membership
from notifier.monitoring.health_reader import MemberRole
from notifier.service.engine import Engine
from notifier.service.shared import Shared, things_of
from notifier.store.db import Store
from notifier.store.leases import Card
from notifier.upstream.budget import Budget, token_key


class SharingService(Protocol):
    """The service, as far as it takes part."""

    shared: Shared
    config: Configuration


def join_members(
    service: SharingService,
    store: Store,
    *,
    heard: Callable[[int], None],
    for_one_round: bool = False,
) -> None:
    """Make the service one of those that share the database, through a ``store`` of its own."""
    clocks = service.shared.clocks
    name = f"{socket.gethostname()}/{os.getpid()}"

    def card() -> Card:
        now = service.config
        return Card(
            name=name,
            version=__version__,
            rules=now.digest,
            knows=digest(things_of(now)),
            share=not (for_one_round or member.stops),
        )

    member = Member(
        clock_ms=clocks.boot_ms,
        new_id=lambda: secrets.token_hex(8),
        takes_all=for_one_round,
    )
    part = Membership(store, member, card=card, clocks=clocks, heard=heard)
    service.shared = replace(service.shared, members=part)


def role_of(members: Membership | None) -> MemberRole:
    """Return what this program has in the work of several."""
    if members is None:
        return MemberRole()
    return MemberRole(is_in=lambda: members.is_in, tells=lambda: members.holds(UPKEEP))


def tell_pause(service: SharingService, token: str, pause_ms: int) -> None:
    """Let other members hear that the upstream wants this token to pause."""
    if members := service.shared.members:
        members.news.pause(token, pause_ms)


@dataclass(frozen=True, slots=True)
class EngineWork:
    """The present engine's work, as the membership steers it; there may be none just now."""

    engine: Callable[[], Engine | None]
    config: Callable[[], Configuration]
    budget: Callable[[SecretStr], Budget]

    def things(self) -> frozenset[str]:
        """Return everything that the rules in force name."""
        return things_of(self.config())

    def at_work(self) -> set[Lease]:
        """Return the leases by which something goes on."""
        engine = self.engine()
        return engine.at_work() if engine else set()

    def begin(self, lease: Lease) -> None:
        """Work by this lease, unless the engine is about to give way to a new one."""
        if engine := self.engine():
            engine.begin(lease)

    def end(self, lease: Lease) -> None:
        """Finish what is in flight by this lease."""
        if engine := self.engine():
            engine.end(lease)

    def poke(self, thing: str) -> None:
        """Make head polls of a source due at once."""
        if engine := self.engine():
            engine.poke_thing(thing)

    def pause(self, token: str, pause_ms: int) -> None:
        """Let nobody here use the token of this key."""
        for one in self.config().sources:
            if one.token is not None and token_key(one.token) == token:
                self.budget(one.token).pause_for(pause_ms)

    def refresh(self, keys: Collection[str]) -> None:
        """Let cards show these leads as they are now."""
        if engine := self.engine():
            engine.dispatcher.refresh(keys)

    def drop(self) -> None:
        """Stop everything at once."""
        if engine := self.engine():
            engine.drop()
