"""Programs from elsewhere that a test runs: servers, tracers, browsers.

::

    command = [needs("promtool"), "check", "metrics"]
    initdb = needs("initdb")

Call it in a test, or in a fixture that starts a server.
"""

import os
import shutil
from pathlib import Path

import pytest

MUST_RUN = "TESTS_MUST_RUN"
"""Set in CI, where a missing program is a fault. Its name lacks our settings' prefix: tests
clear those."""
FOLDERS = ("/usr/sbin", *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"))))
"""Where Debian puts servers that are not on everybody's path."""


def needs(program: str) -> str:
    """Return the program's path; where it is missing, skip, or fail if every test must run."""
    __tracebackhide__ = True
    path = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), *FOLDERS]))
    if path is None:
        missing = f"{program} is not installed"
        if os.environ.get(MUST_RUN):
            pytest.fail(f"{missing}, and {MUST_RUN} is set")
        pytest.skip(missing)
    return path
