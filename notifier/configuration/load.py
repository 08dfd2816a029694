"""Settings, rules files and sources read together, with every mistake told at once."""

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

from notifier.configuration.destinations import build_destinations, kinds
from notifier.configuration.environment import Environment
from notifier.configuration.read_settings import read_settings
from notifier.configuration.rulefiles import RuleFile, read_rule_files
from notifier.configuration.settings import PREFIX, Settings
from notifier.configuration.sources import default_source, watched_sources
from notifier.errors import ConfigError, Fault
from notifier.rules.model import Ruleset, SourceSpec
from notifier.rulesfile.load import load_rules

T = TypeVar("T")

# Whether rules that do not load mean to name their own sources.
SOURCES = re.compile(r"^sources\s*:", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """All that an operator decided, known to be right; ``warnings`` are for the operator.

    ``digest`` is the same where the rules files say the same.
    """

    settings: Settings
    ruleset: Ruleset
    sources: tuple[SourceSpec, ...]
    warnings: tuple[Fault, ...]
    digest: str = ""


def load_configuration(
    environment: Environment, *, read: Callable[[Path], Sequence[RuleFile]] = read_rule_files
) -> Configuration:
    """Return everything; raises :class:`ConfigError` with all faults of all files."""
    reading = read_settings(environment)
    settings, faults = reading.settings, list(reading.faults)
    files = _attempt(lambda: read(settings.rules), faults) or ()
    ruleset = (
        _attempt(lambda: load_ruleset(files, environment, settings), faults) if files else None
    )
    if ruleset is None:
        if not any(SOURCES.search(text) for _, text in files):
            _attempt(lambda: default_source(settings), faults)
        raise ConfigError(faults)
    # Opens no connection; says which settings the destinations lack.
    _attempt(
        lambda: build_destinations(
            settings, ruleset, now=lambda: datetime.now(UTC), out=sys.stdout
        ),
        faults,
    )
    sources = _attempt(lambda: watched_sources(settings, ruleset), faults)
    if faults or sources is None:
        raise ConfigError(faults)
    return Configuration(
        settings=settings,
        ruleset=ruleset,
        sources=sources,
        warnings=(*reading.warnings, *ruleset.warnings),
        digest=_digest(files),
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


def _digest(files: Sequence[RuleFile]) -> str:
    text = "\0".join(text for _, text in files)
    return blake2b(text.encode(errors="surrogatepass"), digest_size=6).hexdigest()


def _attempt(step: Callable[[], T], faults: list[Fault]) -> T | None:
    """Return what ``step`` returns, or add its faults, less those that follow from others."""
    told = [fault.where.partition(",")[0] for fault in faults]
    wrong = [name for name in told if name.startswith(PREFIX)]
    try:
        return step()
    except ConfigError as error:
        faults += [one for one in error.faults if not any(name in str(one) for name in wrong)]
        return None
