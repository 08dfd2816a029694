"""One line about the machine that a run was made on; nothing that names it."""

import os
import platform
import sqlite3
from pathlib import Path


def machine(folder: Path) -> str:
    """Return processor, cores, kernel, versions, and the file system under ``folder``."""
    return ", ".join(
        (
            f"{_processor()} ({len(os.sched_getaffinity(0))} cores)",
            f"Linux {platform.release().partition('-')[0]}",
            f"Python {platform.python_version()}",
            f"SQLite {sqlite3.sqlite_version}",
            _file_system(folder.resolve()),
        )
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _file_system(folder: Path) -> str:
    """Return the kind of the file system that holds the folder. Source: proc_mounts(5)."""
    mounts = [
        line.split()[1:3]
        for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    ]
    holding = [(place, kind) for place, kind in mounts if folder.is_relative_to(place)]
    return max(holding, key=lambda one: len(one[0]))[1]
