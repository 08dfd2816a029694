"""The rules as they lie on disk now, for commands that explain or replay them."""

from collections.abc import Sequence
from datetime import tzinfo

import typer

from notifier.cli.context import environment
from notifier.cli.opened import lenient_settings
from notifier.configuration.destinations import kinds
from notifier.configuration.rulefiles import RuleFile, read_rule_files
from notifier.errors import ConfigError
from notifier.rules.model import Ruleset
from notifier.rulesfile.load import load_rules


def rules_on_disk() -> Ruleset:
    """Return the rules; a missing ``${…}`` is no matter, since nothing is sent from here.

    Raises :class:`ConfigError` with every fault where they do not load.
    """
    settings = lenient_settings()
    try:
        return load_texts(read_rule_files(settings.rules), settings.timezone)
    except ConfigError:
        typer.echo("the rules on disk do not load, and this command needs them:", err=True)
        raise


def load_texts(files: Sequence[RuleFile], timezone: tzinfo) -> Ruleset:
    """Return what these texts say as rules; a missing ``${…}`` is no matter."""
    return load_rules(
        files,
        lookup=environment().lookup,
        kinds=kinds(),
        timezone=timezone,
        lenient_secrets=True,
    )
