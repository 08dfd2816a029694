"""``notifier-ctl`` asks the unit what it has, and runs a command with exactly that."""

import itertools
import subprocess
from pathlib import Path

import pytest

from notifier.configuration.settings import PREFIX, Settings

FOLDER = Path(__file__).parents[2] / "systemd"
UNIT = (FOLDER / "notifier.service").read_text()
DROP_IN = """
[Service]
LoadCredential=crm_secret
Environment="NOTIFIER_TIMEZONE=Asia/Kolkata" NOTIFIER_TYPES=lead
"""


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """A folder for ``PATH``: systemd's two programs, one of which prints its arguments."""
    programs = {
        "systemctl": 'test "$1 $2" = "cat --" && cat "$UNITS/$3"',
        "systemd-run": "printf '%s\\n' \"$@\"",
    }
    for name, script in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def ctl(shell: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{shell}:/usr/bin:/bin", "UNITS": str(shell)}
    command = [str(FOLDER / "notifier-ctl"), *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=20
    )


def borrowed(told: str) -> list[str]:
    lines = told.splitlines()
    return [value for flag, value in itertools.pairwise(lines) if flag == "-p"]


def test_a_command_runs_in_the_place_that_the_unit_and_its_drop_ins_describe(
    shell: Path,
) -> None:
    (shell / "notifier.service").write_text(UNIT + DROP_IN)
    told = ctl(shell, "explain", "--lead", "a b").stdout
    assert told.splitlines()[-4:] == [
        "/opt/notifier/bin/notifier",
        *("explain", "--lead", "a b"),
    ]
    given = borrowed(told)
    assert given == [line for line in (UNIT + DROP_IN).splitlines() if line in given]
    assert {
        "DynamicUser=yes",
        "User=notifier",
        "StateDirectory=notifier",
        "UMask=0077",
        "WorkingDirectory=/etc/notifier",
        "EnvironmentFile=-/etc/notifier/notifier.env",
        "LoadCredential=notifier_token",
        "LoadCredential=crm_secret",
        'Environment="NOTIFIER_TIMEZONE=Asia/Kolkata" NOTIFIER_TYPES=lead',
    } <= set(given)


def test_an_instance_has_a_place_of_its_own(shell: Path) -> None:
    (shell / "notifier@crm.service").write_text(UNIT + (FOLDER / "instance.conf").read_text())
    given = borrowed(ctl(shell, "--instance", "crm", "status").stdout)
    # systemd begins a list anew at an empty value; of the others the last one counts.
    last = {line.partition("=")[0]: line for line in given}
    assert last["User"] == "User=notifier-crm"
    assert last["WorkingDirectory"] == "WorkingDirectory=/etc/notifier/crm"
    assert last["StateDirectory"] == "StateDirectory=notifier-crm"
    own = given[len(given) - given[::-1].index("LoadCredential=") :]
    names = [line.split("=")[1].split(":") for line in own if line.startswith("LoadCred")]
    assert [file for _, file in names] == [f"{name}.crm" for name, _ in names]
    assert {name.upper() for name, _ in names} <= {
        PREFIX + field.upper() for field in Settings.model_fields
    }


def test_a_unit_that_is_not_there_is_told(shell: Path) -> None:
    ended = ctl(shell, "status")
    assert ended.returncode == 1
    assert ended.stderr.endswith(
        "notifier-ctl: notifier.service is not installed: copy it to /etc/systemd/system\n"
    )


def test_an_instance_without_a_name_is_wrong_usage(shell: Path) -> None:
    ended = ctl(shell, "--instance")
    assert (ended.returncode, ended.stderr) == (2, "notifier-ctl: --instance needs a name\n")
