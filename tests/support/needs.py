"""Programs from elsewhere that a test runs: servers, tracers, browsers.

::

    command = [needs("promtool"), "check", "metrics"]
    initdb = needs("initdb")

Call it in a test, or in a fixture that starts a server.
"""

import ctypes
import os
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import pytest

MUST_RUN = "TESTS_MUST_RUN"
"""Set in CI, where a missing program is a fault. Its name lacks our settings' prefix: tests
clear those."""
FOLDERS = ("/usr/sbin", *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"))))
"""Where Debian puts servers that are not on everybody's path."""


def needs(program: str) -> str:
    """Return the program's path; where it is missing, skip, or fail if every test must run."""
    __tracebackhide__ = True
    path = path_of(program)
    if path is None:
        _skip(program)
    return path


def path_of(program: str) -> str | None:
    """Return the program's path, ``None`` where it is missing."""
    return shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), *FOLDERS]))


def needs_python(module: str) -> Any:
    """Return a module that some machines have no package of; else skip, or fail."""
    __tracebackhide__ = True
    try:
        return import_module(module)
    except ImportError:
        _skip(module)


def needs_root() -> None:
    """Skip who is not root, or fail if every test must run."""
    __tracebackhide__ = True
    if os.geteuid() != 0:
        _skip("a root user")


def needs_library(name: str) -> ctypes.CDLL:
    """Return a shared library that some machines lack; else skip, or fail."""
    __tracebackhide__ = True
    try:
        return ctypes.CDLL(name)
    except OSError:
        _skip(name)


def _skip(missing: str) -> NoReturn:
    __tracebackhide__ = True
    if os.environ.get(MUST_RUN):
        pytest.fail(f"{missing} is not installed, and {MUST_RUN} is set")
    pytest.skip(f"{missing} is not installed")
