"""``agents``: who has leads, who has no name, and names from a sheet."""

import json
import os
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from notifier.cli.agents_file import with_agents
from notifier.cli.agents_sheet import read_sheet
from notifier.core.records import Agent
from notifier.errors import ConfigError
from support.cli_runner import Run
from support.filled import ASHA, BORIS, RULES, Filled
from support.odd_files import no_file_larger_than

RAO, SEN = "631aa793bcfa100487d13d0d", "631aa793bcfa100487d13d0e"
SHEET = f"id,name,slack,email\n{RAO},Asha Rao,U024BE7LH,asha@example.com\n{SEN},Bimal Sén,,\n"


@pytest.fixture
def owned(filled: Filled) -> Filled:
    """Asha's lead is with an agent of whom only the id is known, Boris's with a named one."""
    filled.lead(ASHA, _agentAssigned=RAO)
    filled.lead(BORIS, _agentAssigned={"_id": SEN, "name": "Bimal"})
    filled.look()
    return filled


@pytest.mark.usefixtures("owned")
def test_agents_are_listed_with_a_block_for_those_without_a_name(notifier: Run) -> None:
    told = notifier("agents")
    assert told.code == 0
    lines = [line.split() for line in told.out.splitlines()]
    assert lines[1:3] == [[RAO, "1"], [SEN, "Bimal", "1"]]
    assert told.out.endswith(
        "\n1 agent without a name. For the rules file:\n\nagents:\n"
        f'  "{RAO}": {{name: , slack: , email: }}   # 1 lead\n'
    )


def test_the_block_can_be_pasted_whatever_the_ids_are(
    owned: Filled, notifier: Run, tmp_path: Path
) -> None:
    owned.lead(ASHA, _agentAssigned='a "${b}', updatedAt="2027-01-01T00:00:00.000Z")
    owned.look()
    block = notifier("agents").out.partition("\n\nagents:\n")[2]
    (tmp_path / "rules" / "rules.yaml").write_text(f"{RULES}agents:\n{block}")
    assert notifier("check", "--rules", "rules").code == 0
    rows = [json.loads(line) for line in notifier("agents", "--json").out.splitlines()]
    assert [(row["id"], row["leads"]) for row in rows] == [('a "${b}', 1), (SEN, 1)]


@pytest.mark.usefixtures("owned")
def test_programs_get_an_object_for_each(notifier: Run) -> None:
    rows = [json.loads(line) for line in notifier("agents", "--json").out.splitlines()]
    assert rows[0] == {"id": RAO, "name": None, "slack": None, "email": None, "leads": 1}


@pytest.mark.usefixtures("owned")
def test_names_come_from_a_sheet(notifier: Run, tmp_path: Path) -> None:
    (tmp_path / "staff.csv").write_text(SHEET, encoding="utf-8-sig")
    told = notifier("agents", "--import", "staff.csv")
    assert (told.code, told.err) == (0, "")
    assert told.out == "rules/agents.yaml describes 2 agents; a reload takes it up\n"
    assert (tmp_path / "rules" / "rules.yaml").read_text() == RULES
    rows = [json.loads(line) for line in notifier("agents", "--json").out.splitlines()]
    assert [(row["name"], row["leads"]) for row in rows] == [("Asha Rao", 1), ("Bimal Sén", 1)]
    again = notifier("agents", "--import", "staff.csv")
    assert again.out == "rules/agents.yaml says all of that already\n"


@pytest.mark.usefixtures("owned")
def test_a_single_rules_file_keeps_every_word_and_its_mode(
    notifier: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(f"# ours\n{RULES}")
    own.chmod(0o640)
    monkeypatch.setenv("NOTIFIER_RULES", "own.yaml")
    (tmp_path / "staff.csv").write_text(SHEET)
    assert notifier("agents", "--import", "staff.csv").code == 0
    assert own.read_text().startswith(f"# ours\n{RULES}\nagents:\n")
    assert own.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.glob(".own*")) == []


