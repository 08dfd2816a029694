"""``init``: the two files of a new installation, from a few answers."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import available_timezones

import typer

from notifier import files
from notifier.cli import init_answers as ask
from notifier.cli.exits import Exit
from notifier.cli.init_checks import STANDARD_URL, check_answers
from notifier.cli.init_files import dotenv_text, rules_text
from notifier.cli.init_old_files import keep_copy, merged
from notifier.cli.questions import at_terminal
from notifier.configuration.environment import read_dotenv
from notifier.configuration.hostzone import host_zone

app = typer.Typer()

VARIABLES = tuple(one.variable for one in (*ask.ACCOUNT, ask.SLACK, *ask.EXTRAS))
RULES_NAME = "rules.yaml"
RULES, WEBHOOK = "NOTIFIER_RULES", "SLACK_WEBHOOK"
BASE_URL, TIMEZONE = "NOTIFIER_BASE_URL", "NOTIFIER_TIMEZONE"
HTTP, PASSWORD = "NOTIFIER_HTTP", "NOTIFIER_WEB_PASSWORD"
LOOPBACK = "127.0.0.1:8787"

Option = str | None


@app.command()
def init(
    *,
    token: Annotated[Option, typer.Option(help="The x-bot-token.")] = None,
    bot_id: Annotated[Option, typer.Option(help="The bot's id.")] = None,
    customer_id: Annotated[Option, typer.Option(help="The account's id.")] = None,
    slack_webhook: Annotated[
        Option, typer.Option(help="A Slack incoming webhook; empty: print alerts.")
    ] = None,
    base_url: Annotated[Option, typer.Option(help="A white-label API's address.")] = None,
    timezone: Annotated[Option, typer.Option(help="Such as Asia/Kolkata.")] = None,
    inbox_url: Annotated[Option, typer.Option(help="Link to a chat, with {uuid}.")] = None,
    web_password: Annotated[
        Option, typer.Option(help="Opens the page to look at; without one it stays closed.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where the files go.", file_okay=False)] = Path(),
    force: Annotated[
        bool, typer.Option("--force", help="Change files that exist; copies are kept.")
    ] = False,
) -> None:
    """Write an environment file and a first rules file, asking what no option says.

    Where one of them is there already, the other alone is written. With --force the
    values that are there are what Enter answers, and all else that .env holds is kept.
    """
    dotenv, rules = folder / ".env", folder / RULES_NAME
    kept = _kept((dotenv, rules), force=force)
    values, _ = read_dotenv(dotenv)
    if dotenv not in kept:
        account = (token, bot_id, customer_id, base_url)
        extras = (timezone, inbox_url, web_password)
        given = dict(zip(VARIABLES, (*account, slack_webhook, *extras), strict=True))
        values = _answers(given, values, folder)
        _write_dotenv(dotenv, values)
    if rules not in kept:
        _write(rules, rules_text(slack=WEBHOOK in values), mode=0o666)  # less the umask's
    _conclude(folder, kept, values)


def _answers(
    given: Mapping[str, str | None], known: Mapping[str, str], folder: Path
) -> dict[str, str]:
    """Return the values of .env, in its order; nothing is written before all are right."""
    offered = dict(known)
    if at_terminal():
        standard = {BASE_URL: os.environ.get(BASE_URL) or STANDARD_URL}
        zone = host_zone(os.environ.get("TZ")).zone.key
        named = {TIMEZONE: zone} if zone in available_timezones() else {}
        offered = {**standard, **named, **known}
    account = ask.account(given, offered, folder)
    if account.get(BASE_URL) == STANDARD_URL:
        del account[BASE_URL]
    values = {**account, RULES: known.get(RULES, RULES_NAME)}
    values |= ask.slack(given, offered, values, rules_text(slack=True))
    values |= ask.extras(given, offered)
    if PASSWORD in values:  # what opens the page needs an address, too
        values[HTTP] = known.get(HTTP, LOOPBACK)
    check_answers(values, (RULES_NAME, rules_text(slack=WEBHOOK in values)))
    return values


def _kept(paths: Sequence[Path], *, force: bool) -> tuple[Path, ...]:
    """Return the files that are there and stay as they are; at least one is to be written."""
    for path in paths:
        with _writing(path):
            files.refuse_odd(path)
    existing = tuple(path for path in paths if path.exists())
    if len(existing) == len(paths) and not force:
        names = " and ".join(map(str, existing))
        typer.echo(f"{names} exist already; --force changes them and keeps copies", err=True)
        raise typer.Exit(Exit.FAILED)
    return () if force else existing


def _write_dotenv(path: Path, values: Mapping[str, str]) -> None:
    text = dotenv_text(values)
    if path.exists():
        with _writing(path):
            text = merged(path.read_text(encoding="utf-8-sig"), values)
    _write(path, text, mode=files.PRIVATE)


def _write(path: Path, text: str, *, mode: int) -> None:
    """Put the file in its place whole, with a copy of what was there; or change nothing.

    The new file is readable for nobody who could not read the old one.
    """
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            mode &= path.stat().st_mode
            if path.read_bytes() != text.encode():
                copy = keep_copy(path, at=datetime.now())
                typer.echo(f"{path} as it was is kept: {copy}", err=True)
        files.write(path, text, mode=mode)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Tell in a line why a file cannot be written."""
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        why = (why or "no reason given").lower()
        typer.echo(f"{path} cannot be written: {why}; --folder names another place", err=True)
        raise typer.Exit(Exit.FAILED) from None


def _conclude(folder: Path, kept: Sequence[Path], values: Mapping[str, str]) -> None:
    for path in kept:
        remedy = "--force changes it and keeps a copy"
        typer.echo(f"{path} is there already and stays as it is; {remedy}", err=True)
    names = [folder / name for name in (".env", RULES_NAME)]
    written = " and ".join(str(path) for path in names if path not in kept)
    typer.echo(f"Wrote {written}.", err=True)
    if values.get(RULES) != RULES_NAME:
        remedy = f"write {RULES}={RULES_NAME} into .env"
        typer.echo(f"{RULES} does not name {RULES_NAME}: {remedy}", err=True)
    if PASSWORD in values:
        typer.echo(f"The page will be at http://{values.get(HTTP, LOOPBACK)}/", err=True)
    else:
        typer.echo(f"For a page to look at set {PASSWORD} and {HTTP}={LOOPBACK}.", err=True)
    place = "" if folder == Path() else f"cd {folder} && "
    typer.echo(f"Next: {place}notifier check && notifier run", err=True)
