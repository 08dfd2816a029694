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
        name="a claim without its fence",
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
        name="a walk that ends a page early",
        module="notifier.upstream.walk",
        old="        if not ids:\n            return True",
        new="        if len(ids) < 20:\n            return True",
    ),
    Mutant(
        name="a broken walk's records count as held",
        module="notifier.transactions.page_comparison",
        old="snapshots.open_walk(session, bot_id, intake.listing_type, intake.walk)",
        new="0",
    ),
    Mutant(
        name="a lost wake-up",
        module="notifier.dispatcher.lane",
        old="            self._wake.clear()\n            wait_s = await self._turn()\n            is_over",
        new="            wait_s = await self._turn()\n            self._wake.clear()\n            is_over",
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
        new="        return 0",
    ),
    Mutant(
        name="a timer that is told twice",
        module="notifier.transactions.overdue",
        old="    if rule.repeat is None:\n        # The condition holds on: only its turning true again starts anew.\n        timers.cancel",
        new="    if rule.repeat is None:\n        []",
    ),
    Mutant(
        name="a timer that forgets its condition",
        module="notifier.transactions.overdue",
        old="session, [(one.rule, lead.bot_id, lead.id) for one in found if one.since is None]",
        new="session, []",
    ),
    Mutant(
        name="a timer that accuses by what it has stored",
        module="notifier.transactions.overdue",
        old="if rule is None or lead is None or not holds(rule, lead):",
        new="if rule is None or lead is None:",
    ),
    Mutant(
        name="a new lead that starts no timer",
        module="notifier.transactions.commit_page",
        old="        if one.timers:\n            overdue.apply",
        new="        if one.timers and not one.told:\n            overdue.apply",
    ),
    Mutant(
        name="a baseline that tells",
        module="notifier.transactions.page_comparison",
        old="        if self._state.baseline_done_ms is not None:\n            return True",
        new="        return True",
    ),
    Mutant(
        name="what ended is recorded before it is known",
        module="notifier.dispatcher.lane",
        old='                log.warning("outbox_unavailable", destination=name, error=str(error))\n                return None',
        new="                del self._ended[: len(ended)]\n                return None",
    ),
    Mutant(
        name="an answer in doubt taken for a yes",
        module="notifier.destinations.webhook",
        old="            raise no_answer(self._target.host, fault) from None",
        new="            return Answer(status=204, headers={})",
    ),
    Mutant(
        name="a refusal taken for a yes",
        module="notifier.destinations.webhook",
        old="        if not answer.taken:",
        new="        if answer.status == 500:",
    ),
    Mutant(
        name="a report that a restart loses",
        module="notifier.transactions.reports",
        old="        if name not in known or _is_wrong(known[name], one, now_ms)",
        new="        if name",
    ),
    Mutant(
        name="a digest that is never due",
        module="notifier.store.waiting",
        old='" AND d.held IN (:held) AND d.due_ms <= :now_ms ORDER BY d.id"',
        new='" AND d.held IN (:held) AND d.due_ms < 0 AND d.due_ms <= :now_ms ORDER BY d.id"',
    ),
    Mutant(
        name="rows that shift between pages taken for deleted",
        module="notifier.transactions.page_comparison",
        old="        elif known is None:\n            self._save(reading, None)",
        new="        elif known is None and self.held % 7:\n            self.held += 1\n        elif known is None:\n            self._save(reading, None)",
    ),
    Mutant(
        name="a state that came back is no news",
        module="notifier.transactions.page_comparison",
        old="        if again and age >= 0:",
        new="        if again or self.held > 15:",
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