@pytest.mark.usefixtures("owned")
def test_rules_that_do_not_load_are_not_touched(notifier: Run, tmp_path: Path) -> None:
    (tmp_path / "rules" / "rules.yaml").write_text("rules: [{name: x, sendd: y}]\n")
    (tmp_path / "staff.csv").write_text(SHEET)
    told = notifier("agents", "--import", "staff.csv")
    assert told.code == 78
    assert "rules/rules.yaml:1:19" in told.err
    assert not (tmp_path / "rules" / "agents.yaml").exists()


def test_a_sheet_without_names_is_told_line_by_line(notifier: Run, tmp_path: Path) -> None:
    (tmp_path / "staff.csv").write_text("id;name;slack\n;Asha;\nx;Bimal;@bimal\n")
    told = notifier("agents", "--import", "staff.csv")
    assert told.code == 78
    first, second = told.err.splitlines()
    assert first == "staff.csv:2: `id` is empty"
    assert second.startswith("staff.csv:3: `slack`: ")


def test_a_sheet_that_is_none_is_told(notifier: Run, tmp_path: Path) -> None:
    (tmp_path / "staff.csv").write_text("Asha,631aa793\n")
    told = notifier("agents", "--import", "staff.csv")
    assert told.code == 78
    assert told.err == (
        "staff.csv:1: the first line does not name the columns "
        "(write them there, as in: id,name,slack,email)\n"
    )
    told = notifier("agents", "--import", "none.csv")
    assert (told.code, told.err) == (78, "none.csv: there is no such file\n")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(
            SHEET.encode("utf-16"), ": is UTF-16 text (save it as UTF-8)", id="utf-16"
        ),
        pytest.param(
            SHEET.encode("cp1252"),
            ": is not UTF-8 text in line 3: it may be Windows-1252 or Latin-1",
            id="Excel's own",
        ),
        pytest.param(b"", ":1: the first line does not name the columns", id="empty"),
        pytest.param(
            b"id,name\n,\n", ": no agent stands below the heading", id="heading alone"
        ),
        pytest.param(
            b"id,name\na,Asha\na,Bimal\n",
            ":3: this `id` stands above with something else beside it (keep one of the lines)",
            id="one id twice",
        ),
        pytest.param(b'id,name\na,"' + b"x" * 200_000, "a value is far too long", id="a quote"),
    ],
)
def test_a_sheet_that_cannot_be_read_is_told_in_a_line(
    notifier: Run, tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / "staff.csv").write_bytes(content)
    ended = notifier("agents", "--import", "staff.csv")
    assert ended.code == 78
    assert told in ended.err
    assert ended.err.startswith("staff.csv:")
    assert len(ended.err.splitlines()) == 1


def test_a_pipe_is_not_waited_for(notifier: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "staff.csv")
    ended = notifier("agents", "--import", "staff.csv")
    assert (ended.code, ended.err) == (
        78,
        "staff.csv: is a named pipe, not a file (put a file of text in its place)\n",
    )


@pytest.mark.usefixtures("owned")
def test_a_sheet_comes_as_spreadsheets_leave_it(notifier: Run, tmp_path: Path) -> None:
    lines = ["sep=;", "\u00a0ID ;Name", f"{RAO}\u200b;Asha  Rao", f"{RAO};Asha Rao", ";", ""]
    (tmp_path / "staff.csv").write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    assert notifier("agents", "--import", "staff.csv").code == 0
    written = (tmp_path / "rules" / "agents.yaml").read_text()
    assert written == f'agents:\n  "{RAO}": {{name: "Asha Rao"}}\n'


