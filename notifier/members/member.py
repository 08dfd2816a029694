"""What a member knows of itself: what it holds, and until when it may believe that."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from notifier.core.leases import RENEW_MS, Lease, trusted_until_ms
from notifier.store.leases import Card
from notifier.transactions.membership import Answer, Request


@dataclass(slots=True, kw_only=True)
class Member:
    """Asks, and hears. ``clock_ms`` goes on while the host sleeps, and never jumps.

    A late answer is worth nothing: what it holds ends on time, whatever was asked. It is
    then another member, with another id from ``new_id``, that begins with nothing.
    """

    clock_ms: Callable[[], int]
    new_id: Callable[[], str]
    takes_all: bool = False
    held: dict[str, Lease] = field(default_factory=dict)
    ending: set[str] = field(default_factory=set)
    stops: bool = False
    _id: str = ""
    _is_in: bool = False
    _trusted_until_ms: int = 0
    _renewed_ms: int = 0

    @property
    def id(self) -> str:
        """The id under which it is, or was, a member."""
        return self._id

    @property
    def is_in(self) -> bool:
        """Whether it is a member, as far as it may believe that."""
        return self._is_in and self.clock_ms() < self._trusted_until_ms

    @property
    def left_ms(self) -> int:
        """For how long it may believe that."""
        return max(self._trusted_until_ms - self.clock_ms(), 0) if self._is_in else 0

    def trusts(self, lease: Lease) -> bool:
        """Whether it may work by this lease now."""
        return self.is_in and self.held.get(lease.thing) == lease

    def ask(self, card: Card, things: Collection[str], ended: Collection[Lease]) -> Request:
        """Return what to ask for now."""
        joins = not self.is_in
        if joins:
            self.lapse()
        before, self._id = self._id, self.new_id() if joins else self._id
        return Request(
            asked_ms=self.clock_ms(),
            member=self._id,
            card=card,
            things=frozenset(things),
            joins=joins,
            replaces=before if joins else "",
            takes_all=self.takes_all,
            ending=frozenset(self.ending),
            ended=tuple(ended),
        )

    def renews(self, request: Request) -> bool:
        """Whether it is time to say that it lives."""
        return request.asked_ms - self._renewed_ms >= RENEW_MS

    def hear(self, request: Request, answer: Answer) -> None:
        """Take in what came of a request."""
        if request.member != self._id:
            return
        until_ms = self._trusted_until_ms
        if answer.renewed:
            until_ms = max(until_ms, trusted_until_ms(request.asked_ms))
        if not answer.is_in or self.clock_ms() >= until_ms:
            self.lapse()
            return
        self._is_in, self._trusted_until_ms = True, until_ms
        if answer.renewed:
            self._renewed_ms = request.asked_ms
        before, self.held = self.held, {one.thing: one for one in answer.held}
        # What it gave up may be its own again at once: that is another lease.
        self.ending = {
            one.thing
            for one in answer.held
            if one.thing in answer.give_up
            or (one.thing in self.ending and one == before.get(one.thing))
        }

    def lapse(self) -> None:
        """Hold nothing any more."""
        self._is_in = False
        self._trusted_until_ms = 0
        self.held, self.ending = {}, set()
