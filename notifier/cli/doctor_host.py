"""``doctor`` at home: database, disk, credentials and files."""

import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from notifier.cli.agents import unnamed
from notifier.cli.findings import Finding, Verdict, doubtful, wrong
from notifier.cli.output import counted
from notifier.configuration.environment import Credentials, Environment
from notifier.configuration.settings import PREFIX
from notifier.core.records import Agent
from notifier.errors import BusyError, StoreError
from notifier.store.agents import seen
from notifier.store.engine import Engine, opened_read_only

LITTLE_BYTES = 1024**3
TOO_LITTLE_BYTES = 100 * 1024**2
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_host(
    engine: Engine, environment: Environment, dotenv: Path, agents: Mapping[str, Agent]
) -> list[Finding]:
    """Look at everything that lies on this host; ``agents`` are those the rules describe."""
    return [
        _database(engine),
        *_agents(engine, agents),
        *(_beside(engine.file) if engine.file else ()),
        *_private(".env", dotenv),
        *_credentials(environment),
    ]


def _database(engine: Engine) -> Finding:
    try:
        if not engine.exists():
            return _absent(engine)
        engine.open().close()
        damage = engine.check()
    except (StoreError, BusyError) as error:
        return wrong("database", str(error))
    if damage:
        return wrong(
            "database",
            f"{engine.name} is damaged ({damage})",
            "stop the service and copy your newest `notifier backup` file in its place",
        )
    size = f", {engine.file.stat().st_size / 1024**2:.1f} MiB" if engine.file else ""
    return Finding(check="database", found=f"{engine.name} is sound{size}")


def _agents(engine: Engine, known: Mapping[str, Agent]) -> Iterator[Finding]:
    try:
        if not engine.exists():
            return
        with opened_read_only(engine) as session:
            found = seen(session)
    except (StoreError, BusyError):
        return  # told of the database already
    nameless = len(unnamed(found, known))
    told = f"{counted(len(found), 'agent')} with leads"
    if nameless:
        remedy = "`notifier agents` shows them, and what to write"
        yield doubtful("agents", f"{told}, {nameless} without a name", remedy)
    elif found:
        yield Finding(check="agents", found=f"{told}, each with a name")


def _absent(engine: Engine) -> Finding:
    folder = engine.file.absolute().parent if engine.file else None
    if folder and not os.access(folder, os.W_OK | os.X_OK):
        return wrong(
            "database",
            f"{folder} cannot be written to",
            "set NOTIFIER_DATABASE, or give the service's user this folder",
        )
    return Finding(check="database", found=f"none yet: `notifier run` creates {engine.name}")


def _beside(file: Path) -> Iterator[Finding]:
    yield from _private("database", file)
    yield _disk(file)


def _disk(path: Path) -> Finding:
    folder = path.absolute().parent
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return wrong("disk", f"{folder}: {error.strerror}", "set NOTIFIER_DATABASE")
    found = f"{free / 1024**3:.1f} GiB free at {folder}"
    if free < TOO_LITTLE_BYTES:
        return wrong("disk", found, "free some: without it no change can be stored")
    if free < LITTLE_BYTES:
        return doubtful("disk", found, "free some before it is needed")
    return Finding(check="disk", found=found)


def _private(check: str, path: Path) -> Iterator[Finding]:
    """Yield a finding where others may read a file that holds secrets or visitors."""
    if path.exists() and (mode := stat.S_IMODE(path.stat().st_mode)) & OTHERS:
        yield doubtful(
            f"{check} rights", f"{path} has mode {mode:o}", f"chmod 600 {path.absolute()}"
        )


def _credentials(environment: Environment) -> Iterator[Finding]:
    for place in environment.places:
        if isinstance(place, Credentials) and place.folder.is_dir():
            yield _folder(place, [*place.variables()])


def _folder(place: Credentials, names: Iterable[str]) -> Finding:
    ours = [name.lower() for name in names if name.startswith(PREFIX)]
    found = f"{place.folder}: {', '.join(ours) or 'none of ours'}"
    verdict = Verdict.FINE if ours else Verdict.UNTRIED
    return Finding(check="credentials", found=found, verdict=verdict)
