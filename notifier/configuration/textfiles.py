"""The one place that reads a file which a person named: settings, rules, tests, lists.

It never waits for a pipe or a device, never reads more than a bound, and takes text
the way editors of every kind leave it: a byte order mark is no part of it, CR and CRLF
are line ends.
"""

import codecs
import os
import stat
from pathlib import Path

from notifier.cleaning import clean
from notifier.errors import ConfigError, Fault

MAX_BYTES = 1024**2
OTHERS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
# Editors on Windows call it "Unicode".
WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def shown(path: Path) -> str:
    """Return a path as it may stand in a message: its name can be any bytes."""
    return clean(str(path))


def read_text(path: Path, *, max_bytes: int = MAX_BYTES) -> str:
    """Return the text of a file; its lines end in LF.

    Raises ``FileNotFoundError`` where nothing has this name, and :class:`ConfigError`
    with one fault for everything else: ``problem`` is a verb and what follows.
    """
    try:
        found = _read(path, max_bytes)
    except FileNotFoundError:
        if not path.is_symlink():
            raise
        raise _fault(path, "is a link to nothing", "mend or remove it") from None
    except (OSError, ValueError) as error:
        raise _fault(path, f"cannot be read: {reason(error)}", "mend or remove it") from None
    return _decoded(path, found)


def reason(error: OSError | ValueError) -> str:
    """Return why a path could not be used, without naming it."""
    if isinstance(error, OSError):
        return (error.strerror or "input/output error").lower()
    return "its name holds a NUL character"


def _read(path: Path, max_bytes: int) -> bytes:
    if (other := OTHERS.get(stat.S_IFMT(path.stat().st_mode))) is not None:
        raise _fault(path, f"is {other}, not a file", "put a file of text in its place")
    # Without waiting, should a pipe have taken the file's place just now.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        found = file.read(max_bytes + 1)
    if len(found) > max_bytes:
        problem = f"is larger than {max_bytes // 1024} KiB"
        raise _fault(path, problem, "look whether it is the right file")
    return found


def _decoded(path: Path, found: bytes) -> str:
    if found.startswith(WIDE_MARKS):
        raise _fault(path, "is UTF-16 text", "save it as UTF-8")
    try:
        text = found.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = f"is not UTF-8 text in line {line}: it may be Windows-1252 or Latin-1"
        raise _fault(path, problem, "save it as UTF-8") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        problem = f"holds a NUL character in line {line}: it is not text, or it is UTF-16"
        raise _fault(path, problem, "save it as UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _fault(path: Path, problem: str, remedy: str) -> ConfigError:
    return ConfigError([Fault(where=shown(path), problem=problem, remedy=remedy)])
