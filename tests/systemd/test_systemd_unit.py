"""The shipped unit: systemd understands all of it and finds little to expose."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from notifier.cli.exits import Exit
from notifier.configuration.settings import PREFIX, Settings
from support.needs import needs

FOLDER = Path(__file__).parents[2] / "systemd"
UNIT = FOLDER / "notifier.service"
NAMES = {PREFIX + field.upper() for field in Settings.model_fields}


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that exists here: a missing one is a fault as well."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/notifier/bin/notifier", "/bin/true"))
    return copy


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [needs("systemd-analyze"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_systemd_has_nothing_to_say_against_it(unit: Path) -> None:
    # Unknown keys are told on stderr with an exit code of 0.
    checked = analyze("verify", str(unit))
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_systemd_has_nothing_to_say_against_the_backup_and_an_instance(tmp_path: Path) -> None:
    for name in ("notifier-backup.service", "notifier-backup.timer"):
        shutil.copy(FOLDER / name, tmp_path)
    instance = tmp_path / "notifier@crm.service"
    instance.write_text(UNIT.read_text().replace("/opt/notifier/bin/notifier", "/bin/true"))
    drop_ins = tmp_path / f"{instance.name}.d"
    drop_ins.mkdir()
    shutil.copy(FOLDER / "instance.conf", drop_ins)
    checked = analyze("verify", str(tmp_path / "notifier-backup.timer"), str(instance))
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_its_exposure_is_low(unit: Path) -> None:
    told = analyze("security", "--offline=true", str(unit)).stdout
    found = re.search(r"exposure level for notifier.service: ([\d.]+)", told)
    assert found, told
    assert float(found[1]) <= 1.2


def test_a_wrong_configuration_is_not_tried_again() -> None:
    assert f"RestartPreventExitStatus={Exit.CONFIGURATION.value}\n" in UNIT.read_text()


def test_every_credential_and_every_example_is_a_setting() -> None:
    credentials = re.findall(r"^LoadCredential=(\w+)$", UNIT.read_text(), re.MULTILINE)
    examples = re.findall(r"^#?(NOTIFIER_\w+)=", (FOLDER / "notifier.env").read_text(), re.M)
    assert len(credentials) == 8
    assert len(examples) >= 5
    assert {*(name.upper() for name in credentials), *examples} <= NAMES
