"""The benchmark command, by its quickest rows: it runs, and no figure stands alone."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parent / "benchmarks"


def test_every_figure_stands_beside_its_spread_and_its_floor() -> None:
    done = subprocess.run(
        [sys.executable, BENCHMARKS, "--only", "match", "--quick", "--json"],
        capture_output=True,
        check=True,
        text=True,
    )
    found = json.loads(done.stdout)
    assert "cores" in found["machine"]
    assert len(found["rows"]) == 3
    for row in found["rows"]:
        assert 0 < row["least"] <= row["figure"] <= row["greatest"]
        assert row["floor"]["figure"] > 0
