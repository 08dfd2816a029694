"""What an operator installs hangs together: files that docs name, the container's terms."""

import re
from urllib.parse import urlsplit

from ruamel.yaml import YAML

from support import readme

DOCS = sorted((readme.ROOT / "docs").glob("*.md"))
OURS = re.compile(r"(?<![\w/])(?:systemd/|notifier/monitoring/|requirements)[\w./@-]+")


def test_every_file_of_the_checkout_that_a_text_names_is_there() -> None:
    named = {name.rstrip(".") for name in OURS.findall(readme.TEXT)}
    assert len(named) > 8
    assert [name for name in named if not (readme.ROOT / name).exists()] == []


def test_every_place_that_a_page_points_to_exists() -> None:
    for path in DOCS:
        pointed = re.findall(r'(?:\]\(|src=")(?!https?:)([^)"#]+)', path.read_text())
        assert [place for place in pointed if not (path.parent / place).exists()] == []


def test_the_container_of_the_compose_file_may_write_one_volume_alone() -> None:
    text = (readme.ROOT / "compose.yaml").read_text(encoding="utf-8")
    composed = YAML(typ="safe").load(text)
    service = composed["services"]["notifier"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    places = [volume.split(":") for volume in service["volumes"]]
    assert [inside for _, inside, *mode in places if mode != ["ro"]] == ["/var/lib/notifier"]
    assert places[0][0] in composed["volumes"]
    dockerfile = (readme.ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "VOLUME /var/lib/notifier\n" in dockerfile
    assert f"NOTIFIER_RULES={service['environment']['NOTIFIER_RULES']} " in dockerfile


def test_the_members_of_the_compose_file_share_a_database_and_write_nothing_else() -> None:
    text = (readme.ROOT / "compose.postgresql.yaml").read_text(encoding="utf-8")
    composed = YAML(typ="safe").load(text)
    services = composed["services"]
    database = services.pop("database")
    assert len(services) == 2
    for member in services.values():
        assert member["read_only"] is True
        assert member["cap_drop"] == ["ALL"]
        assert [volume.split(":")[2] for volume in member["volumes"]] == ["ro"]
        url = urlsplit(member["environment"]["NOTIFIER_DATABASE"].replace("?", "%3F"))
        assert url.path == f"/{database['environment']['POSTGRES_DB']}"
        assert url.username == database["environment"]["POSTGRES_USER"]
        assert url.netloc.endswith("@database")
    assert "ARG EXTRAS=" in (readme.ROOT / "Dockerfile").read_text(encoding="utf-8")
