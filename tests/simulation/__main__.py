"""Lives simulated lives: ``python tests/simulation --seconds 600 [--seed 17] [--days 14]``.

Says of each seed whether its life broke a promise; tells such a life, cut to the shortest
story that still does. At the end: how many days were simulated, which faults took effect, how
often, and what was checked. A life counts where each of its faults met somebody. Ends with 1
where anything was found. The same seed gives the same life, byte for byte.
"""

import argparse
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from simulation.mutants import MUTANTS, planted

if "--mutant" in sys.argv:
    planted(sys.argv[sys.argv.index("--mutant") + 1])

from simulation.living import Outcome, lived
from simulation.shrinking import shrunk
from simulation.story import Story, drawn


@dataclass(slots=True)
class Tally:
    """What a number of lives came to."""

    days: int
    lives: int = 0
    whole: int = 0
    idle: Counter[str] = field(default_factory=Counter)
    broken: list[int] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)

    def add(self, seed: int, outcome: Outcome) -> None:
        """Take in a life."""
        self.lives += 1
        self.whole += not outcome.idle
        self.idle += outcome.idle
        self.met += outcome.met
        self.checked += outcome.verdict.checked
        self.broken += [seed] * bool(outcome.verdict.faults)

    def told(self) -> str:
        """Return it as a page to read."""
        seeds = f": seeds {', '.join(map(str, self.broken))}" if self.broken else ""
        return "\n".join(
            (
                f"{self.lives:,} lives of {self.days} days: {self.lives * self.days:,} days",
                f"{len(self.broken):,} with a broken promise{seeds}",
                f"{self.whole:,} in which each fault took effect: these count",
                "",
                "faults that took effect, and how often",
                *_columns(self.met),
                "",
                f"faults that met nobody ({self.idle.total():,})",
                *_columns(self.idle),
                "",
                "what was checked, and how often",
                *_columns(self.checked),
                "",
            )
        )


def main() -> None:
    """Live the lives of one seed after another until the time is over."""
    given = _arguments()
    ends_s = time.monotonic() + given.seconds
    tally = Tally(given.days)
    for seed in count(given.seed):
        story = drawn(seed, days=given.days, members=given.members)
        begun_s = time.process_time()
        outcome = lived(story)
        tally.add(seed, outcome)
        faults = outcome.verdict.faults
        said = faults[0] if faults else "all is well"
        sys.stderr.write(f"seed {seed}: {said} ({time.process_time() - begun_s:.1f} s CPU)\n")
        if faults and not given.mutant:
            if given.shrink:
                story = shrunk(story)
                faults = lived(story).verdict.faults
            _tell(story, faults)
        if time.monotonic() >= ends_s or tally.lives == given.lives:
            break
        if faults and given.mutant:
            break
    sys.stdout.write(tally.told())
    sys.exit(bool(tally.broken))


def _tell(story: Story, faults: list[str]) -> None:
    first = "\n".join(faults[:8])
    sys.stdout.write(f"{story.told()}\n{first}\n\n")
    sys.stdout.flush()


def _columns(counts: Counter[str]) -> list[str]:
    return [f"  {number:>11,}  {name}" for name, number in sorted(counts.items())]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python tests/simulation", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0, help="where to begin")
    parser.add_argument("--days", type=int, default=14, help="of each life")
    parser.add_argument("--members", type=int, default=0, help="that share a database")
    parser.add_argument("--lives", type=int, help="at most so many")
    parser.add_argument("--mutant", choices=[one.name for one in MUTANTS], help="plant a fault")
    parser.add_argument("--no-shrink", dest="shrink", action="store_false")
    return parser.parse_args()


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # else sets have another order each time
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    main()
