"""Lives simulated lives: ``python tests/simulation --seconds 600 [--seed 17] [--days 14]``.

Prints each seed whose life broke a promise, cut to the shortest story that still does,
and at the end how many days were simulated, which faults took effect, and what was checked.
Ends with 1 where anything was found. The same seed gives the same life, byte for byte.
"""

import argparse
import os
import sys
import time
from collections import Counter
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from simulation.mutants import MUTANTS, planted

if "--mutant" in sys.argv:
    planted(sys.argv[sys.argv.index("--mutant") + 1])

from simulation.living import lived
from simulation.shrinking import shrunk
from simulation.story import drawn


def main() -> None:
    """Live the lives of one seed after another until the time is over."""
    given = _arguments()
    ends_s = time.monotonic() + given.seconds
    met, checked = Counter[str](), Counter[str]()
    lives = found = idle = 0
    for seed in count(given.seed):
        story = drawn(seed, days=given.days)
        begun_s = time.process_time()
        outcome = lived(story)
        lives += 1
        met += outcome.met
        idle += outcome.idle
        checked += outcome.verdict.checked
        said = f"{outcome.verdict.faults[0]}" if outcome.verdict.faults else "all is well"
        sys.stderr.write(f"seed {seed}: {said} ({time.process_time() - begun_s:.1f} s CPU)\n")
        if outcome.verdict.faults:
            found += 1
            if not given.mutant:
                _tell(shrunk(story) if given.shrink else story)
        if time.monotonic() >= ends_s or lives == given.lives or (found and given.mutant):
            break
    sys.stdout.write(
        f"{lives} lives of {given.days} days, {found} with a broken promise\n"
        f"faults met: {_counted(met)}\nfaults that met nobody: {idle}\n"
        f"checked: {_counted(checked)}\n"
    )
    sys.exit(min(found, 1))


def _tell(story: object) -> None:
    outcome = lived(story)  # type: ignore[arg-type]
    faults = "\n".join(outcome.verdict.faults[:8])
    sys.stdout.write(f"{story.told()}\n{faults}\n\n")  # type: ignore[attr-defined]
    sys.stdout.flush()


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in sorted(counts.items()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python tests/simulation", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0, help="where to begin")
    parser.add_argument("--days", type=int, default=14, help="of each life")
    parser.add_argument("--lives", type=int, help="at most so many")
    parser.add_argument("--mutant", choices=[one.name for one in MUTANTS], help="plant a fault")
    parser.add_argument("--no-shrink", dest="shrink", action="store_false")
    return parser.parse_args()


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # else sets have another order each time
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    main()
