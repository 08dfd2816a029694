"""Where a server's database is: its URL, which may hold a password, and its name without.

A URL is checked before libpq sees it: libpq quotes what it cannot read.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import SecretStr

SCHEMES: Final = ("postgresql", "postgres")
BEGINS: Final = re.compile(r"postgres(?:ql)?:/", re.ASCII)
BAD_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
SECRETS: Final = ("password", "sslpassword")
PORT: Final = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """A database of a server; ``name`` is what people know it by, without any secret."""

    url: SecretStr
    name: str

    def without_secrets(self, said: str) -> str:
        """Return what a library said, with no secret of the URL in it."""
        for secret in _secrets(self.url.get_secret_value()):
            said = said.replace(secret, "***")
        return said


def is_server(place: str) -> bool:
    """Whether a place is a server's database and no file."""
    return BEGINS.match(place) is not None


def server_address(url: SecretStr) -> ServerAddress:
    """Return the address in a URL; raises ``ValueError``, which quotes nothing of it."""
    text = url.get_secret_value()
    if any(letter.isspace() or not letter.isprintable() for letter in text):
        raise ValueError("a URL has neither blanks nor invisible characters")
    if BAD_PERCENT.search(text):
        raise ValueError("a % in a URL is written %25")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError(f"this is no URL that can be read: {FORM}") from None
    if parts.scheme not in SCHEMES or not text.startswith(f"{parts.scheme}://"):
        raise ValueError(f"this is no postgresql:// URL: {FORM}")
    if parts.fragment or "@" in parts.path:
        raise ValueError("of a password, write # as %23, / as %2F, ? as %3F and @ as %40")
    if not all(PORT.fullmatch(port) for port in _ports(parts)):
        raise ValueError("the URL's port is not a number")
    return ServerAddress(url=url, name=_name(parts))


FORM: Final = "write postgresql://user:password@host:5432/database"


def _hosts(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def _ports(parts: SplitResult) -> list[str]:
    """Return what stands for a port behind each host; of none, nothing."""
    behind = [re.sub(r"^\[[^\]]*\]", "", one) for one in _hosts(parts).split(",")]
    return [port for one in behind if (port := one.partition(":")[2])]


def _name(parts: SplitResult) -> str:
    user = parts.netloc.rpartition("@")[0].partition(":")[0]
    asked = dict(parse_qsl(parts.query))
    host = _hosts(parts) or asked.get("host", "")
    database = parts.path.strip("/") or asked.get("dbname", "")
    return f"postgresql://{f'{user}@' if user else ''}{host}/{database}"


def _secrets(url: str) -> set[str]:
    parts = urlsplit(url)
    written = parts.netloc.rpartition("@")[0].partition(":")[2]
    asked = [value for name, value in parse_qsl(parts.query) if name in SECRETS]
    return {one for one in (url, written, unquote(written), *asked) if one}
