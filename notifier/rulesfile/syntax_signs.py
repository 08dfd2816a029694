"""Signs that YAML reads otherwise than whoever wrote them: tabs, dashes, comments, fences."""

import re

from notifier.rulesfile.syntax_place import Place, Slip

# With a bracket behind the #, which nobody would miss in a comment.
COMMENT = re.compile(r"(?:[:,]\s+|\[\s*)(#[^\s,\]}]+)[^\]}]*[\]}]")
GLUED_DASH = re.compile(r"\s*-(?P<key>[A-Za-z_]+:)")
WRONG_DASH = re.compile(r"\s*(?P<dash>[–—−•*]) ?(?P<key>[A-Za-z_]+:)")
FOREIGN_COMMENT = re.compile(r"\s*(//|/\*)")
BEHIND_QUOTE = re.compile(r"\s*(?:- +)?[\w.-]+: +(?:\"[^\"]*\"|'[^']*') *(?P<rest>[^\s,#].*)")
WIDE_SIGN = re.compile(
    r"\s*(?:- +)?(?:\{ *)?(?:[A-Za-z_][\w-]*(?P<colon>[：﹕︓])"
    r"|(?:[\w-]+: *[^,'\"#]*?, *)*[\w-]+: *[^,'\"#]*?(?P<comma>[，、])[A-Za-z_]+:)"
)
CONFLICT = ("<<<<<<<", "=======", ">>>>>>>")


def conflict(place: Place) -> Slip | None:
    """Find the marks of two versions that were never merged."""
    for number, line in enumerate(place.lines):
        if line.startswith(CONFLICT[0]):
            return place.slip(
                "two versions of the file stand here", "keep one of them", number, 0
            )
    return None


def fence(place: Place) -> Slip | None:
    """Find the fence of a chat's or a document's code."""
    for number, line in enumerate(place.lines):
        if line.lstrip().startswith("```"):
            problem = "``` marks code in chats and documents"
            return place.slip(problem, "remove the line", number, 0)
    return None


def foreign_comment(place: Place) -> Slip | None:
    """Find a comment of another language."""
    for number, line in enumerate(place.lines):
        if found := FOREIGN_COMMENT.match(line):
            problem = f"`{found[1]}` begins no comment"
            return place.slip(problem, "begin comments with #", number, found.start(1))
    return None


def tab(place: Place) -> Slip | None:
    """Find a tab where YAML wants spaces."""
    if "'\\t'" not in place.words and place.letter != "\t":
        return None
    return place.slip("a tab stands where YAML wants spaces", "indent with spaces")


def comment(place: Place) -> Slip | None:
    """Find the ``#`` that hides the end of a list or mapping."""
    if "flow" not in place.words:
        return None
    for number in range(place.line, -1, -1):
        if found := COMMENT.search(place.text(number)):
            remedy = f'write "{found[1]}" in quotes'
            return place.slip(f"`{found[1]}` is a comment here", remedy, number, found.start(1))
    return None


def wide_sign(place: Place) -> Slip | None:
    """Find a colon or comma of a Chinese or Japanese keyboard."""
    for number in sorted({place.began, place.above(), place.line}):
        if found := WIDE_SIGN.match(place.text(number)):
            name = found.lastgroup or "colon"
            plain = {"colon": ":", "comma": ","}[name]
            remedy = f"write `{plain} `, with a blank"
            problem = f"`{found[name]}` is not a {name}"
            return place.slip(problem, remedy, number, found.start(name))
    return None


def dash(place: Place) -> Slip | None:
    """Find a dash without its blank, or one that is no hyphen."""
    for number in (place.line, place.above()):
        line = place.text(number)
        if found := GLUED_DASH.match(line):
            at = line.index("-")
            return place.slip(
                "a blank is missing after `-`", f"write `- {found['key']}`", number, at
            )
        if found := WRONG_DASH.match(line):
            remedy = f"write `- {found['key']}`"
            return place.slip(
                f"`{found['dash']}` is not a hyphen", remedy, number, found.start("dash")
            )
    return None


def behind_quote(place: Place) -> Slip | None:
    """Find text behind the quote that ends its value."""
    found = BEHIND_QUOTE.fullmatch(place.text(place.line).rstrip())
    if "block end" not in place.words or not found or place.column < found.start("rest"):
        return None
    problem = "text stands behind the quote that ends this one"
    return place.slip(problem, "put all of it in quotes", column=found.start("rest"))
