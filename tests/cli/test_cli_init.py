"""``init`` writes two files that pass ``check``, and never overwrites unasked."""

import os
import subprocess
from pathlib import Path

import pytest

from support.cli_runner import Run
from support.odd_files import ODD, no_file_larger_than, put_in_the_way
from support.program import EXECUTABLE

FLAGS = ("--token", "tok-secret", "--bot-id", "b1", "--customer-id", "c1")
WEBHOOK = "https://hooks.slack.com/services/T000/B000/secret"


def test_what_it_writes_passes_check_without_a_warning(notifier: Run, tmp_path: Path) -> None:
    ended = notifier("init", *FLAGS, "--slack-webhook", WEBHOOK)
    assert (ended.code, ended.out) == (0, "")
    assert "Next: notifier check && notifier run" in ended.err
    checked = notifier("check")
    assert (checked.code, checked.err) == (0, "")
    assert checked.out.startswith("ok: 3 rules, 2 destinations; sources: default; times in ")
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert "secret" not in (tmp_path / "rules.yaml").read_text()


def test_it_asks_what_no_option_says(notifier: Run, tmp_path: Path) -> None:
    ended = notifier("init", "--bot-id", "b1", answers="tok'en\nc1\n\n")
    assert ended.code == 0
    assert (tmp_path / ".env").read_text().splitlines()[1:] == [
        "NOTIFIER_TOKEN=tok'en",
        "NOTIFIER_BOT_ID=b1",
        "NOTIFIER_CUSTOMER_ID=c1",
        "NOTIFIER_RULES=rules.yaml",
    ]
    assert "webhook_url" in (tmp_path / "rules.yaml").read_text()
    assert notifier("check").code == 0


def test_it_says_which_option_is_missing_where_nobody_answers(notifier: Run) -> None:
    ended = notifier("init", "--token", "t", "--bot-id", "b1")
    assert ended.code == 2
    assert "give --customer-id" in ended.err


def test_what_is_optional_needs_no_answer_in_a_script(notifier: Run, tmp_path: Path) -> None:
    ended = notifier("init", *FLAGS)
    assert ended.code == 0
    assert "team: {type: console}" in (tmp_path / "rules.yaml").read_text()
    assert notifier("check").code == 0


def test_what_is_there_stays_and_what_is_missing_is_written(
    notifier: Run, tmp_path: Path
) -> None:
    dotenv, rules = tmp_path / ".env", tmp_path / "rules.yaml"
    old = f"SLACK_WEBHOOK={WEBHOOK}\nNOTIFIER_RULES=rules.yaml\n"
    dotenv.write_text(old)
    ended = notifier("init")
    assert (ended.code, dotenv.read_text()) == (0, old)
    assert ended.err.splitlines()[:2] == [
        ".env is there already and stays as it is; --force changes it and keeps a copy",
        "Wrote rules.yaml.",
    ]
    assert "webhook_url" in rules.read_text()
    rules.write_text("# mine\n")
    dotenv.unlink()
    ended = notifier("init", *FLAGS)
    assert (ended.code, rules.read_text()) == (0, "# mine\n")
    assert "Wrote .env." in ended.err
    ended = notifier("init", *FLAGS)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        ".env and rules.yaml exist already; --force changes them and keeps copies\n"
    )


def test_by_force_it_merges_and_keeps_private_copies(notifier: Run, tmp_path: Path) -> None:
    dotenv, rules = tmp_path / ".env", tmp_path / "rules.yaml"
    old = "# mine\nKEEP='me, too'\n\nNOTIFIER_TOKEN=0ld-t0ken\nNOTIFIER_BOT_ID=b0\nno value"
    dotenv.write_text(old)
    dotenv.chmod(0o644)
    rules.write_text("# my rules\n")
    rules.chmod(0o640)
    ended = notifier("init", "--force", "--bot-id", "b1", "--customer-id", "c1")
    assert ended.code == 0
    assert dotenv.read_text() == (
        "# mine\nKEEP='me, too'\n\nNOTIFIER_TOKEN=0ld-t0ken\nNOTIFIER_BOT_ID=b1\nno value\n"
        "NOTIFIER_CUSTOMER_ID=c1\nNOTIFIER_RULES=rules.yaml\n"
    )
    copies = {path.name.partition(".before-")[0]: path for path in tmp_path.glob("*.before-*")}
    assert copies[".env"].read_text() == old
    assert copies["rules.yaml"].read_text() == "# my rules\n"
    assert [path.stat().st_mode & 0o777 for path in copies.values()] == [0o600] * 2
    assert all(str(path.name) in ended.err for path in copies.values())
    assert "0ld-t0ken" not in ended.err
    assert [path.stat().st_mode & 0o777 for path in (dotenv, rules)] == [0o600, 0o640]


