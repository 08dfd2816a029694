"""Which sources are polled, and with which token."""

import pytest
from pydantic import SecretStr

from notifier.configuration.settings import Settings
from notifier.configuration.sources import watched_sources
from notifier.core.records import Source
from notifier.errors import ConfigError
from notifier.rules.model import Ruleset, SourceSpec

TOKEN, OTHER = SecretStr("settings-token"), SecretStr("source-token")


def written(
    name: str, *, token: SecretStr | None = None, types: tuple[str, ...] = ()
) -> Ruleset:
    source = Source(name=name, bot_id="bot", customer_id="customer")
    return Ruleset(sources=(SourceSpec(source=source, token=token, types=types),))


def faults(settings: Settings, ruleset: Ruleset) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        watched_sources(settings, ruleset)
    return [f"{fault.where}: {fault.problem}" for fault in refused.value.faults]


def test_without_sources_in_the_rules_the_settings_describe_the_one() -> None:
    settings = Settings(
        token=TOKEN, bot_id="b", customer_id="c", inbox_url="https://x.example/{uuid}"
    )
    (spec,) = watched_sources(settings, Ruleset())
    assert spec.source == Source(
        name="default", bot_id="b", customer_id="c", inbox_url="https://x.example/{uuid}"
    )
    assert (spec.token, spec.types) == (TOKEN, ("lead",))


def test_each_missing_setting_is_a_fault() -> None:
    problem = "not set, and the rules file has no `sources:`"
    assert faults(Settings(bot_id="b"), Ruleset()) == [
        f"NOTIFIER_TOKEN: {problem}",
        f"NOTIFIER_CUSTOMER_ID: {problem}",
    ]


def test_a_source_takes_the_settings_token_and_types_where_it_has_none() -> None:
    settings = Settings(token=TOKEN, types=("non-lead",))
    (bare,) = watched_sources(settings, written("website"))
    assert (bare.token, bare.types) == (TOKEN, ("non-lead",))
    (full,) = watched_sources(settings, written("website", token=OTHER, types=("lead",)))
    assert (full.token, full.types) == (OTHER, ("lead",))


def test_a_source_without_any_token_is_a_fault_under_its_name() -> None:
    assert faults(Settings(), written("website")) == [
        "sources.website: the source has no token, and NOTIFIER_TOKEN is not set"
    ]
