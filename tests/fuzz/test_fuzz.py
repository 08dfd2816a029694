"""Some rounds of each door with fixed seeds: more of them with ``python tests/fuzz``."""

import pytest

from fuzz.doors import PLACES, ROUNDS, run_round

SEEDS = range(2)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("door", ROUNDS)
def test_nothing_from_outside_stops_the_service(door: str, seed: int) -> None:
    assert run_round(door, seed) >= PLACES
