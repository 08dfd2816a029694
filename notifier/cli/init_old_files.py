"""What was in the folder before ``init``: kept, and taken up in what is written anew."""

from collections.abc import Mapping
from datetime import datetime
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

from notifier import files
from notifier.cli.init_files import dotenv_text


def keep_copy(path: Path, *, at: datetime) -> Path:
    """Copy a file to ``NAME.before-2026-03-02``, private, and return where it went.

    Neither `notifier` nor a rules folder reads files of this name; a copy that is
    there already is never written over.
    """
    copy = path.with_name(f"{path.name}.before-{at:%Y-%m-%d}")
    number = 2
    while copy.exists() or copy.is_symlink():
        copy = path.with_name(f"{path.name}.before-{at:%Y-%m-%d}.{number}")
        number += 1
    with files.replacing(copy) as made:
        made.write_bytes(path.read_bytes())
    return copy


def merged(text: str, values: Mapping[str, str]) -> str:
    """Return an environment file with these values; all else in it stays as it was."""
    lines: list[str] = []
    left = dict(values)
    for binding in parse_stream(StringIO(text)):
        name, written = binding.key or "", binding.original.string
        left.pop(name, None)
        if name in values and binding.value != values[name]:
            blank = written[: len(written) - len(written.lstrip())]
            written = blank + _lines({name: values[name]})
        lines.append(written)
    if lines and not lines[-1].endswith("\n"):
        lines.append("\n")
    return "".join(lines) + _lines(left)


def _lines(values: Mapping[str, str]) -> str:
    """Return the lines of a new environment file less its first, which is a remark."""
    return dotenv_text(values).partition("\n")[2]
