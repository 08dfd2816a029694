"""Questions with their answers: from an option, a script's input, or a person."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import typer

from notifier.cli.arguments import oddity
from notifier.cli.exits import Exit
from notifier.cli.output import counted

Check = Callable[[str, str], str | None]
"""Says what is wrong with an answer for a variable, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to ask for a variable, ``where`` a person finds it, and the option instead.

    What is ``secret`` is never shown, and what is ``hidden`` not even as it is typed.
    ``empty`` says what no answer means, where none is needed; an ``extra`` is not asked
    of scripts.
    """

    variable: str
    words: str
    option: str
    where: str
    secret: bool = False
    hidden: bool = False
    empty: str = ""
    extra: bool = False


def at_terminal() -> bool:
    """Return whether a person is there to ask."""
    return sys.stdin.isatty()


def ask(question: Question, given: str | None, *, known: str, check: Check) -> str:
    """Return the option's value, else the answer; Enter answers ``known``.

    A person's answer is checked, and asked for again with the reason.
    """
    if not at_terminal():
        if given is not None:
            return given.strip()
        return known if question.extra else _scripted(question, known)
    answer = None if given is None else given.strip()
    if answer is None:
        typer.echo(f"\n{question.where}", err=True)
    while answer is None or (problem := _problem(question, answer, check)):
        if answer is not None:
            typer.echo(f"  {question.words}: {problem}", err=True)
        answer = _typed(question, known)
        if question.hidden and answer != known:
            typer.echo(f"  received {counted(len(answer), 'character')}", err=True)
    return answer


def _scripted(question: Question, known: str) -> str:
    answer = _typed(question, known)
    if problem := oddity(answer):
        typer.echo(f"\n{question.words}: {problem}", err=True)
        raise typer.Exit(Exit.USAGE)
    return answer


def _problem(question: Question, answer: str, check: Check) -> str | None:
    if answer:
        return oddity(answer) or check(question.variable, answer)
    return None if question.empty else "it is needed"


def _typed(question: Question, known: str) -> str:
    # Without a default typer asks again without a word, and nobody learns why.
    default = known if known or question.empty or at_terminal() else None
    enter = f" (empty: {question.empty})" if question.empty else ""
    if known:
        enter = " (Enter keeps what was set)" if question.secret else ""
    try:
        answer = typer.prompt(
            question.words + enter,
            default=default,
            show_default=bool(known) and not question.secret,
            hide_input=question.hidden and at_terminal(),
            err=True,
        )
    except typer.Abort:
        # A script's input has ended; at a terminal this was Ctrl-C.
        if default is not None and not at_terminal():
            return default
        typer.echo(f"\nno answer; give {question.option}", err=True)
        raise typer.Exit(Exit.USAGE) from None
    except UnicodeDecodeError:
        problem = "no UTF-8 text; is the terminal set to UTF-8?"
        typer.echo(f"\n{question.words}: {problem}", err=True)
        raise typer.Exit(Exit.USAGE) from None
    return str(answer).strip()
