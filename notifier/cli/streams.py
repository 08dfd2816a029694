"""Standard streams that are closed, full, or read by nobody any more."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

STREAMS = ("stdin", "stdout", "stderr")


def open_missing() -> None:
    """Open /dev/null in place of standard streams that were closed at the start.

    A file opened later would get the number, and what is printed would stand in it.
    """
    for number, name in enumerate(STREAMS):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number, and all below are taken.
            opened = os.open(os.devnull, os.O_RDWR)
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(opened, mode, encoding="utf-8", closefd=False))


@contextmanager
def watched() -> Iterator[None]:
    """End with 1 and one line on stderr where stdout takes no more, never a traceback.

    A reader that went away, such as ``head``, is told of nothing. What stderr does not
    take is lost: it changes neither the work nor the exit code.
    """
    out, err = _Watched(1), _Deaf(2)
    sys.stdout, sys.stderr = _over(out, sys.stdout), _over(err, sys.stderr)
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error is not out.fault:
            raise
        # What is left in the buffer is written once more when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if not isinstance(error, BrokenPipeError):
            sys.stderr.write(f"stdout cannot be written to: {_reason(error)}\n")
        sys.exit(1)


class _Watched(io.FileIO):
    """Remembers why it could not be written to; left open at the end."""

    def __init__(self, number: int) -> None:
        super().__init__(number, "w", closefd=False)
        self.fault: OSError | None = None

    def write(self, written: bytes, /) -> int | None:  # type: ignore[override] # any buffer
        try:
            return super().write(written)
        except OSError as error:
            self.fault = error
            raise


class _Deaf(_Watched):
    """Takes everything, whether the stream behind it does or not."""

    def write(self, written: bytes, /) -> int | None:  # type: ignore[override] # any buffer
        with suppress(OSError):
            return super().write(written)
        return len(written)


def _over(raw: io.FileIO, stream: object) -> io.TextIOWrapper:
    """Return a stream like the one given that writes to ``raw``."""
    like = stream if isinstance(stream, io.TextIOWrapper) else None
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=like.encoding if like else "utf-8",
        errors=like.errors if like else "replace",
        line_buffering=like.line_buffering if like else False,
    )


def _reason(error: OSError) -> str:
    return (error.strerror or "input/output error").lower()
