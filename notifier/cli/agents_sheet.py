"""Agents' names from a sheet, as spreadsheets save it."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO

from pydantic import ValidationError

from notifier.cleaning import visible
from notifier.core.records import Agent
from notifier.errors import ConfigError, Fault
from notifier.rulesfile.options import AgentOptions

FIELDS = ("name", "slack", "email")
HEADING = "id,name,slack,email"


def read_sheet(name: str, text: str) -> list[Agent]:
    """Return the agents of a sheet: a heading with ``id``, and any of the other fields.

    Commas, semicolons and tabs all separate; a line without a word is passed over.
    Raises :class:`ConfigError` with the faults of all lines; ``name`` is the file's,
    for its messages.
    """
    agents: dict[str, Agent] = {}
    faults: list[Fault] = []
    for line, values in _lines(name, text):
        where = f"{name}:{line}"
        try:
            agent = _agent(values)
        except ValidationError as error:
            faults += _faults(where, error)
            continue
        except ValueError as error:
            faults.append(Fault(where=where, problem=str(error)))
            continue
        if agents.setdefault(agent.id, agent) != agent:
            problem = "this `id` stands above with something else beside it"
            faults.append(Fault(where=where, problem=problem, remedy="keep one of the lines"))
    if faults:
        raise ConfigError(faults)
    if not agents:
        raise ConfigError([Fault(where=name, problem="no agent stands below the heading")])
    return list(agents.values())


def _lines(name: str, text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield each line that says something: its number, and its values by column."""
    # Excel's own line on top, `sep=;`, tells what separates.
    first, _, rest = text.partition("\n")
    told = first.lower().removeprefix("sep=") if first.lower().startswith("sep=") else ""
    heading = rest.partition("\n")[0] if told else first
    separator = told[:1] or max(",;\t", key=heading.count)
    rows = csv.reader(StringIO(text), delimiter=separator)
    try:
        if told:
            next(rows)
        columns = _columns(f"{name}:{2 if told else 1}", next(rows, []))
        for row in rows:
            values = [visible(value) for value in row]
            if any(values):
                yield rows.line_num, dict(zip(columns, values, strict=False))
    except csv.Error:
        problem = "a value is far too long"
        remedy = 'look for a `"` without its fellow'
        where = f"{name}:{rows.line_num}"
        raise ConfigError([Fault(where=where, problem=problem, remedy=remedy)]) from None


def _columns(where: str, heading: Sequence[str]) -> list[str]:
    columns = [visible(column).lower() for column in heading]
    if "id" not in columns or not set(FIELDS).intersection(columns):
        problem = "the first line does not name the columns"
        remedy = f"write them there, as in: {HEADING}"
        raise ConfigError([Fault(where=where, problem=problem, remedy=remedy)])
    return columns


def _agent(values: Mapping[str, str]) -> Agent:
    if not values.get("id"):
        raise ValueError("`id` is empty")
    options = AgentOptions.model_validate({key: values.get(key) or None for key in FIELDS})
    return Agent(id=values["id"], **options.model_dump())


def _faults(where: str, error: ValidationError) -> Iterable[Fault]:
    for one in error.errors(include_input=False):
        words = one["msg"].removeprefix("Value error, ")
        yield Fault(where=where, problem=f"`{one['loc'][0]}`: {words}")
