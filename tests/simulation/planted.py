"""Plants faults, each into a process of its own, and says which of them are found there.

``python tests/simulation/planted.py NAME...`` prints a line a name: what was broken.
"""

import os
import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from simulation.mutants import planted

SLOW = (
    *("aiohttp", "aiosmtplib", "async_solipsism", "httpx", "jinja2", "pydantic_settings"),
    *("pytest", "ruamel.yaml", "slack_sdk.web.async_client", "sqlite_utils", "structlog"),
)
"""What takes most of the time to load, and nothing of ours."""


def main(names: list[str]) -> None:
    """Live the known story of each name, with its fault."""
    for module in SLOW:
        import_module(module)
    for name in names:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            _live(name)
        os.waitpid(child, 0)


def _live(name: str) -> None:
    planted(name)
    known, living = import_module("simulation.known"), import_module("simulation.living")
    faults = living.lived(known.KNOWN[name]).verdict.faults
    sys.stdout.write(f"{name}: {faults[0] if faults else 'not found'}\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
