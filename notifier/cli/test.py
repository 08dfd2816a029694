"""``test``: the rule tests beside the rules, without network or settings."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from notifier.cli.context import environment
from notifier.cli.exits import Exit
from notifier.cli.output import print_json
from notifier.configuration.destinations import kinds, limits
from notifier.configuration.environment import Environment
from notifier.configuration.read_settings import read_settings
from notifier.configuration.rulefiles import (
    TEST_ENDINGS,
    folder_of,
    read_rule_files,
    read_test_files,
)
from notifier.errors import ConfigError, Fault
from notifier.messages.escape import one_line, shorten
from notifier.rehearsal.play import Difference, Result, play
from notifier.rehearsal.read_script import read_scripts
from notifier.rehearsal.script import Expected, Script
from notifier.rehearsal.stage import Sent
from notifier.rules.model import Ruleset
from notifier.rulesfile.document import Lookup, read_document
from notifier.rulesfile.load import load_rules
from notifier.rulesfile.nodes import Faults

TITLE_CHARS = 80

app = typer.Typer()


@app.command("test")
def run_tests(
    path: Annotated[
        Path | None,
        typer.Argument(help="A folder, a rules file or a test file; default NOTIFIER_RULES."),
    ] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a test.")] = False,
) -> None:
    """Run the rule tests (*.test.yaml) beside the rules; time is simulated."""
    results = [play(one, limits(one.rules)) for one in _scripts(path, environment())]
    failed = sum(result.difference is not None for result in results)
    if json:
        print_json(map(_json, results))
    else:
        for result in results:
            typer.echo("\n".join(_told(result)))
    typer.echo(_summary(len(results), failed), err=json or not results)
    if failed or not results:
        raise typer.Exit(Exit.FAILED)


def _scripts(path: Path | None, given: Environment) -> list[Script]:
    """Return every test; raises :class:`ConfigError` with all faults of rules and tests."""
    settings = read_settings(given).settings
    place = path or settings.rules
    beside = place.parent if place.name.endswith(TEST_ENDINGS) else place
    rules = _Rules(given.lookup, settings.timezone)
    scripts: list[Script] = []
    faults: list[Fault] = []
    for name, text in read_test_files(place):
        found = Faults()
        document = read_document(name, text, lookup=given.lookup, faults=found, lenient=True)
        if document is not None:
            named = partial(rules.named, folder=folder_of(place), beside=beside)
            scripts += read_scripts(document, rules=named, faults=found)
        faults += found.faults()
    if rules.faults or faults:
        raise ConfigError([*dict.fromkeys(rules.faults), *faults])
    return scripts


class _Rules:
    """The rules that tests are about, each set of files read once."""

    def __init__(self, lookup: Lookup, timezone: tzinfo) -> None:
        self.faults: list[Fault] = []
        self._lookup = lookup
        self._timezone = timezone
        self._loaded: dict[tuple[Path, ...], Ruleset | None] = {}

    def named(self, names: Sequence[str], *, folder: Path, beside: Path) -> Ruleset | None:
        """Return what the files of these names say, or all that lie beside the tests."""
        paths = tuple(folder / name for name in names) or (beside,)
        if paths not in self._loaded:
            self._loaded[paths] = self._load(paths)
        return self._loaded[paths]

    def _load(self, paths: Sequence[Path]) -> Ruleset | None:
        try:
            return load_rules(
                [file for path in paths for file in read_rule_files(path)],
                lookup=self._lookup,
                kinds=kinds(),
                timezone=self._timezone,
                lenient_secrets=True,
            )
        except ConfigError as error:
            self.faults += error.faults
            return None


def _summary(count: int, failed: int) -> str:
    tests = f"{count} test{'' if count == 1 else 's'}"
    if not count:
        return "there is no rule test here: write one into a *.test.yaml beside the rules"
    return f"{failed} of {tests} failed" if failed else f"{tests} passed"


def _told(result: Result) -> Iterator[str]:
    name = one_line(result.script.name)
    if result.difference is None:
        yield f"ok    {name}"
        return
    found = result.difference
    yield f"FAIL  {name} ({result.script.where})"
    moment = found.at.isoformat(sep=" ", timespec="seconds")
    yield f"      step {found.step}, at {moment} ({found.where})"
    yield from (f"      - expected  {_expected(one)}" for one in found.missing)
    yield from (f"      + sent      {_sent(one, found)}" for one in found.surplus)
    yield from (f"        as told   {_sent(one, found)}" for one in found.right)
    if not (found.surplus or found.right):
        yield "        nothing was sent"


def _expected(one: Expected) -> str:
    says = "".join(f', saying "{one_line(part)}"' for part in one.says)
    return f"{one_line(one.rule)} → {one.to}{says}"


def _sent(one: Sent, found: Difference) -> str:
    at = one.at.astimezone(found.at.tzinfo)
    moment = at.strftime("%H:%M:%S" if at.date() == found.at.date() else "%m-%d %H:%M:%S")
    rules = " + ".join(map(one_line, one.rules))
    title = shorten(one_line(one.title), TITLE_CHARS)
    return f"{moment}  {rules} → {one.to}: {title}"


def _json(result: Result) -> dict[str, object]:
    found = result.difference
    failure = found and {
        "step": found.step,
        "where": found.where,
        "at": found.at.isoformat(),
        "missing": [_expectation(one) for one in found.missing],
        "surplus": _messages(found.surplus),
        "right": _messages(found.right),
    }
    return {
        "name": result.script.name,
        "where": result.script.where,
        "passed": found is None,
        "failure": failure,
    }


def _expectation(one: Expected) -> dict[str, object]:
    return {"rule": one.rule, "to": one.to, "says": one.says}


def _messages(sent: Sequence[Sent]) -> list[dict[str, object]]:
    return [
        {"at": one.at.isoformat(), "rules": one.rules, "to": one.to, "title": one.title}
        for one in sent
    ]
