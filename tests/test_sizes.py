"""Files stay within 250 lines and functions within 40: beyond, look for the seam."""

import ast
from collections.abc import Iterator
from pathlib import Path

import notifier

PACKAGE = Path(notifier.__file__).parent
MOST_OF_A_FILE = 250
MOST_OF_A_FUNCTION = 40
# Longer today, and none may join them: whoever splits one takes it out.
LONG_FILES: set[str] = set()
LONG_FUNCTIONS: set[str] = set()


def long_files() -> Iterator[str]:
    for path in PACKAGE.rglob("*.py"):
        if len(path.read_text().splitlines()) > MOST_OF_A_FILE:
            yield str(path.relative_to(PACKAGE))


def long_functions() -> Iterator[str]:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > MOST_OF_A_FUNCTION:
                    yield f"{path.relative_to(PACKAGE)} {node.name}"


def test_no_file_is_longer_than_a_reader_holds() -> None:
    assert set(long_files()) <= LONG_FILES


def test_no_function_is_longer_than_a_screen() -> None:
    assert set(long_functions()) <= LONG_FUNCTIONS
