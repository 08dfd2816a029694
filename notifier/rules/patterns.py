"""Regular expressions over what strangers wrote."""

from collections.abc import Callable

import re2

from notifier.rules.boundaries import for_every_script


def finder(pattern: str) -> Callable[[str], bool]:
    r"""Return whether a text has the RE2 expression in it; ``ValueError`` for a bad one.

    RE2, because ``re`` can take years over a text that a stranger chose. Its ``\b`` and
    ``\w`` know a to z alone: see :func:`for_every_script`.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern.encode(), options)  # a fault names what was written
        search = re2.compile(for_every_script(pattern).encode(), options).search
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise ValueError(str(reason)) from error
    return lambda text: search(text.encode("utf-8", "replace")) is not None
