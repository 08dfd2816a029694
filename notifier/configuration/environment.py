"""Where values come from: the environment, ``.env``, and folders of credentials.

systemd hands secrets over as files in ``$CREDENTIALS_DIRECTORY``, containers in
``/run/secrets``; a file is named like its variable in lower case.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Protocol

from dotenv.parser import parse_stream

from notifier.cleaning import clean
from notifier.configuration.formats import check_stray
from notifier.configuration.hostzone import ETC, HostZone, host_zone
from notifier.configuration.textfiles import read_text, reason, shown
from notifier.errors import ConfigError, Fault

CONTAINER_SECRETS = Path("/run/secrets")


class Place(Protocol):
    """Something that knows values by the name of their variable."""

    @property
    def name(self) -> str:
        """What to call it before a person."""
        ...

    def get(self, variable: str) -> str | None:
        """Return the value, ``None`` where there is none; raises :class:`ConfigError`."""
        ...

    def variables(self) -> Iterator[str]:
        """Return the names known here, in capitals."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """Names with their values; an empty value counts as none."""

    name: str
    values: Mapping[str, str]

    def get(self, variable: str) -> str | None:
        """Return the value of a variable that is set and not empty."""
        return self.values.get(variable) or None

    def variables(self) -> Iterator[str]:
        """Return the names that are set."""
        yield from self.values


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A folder with one file a secret."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's path."""
        return shown(self.folder)

    def get(self, variable: str) -> str | None:
        """Return a file's text without its final newline.

        Raises :class:`ConfigError` where the file is empty or cannot be read:
        somebody meant to set this value.
        """
        path = self.folder / variable.lower()
        try:
            value = read_text(path).rstrip("\n")
        except FileNotFoundError:
            return None
        except ConfigError as error:
            raise _unusable(variable, path, error.faults[0].problem) from None
        if not value:
            raise _unusable(variable, path, "is empty")
        return value

    def variables(self) -> Iterator[str]:
        """Return the names of the files, none where the folder cannot be listed."""
        try:
            yield from (clean(path.name).upper() for path in sorted(self.folder.iterdir()))
        except OSError:
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Every place in order of precedence, and what was wrong with reading them.

    ``fallbacks`` and ``zone`` are what the host decides: they lose against every place.
    """

    places: tuple[Place, ...]
    fallbacks: Variables
    zone: HostZone = field(default_factory=HostZone)
    faults: tuple[Fault, ...] = ()

    def find(self, variable: str) -> tuple[str, Place] | None:
        """Return a value and where it stands: the first place, else the fallback.

        Raises :class:`ConfigError` for an empty or unreadable credentials file, and for
        a value with something around it that nobody meant.
        """
        for place in (*self.places, self.fallbacks):
            if (value := place.get(variable)) is not None:
                return _bare(variable, value, place), place
        return None

    def lookup(self, variable: str) -> str | None:
        """Return the value for a ``${NAME}``; raises as :meth:`find` does."""
        found = self.find(variable)
        return found[0] if found else None


def read_environment(
    variables: Mapping[str, str],
    *,
    folder: Path,
    secrets: Path = CONTAINER_SECRETS,
    etc: Path = ETC,
) -> Environment:
    """Return what the process was given; ``folder`` is where ``.env`` may lie."""
    dotenv, faults = read_dotenv(folder / ".env")
    given = variables.get("CREDENTIALS_DIRECTORY")
    folders = [Path(given), secrets] if given else [secrets]
    closed = {path: fault for path in folders if (fault := _closed(path))}
    fallbacks = {}
    if state := variables.get("STATE_DIRECTORY", "").partition(":")[0]:
        fallbacks["NOTIFIER_DATABASE"] = str(Path(state) / "notifier.db")
    return Environment(
        places=(
            Variables(name="the environment", values=variables),
            Variables(name=".env", values=dotenv),
            *(Credentials(folder=path) for path in folders if path not in closed),
        ),
        fallbacks=Variables(name="the host", values=fallbacks),
        zone=host_zone(variables.get("TZ"), etc=etc),
        faults=(*faults, *closed.values()),
    )


def _closed(folder: Path) -> Fault | None:
    """Return one fault for a folder that cannot be searched, in place of one per setting."""
    try:
        os.stat(f"{folder}/.")  # noqa: PTH116 - a Path drops the dot
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        problem = f"the folder of credentials cannot be searched: {reason(error)}"
        return Fault(where=shown(folder), problem=problem, remedy="mend its mode, or remove it")
    return None


def read_dotenv(path: Path) -> tuple[dict[str, str], list[Fault]]:
    """Return the variables of an environment file, and a fault per unusable line.

    ``${…}`` stays as it is: a password may contain it.
    """
    try:
        text = read_text(path)
    except FileNotFoundError:
        return {}, []
    except ConfigError as error:
        return {}, [replace(fault, where=path.name) for fault in error.faults]
    values, faults = {}, []
    for line in parse_stream(StringIO(text)):
        if line.key and line.value is not None:
            values[line.key] = line.value
        elif line.error or line.key:
            written = line.original.string
            number = line.original.line + len(written) - len(written.lstrip("\n"))
            where = f"{path.name}:{number}"
            faults.append(Fault(where=where, problem="no NAME=value", remedy="quote the value"))
    return values, faults


def _bare(variable: str, value: str, place: Place) -> str:
    try:
        return check_stray(value)
    except ValueError as error:
        where = f"{variable}, from {place.name}"
        remedy = "write the value alone"
        raise ConfigError([Fault(where=where, problem=str(error), remedy=remedy)]) from None


def _unusable(variable: str, path: Path, problem: str) -> ConfigError:
    remedy = "write the value into it, or remove it"
    where = f"{variable}, from {shown(path)}"
    return ConfigError([Fault(where=where, problem=f"the file {problem}", remedy=remedy)])
