"""``init``: the two files of a new installation, from four answers."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from notifier import files
from notifier.cli.exits import Exit
from notifier.cli.first_files import dotenv_text, rules_text
from notifier.configuration import load_configuration
from notifier.environment import Environment, Variables
from notifier.rulefiles import RuleFile

app = typer.Typer()

RULES_NAME = "rules.yaml"


@app.command()
def init(
    token: Annotated[str | None, typer.Option(help="The x-bot-token.")] = None,
    bot_id: Annotated[str | None, typer.Option(help="The bot's id.")] = None,
    customer_id: Annotated[str | None, typer.Option(help="The account's id.")] = None,
    slack_webhook: Annotated[
        str | None, typer.Option(help="A Slack incoming webhook; empty: print alerts.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where the files go.", file_okay=False)] = Path(),
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
) -> None:
    """Write an environment file and a first rules file, asking what no option says."""
    _spare_existing([folder / ".env", folder / RULES_NAME], force=force)
    values = {
        "NOTIFIER_TOKEN": _answer("BotPenguin token", token, option="--token", hidden=True),
        "NOTIFIER_BOT_ID": _answer("Bot id", bot_id, option="--bot-id"),
        "NOTIFIER_CUSTOMER_ID": _answer("Customer id", customer_id, option="--customer-id"),
        "NOTIFIER_RULES": RULES_NAME,
    }
    webhook = _answer(
        "Slack incoming webhook URL (empty: print alerts here)",
        slack_webhook,
        option="--slack-webhook",
        default="",
    )
    if webhook:
        values["SLACK_WEBHOOK"] = webhook
    rules = (RULES_NAME, rules_text(slack=bool(webhook)))
    _check(values, rules)
    _write(folder / ".env", dotenv_text(values), mode=0o600)
    _write(folder / RULES_NAME, rules[1], mode=0o666)  # less what the umask takes
    place = "" if folder == Path() else f"cd {folder} && "
    typer.echo(f"Wrote {folder / '.env'} and {folder / RULES_NAME}.", err=True)
    typer.echo(f"Next: {place}notifier check && notifier run", err=True)


def _answer(
    question: str,
    given: str | None,
    *,
    option: str,
    hidden: bool = False,
    default: str | None = None,
) -> str:
    if given is not None:
        return given.strip()
    try:
        answer = typer.prompt(
            question,
            default=default,
            show_default=False,
            hide_input=hidden and sys.stdin.isatty(),
            err=True,
        )
    except typer.Abort:
        # A script's input has ended; at a terminal this was Ctrl-C.
        if default is not None and not sys.stdin.isatty():
            return default
        typer.echo(f"\nno answer; give {option}", err=True)
        raise typer.Exit(Exit.USAGE) from None
    return str(answer).strip()


def _spare_existing(paths: list[Path], *, force: bool) -> None:
    existing = [str(path) for path in paths if path.exists()]
    if existing and not force:
        typer.echo(f"{' and '.join(existing)} exist already; --force overwrites", err=True)
        raise typer.Exit(Exit.FAILED)


def _check(values: dict[str, str], rules: RuleFile) -> None:
    """Refuse answers that `check` would refuse, before anything is written."""
    given = Environment(
        places=(Variables(name="the answers", values=values),),
        fallbacks=Variables(name="the host", values={}),
    )
    load_configuration(given, read=lambda _: (rules,))


def _write(path: Path, text: str, *, mode: int) -> None:
    """Put the file in its place whole; where that fails, what was there stays."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, text, mode=mode)
    except OSError as error:
        why = (error.strerror or "no reason given").lower()
        remedy = "--folder names another place"
        typer.echo(f"{path} cannot be written: {why}; {remedy}", err=True)
        raise typer.Exit(Exit.FAILED) from None