@pytest.mark.usefixtures("owned")
def test_a_rules_file_behind_a_link_stays_behind_it(
    notifier: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "own.yaml"
    real.write_bytes(RULES.replace("\n", "\r\n").encode("utf-8-sig"))
    real.chmod(0o664)
    link.symlink_to(real)
    monkeypatch.setenv("NOTIFIER_RULES", "own.yaml")
    (tmp_path / "staff.csv").write_text(SHEET)
    assert notifier("agents", "--import", "staff.csv").code == 0
    assert link.is_symlink()
    assert real.read_text().startswith(f"{RULES}\nagents:\n")
    assert real.stat().st_mode & 0o777 == 0o664


@pytest.mark.usefixtures("owned")
def test_a_rules_file_that_cannot_be_written_is_told_and_stays(
    notifier: Run, tmp_path: Path
) -> None:
    (tmp_path / "staff.csv").write_text(SHEET)
    with no_file_larger_than(10):
        told = notifier("agents", "--import", "staff.csv")
    assert told.code == 78
    assert told.err == (
        "rules/agents.yaml: cannot be written: file too large "
        "(mend its mode or owner, or run this as the user who may)\n"
    )
    assert [one.name for one in (tmp_path / "rules").iterdir()] == ["rules.yaml"]


@pytest.mark.usefixtures("owned")
def test_rules_that_are_not_yaml_are_told_as_check_does(notifier: Run, tmp_path: Path) -> None:
    (tmp_path / "rules" / "rules.yaml").write_text("agents: {a: [}\n")
    (tmp_path / "staff.csv").write_text(SHEET)
    told = notifier("agents", "--import", "staff.csv")
    assert told.code == 78
    assert told.err.startswith("rules/rules.yaml:1:14: ")


def test_an_empty_section_is_filled() -> None:
    sheet = [Agent(id="b", name="B")]
    for before in ("agents:\nrules: []\n", "agents:   # ours\nrules: []\n", "agents:"):
        after = with_agents("rules.yaml", before, sheet)
        document = YAML(pure=True).load(after)
        assert document["agents"] == {"b": {"name": "B"}}
        assert ("# ours" in after) == ("# ours" in before)


def test_what_a_file_says_of_an_agent_stays_and_what_it_lacks_is_added() -> None:
    before = (
        "agents:\n"
        "  # the night shift\n"
        "  a: {name: Own name}   # hers\n"
        "  b:\n"
        "    slack: U024BE7LH\n"
        "rules: []\n"
    )
    sheet = [
        Agent(id="b", name='Bimal: "Sén" ${X}'),
        Agent(id="c", email="c@example.com"),
        Agent(id="a", name="Other", email="a@example.com"),
        Agent(id="d", name="D"),
    ]
    assert with_agents("rules.yaml", before, sheet) == (
        "agents:\n"
        "  # the night shift\n"
        '  "c": {email: "c@example.com"}\n'
        '  "d": {name: "D"}\n'
        '  a: {email: "a@example.com", name: Own name}   # hers\n'
        "  b:\n"
        '    name: "Bimal: \\"Sén\\" $${X}"\n'
        "    slack: U024BE7LH\n"
        "rules: []\n"
    )


def test_a_section_in_braces_is_left_to_its_author() -> None:
    with pytest.raises(ConfigError, match=r"^rules\.yaml:1: `agents` is in one line"):
        with_agents("rules.yaml", "agents: {a: {name: Asha}}\n", [Agent(id="b", name="B")])


def test_any_separator_of_a_spreadsheet_does() -> None:
    for mark in ",;\t":
        text = f"Name{mark}ID{mark}Team\r\nAsha Rao{mark}{RAO}{mark}north\r\n"
        assert read_sheet("staff.csv", text) == [Agent(id=RAO, name="Asha Rao")]


@pytest.mark.usefixtures("owned")
def test_check_tells_of_agents_without_a_name(
    notifier: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("TOKEN", "t"), ("BOT_ID", "b"), ("CUSTOMER_ID", "c")):
        monkeypatch.setenv(f"NOTIFIER_{name}", value)
    monkeypatch.setenv("CRM_SECRET", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")
    told = notifier("check")
    assert told.code == 0
    assert (
        "warning: agents: 1 agent with leads has no name "
        "(`notifier agents` shows them, and what to write)\n"
    ) in told.err
