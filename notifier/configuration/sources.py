"""Which bots are polled: the rules file's, or the one that the settings describe."""

from dataclasses import replace

from notifier.configuration.settings import PREFIX, Settings
from notifier.core.records import Source
from notifier.errors import ConfigError, Fault
from notifier.rules.model import Ruleset, SourceSpec

DEFAULT_SOURCE = "default"


def watched_sources(settings: Settings, ruleset: Ruleset) -> tuple[SourceSpec, ...]:
    """Return every source with its token and types settled.

    Raises :class:`ConfigError` with a fault per missing token or setting.
    """
    if not ruleset.sources:
        return (default_source(settings),)
    sources = [
        replace(one, token=one.token or settings.token, types=one.types or settings.types)
        for one in ruleset.sources
    ]
    faults = [
        Fault(
            where=f"sources.{one.source.name}",
            problem="the source has no token, and NOTIFIER_TOKEN is not set",
            remedy="write `token: ${NAME}` under it, or set NOTIFIER_TOKEN",
        )
        for one in sources
        if one.token is None
    ]
    if faults:
        raise ConfigError(faults)
    return tuple(sources)


def default_source(settings: Settings) -> SourceSpec:
    """Return the settings' one bot; raises :class:`ConfigError` naming what is missing."""
    bot_id, customer_id = settings.bot_id, settings.customer_id
    if settings.token is None or bot_id is None or customer_id is None:
        raise ConfigError(
            [
                Fault(
                    where=f"{PREFIX}{field.upper()}",
                    problem="not set, and the rules file has no `sources:`",
                    remedy="set it in the environment, in .env, or as a credentials file "
                    f"named {PREFIX.lower()}{field}",
                )
                for field in ("token", "bot_id", "customer_id")
                if getattr(settings, field) is None
            ]
        )
    source = _own_source(settings, bot_id)
    return SourceSpec(source=source, token=settings.token, types=settings.types)


def known_sources(settings: Settings, ruleset: Ruleset) -> dict[str, Source]:
    """Return by bot id what is known of the sources, for links: no token is needed."""
    if ruleset.sources:
        return {one.source.bot_id: one.source for one in ruleset.sources}
    if settings.bot_id is None:
        return {}
    return {settings.bot_id: _own_source(settings, settings.bot_id)}


def _own_source(settings: Settings, bot_id: str) -> Source:
    return Source(
        name=DEFAULT_SOURCE,
        bot_id=bot_id,
        customer_id=settings.customer_id or "",
        inbox_url=settings.inbox_url,
    )
