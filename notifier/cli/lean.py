"""Libraries loaded without what they have for terminals: to be imported before them.

Where Rich is installed, structlog loads it for pictures of tracebacks, and httpx for a
command line of its own; where it is not, they do without. No service uses either, and
they are a tenth of its start and 4 MB.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

UNUSED = ("rich", "httpx._main")
LIBRARIES = ("httpx", "structlog")


@contextmanager
def _hidden(modules: tuple[str, ...]) -> Iterator[None]:
    """Let those of these modules that are not loaded yet seem not to be installed."""
    unseen = [name for name in modules if name not in sys.modules]
    sys.modules.update(dict.fromkeys(unseen))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in unseen:
            del sys.modules[name]


with _hidden(UNUSED):
    for library in LIBRARIES:
        import_module(library)
