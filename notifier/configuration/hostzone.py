"""The time zone of this host: the one that ``date`` shows.

Source: glibc, "TZ Variable" and "Time Zone Functions"; for the text form POSIX.1.
"""

import os
import re
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from notifier.configuration.textfiles import read_text
from notifier.errors import ConfigError
from notifier.rulesfile.zones import main_zones

ETC = Path("/etc")
# A rule such as ``IST-5:30``: a name and an offset, perhaps a second name with its own.
POSIX = re.compile(r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)[+-]?\d{1,2}(?::\d\d){0,2}(?P<dst>.*)")
AMERICAN_RULE = ",M3.2.0,M11.1.0"
# Version 2 of TZif with one local time and no transitions; a footer then has the rule.
EMPTY_TZIF = b"".join(
    b"TZif2"
    + bytes(15)
    + bytes([0, 0, 0, 0] * 4 + [0, 0, 0, 1, 0, 0, 0, 4])
    + bytes(6)
    + b"UTC\0"
    for _ in range(2)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostZone:
    """The zone, and why it is a mere guess; ``doubt`` is empty where it is not."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    doubt: str = ""


def host_zone(tz: str | None, *, etc: Path = ETC) -> HostZone:
    """Return the zone of ``$TZ``, else of the files in ``/etc``, else UTC with a doubt."""
    if tz is None:
        zone = _linked(etc / "localtime") or _copied(etc) or _from_file(etc / "localtime")
        return HostZone(zone=zone) if zone else HostZone(doubt="/etc names none")
    name = tz.removeprefix(":")
    # The C library takes an empty TZ, and one it does not know, for UTC.
    zone = _named(name) if name else ZoneInfo("UTC")
    return HostZone(zone=zone) if zone else HostZone(doubt=f"TZ is `{name}`")


def _named(name: str) -> ZoneInfo | None:
    if name.startswith("/"):
        return _known(name.partition("zoneinfo/")[2]) or _from_file(Path(name))
    return _known(name) or _posix(name)


def _linked(localtime: Path) -> ZoneInfo | None:
    name = os.path.realpath(localtime).partition("zoneinfo/")[2]
    return _known(re.sub(r"^(posix|right)/", "", name))


def _copied(etc: Path) -> ZoneInfo | None:
    """Return the zone of ``/etc/timezone`` unless ``/etc/localtime`` is a copy of another."""
    written = _known(_first_line(etc / "timezone"))
    copy = _bytes(etc / "localtime")
    names = [written.key] if written else []
    same = (name for name in (*names, *_candidates()) if copy and copy in _contents(name))
    return _known(next(same, "")) or written


def _candidates() -> Iterator[str]:
    """Yield every zone's name, those that people use first."""
    known, main = available_timezones(), main_zones()
    yield "UTC"
    yield from (name for name in main if name in known)
    yield from sorted(known.difference(main))


def _contents(name: str) -> Iterator[bytes]:
    for folder in zoneinfo.TZPATH:
        yield _bytes(Path(folder) / name)
    with as_file(files("tzdata") / "zoneinfo" / name) as packaged:
        yield _bytes(packaged)


def _known(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (OSError, ValueError, LookupError):
        return None


def _posix(text: str) -> ZoneInfo | None:
    found = POSIX.fullmatch(text)
    if not found:
        return None
    rule = text + AMERICAN_RULE if found["dst"] and "," not in text else text
    return _made(EMPTY_TZIF + f"\n{rule}\n".encode(), text)


def _from_file(path: Path) -> ZoneInfo | None:
    held = _bytes(path)
    return _made(held, str(path)) if held else None


def _made(held: bytes, key: str) -> ZoneInfo | None:
    try:
        return ZoneInfo.from_file(BytesIO(held), key=key)
    except (ValueError, LookupError, AssertionError, OverflowError):
        return None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.is_file() else b""
    except (OSError, ValueError):
        return b""


def _first_line(path: Path) -> str:
    try:
        return next(iter(read_text(path).split()), "")
    except (FileNotFoundError, ConfigError):
        return ""
