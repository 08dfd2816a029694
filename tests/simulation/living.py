"""One story lived and judged."""

import hashlib
from collections import Counter
from dataclasses import dataclass

from simulation.life import Life, simulated
from simulation.oracle import Verdict, judged
from simulation.story import Entry, Story

FAULTS = {
    "trouble": "",
    "kill": "",
    "disk full": "disk full",
    "clock": "clock set",
    "stop": "stopped",
    "others use the token": "token used by others",
}
"""Entries of a story that are faults, and how they are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a life; ``digest`` stands for all that was told, byte for byte.

    ``idle`` counts the faults that were to happen and met nobody.
    """

    verdict: Verdict
    met: Counter[str]
    idle: int
    digest: str


def lived(story: Story) -> Outcome:
    """Live the story and judge it."""
    with simulated(story) as life:
        life.lived()
        met = _met(life)
        planned = [_name(one) for one in story.entries if one.what in FAULTS]
        return Outcome(
            verdict=judged(life),
            met=met,
            idle=sum(name not in met for name in planned),
            digest=_digest(life),
        )


def _name(fault: Entry) -> str:
    """Return the name under which a fault is counted once it took effect."""
    if fault.what == "kill":
        return "killed at an await" if fault.text == "await" else f"killed {fault.text}"
    return fault.text or FAULTS[fault.what]


def _met(life: Life) -> Counter[str]:
    """Return how often each fault has taken effect."""
    met = Counter(f"killed {moment}" for moment in life.disk.died)
    met["killed at an await"] = life.met["killed at an await"]
    met["disk full"] = life.disk.met_full
    met["clock set"] = life.met["clock"]
    met["stopped"] = life.met["stop"]
    met["token used by others"] = life.upstream.refused
    troubles = {name: server.met for name, server in life.servers.items()}
    for name, found in (troubles | {"mail": life.mail.met}).items():
        for trouble, number in found.items():
            met[f"{name}: {trouble}"] += number
    return +met


def _digest(life: Life) -> str:
    found = hashlib.sha256()
    for hook in (life.crm, life.audit):
        for one in hook.arrivals:
            found.update(f"{one.at_s:.6f} {one.id}".encode() + one.body)
    for at_s, mail_id, subject in life.mail.mails:
        found.update(f"{at_s:.6f} {mail_id} {subject}".encode())
    for at_s in life.slack.posted_s:
        found.update(f"{at_s:.6f}".encode())
    return found.hexdigest()
