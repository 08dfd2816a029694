"""The proof of the leases: members start, stop, freeze, die, are cut off, and time goes on.

A longer search: ``MEMBERS_EXAMPLES=5000 pytest tests/members/test_members_machine.py``.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from itertools import count

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from notifier.core.leases import LANE, SOURCE, UPKEEP, Lease, digest, lane, name_of, source
from notifier.errors import LeaseLostError
from notifier.members.member import Member
from notifier.store import leases
from notifier.store.leases import Card
from notifier.store.opening import memory
from notifier.transactions.membership import Answer, Request, check_in, take_turn

EXAMPLES = int(os.environ.get("MEMBERS_EXAMPLES", "60"))
MOST_HOSTS = 4
THINGS = frozenset((*map(source, "abcde"), *map(lane, "xyz"), UPKEEP))
FROM_THEN_ON_S = 30
"""Within which each has its share again, once everybody is well."""


@dataclass(eq=False)
class Host:
    """A member with its process and its network; ``at_work`` are the leases it works by."""

    member: Member
    at_work: set[Lease] = field(default_factory=set)
    asked: list[Request] = field(default_factory=list)
    answers: list[tuple[Request, Answer]] = field(default_factory=list)
    lives: bool = True
    frozen: bool = False
    stops: bool = False

    def __repr__(self) -> str:
        return f"<{self.member.id or 'host'}>"

    @property
    def card(self) -> Card:
        knows = digest(THINGS)
        return Card(name="h", version="1", rules="r", knows=knows, share=not self.stops)

    def ask(self) -> None:
        """Do what a running member does each second."""
        self.leave_what_is_lost()
        if self.stops:
            self.member.ending |= self.member.held.keys()
        ended = [one for one in self.member.held.values() if self.has_ended(one)]
        self.asked.append(self.member.ask(self.card, THINGS, ended))

    def has_ended(self, one: Lease) -> bool:
        return one.thing in self.member.ending and one not in self.at_work

    def hear(self, request: Request, answer: Answer) -> None:
        self.member.hear(request, answer)
        self.leave_what_is_lost()
        self.at_work |= {
            one
            for one in self.member.held.values()
            if one.thing not in self.member.ending and not self.stops
        }

    def leave_what_is_lost(self) -> None:
        """Stop at once what may be somebody else's: before anything else is done."""
        self.at_work = {one for one in self.at_work if self.member.trusts(one)}


