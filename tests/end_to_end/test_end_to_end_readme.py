"""README's command lines run, and its webhook consumer understands what comes."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from installation import SIGNING_SECRET, Installation, installation
from standardwebhooks.webhooks import WebhookVerificationError

from notifier.cli.main import MODULES
from notifier.simulator.world import BOT_ID, CUSTOMER_ID
from support import readme
from support.program import Program

HEEDING_SIGNALS = ("backup", "demo", "once", "simulate")
"""These need a process of their own; the others are done sooner without."""
LINE = re.compile(rf"(?:notifier|ctl) ((?:{'|'.join(MODULES)})\b[^`|\n]*)")
FENCED = re.compile(r"^```.*?^```", flags=re.MULTILINE | re.DOTALL)
FIRST = ["init", "check", "doctor", "send team", "run", "once --dry-run"]
MORE = {"demo": ["--seconds", "0"]}
ELSEWHERE = "move "
"""Needs a server, and no service: tests/cli/test_cli_postgresql.py."""


def commands(text: str) -> list[str]:
    """Return every command line of a text once, in order, without what the shell eats."""
    spans = re.findall(r"`([^`\n]+)`", FENCED.sub("", text))
    found = LINE.findall("\n".join([*FENCED.findall(text), *spans]))
    return list(dict.fromkeys(re.split(r"\s+[#>&]", one)[0].strip() for one in found))


async def test_the_first_alert_comes_the_way_it_says(tmp_path: Path) -> None:
    assert commands(readme.section("Two minutes to the first alert")) == FIRST
    async with installation(tmp_path) as around:
        given = around.program.environment
        program = Program(tmp_path / "new", {"NOTIFIER_BASE_URL": around.simulator.url})
        program.folder.mkdir()
        answers = {
            "--token": given["NOTIFIER_TOKEN"],
            "--bot-id": BOT_ID,
            "--customer-id": CUSTOMER_ID,
            "--slack-webhook": around.slack.webhook_url,
        }
        init = await program.ends("init", *(word for pair in answers.items() for word in pair))
        assert init.code == 0
        for line in ("check", "doctor", "send team", "once --dry-run"):
            ended = await program.ends_here(*shlex.split(line))
            assert (line, ended.code) == (line, 0), ended.err
        async with program.running("run") as process:
            await process.says('"event": "started"')
            assert await process.stop() == 0
        assert len(around.slack.calls) == 1


async def test_every_other_command_line_runs_beside_the_service(tmp_path: Path) -> None:
    found = commands(readme.TEXT)
    lines = [line for line in found if line not in FIRST and not line.startswith(ELSEWHERE)]
    assert len(lines) > 15
    async with installation(tmp_path) as installed:
        use_the_first_rules(installed)
        async with installed.program.running("run") as process:
            await installed.polled(process)
            lead_id = installed.world.create(name="Asha", country="India")
            await process.until(installed.receiver.arrived(1))
            meant = {
                "LEAD_ID": lead_id,
                "AGENT_ID": "631aa793bcfa100487d13d0d",
                "EVENT_ID": installed.receiver.received[0].id,
                "/var/lib/notifier/backup.db": "backup.db",
            }
            for line in lines:
                words = [meant.get(word, word) for word in shlex.split(line)]
                words += MORE.get(line, [])
                program = installed.program
                runs = program.ends if words[0] in HEEDING_SIGNALS else program.ends_here
                ended = await runs(*words)
                assert (line, ended.code) == (line, 0), ended.err
            assert await process.stop() == 0


def use_the_first_rules(installed: Installation) -> None:
    rules, *others = readme.blocks("yaml")
    (tests,) = (block for block in others if block.startswith("tests:"))
    rules = rules.replace("https://crm.example.com/hook", "${CRM_URL}")
    (installed.program.folder / "rules.yaml").write_text(rules, encoding="utf-8")
    (installed.program.folder / "rules.test.yaml").write_text(tests, encoding="utf-8")


async def test_its_webhook_consumer_takes_an_event_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (source,) = readme.blocks("python")
    consumer: dict[str, Any] = {"CRM_SECRET": SIGNING_SECRET}
    exec(compile(source, "README.md", "exec"), consumer)
    async with installation(tmp_path) as installed:
        async with installed.program.running("run") as process:
            await installed.polled(process)
            lead_id = installed.world.create(name="Asha", status="OPEN")
            await process.until(installed.receiver.arrived(1))
            installed.world.change(lead_id, status="INPROGRESS")
            await process.until(installed.receiver.arrived(2))
            assert await process.stop() == 0
        request = installed.receiver.received[1]
    event = consumer["receive"](dict(request.headers), request.body)
    assert event["data"]["changes"] == {"status": {"from": "OPEN", "to": "INPROGRESS"}}
    assert consumer["receive"](dict(request.headers), request.body) is None
    with pytest.raises(WebhookVerificationError):
        consumer["receive"](dict(request.headers), request.body.replace(b"Asha", b"Usha"))
    consumer["db"].close()

    (shown,) = [one for one in map(json.loads, readme.blocks("json")) if "specversion" in one]
    assert list(shown) == list(event)
    assert list(shown["data"]) == list(event["data"])
    assert list(shown["data"]["lead"]) == list(event["data"]["lead"])
