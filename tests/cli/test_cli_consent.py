"""Before what cannot be undone a person is asked, at a terminal; a script is not."""

from pathlib import Path

import pytest

from notifier.store.browse import Wanted, deliveries, leads
from support.cli_runner import Run
from support.filled import ASHA, Filled
from support.program import Program
from support.terminal import at_terminal


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("", 1), ("y", 0)])
async def test_a_person_is_shown_who_it_is_and_asked_before_they_are_erased(
    filled: Filled, tmp_path: Path, answer: str, code: int
) -> None:
    async with at_terminal(Program(tmp_path), "forget", ASHA) as terminal:
        await terminal.shows(f"{ASHA} (Asha Rao) has 2 events. Erase it all, for good? [y/N]:")
        terminal.type(answer)
        assert await terminal.end() == code
    assert ("nothing was changed" in terminal.screen) is bool(code)
    assert [one.name for one in leads(filled.db, Wanted(lead=ASHA))] == ["Asha Rao"] * code


@pytest.mark.usefixtures("filled")
async def test_who_is_not_known_is_told_unasked(tmp_path: Path) -> None:
    async with at_terminal(Program(tmp_path), "forget", "nobody") as terminal:
        assert await terminal.end() == 1
    assert terminal.screen == "no lead nobody is known; nothing was changed\n"


@pytest.mark.usefixtures("filled")
async def test_yes_is_an_answer_given_before(tmp_path: Path) -> None:
    async with at_terminal(Program(tmp_path), "forget", ASHA, "--yes") as terminal:
        assert await terminal.end() == 0
    assert "[y/N]" not in terminal.screen


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
async def test_a_person_is_asked_before_past_events_go_out_again(
    filled: Filled, tmp_path: Path, answer: str, code: int
) -> None:
    filled.deliver("crm")
    before = deliveries(filled.db, Wanted())
    replay = ("replay", "--since", "2h", "--destination", "crm")
    async with at_terminal(Program(tmp_path), *replay) as terminal:
        await terminal.shows("Send 1 new delivery to crm? [y/N]:")
        assert deliveries(filled.db, Wanted()) == before
        terminal.type(answer)
        assert await terminal.end() == code
    assert len(deliveries(filled.db, Wanted())) == len(before) + 1 - code


def test_a_replay_can_be_looked_at_first(notifier: Run, filled: Filled) -> None:
    filled.deliver("crm")
    before = deliveries(filled.db, Wanted())
    ended = notifier("replay", "--since", "2h", "--destination", "crm", "--dry-run")
    assert (ended.code, ended.err) == (0, "")
    head, row, summary = (line.split() for line in ended.out.splitlines())
    assert head == ["when", "rule", "what"]
    assert " ".join(row) == "now New Indian lead New lead: Asha Rao, India (lead.created)"
    assert " ".join(summary) == "3 past events: 1 new delivery to crm would be made"
    assert deliveries(filled.db, Wanted()) == before