class Members(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 1_000_000
        self.database_ahead_ms = 3_600_000
        self.session = memory()
        self.hosts: list[Host] = []
        self.names = count()

    def teardown(self) -> None:
        self.everybody_gets_well()
        self.session.close()

    def some(self, **wanted: bool) -> list[Host]:
        found = [one for one in self.hosts if one.lives]
        return [one for one in found if all(getattr(one, k) == v for k, v in wanted.items())]

    @rule()
    def start(self) -> None:
        if len(self.some()) < MOST_HOSTS:
            member = Member(clock_ms=lambda: self.now_ms, new_id=lambda: f"m{next(self.names)}")
            self.hosts.append(Host(member))

    @rule(passed_ms=st.sampled_from((100, 900, 1_000, 2_500, 4_000, 8_900, 9_100, 10_100)))
    def time_passes(self, passed_ms: int) -> None:
        self.now_ms += passed_ms

    @rule(back_ms=st.sampled_from((0, 500, 3_600_000)))
    def the_database_moves_to_a_server_whose_clock_is_behind(self, back_ms: int) -> None:
        self.database_ahead_ms -= back_ms

    @precondition(lambda self: self.some(frozen=False))
    @rule(data=st.data())
    def asks(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.some(frozen=False))).ask()

    @precondition(lambda self: any(one.asked for one in self.hosts))
    @rule(data=st.data())
    def a_request_arrives(self, data: st.DataObject) -> None:
        """Also one of a frozen or dead member, late, and in any order."""
        host = data.draw(st.sampled_from([one for one in self.hosts if one.asked]))
        request = data.draw(st.sampled_from(host.asked))
        host.asked.remove(request)
        host.answers.append((request, self.answer(request)))

    @precondition(lambda self: any(one.asked for one in self.hosts))
    @rule(data=st.data())
    def a_request_is_lost(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from([one for one in self.hosts if one.asked])).asked.pop()

    @precondition(lambda self: any(one.answers for one in self.some(frozen=False)))
    @rule(data=st.data(), arrives=st.booleans())
    def an_answer_arrives_or_is_lost(self, data: st.DataObject, *, arrives: bool) -> None:
        hosts = [one for one in self.some(frozen=False) if one.answers]
        host = data.draw(st.sampled_from(hosts))
        request, answer = host.answers.pop(0)
        if arrives:
            host.hear(request, answer)

    @precondition(lambda self: self.some(frozen=False))
    @rule(data=st.data())
    def a_turn_without_delay(self, data: st.DataObject) -> None:
        self.turn(data.draw(st.sampled_from(self.some(frozen=False))))

    @precondition(lambda self: self.some())
    @rule(data=st.data())
    def freezes_or_thaws(self, data: st.DataObject) -> None:
        host = data.draw(st.sampled_from(self.some()))
        host.frozen = not host.frozen
        host.leave_what_is_lost()  # upon a thaw, before anything else

    @precondition(lambda self: self.some())
    @rule(data=st.data())
    def is_killed(self, data: st.DataObject) -> None:
        host = data.draw(st.sampled_from(self.some()))
        host.lives, host.at_work = False, set()

    @precondition(lambda self: self.some(frozen=False))
    @rule(data=st.data())
    def is_to_stop(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.some(frozen=False))).stops = True

    @precondition(lambda self: any(self.ending_work()))
    @rule(data=st.data())
    def ends_something(self, data: st.DataObject) -> None:
        host, lease = data.draw(st.sampled_from(self.ending_work()))
        host.at_work.discard(lease)

    def ending_work(self) -> list[tuple[Host, Lease]]:
        return [
            (host, one)
            for host in self.some(frozen=False)
            for one in sorted(host.at_work, key=lambda one: one.thing)
            if one.thing in host.member.ending
        ]

    @invariant()
    def nobody_works_on_what_another_may_write_or_send(self) -> None:
        working = [
            one for host in self.hosts for one in host.at_work if host.member.trusts(one)
        ]
        assert max(Counter(one.thing for one in working).values(), default=0) <= 1
        for one in working:
            leases.prove(self.session, one)  # who trusts its lease can write

    @invariant()
    def who_has_lost_a_lease_can_write_nothing(self) -> None:
        held = set(leases.board(self.session).leases)
        for one in {one for host in self.hosts for one in host.at_work} - held:
            try:
                leases.prove(self.session, one)
            except LeaseLostError:
                continue
            raise AssertionError(f"{one} could still write")

    def answer(self, request: Request) -> Answer:
        host_ms = self.now_ms + self.database_ahead_ms
        if not request.joins:
            answer = check_in(self.session, request, renews=True, host_ms=host_ms)
            if not answer.wants:
                return answer
        with self.session.transaction():
            return take_turn(self.session, request, host_ms=host_ms)

    def turn(self, host: Host) -> None:
        host.ask()
        request = host.asked.pop()
        host.hear(request, self.answer(request))

    def everybody_gets_well(self) -> None:
        """Let all that live run undisturbed: everything is worked on, evenly."""
        for host in self.some():
            host.frozen = False
            host.leave_what_is_lost()
        for _ in range(FROM_THEN_ON_S):
            self.now_ms += 1_000
            for host in self.some():
                for other, lease in self.ending_work():
                    other.at_work.discard(lease)
                self.turn(host)
                if host.stops and not host.member.held:
                    host.lives = False
            self.nobody_works_on_what_another_may_write_or_send()
        working = self.some(stops=False)
        if not working:
            return
        found = Counter(one.thing for host in working for one in host.at_work)
        assert found == Counter(THINGS)
        for sort in (SOURCE, LANE):
            shares = [
                sum(name_of(one.thing, sort) is not None for one in host.at_work)
                for host in working
            ]
            assert max(shares) - min(shares) <= 1


def test_what_a_member_gave_up_and_got_again_at_once_it_works_on() -> None:
    members = Members()
    for _ in range(4):
        members.start()
    killed, joins_late, has_all, stops = members.hosts
    members.turn(has_all)
    killed.lives = False
    members.turn(stops)
    stops.stops = True
    assert joins_late.member.held == {}
    members.teardown()


Members.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestMembers = Members.TestCase
