"""The one place where words from outside become text that everything here can carry.

Whatever a mail server, a receiver, Slack, BotPenguin or a command line says passes
:func:`clean` where it enters: behind it no text can break the database's bind, a log
line, a mail or a terminal.
"""

import re

NO_BYTE = re.compile(r"[\ud800-\udc7f\udd00-\udfff]")  # surrogates that stand for none
UNCARRIED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
REPLACEMENT = "\ufffd"


def clean(said: str | bytes) -> str:
    """Return the words as Unicode text; what is none, or controls anything, is ``�``.

    Bytes are read as UTF-8, and so are those that a library kept as lone surrogates.
    Of the controls only the line feed and the tab stay; CRLF becomes a line feed.
    """
    if isinstance(said, str):
        said = NO_BYTE.sub(REPLACEMENT, said).encode("utf-8", "surrogateescape")
    text = said.decode("utf-8", "replace").replace("\r\n", "\n")
    return UNCARRIED.sub(REPLACEMENT, text)
