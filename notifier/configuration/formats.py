"""How single settings are written; every function raises ``ValueError`` in plain words."""

import os
import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from pkgutil import resolve_name
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from notifier.network.addresses import is_host_name
from notifier.rules.durations import parse_duration
from notifier.store.addresses import is_server, server_address

# Loaded where mail is set up: it takes as long as all that settings need otherwise.
MAIL = "notifier.destinations.mail_server"


QUOTES = ('""', "''", "``", "“”", "„“", "„”", "””", "““", "‘’", "‚‘", "’’", "«»", "»«", "‹›")
# Nothing to the eye: controls and format characters, but for half characters, which
# stand for the bytes of a path.
INVISIBLE = ("Cc", "Cf")
PATH_LETTER = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@-]")
SECRET_LENGTH = 16
HOW_TO_MAKE_ONE = "`openssl rand -hex 16` prints a good one"
FILLERS = "\u115f\u1160\u2800\u3164\uffa0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a socket listens; port 0 lets the system choose."""

    host: str
    port: int


def check_stray(text: str) -> str:
    """Return a value that nothing stands around by mistake; it is not quoted back.

    Of the programs that hand an environment file over, some take quotes, blanks and
    the line ends of Windows literally.
    """
    if len(text) > 1 and text[0] + text[-1] in QUOTES:
        raise ValueError("it is in quotes: this place takes them literally")
    for edge, letter in (("ends", text[-1:]), ("begins", text[:1])):
        if letter in ("\r", "\n"):
            raise ValueError(f"it {edge} with a line break, perhaps one of Windows (CR)")
        if letter.isspace():
            raise ValueError(f"it {edge} with a blank{_named(letter)}")
        if _is_invisible(letter):
            raise ValueError(f"it {edge} with an invisible character{_named(letter)}")
    return text


def check_path(path: Path) -> Path:
    """Return a path that a person can have meant."""
    if letter := next(filter(_is_invisible, str(path)), ""):
        raise ValueError(f"an invisible character is in it{_named(letter)}")
    return path


def split_types(value: object) -> object:
    """Return the listing types of a comma list, each once, in the order written."""
    if not isinstance(value, str):
        return value
    return tuple(dict.fromkeys(part.strip().lower() for part in value.split(",")))


def split_first_run(value: object) -> object:
    """Return how old a lead may be to count as new: none for ``notify``, 0 for ``silent``."""
    if not isinstance(value, str):
        return value
    if value.lower() == "notify":
        return None
    try:
        return parse_duration("0" if value.lower() == "silent" else value)
    except ValueError as error:
        raise ValueError(f"`{value}` is neither silent nor notify nor a duration") from error


def split_address(value: object) -> object:
    """Return the address in ``host:port`` or ``[::1]:port``; ``off`` is none."""
    if not isinstance(value, str):
        return value
    if value.lower() == "off":
        return None
    parts = urlsplit(f"//{value}")
    if not parts.hostname or _port(parts) is None or parts.netloc != value or "@" in value:
        raise ValueError(f"`{value}` is not host:port")
    return Address(host=parts.hostname, port=_port(parts) or 0)


def check_url(url: str) -> str:
    """Return an absolute http or https URL as it came; its text is not quoted back."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("this is not an http:// or https:// URL")
    if parts.netloc.endswith(":") or (":" in _after_host(parts) and _port(parts) is None):
        raise ValueError("the URL's port is not a number between 1 and 65535")
    if not is_host_name(parts.hostname):
        raise ValueError("the URL's host is not a name that a host may have")
    if any(letter.isspace() or _is_invisible(letter) for letter in url):
        raise ValueError("a URL has neither blanks nor invisible characters")
    return url


def check_base_url(url: str) -> str:
    """Return an API address without its final slash; a query or password is refused."""
    parts = urlsplit(url)
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("the address has no user, query or fragment")
    return url.rstrip("/")


def check_secret_url(url: SecretStr) -> SecretStr:
    """Return a URL that is itself a secret, such as one with a key in its path."""
    check_url(url.get_secret_value())
    resolve_name("notifier.network.targets:target_of")(url.get_secret_value())
    return url


def check_app_token(secret: SecretStr) -> SecretStr:
    """Return an app-level token of Slack's; it is not quoted back."""
    text = secret.get_secret_value()
    if text.startswith("xapp-"):
        return secret
    kind = "a bot token, for NOTIFIER_SLACK_TOKEN" if text.startswith("xoxb-") else "none"
    raise ValueError(f"an app-level token begins with xapp-, and this is {kind}")


