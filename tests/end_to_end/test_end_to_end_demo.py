"""``demo`` and ``simulate``: what a person without an account can try."""

import re
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import httpx
import pytest
from installation import names

from support.program import Program

TOTALS = re.compile(r"(\d+) leads seen, (\d+) events found, (\d+) delivered\.")


async def test_the_demo_shows_changes_needs_nothing_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / ".env").write_text("NOTIFIER_TOKEN=two words\nno value\n")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    wrong = {"NOTIFIER_POLL_INTERVAL": "never", "NOTIFIER_DATABASE": "/nowhere/x.db"}
    program = Program(tmp_path, {**wrong, "TMPDIR": str(temporary)})
    async with program.running("demo") as process:
        await process.says("● New lead: Kofi Mensah, Accra, Ghana\n")
        await process.says("● Kofi Mensah: OPEN → INPROGRESS\n")
        assert names(temporary) != []
        assert await process.stop(SIGINT) == 0
    assert process.err == ""
    assert all(len(line) <= 80 for line in process.out.splitlines())
    leads, _, delivered = totals(process.out)
    assert leads >= 46
    assert delivered == process.out.count("\n● ")
    assert names(temporary) == []
    assert names(tmp_path) == [".env", "temporary"]


async def test_the_demo_ends_by_itself_when_told_so(tmp_path: Path) -> None:
    ended = await Program(tmp_path).ends("demo", "--seconds", "0.5")
    assert (ended.code, ended.err) == (0, "")
    assert TOTALS.search(ended.out)


async def test_a_terminal_that_knows_ascii_alone_gets_what_it_can_carry(
    tmp_path: Path,
) -> None:
    program = Program(tmp_path, {"PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0"})
    async with program.running("demo") as process:
        await process.says("? New lead: Kofi Mensah, Accra, Ghana\n")
        assert await process.stop(SIGINT) == 0
    assert process.err == ""
    assert TOTALS.search(process.out)


def totals(shown: str) -> tuple[int, int, int]:
    found = TOTALS.search(shown)
    assert found
    leads, events, delivered = map(int, found.groups())
    return leads, events, delivered


@pytest.mark.parametrize("number", [SIGINT, SIGTERM])
async def test_the_simulator_prints_settings_that_reach_it(
    tmp_path: Path, number: Signals
) -> None:
    program = Program(tmp_path)
    options = ("--port", "0", "--leads", "7", "--page-size", "5", "--order", "created-asc")
    async with program.running("simulate", *options, "--token", "sesame") as process:
        await process.says("/_control/faults")
        settings = dict(re.findall(r"^(NOTIFIER_\w+)=(.*)$", process.out, re.MULTILINE))
        query = {"botId": settings["NOTIFIER_BOT_ID"], "page": "2", "type": "lead"}
        query["customerId"] = settings["NOTIFIER_CUSTOMER_ID"]
        async with httpx.AsyncClient(
            base_url=settings["NOTIFIER_BASE_URL"], verify=False
        ) as client:
            client.headers["x-bot-token"] = settings["NOTIFIER_TOKEN"]
            answer = await client.get("/inbox/direct/chats", params=query)
            assert len(answer.json()["data"]) == 2
            await client.post("/_control/faults", json={"kind": "status", "status": 503})
            answer = await client.get("/inbox/direct/chats", params=query)
            assert answer.status_code == 503
        assert await process.stop(number) == 0
        assert (settings["NOTIFIER_TOKEN"], process.err) == ("sesame", "")


async def test_what_the_simulator_prints_is_an_environment_file(tmp_path: Path) -> None:
    program = Program(tmp_path)
    (tmp_path / "rules.yaml").write_text(
        "destinations: {screen: {type: console}}\n"
        "rules: [{name: New, when: lead.created, send: screen}]\n"
    )
    async with program.running(
        "simulate", "--port", "0", "--day", "--speed", "600"
    ) as upstream:
        await upstream.says("/_control/faults")
        (tmp_path / ".env").write_text(upstream.out + "NOTIFIER_RULES=rules.yaml\n")
        assert (await program.ends("once")).code == 0
        assert await upstream.stop() == 0


async def test_a_port_that_is_taken_is_told_in_a_line(tmp_path: Path) -> None:
    program = Program(tmp_path)
    async with program.running("simulate", "--port", "0") as process:
        await process.says("/_control/faults")
        port = re.findall(r"127\.0\.0\.1:(\d+)", process.out)[0]
        refused = await program.ends("simulate", "--port", port)
        assert (refused.code, refused.out) == (75, "")
        assert refused.err.startswith(f"port {port} cannot be used")
        assert len(refused.err.splitlines()) == 1
