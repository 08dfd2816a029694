"""The console destination, on a console that keeps what was written."""

import io
from datetime import UTC
from typing import TextIO

import pytest
from examples import lead, message, new_lead, part

from notifier.destinations.console import ConsoleDestination, ConsoleOptions, style_of
from notifier.errors import TemporaryDeliveryError

OPTIONS = ConsoleOptions(type="console")


class Terminal(io.StringIO):
    """A stream on which a person watches."""

    def isatty(self) -> bool:
        return True


def screen(out: TextIO) -> ConsoleDestination:
    return ConsoleDestination("screen", OPTIONS, out=out, zone=UTC)


async def test_a_message_is_one_readable_block() -> None:
    written = io.StringIO()
    await screen(written).send(message(part(new_lead(), body="Phone: 1\nTags: a")))
    assert written.getvalue() == (
        "● New lead: Ravi Kumar\n"
        "  Phone: 1\n"
        "  Tags: a\n"
        "  2 Mar 2026, 12:00 UTC · lead.created · New lead\n\n"
    )


async def test_markup_and_terminal_sequences_are_words_like_any_other() -> None:
    written = io.StringIO()
    title = "[red]Ravi[/red] \x1b[2J\x1b]0;owned\x07\rforged"
    await screen(written).send(message(part(new_lead(), title=title)))
    assert written.getvalue().startswith("● [red]Ravi[/red] forged\n")
    assert "\x1b" not in written.getvalue()


async def test_a_terminal_gets_colours_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = Terminal()
    await screen(coloured).send(message())
    assert "\x1b[1;32m" in coloured.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    bare = Terminal()
    await screen(bare).send(message())
    assert "32m" not in bare.getvalue()


async def test_a_digest_is_one_block() -> None:
    written = io.StringIO()
    parts = [part(new_lead(lead(id=f"lead{n}")), title=f"New lead: {n}") for n in range(3)]
    await screen(written).send(message(*parts, who=None, digest="Overnight"))
    assert written.getvalue().startswith("● Overnight (3 messages)\n  New lead (3)\n")


async def test_a_closed_pipe_is_a_trouble_of_the_moment() -> None:
    class Closed(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    with pytest.raises(TemporaryDeliveryError):
        await screen(Closed()).send(message())


def test_each_kind_of_event_has_one_colour() -> None:
    assert style_of("lead.created") == style_of("chat.created") == "green"
    assert style_of("lead.status_changed") != style_of("lead.message")
    assert {style_of(kind) for kind in ("source.down", "destination.down")} == {"red"}
    assert style_of("lead.updated") == "default"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "shift_jis"])
async def test_what_a_stream_cannot_carry_is_replaced(encoding: str) -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding)
    await screen(stream).send(message(part(new_lead(), title="New lead: José, मीरा 🌸")))
    shown = written.getvalue().decode(encoding)
    assert "New lead: Jos" in shown
    assert "मीरा" not in shown
