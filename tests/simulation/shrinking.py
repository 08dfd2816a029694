"""Makes the story of a broken promise short: what is not needed for it is left out."""

from dataclasses import replace

from simulation.living import lived
from simulation.story import Entry, Story

MOST_LIVES = 120


def shrunk(story: Story, *, most: int = MOST_LIVES) -> Story:
    """Return the shortest story found within ``most`` lives that breaks the same promise."""
    broken = _broken(story)
    entries, chunk = list(story.entries), max(len(story.entries) // 2, 1)
    tried = 0
    while chunk and tried < most:
        at, shorter = 0, False
        while at < len(entries) and tried < most:
            fewer = entries[:at] + entries[at + chunk :]
            tried += 1
            if _still(story, fewer, broken):
                entries, shorter = fewer, True
            else:
                at += chunk
        if not shorter or chunk > 1:
            chunk //= 2
    return replace(story, entries=tuple(entries))


def _still(story: Story, entries: list[Entry], broken: set[str]) -> bool:
    return bool(_broken(replace(story, entries=tuple(entries))) & broken)


def _broken(story: Story) -> set[str]:
    return {fault.partition(":")[0] for fault in lived(story).verdict.faults}
