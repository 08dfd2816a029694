"""One story lived and judged."""

import hashlib
from collections import Counter
from dataclasses import dataclass

from simulation.life import Life, simulated
from simulation.members import SharedLife
from simulation.oracle import judged
from simulation.story import Story
from simulation.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a life; ``digest`` stands for all that was told, byte for byte.

    ``idle`` counts the faults that were to happen and met nobody.
    """

    verdict: Verdict
    met: Counter[str]
    idle: Counter[str]
    digest: str


def lived(story: Story) -> Outcome:
    """Live the story and judge it."""
    with simulated(story, SharedLife if story.members else Life) as life:
        life.lived()
        return Outcome(
            verdict=judged(life),
            met=+life.effects(),
            idle=_idle(life),
            digest=_digest(life),
        )


def _idle(life: Life) -> Counter[str]:
    """Return the faults that met nobody, those of the process itself included."""
    entries = life.story.entries
    kills = sum(
        one.what == "kill" or (one.what == "upgrade" and bool(one.number)) for one in entries
    )
    died = sum(len(disk.died) for disk in life.disks) + life.met["killed at an await"]
    return +(life.lasting.idle + Counter({"killed": kills - died}))


def _digest(life: Life) -> str:
    found = hashlib.sha256()
    for receiver in (life.crm, life.audit, life.slack, life.mail):
        for one in receiver.arrivals:
            found.update(f"{one.at_s:.6f} {one.id}".encode() + one.body)
    return found.hexdigest()
