"""Settings, rules files and sources read together, with every mistake told at once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from notifier.building import build_destinations, kinds
from notifier.environment import Environment
from notifier.errors import ConfigError, Fault
from notifier.rulefiles import RuleFile, read_rule_files
from notifier.rules.load import load_rules
from notifier.rules.model import Ruleset, SourceSpec
from notifier.settings import Settings, read_settings
from notifier.sources import watched_sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """All that an operator decided, known to be right; ``warnings`` are for the operator."""

    settings: Settings
    ruleset: Ruleset
    sources: tuple[SourceSpec, ...]
    warnings: tuple[Fault, ...]


def load_configuration(
    environment: Environment, *, read: Callable[[Path], Sequence[RuleFile]] = read_rule_files
) -> Configuration:
    """Return everything; raises :class:`ConfigError` with all faults of all files."""
    reading = read_settings(environment)
    settings, faults = reading.settings, list(reading.faults)
    ruleset, sources = Ruleset(), tuple[SourceSpec, ...]()
    with _gathered(faults):
        ruleset = load_ruleset(read(settings.rules), environment, settings)
        with _gathered(faults):
            # Opens no connection; says which settings the destinations lack.
            build_destinations(
                settings, ruleset, now=lambda: datetime.now(UTC), console=Console()
            )
        sources = watched_sources(settings, ruleset)
    if faults:
        raise ConfigError(faults)
    return Configuration(
        settings=settings,
        ruleset=ruleset,
        sources=sources,
        warnings=(*reading.warnings, *ruleset.warnings),
    )


def load_ruleset(
    files: Sequence[RuleFile], environment: Environment, settings: Settings | None = None
) -> Ruleset:
    """Return what the files say; without ``settings`` a missing ``${…}`` is a warning."""
    return load_rules(
        files,
        lookup=environment.lookup,
        kinds=kinds(),
        timezone=(settings or Settings()).timezone,
        lenient_secrets=settings is None,
    )


@contextmanager
def _gathered(faults: list[Fault]) -> Iterator[None]:
    """Add the faults raised inside, less those that only follow from one already told."""
    wrong = [fault.where.partition(",")[0] for fault in faults]
    try:
        yield
    except ConfigError as error:
        faults += [one for one in error.faults if not any(name in str(one) for name in wrong)]
