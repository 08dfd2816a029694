"""Faults that can be planted have their places in the program."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from simulation.mutants import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_a_mutant_has_its_place_once(mutant: Mutant) -> None:
    found = find_spec(mutant.module)
    assert found is not None
    assert found.origin is not None
    assert Path(found.origin).read_text(encoding="utf-8").count(mutant.old) == 1
