"""``once --dry-run``: the same decisions as ``once``, and nothing done about them."""

import json
from pathlib import Path

from installation import Installation, installation, names

from support.databases import Database


async def test_it_prints_what_would_be_sent_and_changes_nothing(
    tmp_path: Path, database: Database
) -> None:
    async with installation(database, send=("crm", "boss")) as installed:
        assert (await installed.program.ends("once")).code == 0
        lead_id = installed.world.create(name="Asha", city="Pune", country="India")
        before = contents(tmp_path)
        tried = await installed.program.ends_here("once", "--dry-run", "--json")
        assert tried.code == 0
        shapes = [json.loads(line) for line in tried.out.splitlines()]
        assert [
            (one["destination"], one["type"], one["lead"], one["title"]) for one in shapes
        ] == [
            ("crm", "lead.created", lead_id, None),
            ("boss", "lead.created", lead_id, "New lead: Asha, Pune, India"),
        ]
        assert contents(tmp_path) == before
        nothing_was_sent(installed)

        assert (await installed.program.ends("once")).code == 0
        sent = installed.rows("SELECT id FROM events")
        assert {one["event_id"] for one in shapes} == {event_id for (event_id,) in sent}


async def test_before_the_first_run_it_says_so_and_makes_no_database(tmp_path: Path) -> None:
    async with installation(tmp_path) as installed:
        tried = await installed.program.ends_here("once", "--dry-run")
        assert (tried.code, tried.out) == (0, "")
        assert "default (lead): this would be the first walk" in tried.err
        assert "nothing would be sent" in tried.err
        assert names(tmp_path) == ["rules.yaml"]


async def test_it_looks_over_the_shoulder_of_a_running_notifier(database: Database) -> None:
    async with (
        installation(database, NOTIFIER_POLL_INTERVAL="1h") as installed,
        installed.program.running("run") as process,
    ):
        await process.says('"walk_completed"')
        await process.until(installed.simulator.requests.reached(5))
        installed.world.create(name="Asha", city="Pune", country="India")
        tried = await installed.program.ends_here("once", "--dry-run")
        assert tried.code == 0
        words = " ".join(tried.out.splitlines()[1].split())
        assert words == "now crm New or changed New lead: Asha, Pune, India"
        assert installed.rows("SELECT * FROM events") == []
        nothing_was_sent(installed)
        assert await process.stop() == 0


async def test_a_source_that_fails_makes_it_temporary(database: Database) -> None:
    async with installation(database, NOTIFIER_TOKEN="wrong") as installed:
        tried = await installed.program.ends_here("once", "--dry-run")
        assert tried.code == 75
        assert "Source default is down" in tried.out
        nothing_was_sent(installed)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def nothing_was_sent(installed: Installation) -> None:
    assert installed.receiver.requests == []
    assert installed.mail.mails == []
