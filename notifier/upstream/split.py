"""The ``data`` array of a body as raw texts, for bodies that no parser takes whole.

One row nested 100,000 levels deep, or with a number of 5,000 digits, makes
``json.loads`` refuse the whole body. Cutting the body into rows first confines
that to the row. Linear in the body, and never recursive.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

# A string with its closing quote in group 1 (empty where it never closes), or
# one structural character. Written without alternation inside the loop, so
# that a string of megabytes costs one pass.
MARK = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*("?)|[\[\]{},:]', re.DOTALL)


def split_rows(body: str) -> tuple[str, list[str]]:
    """Return the envelope with an empty ``data`` array, and the array's entries as texts.

    Only structure is looked at: the caller still parses envelope and entries.
    Raises ``ValueError`` where the body has no complete top-level ``data`` array.
    """
    start, commas, end = _data_array(body)
    bounds = [start, *commas, end]
    texts = [body[a + 1 : b] for a, b in pairwise(bounds)]
    if len(texts) == 1 and not texts[0].strip():
        texts = []
    return f"{body[: start + 1]}{body[end:]}", texts


def _data_array(body: str) -> tuple[int, list[int], int]:
    """Return the positions of the array's bracket, its commas and its closing bracket."""
    key, start, commas = "", -1, list[int]()
    for mark, at, depth in _marks(body):
        inside = start >= 0
        if not inside and depth == 1 and mark[0] == '"':
            key = mark
        elif not inside and depth == 2 and mark == "[" and key == '"data"':
            start = at
        elif not inside and depth == 1 and mark == ",":
            key = ""
        elif inside and depth == 2 and mark == ",":
            commas.append(at)
        elif inside and depth == 1 and mark == "]":
            return start, commas, at
    raise ValueError("no complete data array")


def _marks(body: str) -> Iterator[tuple[str, int, int]]:
    """Yield each mark with its position and the depth that holds after it."""
    depth = 0
    for match in MARK.finditer(body):
        mark = match[0]
        if mark[0] == '"' and not match[1]:
            raise ValueError("a string never closes")
        depth += (mark in "[{") - (mark in "]}")
        yield mark, match.start(), depth
