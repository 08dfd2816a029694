"""Why a text is not valid YAML, in words for whoever wrote it.

The parser says where it gave up, which is often a line after the mistake, and in words
about tokens. What people do wrong is looked for in the line it names and in those before.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from ruamel.yaml.error import MarkedYAMLError

from notifier.rules.unfit import is_hushed
from notifier.rulesfile import syntax_signs
from notifier.rulesfile.syntax_place import Place, Slip

GLUED = re.compile(r"\s*(?:- +)?(?P<key>[A-Za-z_][\w-]*):(?P<value>[^\s:/].*)")
NO_COLON = re.compile(r"\s*(?:- +)?(?P<key>[A-Za-z_]+)(?P<value>\s+[^\s:#].*)?")
TWO_COLONS = re.compile(r"\s*(?:- +)?[\w.-]+: +(?P<value>[^'\"\[{].*)")
APOSTROPHE = re.compile(r"'[^'\"]*\w'\w[^'\"]*'")
VALUE = re.compile(r"[^\s,\]}][^,\]}]*")
REFERENCE = "between { } and [ ], put ${…} in quotes"


def diagnose(error: MarkedYAMLError, lines: Sequence[str]) -> Slip:
    """Return the slip that made the parser give up, or at least where it did."""
    return next(_slips(Place.of(error, lines)))


def _slips(place: Place) -> Iterator[Slip]:
    for look in LOOKS:
        if found := look(place):
            yield found
    yield place.slip(place.words.partition(": ")[2] or "it cannot be read", "")


def _colon(place: Place) -> Slip | None:
    """Find the key above or here whose colon is glued to its value, or missing."""
    if "mapping values" not in place.words and "expected ':'" not in place.words:
        return None
    for number in dict.fromkeys((place.began, place.line, place.above())):
        line = place.text(number)
        if found := GLUED.fullmatch(line.rstrip()):
            key, value = found["key"], "…" if is_hushed(line) else found["value"]
            return place.slip(
                f"a blank is missing after `{key}:`",
                f"write `{key}: {value}`",
                number,
                found.start("value"),
            )
        if number != place.line and (found := NO_COLON.fullmatch(line.rstrip())):
            key, value = found["key"], (found["value"] or "").strip()
            value = "…" if value and is_hushed(line) else value
            return place.slip(
                f"a colon is missing after `{key}`",
                f"write `{key}: {value}`" if value else f"write `{key}:`",
                number,
                found.end("key"),
            )
    return None


def _quoted_text(place: Place) -> Slip | None:
    if "mapping values" not in place.words:
        return None
    found = TWO_COLONS.fullmatch(place.here.rstrip())
    if not found or ":" not in found["value"]:
        return None
    return place.slip(
        "a text with a colon and a blank in it must be in quotes",
        _in_quotes(place.here, found["value"]),
        column=found.start("value"),
    )


def _first_letter(place: Place) -> Slip | None:
    if "cannot start any token" in place.words:
        at = place.column
    elif "expected alphabetic or numeric" in place.words:
        at = max(place.column - 1, 0)  # behind the & or *
    else:
        return None
    letter = place.here[at : at + 1]
    value = VALUE.match(place.here, at)
    text = value[0].strip() if value else letter
    problem = f"a text cannot begin with {letter}"
    return place.slip(problem, _in_quotes(place.here, text), column=at)


def _escape(place: Place) -> Slip | None:
    """Find the backslash of an expression in double quotes, where YAML reads it."""
    if "escape" not in place.words:
        return None
    at = place.here.rfind("\\", 0, place.column + 1)
    at = place.column if at < 0 else at
    problem = f"`{place.here[at : at + 2]}` means nothing in double quotes"
    return place.slip(problem, "put the text in single quotes", column=at)


def _open_end(place: Place) -> Slip | None:
    """Tell of a quote or bracket that nothing closes, where it opens."""
    cut_off = "stream end" in place.words or "end of stream" in place.words
    opened = place.text(place.began)[place.began_column : place.began_column + 1]
    if "${" in place.here and not cut_off and "flow" in place.words:
        return place.slip("`${` opens braces of its own here", REFERENCE)
    if found := APOSTROPHE.search(place.here):
        remedy = _in_quotes(place.here, found[0].strip("'"))
        return place.slip("an apostrophe ends the text", remedy, column=found.start())
    if "quoted scalar" in place.words and opened in "\"'":
        return place.slip(
            "the quote that opens here is never closed",
            "close what is open",
            place.began,
            place.began_column,
        )
    is_flow = opened in ("{", "[") and "flow" in place.words and not _is_closed(place)
    if is_flow and (cut_off or place.line > place.began):
        closing = {"{": "}", "[": "]"}[opened]
        return place.slip(
            f"`{opened}` opens here and nothing closes it",
            f"close what is open with {closing}",
            place.began,
            place.began_column,
        )
    if cut_off:
        return place.slip("the file ends within brackets or quotes", "close what is open")
    return None


def _is_closed(place: Place) -> bool:
    """Whether as many brackets close as open, up to the line where the parser gave up."""
    read = "\n".join(place.lines[place.began : place.line + 1])
    return all(read.count(left) == read.count(right) for left, right in ("{}", "[]"))


def _comma(place: Place) -> Slip | None:
    if "flow" not in place.words:
        return None
    if "but found ','" in place.words or "but got ','" in place.words:
        return place.slip("nothing stands before this comma", "remove one of the commas")
    if place.words.endswith("but got ':'"):
        return place.slip("a comma is missing between two keys", "write {a: 1, b: 2}")
    if "expected ','" in place.words:
        return place.slip(
            "a comma is missing before this", "write a comma, or put the text in quotes"
        )
    return None


def _indentation(place: Place) -> Slip | None:
    if place.letter in ("}", "]") and place.letter:
        return place.slip(f"`{place.letter}` closes nothing", "remove it")
    if "block end" not in place.words and "mapping values" not in place.words:
        return None
    column = len(place.here) - len(place.here.lstrip())
    problem = "this line fits nothing above it"
    beside = place.nearest(column, is_entry=place.here.lstrip().startswith("- "))
    if beside is None:
        return place.slip(problem, "check the indentation", column=column)
    remedy = (
        f"check the indentation: it may begin in column {beside[0] + 1}, below `{beside[1]}`"
    )
    return place.slip(problem, remedy, column=column)


def _in_quotes(line: str, text: str) -> str:
    text = text.strip("`")
    if '"' in text or is_hushed(line):
        return "put the text in double quotes"
    return f'write "{text}"'


LOOKS: tuple[Callable[[Place], Slip | None], ...] = (
    syntax_signs.conflict,
    syntax_signs.fence,
    _escape,
    syntax_signs.foreign_comment,
    syntax_signs.tab,
    syntax_signs.comment,
    syntax_signs.wide_sign,
    syntax_signs.dash,
    syntax_signs.behind_quote,
    _colon,
    _quoted_text,
    _first_letter,
    _open_end,
    _comma,
    _indentation,
)
