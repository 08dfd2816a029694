"""What may stand where a file of ours should go, and a disk that takes no more."""

import os
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ODD = ("link", "dangling link", "pipe", "socket", "folder")


@contextmanager
def put_in_the_way(path: Path, kind: str) -> Iterator[Callable[[], bool]]:
    """Put something that is not a plain file there; yield whether it is untouched still."""
    elsewhere = path.parent / "elsewhere"
    listening = socket.socket(socket.AF_UNIX)
    match kind:
        case "link":
            elsewhere.write_text("somebody else's")
            path.symlink_to(elsewhere)
        case "dangling link":
            path.symlink_to(elsewhere)
        case "pipe":
            os.mkfifo(path)
        case "socket":
            # A socket's path may have no more than 107 bytes.
            listening.bind(f"/proc/self/fd/{os.open(path.parent, os.O_RDONLY)}/{path.name}")
        case "folder":
            path.mkdir()
    before = _seen(path), _read(elsewhere)
    with listening:
        yield lambda: (_seen(path), _read(elsewhere)) == before


@contextmanager
def no_file_larger_than(size_bytes: int) -> Iterator[None]:
    """Let every write beyond this size fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _seen(path: Path) -> tuple[int, int]:
    seen = path.lstat()
    return seen.st_mode, seen.st_ino


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None
