"""What is wrong in a template, in words for people who have never heard of Jinja2."""

import re
from collections.abc import Iterable, Iterator, Mapping

from notifier.core.synonyms import field_meant
from notifier.messages.views import nearest

TYPOGRAPHIC = "“”„‟‘’‚‛«»‹›"
CAPITALS = re.compile(r"[A-Z][A-Z0-9_]+")
SPACED = re.compile(r"attributes\.(\w+(?: +\w+)+)")
# What Jinja2 says → what to tell; `{0}` is what it quotes. The first that fits is told.
WORDS: Mapping[str, str] = {
    r"unexpected '}'": "`{{` is closed by one brace: write `}}`",
    r"expected token ':', got '}'": "three braces: write two, as in `{{ lead.name }}`",
    r"unexpected end of template, expected 'end of print statement'.*": (
        "`{{` is never closed: write `}}`"
    ),
    r"unexpected end of template, expected 'end of statement block'.*": (
        "`{%` is never closed: write `%}`"
    ),
    r"Unexpected end of template.* that needs to be closed is '(\w+)'": (
        "`{{% {0} … %}}` is never closed: write `{{% end{0} %}}`"
    ),
    r"Encountered unknown tag '(end\w*|fi)'.*": (
        "`{{% {0} %}}` ends nothing: write `{{% endif %}}` or `{{% endfor %}}`"
    ),
    r"Encountered unknown tag '(\w+)'.*": (
        "`{{% {0} … %}}` is no statement: a value stands in `{{{{ … }}}}`"
    ),
    r"expected token 'end of statement block', got '='": "`=` compares nothing: write `==`",
    r"expected token 'end of print statement', got '='": "`=` compares nothing: write `==`",
    r"expected token 'end of statement block', got 'if'": "write `elif` for `else if`",
    r"expected token 'name', got '\|'": "`||` is written `or`",
    r"unexpected char '&' at \d+": "`&&` is written `and`",
    r"unexpected char '\?' at \d+": "write `or 'x'`, or `| default('x')`, in place of `?`",
    r"expected token 'end of (?:print statement|statement block)', got ':'": (
        "a filter takes its values in brackets, as in `default('x')`"
    ),
    r"expected token 'end of print statement', got '(\w.*)'": (
        "`{{{{ … }}}}` holds one value, and `{0}` is another: put it outside, or `~` between"
    ),
    r"expected token 'end of print statement', got '(.*)'": "`}}}}` is missing before `{0}`",
    r"expected token 'end of statement block', got '(.*)'": "`%}}` is missing before `{0}`",
    r"unexpected char '(.)' at \d+": "`{0}` has no meaning within `{{{{ … }}}}`",
}
DOTLESS = re.compile(r"\{\{-?\s*(lead|change|event) +(?!or\b|and\b|if\b|is\b|in\b|not\b)(\w+)")
CONDITION = re.compile(r"\{\{-?\s*(if|for|end|endif|endfor|else)\b")


def in_words(said: str, source: str, filters: Iterable[str]) -> str:
    """Return what a syntax error means and how to mend it."""
    said = said.rstrip(".")
    found = (*_by_source(said, source, filters), *_by_words(said), said)
    return next(filter(None, found), "a syntax error")


def _by_source(said: str, source: str, filters: Iterable[str]) -> Iterator[str]:
    if any(f"char {mark!r}" in said for mark in TYPOGRAPHIC):
        yield f"{said}; write straight quotes, \" or '"
    if word := CONDITION.search(source):
        yield f"`{{{{ {word[1]} … }}}}` prints nothing: `if` and `for` stand in `{{% … %}}`"
    if said.startswith("expected token") and (dotless := DOTLESS.search(source)):
        yield f"a dot stands between: {dotless[1]}.{dotless[2]}"
    if said.startswith("expected token") and (spaced := SPACED.search(source)):
        yield f"a name with a blank stands in brackets: attributes['{spaced[1]}']"
    if unknown := re.fullmatch(r"No filter named '(.*)'", said):
        yield f"`{unknown[1]}` is no filter here{nearest(unknown[1], filters)}"


def _by_words(said: str) -> Iterator[str]:
    for pattern, words in WORDS.items():
        if found := re.fullmatch(pattern, said, re.DOTALL):
            yield words.format(*found.groups()) if found.groups() else words


def unknown_name(name: str, known: Iterable[str], fields: Iterable[str]) -> str:
    """Return the sentence for a word that is nothing a template knows."""
    problem = f"`{name}` is not a name here"
    if field := next((one for one in (name, field_meant(name)) if one in fields), ""):
        return f"{problem}; did you mean `lead.{field}`?"
    if CAPITALS.fullmatch(name):
        return f"{problem}; a text stands in quotes, as in '{name}'"
    return problem + nearest(name, known)
