"""What ``init`` asks, one thing at a time, each answer tried where it is given."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import typer

from notifier.cli.init_checks import STANDARD_URL, first_page, post_sample, problem_of
from notifier.cli.output import counted
from notifier.cli.questions import Question, ask, at_terminal
from notifier.errors import (
    BusyError,
    DeliveryError,
    StoreError,
    UpstreamError,
    UpstreamRefusedError,
)

TOKEN, BOT_ID, CUSTOMER_ID, BASE_URL = ACCOUNT = (
    Question(
        variable="NOTIFIER_TOKEN",
        words="BotPenguin token",
        option="--token",
        secret=True,
        hidden=True,
        where="The token opens BotPenguin's API to notifier. Their support hands it out:\n"
        "write to support@botpenguin.com and ask for the x-bot-token of your account. It does\n"
        "not show as you type or paste it.",
    ),
    Question(
        variable="NOTIFIER_BOT_ID",
        words="Bot id",
        option="--bot-id",
        where="The bot whose leads are watched, 24 letters and digits such as\n"
        "638d99eeee9e558f1247ae03. The API calls it botId; ask support for it, too.",
    ),
    Question(
        variable="NOTIFIER_CUSTOMER_ID",
        words="Customer id",
        option="--customer-id",
        where="The account that the bot belongs to: another id of the same form.\n"
        "The API calls it customerId; ask support for it, too.",
    ),
    Question(
        variable="NOTIFIER_BASE_URL",
        words="API address",
        option="--base-url",
        empty="the usual one",
        extra=True,
        where="Where the API answers. Only a white-label account needs another address.",
    ),
)
SLACK = Question(
    variable="SLACK_WEBHOOK",
    words="Slack incoming webhook URL",
    option="--slack-webhook",
    secret=True,
    empty="print alerts here",
    where="Where alerts go. In Slack: api.slack.com/apps, Create New App (or yours), Incoming\n"
    "Webhooks, Add New Webhook, choose the channel, copy the URL.",
)
EXTRAS = (
    Question(
        variable="NOTIFIER_TIMEZONE",
        words="Time zone",
        option="--timezone",
        empty="this host's",
        extra=True,
        where="For office hours, and for times in messages.",
    ),
    Question(
        variable="NOTIFIER_INBOX_URL",
        words="Link to a chat",
        option="--inbox-url",
        empty="none",
        extra=True,
        where="For a button in each alert. Open a chat in BotPenguin's inbox, copy its\n"
        "address, and write {uuid} or {chat_id} where it names the chat.",
    ),
    Question(
        variable="NOTIFIER_WEB_PASSWORD",
        words="Password for the page",
        option="--web-password",
        secret=True,
        hidden=True,
        empty="no page",
        extra=True,
        where="A page in your browser shows leads, deliveries, and why an alert did not come,\n"
        "to whoever has this password. It does not show as you type it.",
    ),
)

Given = Mapping[str, str | None]


def account(given: Given, known: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return token, ids and address; a person's are tried at BotPenguin, once each time."""
    values = _asked(ACCOUNT, given, known)
    while at_terminal() and not _is_accepted(values, folder):
        values = _asked(ACCOUNT, {}, {**known, **values})
    return values


def extras(given: Given, known: Mapping[str, str]) -> dict[str, str]:
    """Return time zone, link to a chat, and what opens the page."""
    return _asked(EXTRAS, given, known)


def slack(
    given: Given, known: Mapping[str, str], values: Mapping[str, str], rules: str
) -> dict[str, str]:
    """Return the webhook, if any; a person may have it tried with a sample."""
    while True:
        found = _asked((SLACK,), given, known)
        if not found or not at_terminal() or _is_posted({**values, **found}, rules):
            return found
        given, known = {}, found


def _asked(
    questions: tuple[Question, ...], given: Given, known: Mapping[str, str]
) -> dict[str, str]:
    answers = {
        one.variable: ask(
            one,
            given.get(one.variable),
            known=known.get(one.variable, ""),
            check=problem_of,
        )
        for one in questions
    }
    return {variable: answer for variable, answer in answers.items() if answer}


def _is_accepted(values: Mapping[str, str], folder: Path) -> bool:
    """Ask for one page; only what BotPenguin refuses is to be asked again."""
    typer.echo("\nAsking BotPenguin for the first page …", err=True)
    try:
        page = asyncio.run(first_page(values, folder))
    except UpstreamRefusedError as error:
        typer.echo(f"  {error}: {error.remedy}", err=True)
        return not typer.confirm("  Change the answers?", default=True, err=True)
    except (UpstreamError, StoreError, BusyError, TimeoutError) as error:
        why = str(error) or "no request was free"
        typer.echo(f"  not tried: {why}. `notifier doctor` tries it again.", err=True)
        # An address of one's own may be mistyped; the standard one is out of reach.
        is_own = values.get(BASE_URL.variable, STANDARD_URL) != STANDARD_URL
        return not (is_own and typer.confirm("  Change the answers?", default=False, err=True))
    found = len(page.rows) + len(page.bad)
    none = "" if found else "; if there should be any, look at the ids again"
    typer.echo(f"  accepted: {counted(found, 'lead')} on the first page{none}", err=True)
    return True


def _is_posted(values: Mapping[str, str], rules: str) -> bool:
    if not typer.confirm("  Post a sample lead there now?", default=True, err=True):
        return True
    try:
        asyncio.run(post_sample(values, rules))
    except DeliveryError as error:
        remedy = f": {error.remedy}" if error.remedy else ""
        typer.echo(f"  Slack did not take it: {error}{remedy}", err=True)
        return not typer.confirm("  Change the URL?", default=True, err=True)
    typer.echo("  Slack took it: look into the channel.", err=True)
    return True
