"""``report``: the same figures as JSON, as a sheet and for people."""

import csv
import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest

from notifier.core.rows import Json
from support.cli_runner import Run
from support.filled import ASHA, BORIS, Filled, ago

AGENT = "631aa793bcfa100487d13d0d"
RULES = f"""\
agents: {{{AGENT}: {{name: Asha Rao}}}}
windows:
  never: {{days: mon, hours: "00:00-00:01", timezone: UTC}}
destinations: {{sales: {{type: console}}}}
rules: [{{name: Any, when: lead.created, send: sales}}]
"""


@pytest.fixture
def answered(filled: Filled, tmp_path: Path) -> Filled:
    """Asha's lead has an owner, and an answer two minutes after it was created."""
    (tmp_path / "rules" / "rules.yaml").write_text(RULES)
    created = datetime.fromisoformat(filled.rows[ASHA]["createdAt"])
    at = (created + timedelta(minutes=2)).isoformat(timespec="milliseconds")
    said = {"at": at.replace("+00:00", "Z"), "by": "agent", "text": "Hello"}
    filled.lead(ASHA, _agentAssigned=AGENT, lastMessage=said)
    filled.look()
    return filled


def read(notifier: Run, *arguments: str) -> dict[str, Json]:
    ended = notifier("report", *arguments, "--json")
    assert (ended.code, ended.err) == (0, "")
    found: dict[str, Json] = json.loads(ended.out)
    return found


@pytest.mark.usefixtures("answered")
def test_the_measures_have_exactly_the_promised_fields(notifier: Run) -> None:
    found = read(notifier, "--since", "7d", "--goal", "3m")
    assert list(found["measures"]) == ["owner", "reply", "taken", "closed"]
    assert found["measures"]["reply"] == {
        "count": 1,
        "median_s": 120,
        "p90_s": 120,
        "within_goal": 0.5,
    }
    assert found["measures"]["taken"] == {
        "count": 0,
        "median_s": None,
        "p90_s": None,
        "within_goal": 0.0,
    }
    assert (found["leads"], found["goal_s"], found["by"]) == (2, 180, "agent")
    assert [one["name"] for one in found["groups"]] == ["Asha Rao", "nobody"]
    assert [one["lead"] for one in found["waiting"]] == [BORIS]


@pytest.mark.usefixtures("answered")
def test_a_sheet_has_the_same_figures(notifier: Run) -> None:
    found = read(notifier, "--by", "country")
    ended = notifier("report", "--by", "country", "--csv")
    rows = list(csv.DictReader(StringIO(ended.out)))
    assert [(row["by"], row["name"]) for row in rows] == [
        ("all", ""),
        ("before", ""),
        ("country", "India"),
        ("country", "Nepal"),
    ]
    told = [found, found["before"], *found["groups"]]
    for row, one in zip(rows, told, strict=True):
        assert int(row["leads"]) == one["leads"]
        for measure, figures in one["measures"].items():
            written = {name: row[f"{measure}_{name}"] for name in figures}
            assert written == {
                name: "" if value is None else str(value) for name, value in figures.items()
            }


@pytest.mark.usefixtures("answered")
def test_people_get_a_table_and_the_bounds(notifier: Run) -> None:
    ended = notifier("report")
    assert ended.code == 0
    assert "2 leads, half of the answers within 2m, 50 % within 5m" in ended.out
    assert ["first", "reply", "1", "2m", "2m", "50", "%"] in map(
        str.split, ended.out.splitlines()
    )
    assert "Asha Rao" in ended.out
    assert "Still waiting: 1, the oldest first" in ended.out
    assert "a reply that another message overwrote between two polls is seen late" in ended.out


@pytest.mark.usefixtures("answered")
def test_only_the_hours_of_a_window_count(notifier: Run) -> None:
    found = read(notifier, "--clock", "never")
    assert (found["clock"], found["measures"]["reply"]["median_s"]) == ("never", 0)
    assert found["outside_clock"] in (0, 1)  # 1 but for a minute a week


def test_leads_created_before_the_period_are_of_the_one_before(
    notifier: Run, answered: Filled
) -> None:
    answered.rows[BORIS]["createdAt"] = ago(minutes=90)
    with answered.db.transaction():
        answered.db.execute(
            "UPDATE responses SET created_ms = created_ms - 5400000 WHERE lead_id = :id",
            {"id": BORIS},
        )
    found = read(notifier, "--since", "1h")
    assert (found["leads"], found["before"]["leads"], found["before"]["waiting"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--by", "agnet"), "did you mean `agent`?"),
        (("--since", "0"), "--since must be longer than nothing"),
        (("--since", "a week"), "is not a duration"),
        (("--goal", "5"), "a unit is missing"),
        (("--clock", "offcie"), "there is no window `offcie`"),
    ],
)
@pytest.mark.usefixtures("answered")
def test_what_is_no_option_is_wrong_usage(
    notifier: Run, arguments: tuple[str, ...], said: str
) -> None:
    ended = notifier("report", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in " ".join(ended.err.replace("│", " ").split())


@pytest.mark.usefixtures("answered")
def test_rules_that_do_not_load_cost_names_alone(notifier: Run, tmp_path: Path) -> None:
    (tmp_path / "rules" / "rules.yaml").write_text("rules: [")
    ended = notifier("report", "--json")
    assert ended.code == 0
    assert "this is not valid YAML" in ended.err
    assert json.loads(ended.out)["measures"]["reply"]["count"] == 1
    assert datetime.fromisoformat(json.loads(ended.out)["to"]) < datetime.now(UTC)


def test_without_a_single_lead_there_is_nothing_to_measure(
    notifier: Run, tmp_path: Path
) -> None:
    Filled(tmp_path / "notifier.db").db.close()
    ended = notifier("report")
    assert (ended.code, ended.out.splitlines()[0]) == (0, "no leads")
    assert "there is no such rules file or folder" in ended.err
    measures = json.loads(notifier("report", "--json").out)["measures"]
    assert measures["owner"]["within_goal"] is None
