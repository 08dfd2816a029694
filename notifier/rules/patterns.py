"""Regular expressions over what strangers wrote."""

from collections.abc import Callable

import re2


def finder(pattern: str) -> Callable[[str], bool]:
    """Return whether a text has the RE2 expression in it; ``ValueError`` for a bad one.

    RE2, because ``re`` can take years over a text that a stranger chose.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        search = re2.compile(pattern.encode(), options).search
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise ValueError(str(reason)) from error
    return lambda text: search(text.encode("utf-8", "replace")) is not None
