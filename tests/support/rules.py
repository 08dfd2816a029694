"""Rules from a text, as a test writes them."""

from notifier.configuration.destinations import kinds
from notifier.rules.model import Ruleset
from notifier.rulesfile.load import load_rules


def ruleset(text: str, **secrets: str) -> Ruleset:
    """Return the rules in ``text``; secrets that are not given may be missing."""
    return load_rules(
        [("rules.yaml", text)], lookup=secrets.get, kinds=kinds(), lenient_secrets=True
    )