def test_a_copy_is_never_written_over(notifier: Run, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / ".env").write_text(f"NUMBER={number}\n")
        assert notifier("init", *FLAGS, "--force").code == 0
    copies = sorted(path.read_text() for path in tmp_path.glob(".env.before-*"))
    assert copies == ["NUMBER=0\n", "NUMBER=1\n", "NUMBER=2\n"]
    before = sorted(tmp_path.iterdir())
    assert notifier("init", *FLAGS, "--force").code == 0
    assert sorted(tmp_path.iterdir()) == before


def test_a_wrong_answer_is_told_and_nothing_is_written(notifier: Run, tmp_path: Path) -> None:
    ended = notifier(
        "init", *FLAGS[2:], "--token", "two words", "--slack-webhook", "hooks.slack"
    )
    assert ended.code == 78
    assert "NOTIFIER_TOKEN, from the answers: a token has neither spaces" in ended.err
    assert "rules.yaml:" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_another_folder_can_be_named(notifier: Run, tmp_path: Path) -> None:
    ended = notifier("init", *FLAGS, "--slack-webhook", "", "--folder", "etc/notifier")
    assert "cd etc/notifier && notifier check" in ended.err
    written = sorted(path.name for path in (tmp_path / "etc/notifier").iterdir())
    assert written == [".env", "rules.yaml"]


def test_a_folder_that_cannot_be_written_is_told(notifier: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = notifier("init", *FLAGS, "--slack-webhook", "", "--folder", "file/etc")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "file/etc/.env cannot be written: not a directory; --folder names another place\n"
    )


def test_a_file_that_cannot_be_written_leaves_the_old_one(
    notifier: Run, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("KEEP=me\n")
    with no_file_larger_than(10):
        ended = notifier("init", *FLAGS, "--slack-webhook", "", "--force")
    assert ended.code == 1
    assert ended.err.splitlines()[-1] == (
        ".env cannot be written: file too large; --folder names another place"
    )
    assert (tmp_path / ".env").read_text() == "KEEP=me\n"
    assert {path.read_text() for path in tmp_path.iterdir()} == {"KEEP=me\n"}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("name", [".env", "rules.yaml"])
def test_what_is_no_file_of_ours_is_neither_followed_nor_replaced(
    notifier: Run, tmp_path: Path, name: str, kind: str
) -> None:
    with put_in_the_way(tmp_path / name, kind) as untouched:
        ended = notifier("init", *FLAGS, "--slack-webhook", "", "--force")
        assert (ended.code, ended.out) == (1, "")
        assert f"{name} is a" in ended.err
        assert "not a plain file: move it away" in ended.err
        assert untouched()


@pytest.mark.parametrize("locale", ["C.UTF-8", "POSIX"])
@pytest.mark.parametrize("typed", [b"t\xe9\n", b"t\x1b[201~\n", b"t" * 5_000 + b"\n"])
def test_an_answer_that_is_no_text_is_told(tmp_path: Path, typed: bytes, locale: str) -> None:
    ran = subprocess.run(
        [EXECUTABLE, "init", *FLAGS[2:]],
        check=False,
        input=typed,
        capture_output=True,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "LC_ALL": locale},
    )
    assert (ran.returncode, ran.stdout.strip()) == (2, b"")
    assert ran.stderr.splitlines()[-1].startswith(b"BotPenguin token: ")
    assert list(tmp_path.iterdir()) == []


def test_a_password_opens_the_page_on_loopback(notifier: Run, tmp_path: Path) -> None:
    ended = notifier("init", *FLAGS, "--web-password", "correct horse")
    assert ended.code == 0
    lines = (tmp_path / ".env").read_text().splitlines()
    assert "NOTIFIER_WEB_PASSWORD=correct horse" in lines
    assert "NOTIFIER_HTTP=127.0.0.1:8787" in lines
    assert "The page will be at http://127.0.0.1:8787/" in ended.err
    assert notifier("check").code == 0


def test_without_a_password_it_says_how_to_open_the_page(notifier: Run) -> None:
    ended = notifier("init", *FLAGS)
    assert "For a page to look at set NOTIFIER_WEB_PASSWORD" in ended.err
