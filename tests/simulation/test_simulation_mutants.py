"""Faults that can be planted have their places in the program, and are found there."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from simulation.known import KNOWN
from simulation.living import lived
from simulation.mutants import MUTANTS, Mutant

NAMES = [one.name for one in MUTANTS]
STORIES = [*dict.fromkeys(KNOWN.values())]
"""A story that brings out several faults is lived once."""
PLANTED = Path(__file__).with_name("planted.py")
AT_ONCE = 9


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_a_mutant_has_its_place_once(mutant: Mutant) -> None:
    found = find_spec(mutant.module)
    assert found is not None
    assert found.origin is not None
    assert Path(found.origin).read_text(encoding="utf-8").count(mutant.old) == 1


@pytest.mark.parametrize("first", range(0, len(NAMES), AT_ONCE))
def test_a_planted_fault_breaks_a_promise(first: int) -> None:
    names = NAMES[first : first + AT_ONCE]
    done = subprocess.run(
        [sys.executable, PLANTED, *names],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    told = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert list(told) == names, done.stderr
    assert [name for name in names if told[name] == "not found"] == []


def test_each_fault_has_a_story() -> None:
    assert KNOWN.keys() == set(NAMES)


@pytest.mark.parametrize("first", range(0, len(STORIES), AT_ONCE))
def test_the_same_story_without_the_fault_breaks_none(first: int) -> None:
    for story in STORIES[first : first + AT_ONCE]:
        assert lived(story).verdict.faults == [], story
