"""Files of ours: made new, for our eyes, and never through what somebody else put there."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from notifier.errors import FileError

PRIVATE = 0o600
NEW = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def replacing(path: Path, *, mode: int = PRIVATE) -> Iterator[Path]:
    """Yield a new, empty file, which takes the place of ``path`` once the block is done.

    Until then it lies beside ``path`` in a folder that nobody else may enter: no link can
    get in its way, and what a failure leaves behind goes with the folder. What was at
    ``path`` then stays. Raises :class:`FileError` where that is not a plain file, and
    :class:`OSError`.
    """
    refuse_odd(path)
    with TemporaryDirectory(prefix=".notifier-", dir=path.parent) as folder:
        made = Path(folder) / path.name
        os.close(os.open(made, NEW, mode))
        yield made
        made.replace(path)
        _keep(path.parent)


def write(path: Path, text: str, *, mode: int = PRIVATE) -> None:
    """Put this text in the place of ``path``, whole; raises as :func:`replacing` does."""
    with replacing(path, mode=mode) as made, made.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def make_private(path: Path) -> None:
    """Make an empty private file, unless something is there; raises :class:`OSError`."""
    try:
        os.close(os.open(path, NEW, PRIVATE))
    except FileExistsError:
        return


def open_private(path: Path) -> int:
    """Return a descriptor of a private file, made where there was none, to read and write.

    Raises :class:`FileError` where it is not a plain file, and :class:`OSError`.
    """
    refuse_odd(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, PRIVATE)
    try:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != PRIVATE:
            os.fchmod(descriptor, PRIVATE)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def refuse_odd(path: Path) -> None:
    """Raise :class:`FileError` where something other than a plain file is in the way."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        problem = f"{path} is {_what(mode)}, not a plain file"
        raise FileError(f"{problem}: move it away, or name another")


def _what(mode: int) -> str:
    match stat.S_IFMT(mode):
        case stat.S_IFLNK:
            return "a symbolic link"
        case stat.S_IFDIR:
            return "a folder"
        case stat.S_IFIFO:
            return "a pipe"
        case stat.S_IFSOCK:
            return "a socket"
        case _:
            return "a device"


def _keep(folder: Path) -> None:
    """Let a power cut not undo what a rename in this folder did."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
