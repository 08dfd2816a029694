"""What may be said of a bot to poll, in rules files and in settings alike."""

import re

from pydantic import SecretStr

from notifier.core.records import LEAD, NON_LEAD
from notifier.rules.unfit import UnfitError
from notifier.rulesfile.nodes import meant

ID = re.compile(r"[!#-&(-_a-~]+")
TOKEN = re.compile(r"[!-~]+")
INBOX_FIELDS = ("chat_id", "uuid", "bot_id", "customer_id")


def check_id(text: str) -> str:
    """Return a bot's or an account's id; it is not quoted back."""
    if not ID.fullmatch(text):
        raise ValueError("an id has visible ASCII characters alone, no blanks and no quotes")
    return text


def check_token(secret: SecretStr) -> SecretStr:
    """Return a token that an HTTP header can carry: visible ASCII, no spaces."""
    if not TOKEN.fullmatch(secret.get_secret_value()):
        raise ValueError("a token has neither spaces nor line breaks nor letters beyond ASCII")
    return secret


def check_types(types: tuple[str, ...]) -> tuple[str, ...]:
    """Return the listing types; raises ``ValueError`` for an unknown one."""
    for name in types:
        if name not in (LEAD, NON_LEAD):
            raise UnfitError(name, "is not a type; there is lead and non-lead")
    return types


def check_inbox_url(url: str) -> str:
    """Return a link to a chat whose ``{fields}`` are known, else raise ``ValueError``."""
    if not url.startswith(("https://", "http://")):
        raise ValueError("the link must begin with https://")
    for name in re.findall(r"\{(.*?)\}", url):
        if name not in INBOX_FIELDS:
            near = meant(name, INBOX_FIELDS)
            raise UnfitError(f"{{{name}}}", f"is not a field of the link{near}")
    return url
