"""Damage that SQLite cannot see: told in a sentence, and the rest is shown.

A longer search: ``DAMAGE_EXAMPLES=300 pytest tests/cli/test_cli_damage.py``.
"""

import asyncio
import os
import random
import sqlite3
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from notifier.clocks import Clocks
from notifier.configuration.environment import read_environment
from notifier.configuration.load import load_configuration
from notifier.core.outcome import State
from notifier.errors import NotifierError
from notifier.service.assembly import assembled
from support.cli_runner import Run
from support.filled import ASHA, BORIS, Filled

EXAMPLES = int(os.environ.get("DAMAGE_EXAMPLES", "12"))
COMMANDS = (
    ("leads",),
    ("leads", "--json"),
    ("events",),
    ("events", "--json"),
    ("deliveries",),
    ("deliveries", "--json"),
    ("status",),
    ("status", "--json"),
    ("destinations",),
    ("explain", "--lead", ASHA),
    ("retry", "--dead"),
    ("replay", "--since", "2h", "--destination", "sales"),
    ("mute", "sales", "--for", "1h"),
    ("backup", "copy.db"),
    ("forget", ASHA),
)
CASES: Mapping[str, str] = {
    "a row with a byte outside UTF-8": (
        f"UPDATE records SET row = CAST(X'7BE4' AS TEXT) WHERE lead_id = '{ASHA}'"
    ),
    "a row that is not JSON": f"UPDATE records SET row = '[' WHERE lead_id = '{ASHA}'",
    "an event with a byte outside UTF-8": (
        "UPDATE events SET body = CAST(X'7BE4' AS TEXT) WHERE seq = 1"
    ),
    "an event that is not JSON": "UPDATE events SET body = '{' WHERE seq = 1",
    "recipients that are no JSON": "UPDATE deliveries SET accepted = 'x' WHERE id = 1",
    "an unknown state": "UPDATE deliveries SET state = 'pendjng' WHERE id = 1",
    "an impossible time": "UPDATE deliveries SET created_ms = 1 << 61 WHERE id = 1",
    "a name with a byte outside UTF-8": (
        "UPDATE deliveries SET rule = CAST(X'4EE4' AS TEXT) WHERE id = 1"
    ),
}

UNREAD = ("recipients that are no JSON", "an unknown state")
"""What no command looks at, but for `doctor`."""


def _settings(path: Path) -> Mapping[str, str]:
    return {
        "NOTIFIER_DATABASE": str(path),
        "NOTIFIER_RULES": str(path.parent / "rules"),
        "NOTIFIER_TOKEN": "t",
        "NOTIFIER_BOT_ID": "638d99eeee9e558f1247ae03",
        "NOTIFIER_CUSTOMER_ID": "c1",
        "NOTIFIER_BASE_URL": "http://127.0.0.1:9",
        "CRM_SECRET": "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u",
    }


async def _once(path: Path) -> None:
    given = read_environment(_settings(path), folder=path.parent)
    config = load_configuration(given)
    out = StringIO()
    async with assembled(config, clocks=Clocks(), out=out, reread=lambda: config) as service:
        await service.once()


def _flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice((1, 4, 30))):
        content[chance.randrange(100, len(content))] = chance.randrange(256)
    path.write_bytes(content)


@pytest.fixture
def closed(filled: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Return a filled database's bytes; two of its deliveries are dead."""
    for name, value in _settings(tmp_path / "notifier.db").items():
        monkeypatch.setenv(name, value)
    rules = tmp_path / "rules" / "rules.yaml"
    rules.write_text(
        rules.read_text().replace(
            '{type: webhook, url: "https://crm.example.com/hook", secret: "${CRM_SECRET}"}',
            "{type: console}",
        )
    )
    filled.deliver("ops", state=State.DEAD, error="refused")
    filled.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    filled.db.execute("PRAGMA journal_mode = DELETE").fetchall()
    filled.db.close()
    return (tmp_path / "notifier.db").read_bytes()


def _place(tmp_path: Path, content: bytes) -> Path:
    for old in tmp_path.glob("*.db*"):
        old.unlink()
    path = tmp_path / "notifier.db"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("case", CASES)
def test_each_kind_of_damage_is_told_in_a_sentence_and_the_service_lives(
    notifier: Run, tmp_path: Path, closed: bytes, case: str
) -> None:
    path = _place(tmp_path, closed)
    with sqlite3.connect(path) as db:
        db.execute(CASES[case])
    db.close()
    damaged = path.read_bytes()
    told = []
    for command in COMMANDS:
        _place(tmp_path, damaged)
        ended = notifier(*command)
        assert "Traceback" not in ended.err
        if "is damaged" in ended.err:
            told.append(command[0])
            assert ended.code == 1
            (line,) = [one for one in ended.err.splitlines() if "is damaged" in one]
            assert "notifier backup" in line
    assert told or case in UNREAD
    _place(tmp_path, damaged)
    assert "is damaged" in notifier("doctor", "--json").out
    with capture_logs() as logs:
        asyncio.run(_once(_place(tmp_path, damaged)))
    assert "lane_crashed" not in [one["event"] for one in logs]


def test_lists_show_the_rows_beside_the_damaged_one(
    notifier: Run, tmp_path: Path, closed: bytes
) -> None:
    path = _place(tmp_path, closed)
    with sqlite3.connect(path) as db:
        db.execute(CASES["a row that is not JSON"])
        db.execute(CASES["an event that is not JSON"])
    db.close()
    leads = notifier("leads", "--json")
    assert (BORIS in leads.out, leads.code) == (True, 1)
    assert f"the record of lead {ASHA}" in leads.err
    events = notifier("events", "--json")
    assert (len(events.out.splitlines()), events.code) == (2, 1)


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_flipped_bytes_give_no_traceback(
    notifier: Run, tmp_path: Path, closed: bytes, seed: int
) -> None:
    path = _place(tmp_path, closed)
    _flip(path, random.Random(seed))
    damaged = path.read_bytes()
    for command in COMMANDS:
        _place(tmp_path, damaged)
        assert "Traceback" not in notifier(*command).err
    with capture_logs():
        try:
            asyncio.run(_once(_place(tmp_path, damaged)))
        except NotifierError as error:
            told = str(error)
        else:
            told = "it lives"
    assert "damaged" in told or told == "it lives"
