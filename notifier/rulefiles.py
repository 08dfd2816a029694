"""The rules files as they lie on disk; what they mean is :mod:`notifier.rules`' business."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from notifier.environment import reason
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
    folder = path if path.is_dir() or path.name.endswith(TEST_ENDINGS) else path.parent
    return tuple(_read([one for one in _listed(folder) if one.name.endswith(TEST_ENDINGS)]))


def _listed(path: Path) -> list[Path]:
    if not path.exists():
        remedy = "write one with `notifier init`, or set NOTIFIER_RULES"
        raise _fault(path, "there is no such rules file or folder", remedy)
    if not path.is_dir():
        return [path]
    try:
        # As a shell's *.yaml: editors keep their locks and copies under hidden names.
        visible = (one for one in path.iterdir() if not one.name.startswith("."))
        return sorted(one for one in visible if one.name.endswith(ENDINGS))
    except OSError as error:
        raise _fault(path, f"cannot be listed: {reason(error)}", "mend its mode") from error


def _read(paths: list[Path]) -> Iterator[RuleFile]:
    faults = []
    for path in paths:
        try:
            yield str(path), path.read_text(encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            problem = f"cannot be read: {reason(error)}"
            remedy = "mend its mode" if isinstance(error, OSError) else "save it as UTF-8"
            faults.append(Fault(where=str(path), problem=problem, remedy=remedy))
    if faults:
        raise ConfigError(faults)


def _fault(path: Path, problem: str, remedy: str) -> ConfigError:
    return ConfigError([Fault(where=str(path), problem=problem, remedy=remedy)])
