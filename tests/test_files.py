"""Files of ours: new, private and whole, whatever somebody puts in their way meanwhile."""

from pathlib import Path

import pytest

from notifier import files
from notifier.errors import FileError
from support.odd_files import ODD, put_in_the_way


def test_a_link_that_is_put_there_while_it_is_written_is_not_followed(tmp_path: Path) -> None:
    path, others = tmp_path / "ours", tmp_path / "others"
    others.write_text("somebody else's")
    with files.replacing(path) as made:
        made.write_text("ours")
        path.symlink_to(others)
    assert (path.is_symlink(), path.read_text()) == (False, "ours")
    assert others.read_text() == "somebody else's"


def test_what_is_not_whole_yet_lies_where_nobody_else_may_enter(tmp_path: Path) -> None:
    with files.replacing(tmp_path / "ours") as made:
        assert made.parent.parent == tmp_path
        assert made.parent.stat().st_mode & 0o777 == 0o700
        assert made.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["ours"]


def test_what_fails_leaves_what_was_there_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "ours").write_text("before")

    def fail() -> None:
        with files.replacing(tmp_path / "ours") as made:
            made.write_text("half")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"ours": "before"}


def test_a_new_file_is_private_whatever_mode_the_old_one_had(tmp_path: Path) -> None:
    path = tmp_path / "ours"
    path.write_text("before")
    path.chmod(0o666)
    files.write(path, "after")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("after", 0o600)


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_plain_file_is_refused_untouched(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "ours"
    with put_in_the_way(path, kind) as untouched:
        with pytest.raises(FileError, match=r"not a plain file: move it away"):
            files.write(path, "after")
        with pytest.raises(FileError, match=r"not a plain file: move it away"):
            files.open_private(path)
        files.make_private(path)
        assert untouched()
