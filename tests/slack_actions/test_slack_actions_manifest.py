"""The manifest that docs/slack.md has people paste."""

from typing import Any

from ruamel.yaml import YAML

from notifier.destinations.slack_checks import SCOPES
from support import readme

MANIFEST = readme.ROOT / "docs" / "slack-app.yaml"


def manifest() -> dict[str, Any]:
    return dict(YAML(typ="safe").load(MANIFEST.read_text(encoding="utf-8")))


def test_the_manifest_turns_on_what_clicks_need() -> None:
    settings = manifest()["settings"]
    assert settings["socket_mode_enabled"] is True
    assert settings["interactivity"] == {"is_enabled": True}
    assert settings["token_rotation_enabled"] is False


def test_the_manifest_asks_for_what_doctor_would_miss() -> None:
    scopes = set(manifest()["oauth_config"]["scopes"]["bot"])
    wanted = {word for word in SCOPES.replace("(", " ").split() if ":" in word}
    assert {"chat:write"} | wanted <= scopes


def test_the_page_names_each_scope() -> None:
    page = MANIFEST.with_name("slack.md").read_text(encoding="utf-8")
    asked = manifest()["oauth_config"]["scopes"]["bot"]
    families = {scope.partition(":")[0] for scope in asked}
    assert all(f"`{family}:" in page for family in families)