def check_poke_secret(secret: SecretStr) -> SecretStr:
    """Return a secret that stands in a URL's path as it is; it is not quoted back.

    Source: RFC 3986, section 3.3, "pchar", less what is written with a percent sign.
    """
    text = secret.get_secret_value()
    for place, letter in enumerate(text, start=1):
        if not PATH_LETTER.fullmatch(letter):
            raise ValueError(
                f"no part of a URL's path carries its character {place} as it is: "
                f"use letters, digits, - and _ ({HOW_TO_MAKE_ONE})"
            )
    if len(text) < SECRET_LENGTH:
        raise ValueError(f"it is shorter than {SECRET_LENGTH} characters ({HOW_TO_MAKE_ONE})")
    return secret


def check_public_url(url: str) -> str:
    """Return the page's address without its final slash: a scheme and a host, no more."""
    parts = urlsplit(check_base_url(check_url(url)))
    if parts.path:
        raise ValueError("the page lies at the root of a host of its own: write no path")
    return f"{parts.scheme}://{parts.netloc}"


def check_password(secret: SecretStr) -> SecretStr:
    """Return a password that somebody can type; it is not quoted back."""
    text = secret.get_secret_value()
    if not text.strip():
        raise ValueError(f"a password is not empty ({HOW_TO_MAKE_ONE})")
    if not text.isprintable():
        raise ValueError("a password has no line breaks and no invisible characters")
    return secret


def positive(duration: timedelta) -> timedelta:
    """Return a duration that lasts."""
    if not duration:
        raise ValueError("this must be longer than 0")
    return duration


# A path has one slash where the URL had two or three.
SCHEME = re.compile(r"file:|[a-z][a-z0-9+]+:/", re.ASCII)


def split_database(value: object) -> object:
    """Return a path, or the URL of a server's database as a secret, which its password is."""
    if not isinstance(value, str):
        return value
    return SecretStr(value) if is_server(value) else Path(value)


def check_database(place: Path | SecretStr) -> Path | SecretStr:
    """Return a path that a file may have, or a server's URL that can be read."""
    if isinstance(place, Path):
        return _check_file(place)
    server_address(place)
    return place


def _check_file(path: Path) -> Path:
    if str(path) == ":memory:":
        raise ValueError("`:memory:` is not a file: all that was seen would be forgotten")
    if SCHEME.match(str(path)):
        raise ValueError("of URLs only postgresql:// is one of a database; else it is a file")
    if os.path.isdir(path):  # noqa: PTH112 - never raises
        raise ValueError("this is a folder; the database is a file in one")
    if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113
        raise ValueError("this is a device or a pipe; the database is a file")
    return check_path(path)


def check_smtp_url(url: SecretStr) -> SecretStr:
    """Return a mail server's URL that the email destination understands."""
    resolve_name(f"{MAIL}:parse_smtp_url")(url.get_secret_value())
    return url


def smtp_doubt(url: SecretStr) -> str:
    """Return what is odd about a mail server's URL that may be right, else nothing."""
    server = resolve_name(f"{MAIL}:parse_smtp_url")(url.get_secret_value())
    return str(resolve_name(f"{MAIL}:port_doubt")(server))


def check_mailbox(text: str) -> str:
    """Return one mail address, perhaps with a name, as it came."""
    resolve_name(f"{MAIL}:parse_mailbox")(text)
    return text


def lower(value: object) -> object:
    """Return a text in small letters."""
    return value.lower() if isinstance(value, str) else value


def _is_invisible(letter: str) -> bool:
    return letter != "" and (unicodedata.category(letter) in INVISIBLE or letter in FILLERS)


def _named(letter: str) -> str:
    return "" if letter.isascii() else f" ({unicodedata.name(letter, f'U+{ord(letter):04X}')})"


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        return None


def _after_host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2].rpartition("]")[2]
