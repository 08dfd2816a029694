"""Reading rules files: which, in what order, and what is said where one is missing."""

from os import fsdecode, mkfifo
from pathlib import Path

import pytest

from notifier.configuration.rulefiles import read_rule_files, read_test_files
from notifier.errors import ConfigError


def folder_with(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_text(f"# {name}\n")
    return folder


def test_a_folder_gives_its_yaml_files_in_name_order_without_the_rule_tests(
    tmp_path: Path,
) -> None:
    folder_with(tmp_path, "b.yml", "a.yaml", "a.test.yaml", "README.md")
    assert read_rule_files(tmp_path) == (
        (str(tmp_path / "a.yaml"), "# a.yaml\n"),
        (str(tmp_path / "b.yml"), "# b.yml\n"),
    )


def test_a_single_file_is_read_whatever_its_ending(tmp_path: Path) -> None:
    path = folder_with(tmp_path, "rules.txt") / "rules.txt"
    assert read_rule_files(path) == ((str(path), "# rules.txt\n"),)


def test_the_rule_tests_of_a_file_lie_beside_it(tmp_path: Path) -> None:
    folder_with(tmp_path, "rules.yaml", "rules.test.yaml")
    tests = ((str(tmp_path / "rules.test.yaml"), "# rules.test.yaml\n"),)
    assert read_test_files(tmp_path) == tests
    assert read_test_files(tmp_path / "rules.yaml") == tests
    assert read_test_files(tmp_path / "rules.test.yaml") == tests


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_bytes(b"\xef\xbb\xbfrules: []\n")
    assert read_rule_files(tmp_path)[0][1] == "rules: []\n"


def test_a_missing_path_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no such rules file .* NOTIFIER_RULES"):
        read_rule_files(tmp_path / "rules")


def test_a_folder_without_rules_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the folder holds no rules file"):
        read_rule_files(folder_with(tmp_path, "only.test.yaml"))


def test_every_unreadable_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"rules:\n- name: Gr\xfc\xdfe\n")
    (tmp_path / "b.yaml").mkdir()
    (tmp_path / "c.yaml").symlink_to("nowhere")
    mkfifo(tmp_path / "d.yaml")
    (tmp_path / "e.yaml").write_text("rules: []\n")
    with pytest.raises(ConfigError) as refused:
        read_rule_files(tmp_path)
    assert [str(fault).removeprefix(f"{tmp_path}/") for fault in refused.value.faults] == [
        (
            "a.yaml: is not UTF-8 text in line 2: it may be Windows-1252 or Latin-1"
            " (save it as UTF-8)"
        ),
        "b.yaml: is a folder, not a file (put a file of text in its place)",
        "c.yaml: is a link to nothing (mend or remove it)",
        "d.yaml: is a named pipe, not a file (put a file of text in its place)",
    ]


def test_a_rule_test_that_is_no_file_is_told(tmp_path: Path) -> None:
    mkfifo(tmp_path / "a.test.yaml")
    with pytest.raises(ConfigError, match=r"a\.test\.yaml: is a named pipe"):
        read_test_files(tmp_path)


def test_a_name_that_is_no_utf8_is_told_as_text(tmp_path: Path) -> None:
    path = tmp_path / fsdecode(b"r\xe8gles.yaml")
    path.write_text("rules:\n")
    assert read_rule_files(tmp_path) == ((f"{tmp_path}/r\ufffdgles.yaml", "rules:\n"),)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="r\ufffdgles\\.yaml: is a folder"):
        read_rule_files(tmp_path)


def test_an_editors_hidden_files_are_no_rules(tmp_path: Path) -> None:
    folder_with(tmp_path, "a.yaml", ".a.yaml", ".hidden.test.yaml")
    (tmp_path / ".#a.yaml").symlink_to("nobody@nowhere.1234")
    assert [name for name, _ in read_rule_files(tmp_path)] == [str(tmp_path / "a.yaml")]
    assert read_test_files(tmp_path) == ()
