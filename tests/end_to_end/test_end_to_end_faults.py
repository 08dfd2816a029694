"""What the program says when something is wrong: clear lines, no traceback, no secret."""

import json
from os import mkfifo
from pathlib import Path
from signal import SIGHUP
from typing import Any

from installation import HOOK_PATH, MARKER, TOKEN, installation, names, rules_text

from notifier.simulator.faults import Fault, FaultType
from support.databases import Database
from support.loopback import Reply
from support.program import Process, Program


async def test_a_wrong_token_is_told_and_so_is_the_right_one(database: Database) -> None:
    async with installation(database) as installed:
        program, receiver = installed.program, installed.receiver
        program.environment["NOTIFIER_TOKEN"] = f"wrong-{MARKER}"
        async with program.running("run") as process:
            await process.until(receiver.arrived(1))
            assert await process.stop() == 0
        down = receiver.received[0].event
        assert (down["type"], down["subject"]) == ("source.down", "default")
        assert "refused the token (401)" in down["data"]["reason"]
        assert logged(process, "poll_failed")[0]["error"] == down["data"]["reason"]

        program.environment["NOTIFIER_TOKEN"] = TOKEN
        async with program.running("run") as process:
            await process.until(receiver.arrived(2))
            assert await process.stop() == 0
        assert receiver.received[1].event["type"] == "source.up"
        assert len(receiver.requests) == 2


async def test_an_upstream_that_stumbles_costs_nothing_but_time(database: Database) -> None:
    async with installation(database) as installed:
        async with installed.program.running("run") as process:
            await installed.polled(process)
            installed.simulator.faults.arm(
                Fault(fault_type=FaultType.STATUS, status=502, page=1)
            )
            installed.simulator.faults.arm(Fault(fault_type=FaultType.HTML, page=2))
            created = [installed.world.create() for _ in range(50)]
            await process.until(installed.receiver.arrived(50))
            await installed.polled(process)
            assert await process.stop() == 0
        told = [request.event["subject"] for request in installed.receiver.received]
        assert sorted(told) == sorted(created)
        assert len(logged(process, "poll_failed")) == 2


async def test_one_bad_record_stops_nothing(database: Database) -> None:
    async with installation(database) as installed:
        async with installed.program.running("run") as process:
            await installed.polled(process)
            installed.simulator.faults.arm(Fault(fault_type=FaultType.BAD_NUMBER_ID, page=1))
            created = installed.world.create()
            await process.until(installed.receiver.arrived(1))
            assert await process.stop() == 0
        assert installed.receiver.received[0].event["subject"] == created
        assert len(logged(process, "record_quarantined")) == 1


async def test_trouble_everywhere_is_told_without_a_secret(database: Database) -> None:
    async with installation(database, send=("crm", "sales", "boss")) as installed:
        program, receiver = installed.program, installed.receiver
        program.environment["NOTIFIER_SLACK_TOKEN"] = f"xoxb-wrong-{MARKER}"
        program.environment["NOTIFIER_SMTP_URL"] = installed.mail.url.replace(
            "password", "wrong"
        )
        # What many a web server says of a route it does not have.
        receiver.replies.append(Reply(status=404, body=f"Cannot POST {HOOK_PATH}".encode()))
        async with program.running("run") as process:
            await installed.polled(process)
            installed.world.create(name="Asha")
            await process.says("127.0.0.1 answered 404")
            kept = [error for (error,) in installed.rows("SELECT error FROM deliveries")]
            assert "127.0.0.1 answered 404: Cannot POST …" in kept
            await process.until(receiver.arrived(3))
            assert await process.stop() == 0
        assert not any("Cannot POST" in one.err for one in program.processes)
        told = [(one.event["type"], one.event["subject"]) for one in receiver.received]
        assert sorted(told) == [
            ("destination.down", "boss"),
            ("destination.down", "sales"),
            ("lead.created", installed.world.ids()[-1]),
        ]
        assert installed.mail.mails == []


async def test_every_mistake_is_told_with_its_place_before_anything_is_done(
    tmp_path: Path,
) -> None:
    (tmp_path / "rules.yaml").write_text(
        "destinations:\n"
        "  screen: {type: console}\n"
        "rules:\n"
        "  - {name: One, when: lead.create, send: screen}\n"
        "  - name: Two\n"
        "    when: lead.created\n"
        "    if: {sttus: OPEN}\n"
        "    send: scren\n"
    )
    program = Program(
        tmp_path,
        {
            "NOTIFIER_RULES": "rules.yaml",
            "NOTIFIER_TOKEN": f"two words {MARKER}",
            "NOTIFIER_BOT_ID": "b",
            "NOTIFIER_POLL_INTERVALL": "15s",
            "NOTIFIER_SWEEP_INTERVAL": "often",
        },
    )
    for command in ("run", "once"):
        ended = await program.ends(command)
        assert (ended.code, ended.out) == (78, "")
        assert MARKER not in ended.err
        starts = [
            "warning: NOTIFIER_POLL_INTERVALL",
            "NOTIFIER_TOKEN, from the environment: ",
            "NOTIFIER_SWEEP_INTERVAL, from the environment: ",
            "rules.yaml:4:23: `lead.create` is not an event type; did you mean `lead.created`?",
            "rules.yaml:7:10: `sttus` is no lead field; did you mean `status`?",
            "rules.yaml:8:11: `scren` is not a destination; did you mean `screen`?",
            "NOTIFIER_CUSTOMER_ID: not set",
        ]
        lines = ended.err.splitlines()
        assert [a[: len(b)] for a, b in zip(lines, starts, strict=True)] == starts
    assert names(tmp_path) == ["rules.yaml"]


async def test_rules_made_wrong_while_it_runs_are_refused(
    tmp_path: Path, database: Database
) -> None:
    async with installation(database) as installed:
        rules = tmp_path / "rules.yaml"
        async with installed.program.running("run") as process:
            await installed.polled(process)
            rules.write_text("rules: [{name: Half, when: lead.created}]")
            process.send(SIGHUP)
            await process.says("rules.yaml:1:")
            first = installed.world.create(name="Asha")
            await process.until(installed.receiver.arrived(1))

            rules.write_text(rules_text("boss"))
            process.send(SIGHUP)
            await process.says('"reloaded"')
            installed.world.create(name="Bjørn")
            await process.until(installed.mail.arrived(1))

            rules.unlink()
            mkfifo(rules)
            process.send(SIGHUP)
            await process.says("rules.yaml: is a named pipe")
            assert await process.stop() == 0
        assert [one.event["subject"] for one in installed.receiver.received] == [first]


def logged(process: Process, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in process.err.splitlines()]
    return [line for line in lines if line["event"] == event]
