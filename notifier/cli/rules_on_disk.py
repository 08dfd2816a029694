"""The rules as they lie on disk now, for commands that explain or replay them."""

import typer

from notifier.building import kinds
from notifier.cli.context import environment
from notifier.cli.opened import lenient_settings
from notifier.errors import ConfigError
from notifier.rulefiles import read_rule_files
from notifier.rules.load import load_rules
from notifier.rules.model import Ruleset


def rules_on_disk() -> Ruleset:
    """Return the rules; a missing ``${…}`` is no matter, since nothing is sent from here.

    Raises :class:`ConfigError` with every fault where they do not load.
    """
    settings = lenient_settings()
    try:
        return load_rules(
            read_rule_files(settings.rules),
            lookup=environment().lookup,
            kinds=kinds(),
            timezone=settings.timezone,
            lenient_secrets=True,
        )
    except ConfigError:
        typer.echo("the rules on disk do not load, and this command needs them:", err=True)
        raise
