"""CONTRIBUTING names files that are there."""

import re

import pytest

from support.readme import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`((?:\.ci|notifier|tests)/[\w/.]+|[\w-]+\.\w+)`", TEXT)))


@pytest.mark.parametrize("name", [one for one in NAMED if "KIND" not in one])
def test_each_file_that_contributing_names_is_there(name: str) -> None:
    assert (ROOT / name).exists()


def test_readme_points_there() -> None:
    assert "(CONTRIBUTING.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
