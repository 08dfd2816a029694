"""Every command's help ends with an example that the command itself would take."""

import re
import shlex

import pytest

from notifier.cli.examples import EXAMPLES
from notifier.cli.main import MODULES, Commands


def test_every_command_has_an_example_and_no_other_has() -> None:
    assert set(EXAMPLES) == set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_an_example_is_taken_by_its_command(name: str) -> None:
    program, command, *arguments = shlex.split(EXAMPLES[name])
    assert (program, command) == ("notifier", name)
    found = Commands(MODULES)[name]
    # Parses and checks every option and argument, and runs nothing.
    with found.make_context(name, arguments) as context:
        assert context.info_name == name
    assert found.epilog == f"Example: {EXAMPLES[name]}"


@pytest.mark.parametrize("example", EXAMPLES.values())
def test_no_shell_reads_more_into_an_example(example: str) -> None:
    # zsh ends with "no matches found" where a pattern stands bare.
    bare = re.sub(r"'[^']*'", "", example)
    assert not re.search(r"[*?\[\]{}~$`!;&|<>]", bare)
