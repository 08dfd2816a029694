"""``init`` at a terminal: one thing at a time, each answer tried where it is given."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from notifier.configuration.environment import read_dotenv
from notifier.simulator.server import TOKEN, Simulator
from notifier.simulator.world import BOT_ID, CUSTOMER_ID, World
from support.loopback import Reply
from support.program import Program
from support.slack import WEBHOOK, Slack
from support.terminal import Terminal, at_terminal

# A hidden question forgets what was typed before its last blank is shown.
TOKEN_ASKED = "BotPenguin token: "
PAGE_ASKED = "Password for the page (empty: no page): "
INBOX = "https://app.example.com/inbox/{uuid}"
NOWHERE = "http://127.0.0.1:1"


def simulator() -> Simulator:
    world = World(clock=lambda: datetime.now(UTC))
    world.populate(45)
    return Simulator(world)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def answer(terminal: Terminal, *pairs: tuple[str, str | None]) -> None:
    """Type each answer, if there is one, once the words before it are shown."""
    for words, typed in pairs:
        await terminal.shows(words)
        if typed is not None:
            terminal.type(typed)


async def test_a_person_is_led_to_files_that_work(tmp_path: Path) -> None:
    program = Program(tmp_path)
    async with (
        simulator() as upstream,
        Slack() as slack,
        at_terminal(program, "init") as terminal,
    ):
        await terminal.shows("support@botpenguin.com")
        await answer(terminal, (TOKEN_ASKED, "two words"))
        await terminal.shows("received 9 characters")
        await terminal.shows("a token has neither spaces")
        await answer(terminal, (TOKEN_ASKED, "mistyped"))
        await terminal.shows("received 8 characters")
        await answer(
            terminal,
            ("Bot id:", BOT_ID),
            ("Customer id:", CUSTOMER_ID),
            ("API address [https://api.v7.botpenguin.com]:", "ftp://127.0.0.1"),
            ("not an http:// or https:// URL", upstream.url),
            ("(401)", ""),
            ("BotPenguin token (Enter keeps what was set): ", TOKEN),
            (f"Bot id [{BOT_ID}]:", ""),
            (f"Customer id [{CUSTOMER_ID}]:", ""),
            (f"API address [{upstream.url}]:", ""),
        )
        await terminal.shows("accepted: 20 leads on the first page")
        await answer(
            terminal,
            ("Slack incoming webhook URL (empty: print alerts here):", "hooks.slack.com/x"),
            ("starts with https://hooks.slack.com/services/", "https://hooks.slack.com/"),
            ("it is cut off", slack.webhook_url),
            ("Post a sample lead there now? [Y/n]:", "y"),
            ("Slack took it", ""),
        )
        await answer(
            terminal,
            ("Link to a chat (empty: none):", "https://app.example.com/{uid}"),
            ("did you mean `uuid`?", INBOX),
            (PAGE_ASKED, "correct horse"),
            ("received 13 characters", None),
        )
        await terminal.shows("Wrote .env and rules.yaml.")
        assert await terminal.end() == 0
        assert [one.status for one in upstream.requests.all()] == [401, 200]
        assert len(slack.calls_of(WEBHOOK)) == 1
        assert TOKEN not in terminal.screen
        address, webhook = upstream.url, slack.webhook_url
    values, _ = await asyncio.to_thread(read_dotenv, tmp_path / ".env")
    assert values["NOTIFIER_TIMEZONE"]
    assert values | {"NOTIFIER_TIMEZONE": "UTC"} == {
        "NOTIFIER_TOKEN": TOKEN,
        "NOTIFIER_BOT_ID": BOT_ID,
        "NOTIFIER_CUSTOMER_ID": CUSTOMER_ID,
        "NOTIFIER_BASE_URL": address,
        "NOTIFIER_RULES": "rules.yaml",
        "SLACK_WEBHOOK": webhook,
        "NOTIFIER_TIMEZONE": "UTC",
        "NOTIFIER_INBOX_URL": INBOX,
        "NOTIFIER_WEB_PASSWORD": "correct horse",
        "NOTIFIER_HTTP": "127.0.0.1:8787",
    }
    assert (await program.ends("check")).code == 0


async def test_what_cannot_be_tried_is_told_and_the_questions_go_on(tmp_path: Path) -> None:
    options = ("--token", "t", "--bot-id", "b1", "--customer-id", "c1", "--base-url", NOWHERE)
    async with at_terminal(Program(tmp_path), "init", *options) as terminal:
        await terminal.shows("not tried: ")
        await answer(
            terminal,
            ("Change the answers? [y/N]:", ""),
            ("Slack incoming webhook URL", ""),
            ("Time zone", "Mars/Base"),
            ("Time zone", "Asia/Kolkata"),
            ("Link to a chat", ""),
            (PAGE_ASKED, ""),
        )
        assert await terminal.end() == 0
    assert "NOTIFIER_TIMEZONE=Asia/Kolkata\n" in (tmp_path / ".env").read_text()


async def test_a_webhook_that_slack_refuses_can_be_changed(tmp_path: Path) -> None:
    options = ("--token", TOKEN, "--bot-id", BOT_ID, "--customer-id", CUSTOMER_ID)
    async with (
        simulator() as upstream,
        Slack() as slack,
        at_terminal(
            Program(tmp_path), "init", *options, "--base-url", upstream.url
        ) as terminal,
    ):
        slack.script(Reply(status=404, body=b"no_service"), method=WEBHOOK)
        await answer(
            terminal,
            ("Slack incoming webhook URL", slack.webhook_url),
            ("Post a sample lead", ""),
            ("Change the URL? [Y/n]:", "y"),
            ("Slack incoming webhook URL (Enter keeps what was set):", ""),
            ("Post a sample lead", "y"),
            ("Slack took it", ""),
            ("Link to a chat", ""),
            (PAGE_ASKED, ""),
        )
        assert await terminal.end() == 0
        assert len(slack.calls_of(WEBHOOK)) == 2


async def test_who_gives_up_finds_nothing_written(tmp_path: Path) -> None:
    async with at_terminal(Program(tmp_path), "init") as terminal:
        await answer(terminal, (TOKEN_ASKED, "\x03"))
        assert await terminal.end() == 2
        assert "no answer; give --token" in terminal.screen
    assert names(tmp_path) == []


async def test_no_answer_and_an_address_for_an_id_are_asked_again_with_the_reason(
    tmp_path: Path,
) -> None:
    async with at_terminal(Program(tmp_path), "init") as terminal:
        await answer(
            terminal,
            (TOKEN_ASKED, ""),
            ("BotPenguin token: it is needed", None),
            (TOKEN_ASKED, TOKEN),
            ("Bot id:", "https://app.botpenguin.com/bots/1"),
            ("an id has letters and digits alone", None),
            ("Bot id: ", "\x03"),
        )
        assert await terminal.end() == 2


async def test_an_option_that_cannot_be_right_is_asked_for(tmp_path: Path) -> None:
    async with at_terminal(Program(tmp_path), "init", "--token", "two words") as terminal:
        await terminal.shows("BotPenguin token: a token has neither spaces")
        await answer(terminal, (TOKEN_ASKED, "\x03"))
        assert await terminal.end() == 2
