"""The host's time zone: what ``date`` shows, from TZ and the files of ``/etc``."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from notifier.configuration.hostzone import HostZone, host_zone

JULY = datetime(2026, 7, 1, tzinfo=UTC)
INDIA = timedelta(hours=5, minutes=30)


def contents(zone: str) -> bytes:
    with as_file(files("tzdata") / "zoneinfo" / zone) as path:
        return path.read_bytes()


def offset(found: HostZone) -> timedelta | None:
    return JULY.astimezone(found.zone).utcoffset()


@pytest.mark.parametrize(
    "tz",
    [
        "Asia/Kolkata",
        ":Asia/Kolkata",
        "/usr/share/zoneinfo/Asia/Kolkata",
        ":/usr/share/zoneinfo/Asia/Kolkata",
        "IST-5:30",
        ":IST-5:30",
        "<+0530>-5:30",
        "IST-05:30:00",
    ],
)
def test_tz_is_read_as_the_c_library_reads_it(tmp_path: Path, tz: str) -> None:
    found = host_zone(tz, etc=tmp_path)
    assert (offset(found), found.doubt) == (INDIA, "")


@pytest.mark.parametrize(
    ("tz", "hours"),
    [
        ("", 0),
        ("UTC0", 0),
        ("EST5", -5),
        ("EST5EDT4", -4),
        ("AAA5BBB", -4),
        ("CET-1CEST,M3.5.0,M10.5.0/3", 2),
    ],
)
def test_posix_texts_know_summer_time(tmp_path: Path, tz: str, hours: int) -> None:
    found = host_zone(tz, etc=tmp_path)
    assert (offset(found), found.doubt) == (timedelta(hours=hours), "")


@pytest.mark.parametrize("tz", ["IST", "India", "/etc/passwd", "../x", "UTC+", "A5", "IST-99"])
def test_a_tz_that_names_no_zone_is_utc_and_doubtful(tmp_path: Path, tz: str) -> None:
    assert host_zone(tz, etc=tmp_path) == HostZone(doubt=f"TZ is `{tz}`")


def test_a_tz_may_be_a_file_anywhere(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(contents("Asia/Kolkata"))
    assert offset(host_zone(str(tmp_path / "mine"), etc=tmp_path)) == INDIA


@pytest.mark.parametrize("name", ["Asia/Kolkata", "posix/Asia/Kolkata", "right/Asia/Kolkata"])
def test_localtime_is_a_link_to_its_zone(tmp_path: Path, name: str) -> None:
    (tmp_path / "localtime").symlink_to(f"../usr/share/zoneinfo/{name}")
    (tmp_path / "timezone").write_text("Europe/Berlin\n")
    assert host_zone(None, etc=tmp_path).zone.key == "Asia/Kolkata"


def test_timezone_names_the_zone_where_localtime_is_no_link(tmp_path: Path) -> None:
    (tmp_path / "timezone").write_text("Asia/Kolkata\n")
    assert host_zone(None, etc=tmp_path).zone.key == "Asia/Kolkata"
    (tmp_path / "localtime").write_bytes(contents("Asia/Kolkata"))
    assert host_zone(None, etc=tmp_path).zone.key == "Asia/Kolkata"


def test_a_copy_is_the_zone_with_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "localtime").write_bytes(contents("Asia/Kolkata"))
    assert host_zone(None, etc=tmp_path).zone.key == "Asia/Kolkata"
    # As in a container that has its host's clock mounted over its own.
    (tmp_path / "timezone").write_text("Etc/UTC\n")
    assert host_zone(None, etc=tmp_path).zone.key == "Asia/Kolkata"


def test_a_copy_of_a_zone_that_has_no_name_here_is_read_itself(tmp_path: Path) -> None:
    old = contents("Asia/Kolkata").replace(b"IST", b"OLD")
    (tmp_path / "localtime").write_bytes(old)
    found = host_zone(None, etc=tmp_path)
    assert (offset(found), found.doubt) == (INDIA, "")


@pytest.mark.parametrize("held", [None, b"", b"garbage"])
def test_where_nothing_tells_it_is_utc_and_doubtful(tmp_path: Path, held: bytes | None) -> None:
    if held is not None:
        (tmp_path / "localtime").write_bytes(held)
        (tmp_path / "timezone").write_bytes(held)
    assert host_zone(None, etc=tmp_path) == HostZone(doubt="/etc names none")


@pytest.mark.parametrize("tz", ["IST-5:30", "Asia/Kolkata", "EST5EDT4", "", "Europe/Berlin"])
async def test_it_is_what_date_shows(tmp_path: Path, tz: str) -> None:
    date = await asyncio.create_subprocess_exec(
        *("date", "-d", "2026-07-01T00:00:00Z", "+%z"),
        env={"PATH": os.environ["PATH"], "TZ": tz},
        stdout=asyncio.subprocess.PIPE,
    )
    shown, _ = await date.communicate()
    assert JULY.astimezone(host_zone(tz, etc=tmp_path).zone).strftime("%z\n") == shown.decode()
