"""How single settings are written; every function raises ``ValueError`` in plain words."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from pkgutil import resolve_name
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from notifier.destinations.addresses import is_host_name
from notifier.rules.durations import parse_duration

# Loaded where mail is set up: it takes as long as all that settings need otherwise.
MAIL = "notifier.destinations.mail_server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a socket listens; port 0 lets the system choose."""

    host: str
    port: int


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
        raise ValueError(f"`{value}` is no host:port")
    return Address(host=parts.hostname, port=_port(parts) or 0)


def check_url(url: str) -> str:
    """Return an absolute http or https URL as it came; its text is not quoted back."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("this is no http:// or https:// URL")
    if parts.netloc.endswith(":") or (":" in _after_host(parts) and _port(parts) is None):
        raise ValueError("the URL's port is no number between 1 and 65535")
    if not is_host_name(parts.hostname):
        raise ValueError("the URL's host is no name that a host may have")
    if any(character <= " " for character in url):
        raise ValueError("a URL has no spaces")
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
    return url


def positive(duration: timedelta) -> timedelta:
    """Return a duration that lasts."""
    if not duration:
        raise ValueError("this must be longer than 0")
    return duration


def check_database(path: Path) -> Path:
    """Return a path that a file may have."""
    if path.is_dir():
        raise ValueError("this is a folder; the database is a file in one")
    return path


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


def header_safe(secret: SecretStr) -> SecretStr:
    """Return a token that an HTTP header can carry: visible ASCII, no spaces."""
    if not all("!" <= character <= "~" for character in secret.get_secret_value()):
        raise ValueError("a token has neither spaces nor line breaks nor letters beyond ASCII")
    return secret


def lower(value: object) -> object:
    """Return a text in small letters."""
    return value.lower() if isinstance(value, str) else value


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        return None


def _after_host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2].rpartition("]")[2]
