"""The rules files as they lie on disk; what they mean is :mod:`notifier.rules`' business."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from notifier.configuration.textfiles import read_text, reason, shown
from notifier.errors import ConfigError, Fault

RuleFile: TypeAlias = tuple[str, str]
"""A file's name, for messages, and its text."""

ENDINGS = (".yaml", ".yml")
TEST_ENDINGS = (".test.yaml", ".test.yml")


def read_rule_files(path: Path) -> tuple[RuleFile, ...]:
    """Return a rules file, or those of a folder in name order, rule tests left out.

    Raises :class:`ConfigError` with a fault per file that cannot be read, and
    where there is none at all.
    """
    rule_files = [one for one in _listed(path) if not one.name.endswith(TEST_ENDINGS)]
    if not rule_files:
        raise _fault(path, "the folder holds no rules file", "put a *.yaml file into it")
    return tuple(_read(rule_files))


def read_test_files(path: Path) -> tuple[RuleFile, ...]:
    """Return the rule tests beside the rules at ``path``, or a test file itself."""
    place = path if path.name.endswith(TEST_ENDINGS) else folder_of(path)
    return tuple(_read([one for one in _listed(place) if one.name.endswith(TEST_ENDINGS)]))


def folder_of(path: Path) -> Path:
    """Return the folder that a rules file or test lies in; a folder is its own."""
    return path if os.path.isdir(path) else path.parent  # noqa: PTH112 - never raises


def _listed(path: Path) -> list[Path]:
    try:
        if not path.is_dir():
            path.lstat()
            return [path]
        # As a shell's *.yaml: editors keep their locks and copies under hidden names.
        visible = (one for one in path.iterdir() if not one.name.startswith("."))
        return sorted(one for one in visible if one.name.endswith(ENDINGS))
    except FileNotFoundError:
        raise _absent(path) from None
    except (OSError, ValueError) as error:
        raise _fault(
            path, f"cannot be read: {reason(error)}", "mend its mode or owner"
        ) from None


def _read(paths: list[Path]) -> Iterator[RuleFile]:
    faults: list[Fault] = []
    for path in paths:
        try:
            yield shown(path), read_text(path)
        except FileNotFoundError:
            faults += _absent(path).faults
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)


def _absent(path: Path) -> ConfigError:
    remedy = "write one with `notifier init`, or set NOTIFIER_RULES"
    return _fault(path, "there is no such rules file or folder", remedy)


def _fault(path: Path, problem: str, remedy: str) -> ConfigError:
    return ConfigError([Fault(where=shown(path), problem=problem, remedy=remedy)])
