"""Fuzz the five doors: ``python tests/fuzz --seconds 600 [--door mail] [--seed 17]``.

Prints each seed that found something, and what; the same seed finds it again. Ends with
1 where anything was found.
"""

import argparse
import sys
import time
import traceback
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.doors import ROUNDS, run_round


def main() -> None:
    """Run rounds of the chosen doors, in turn, until the time is over."""
    given = _arguments()
    finds = rounds = 0
    ends_s = time.monotonic() + given.seconds
    for seed in count(given.seed):
        for door in given.door or ROUNDS:
            begun_s = time.monotonic()
            met = _round(door, seed)
            finds, rounds = finds + (met is None), rounds + 1
            said = "FOUND" if met is None else f"{met} cases, nothing found"
            sys.stderr.write(f"{door} {seed}: {said}, {time.monotonic() - begun_s:.1f} s\n")
        if time.monotonic() >= ends_s:
            break
    sys.stdout.write(f"{rounds} rounds, {finds} with finds\n")
    sys.exit(min(finds, 1))


def _round(door: str, seed: int) -> int | None:
    """Return how many cases were met, or ``None`` where that was too much."""
    try:
        return run_round(door, seed)
    except Exception:  # noqa: BLE001 - whatever it is, it was found
        sys.stdout.write(f"--door {door} --seed {seed} --seconds 0\n{traceback.format_exc()}\n")
        sys.stdout.flush()
        return None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python tests/fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="0 is one round of each")
    parser.add_argument("--door", choices=ROUNDS, action="append", help="may be repeated")
    parser.add_argument("--seed", type=int, default=0, help="where to begin")
    return parser.parse_args()


if __name__ == "__main__":
    main()
