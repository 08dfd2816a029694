"""Reading a file that a person named: what is text, and what is no file at all."""

import os
import socket
from pathlib import Path

import pytest

from notifier.configuration.textfiles import read_text
from notifier.errors import ConfigError
from support.program import Program, without_rights


def refused(path: Path, **bounds: int) -> str:
    with pytest.raises(ConfigError) as error:
        read_text(path, **bounds)
    (fault,) = error.value.faults
    assert fault.where == str(path)
    return f"{fault.problem} ({fault.remedy})"


@pytest.mark.parametrize(
    ("held", "text"),
    [
        (b"", ""),
        (b"a\nb\n", "a\nb\n"),
        (b"\xef\xbb\xbfa\r\nb\r\n", "a\nb\n"),
        (b"a\rb", "a\nb"),
        ("über\n".encode(), "über\n"),
    ],
)
def test_marks_and_line_ends_of_every_editor_are_read_alike(
    tmp_path: Path, held: bytes, text: str
) -> None:
    (tmp_path / "f").write_bytes(held)
    assert read_text(tmp_path / "f") == text


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (
            b"a\r\nb\xfc",
            "is not UTF-8 text in line 2: it may be Windows-1252 or Latin-1 (save it as UTF-8)",
        ),
        ("\ufeffa".encode("utf-16-le"), "is UTF-16 text (save it as UTF-8)"),
        ("\ufeffa".encode("utf-16-be"), "is UTF-16 text (save it as UTF-8)"),
        (
            "a\nb".encode("utf-16-le"),
            (
                "holds a NUL character in line 1: it is not text, or it is UTF-16"
                " (save it as UTF-8)"
            ),
        ),
    ],
)
def test_what_is_no_utf8_text_is_told_with_its_line(
    tmp_path: Path, held: bytes, told: str
) -> None:
    (tmp_path / "f").write_bytes(held)
    assert refused(tmp_path / "f") == told


def test_what_is_no_file_is_told_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "link").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        told = {path.name: refused(path) for path in tmp_path.iterdir()}
    instead = "(put a file of text in its place)"
    assert told == {
        "pipe": f"is a named pipe, not a file {instead}",
        "folder": f"is a folder, not a file {instead}",
        "zero": f"is a device, not a file {instead}",
        "socket": f"is a socket, not a file {instead}",
        "loop": "cannot be read: too many levels of symbolic links (mend or remove it)",
        "link": "is a link to nothing (mend or remove it)",
    }


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2**40)
    assert refused(tmp_path / "huge") == (
        "is larger than 1024 KiB (look whether it is the right file)"
    )
    (tmp_path / "list").write_bytes(b"a" * 2048)
    assert read_text(tmp_path / "list", max_bytes=2048) == "a" * 2048
    assert refused(tmp_path / "list", max_bytes=2047).startswith("is larger than 1 KiB")


async def test_a_file_of_somebody_else_is_told(tmp_path: Path) -> None:
    (tmp_path / "f").touch(mode=0)
    program = Program(tmp_path, {"NOTIFIER_RULES": "f"})
    program.prefix = without_rights()
    ended = await program.ends("check")
    assert (ended.code, ended.out) == (78, "")
    assert "f: cannot be read: permission denied" in ended.err


def test_an_absent_file_is_its_callers_matter(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / "f")
