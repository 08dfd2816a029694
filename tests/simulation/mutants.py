"""Faults planted into the program, to see that the simulation finds them.

Each changes one place of one module before the program loads it.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """``old`` stands once in the module, and is read as ``new``."""

    name: str
    module: str
    old: str
    new: str


MUTANTS = (
    Mutant(
        name="what was cut off is not released",
        module="notifier.service.take_over",
        old="outbox.release_all(session, now_ms=now_ms)",
        new="0",
    ),
    Mutant(
        name="a yes that counts for all that follow",
        module="notifier.store.outbox",
        old="deliveries.id = done.id AND deliveries.claim = done.claim",
        new="deliveries.id >= done.id",
    ),
    Mutant(
        name="a claim that does not count",
        module="notifier.store.claims",
        old='"UPDATE deliveries SET claim = claim + 1, claimed = 1"',
        new='"UPDATE deliveries SET claim = claim + 1"',
    ),
    Mutant(
        name="a lead's order forgotten",
        module="notifier.store.claims",
        old="AND ({due}) AND ({UNBLOCKED})",
        new="AND ({due})",
    ),
    Mutant(
        name="a head poll that ends at its first page",
        module="notifier.upstream.walk",
        old="if ended or (all_held and self.type is WalkType.HEAD):",
        new="if ended or self.type is WalkType.HEAD:",
    ),
    Mutant(
        name="a walk that ends at a short page",
        module="notifier.upstream.walk",
        old="        if not ids:\n            return True",
        new="        if len(ids) < 20:\n            return True",
    ),
    Mutant(
        name="a broken walk's records count as held",
        module="notifier.transactions.page_comparison",
        old="listings.open_walk(session, bot_id, intake.listing_type, intake.walk)",
        new="0",
    ),
    Mutant(
        name="a message that ends and wakes nobody",
        module="notifier.dispatcher.lane",
        old="        self._in_flight.discard(task)\n        self._wake.set()",
        new="        self._in_flight.discard(task)",
    ),
    Mutant(
        name="a wake-up during a turn that is lost",
        module="notifier.dispatcher.lane",
        old="            self._wake.clear()\n            wait_s = await self._turn()\n            is_over",
        new="            wait_s = await self._turn()\n            self._wake.clear()\n            is_over",
    ),
    Mutant(
        name="a page that wakes nobody",
        module="notifier.poller.reading",
        old="        self.context.wake(written.destinations)\n",
        new="",
    ),
    Mutant(
        name="one request too many",
        module="notifier.core.pacing",
        old="WINDOW_MS = 61_000",
        new="WINDOW_MS = 55_000",
    ),
    Mutant(
        name="a budget that a restart forgets",
        module="notifier.service.budgets",
        old="        return await self._store.run(\n            sources.claim_request, token_key, limit=limit, now_ms=now_ms\n        )",
        new="        times = self.__dict__.setdefault('times', [])\n"
        "        if len(times) >= limit and times[-limit] + 61_000 > now_ms:\n"
        "            return times[-limit] + 61_000 - now_ms\n"
        "        times.append(now_ms)\n"
        "        return 0",
    ),
    Mutant(
        name="a wait that is not kept",
        module="notifier.upstream.budget",
        old="        self.pause_for(pause_ms)\n        self._paused",
        new="        self._paused",
    ),
    Mutant(
        name="a source that is not asked again",
        module="notifier.upstream.backoff",
        old="PROBE_S = 60.0",
        new="PROBE_S = 86_400.0",
    ),
    Mutant(
        name="a bad record that spoils its page",
        module="notifier.upstream.page",
        old="        return BadRow(reason=str(error), digest=_raw_digest(entry), lead_id=_known_id(entry))",
        new="        raise UpstreamError('a bad record') from error",
    ),
    Mutant(
        name="a page in two commits",
        module="notifier.transactions.commit_page",
        old="    judge.save(session)\n",
        new="    judge.save(session)\n"
        "    for sql in ('COMMIT', 'BEGIN IMMEDIATE', 'SAVEPOINT part'):\n"
        "        session.execute(sql)\n",
    ),
    Mutant(
        name="what is new on a full page is not told",
        module="notifier.transactions.page_comparison",
        old="        elif known is None:\n            self._save(reading, None)",
        new="        elif known is None and len(self.saved) > 15:\n            self.held += 1\n        elif known is None:\n            self._save(reading, None)",
    ),
    Mutant(
        name="a baseline that tells",
        module="notifier.transactions.page_comparison",
        old="        if self._state.baseline_done_ms is not None:\n            return True",
        new="        return True",
    ),
    Mutant(
        name="a timer that forgets its condition",
        module="notifier.transactions.overdue",
        old="session, [(one.rule, lead.bot_id, lead.id) for one in found if one.since is None]",
        new="session, []",
    ),
    Mutant(
        name="a new lead that starts no timer",
        module="notifier.transactions.commit_page",
        old="        if one.timers:\n            overdue.apply",
        new="        if one.timers and not one.told:\n            overdue.apply",
    ),
    Mutant(
        name="a row read long ago that accuses",
        module="notifier.transactions.polls",
        old="    if end.tells_all:",
        new="    if not end.capped:",
    ),
    Mutant(
        name="a ladder that nobody climbs",
        module="notifier.transactions.overdue",
        old="    if not timer.told:\n        escalation.begin",
        new="    if timer.told:\n        escalation.begin",
    ),
    Mutant(
        name="a snooze that nobody heeds",
        module="notifier.store.overdue",
        old="COALESCE(a.snoozed_ms, 0) <= :until_ms",
        new="COALESCE(a.snoozed_ms, 0) <= :until_ms + 90000000000",
    ),
    Mutant(
        name="an act written without its deliveries",
        module="notifier.transactions.acts",
        old="planned = plan_deliveries([event], rules, at=at, mutes=muted)",
        new="planned = plan_deliveries([], rules, at=at, mutes=muted)",
    ),
    Mutant(
        name="what ended is forgotten where the disk is full",
        module="notifier.dispatcher.lane",
        old='                    log.warning("outbox_unavailable", destination=name, error=str(error))\n                return None',
        new="                del self._ended[: len(ended)]\n                return None",
    ),
    Mutant(
        name="an answer in doubt taken for a yes",
        module="notifier.destinations.webhook",
        old="            raise no_answer(self._target.host, fault) from None",
        new="            return Answer(status=204, headers={})",
    ),
    Mutant(
        name="a second answer taken for the next one",
        module="notifier.network.protocol",
        old="if data and self._is_idle():",
        new="if False:",
    ),
    Mutant(
        name="a refusal taken for a yes",
        module="notifier.destinations.webhook",
        old="        if not answer.taken:",
        new="        if answer.status == 500:",
    ),
    Mutant(
        name="a destination that is not probed again",
        module="notifier.core.destination_state",
        old="SLOWEST_PROBE_MS = 5 * MINUTE_MS",
        new="SLOWEST_PROBE_MS = 500 * MINUTE_MS",
    ),
    Mutant(
        name="an outage that costs a message its place",
        module="notifier.transactions.turn",
        old="        due_times.forgive(session, name)\n",
        new="",
    ),
    Mutant(
        name="an alert that is told again and again",
        module="notifier.transactions.alerts",
        old="        destinations.set_told_down(session, name, told=False)\n",
        new="",
    ),
    Mutant(
        name="a digest that does not wait",
        module="notifier.rules.matching",
        old="        return Timing.DIGEST, rule.digest.due(opens)",
        new="        return Timing.DIGEST, opens",
    ),
    Mutant(
        name="a window that is always open",
        module="notifier.rules.matching",
        old="    return (Timing.HOLD, opens) if opens > at else (Timing.NOW, at)",
        new="    return Timing.NOW, at",
    ),
    Mutant(
        name="a report that a restart loses",
        module="notifier.transactions.reports",
        old="        if name not in known or _is_wrong(known[name], one, now_ms)",
        new="        if name",
    ),
    Mutant(
        name="an upgrade that forgets what waits",
        module="notifier.store.migrations.0010_lane_key",
        old='    session.define("ALTER TABLE deliveries',
        new="    session.execute(\"DELETE FROM deliveries WHERE state = 'pending'\")\n"
        '    session.define("ALTER TABLE deliveries',
    ),
    Mutant(
        name="a member that is never removed",
        module="notifier.core.leases",
        old="return tuple(one.id for one in board.members if one.until_ms <= now_ms)",
        new="return ()",
    ),
    Mutant(
        name="a lease not checked",
        module="notifier.service.shared",
        old="        if self.members is None:\n            return self.store",
        new="        if True:\n            return self.store",
    ),
    Mutant(
        name="what a lost member was sending is not released",
        module="notifier.transactions.membership",
        old="outbox.release_cut_off(session, lanes, now_ms=now_ms)",
        new="0",
    ),
)


def planted(name: str) -> None:
    """Plant a mutant, for modules that are loaded from now on."""
    (mutant,) = (one for one in MUTANTS if one.name == name)
    assert mutant.module not in sys.modules, f"{mutant.module} is loaded already"
    sys.meta_path.insert(0, _Finder(mutant))


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        assert found is not None
        assert found.origin is not None
        loader = _Loader(fullname, found.origin, self._mutant)
        return importlib.util.spec_from_file_location(fullname, found.origin, loader=loader)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, mutant: Mutant) -> None:
        super().__init__(name, path)
        self._mutant = mutant

    def get_code(self, fullname: str) -> object:  # type: ignore[override]
        """Return the changed module's code, whatever is cached of the true one."""
        source = self.get_source(fullname)
        assert source is not None
        found = source.count(self._mutant.old)
        assert found == 1, f"{self._mutant.name}: its place stands {found} times in {fullname}"
        changed = source.replace(self._mutant.old, self._mutant.new)
        return compile(changed, self.path, "exec")
