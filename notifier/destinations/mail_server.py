"""The mail server of ``NOTIFIER_SMTP_URL``, and mail addresses that are safe to use."""

import ipaddress
import re
from dataclasses import dataclass, field
from email.headerregistry import Address
from enum import StrEnum
from urllib.parse import SplitResult, unquote, urlsplit

from email_validator import EmailNotValidError, validate_email

from notifier.messages.escape import one_line
from notifier.network.addresses import is_host_name


class Security(StrEnum):
    """How the connection is protected; the values are the URL's schemes."""

    STARTTLS = "smtp"
    TLS = "smtps"
    PLAIN = "smtp+plain"


IMPLICIT_TLS, WITHOUT_TLS_AT_FIRST = 465, (25, 587)
IN_A_LOGIN = "/?#[]"
ENCODE = (
    "percent-encode / ? # [ ] @ : % in the URL's user and password: / is %2F, ? is %3F,"
    " # is %23, [ is %5B, ] is %5D, @ is %40, : is %3A, % is %25"
)
DEFAULT_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.PLAIN: 25}
NAMED = re.compile(r'\s*(?P<name>[^<>@"]*?|"[^<>@"]*")\s*<(?P<address>[^<>\s]+)>\s*')
HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")
STAND_IN = "example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where mail is handed in; without a ``username`` nobody logs in."""

    host: str
    port: int
    security: Security
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """One address that passed validation.

    ``address`` is what the envelope carries: ASCII wherever the local part
    allows it, for only a non-ASCII local part needs SMTPUTF8.
    """

    local: str
    domain: str
    name: str = field(default="", compare=False)

    @property
    def address(self) -> str:
        """The address alone, without a name."""
        return f"{self.local}@{self.domain}"

    @property
    def needs_utf8(self) -> bool:
        """Whether only a server with SMTPUTF8 can take mail for it."""
        return not self.local.isascii()

    def header(self) -> Address:
        """Return the mailbox as the ``email`` package writes it into a header."""
        return Address(display_name=self.name, username=self.local, domain=self.domain)


def parse_smtp_url(url: str) -> SmtpServer:
    """Return the server in ``smtp://user:pass@host:587`` and kin.

    Raises ``ValueError`` with a text that never shows the password.
    """
    login, _, _ = url.partition("://")[2].rpartition("@")
    if any(character in login for character in IN_A_LOGIN):
        raise ValueError(ENCODE)
    parts, port = _split(url)
    host = parts.hostname
    if host and not is_host_name(host):
        raise ValueError("this is not a URL; write smtp://user:password@host:587")
    if parts.scheme not in set(Security):
        raise ValueError("the URL must start with smtp://, smtps:// or smtp+plain://")
    if not host or parts.path not in ("", "/") or parts.fragment:
        raise ValueError("the URL is a host and perhaps a port, without a path or a #")
    security = Security(parts.scheme)
    insecure = security is Security.PLAIN and parts.query == "insecure=true"
    if parts.query and not insecure:
        raise ValueError("the URL may say nothing after `?` but smtp+plain://…?insecure=true")
    if security is Security.PLAIN and not (insecure or _is_loopback(host)):
        raise ValueError(
            "smtp+plain:// sends mail and password in clear; use smtp:// or smtps://, or add "
            "?insecure=true"
        )
    return SmtpServer(
        host=host,
        port=port or DEFAULT_PORTS[security],
        security=security,
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def port_doubt(server: SmtpServer) -> str:
    """Return what is odd about scheme and port together, with the remedy, else nothing.

    Source: RFC 8314, 3.3, and RFC 6409, 3.1.
    """
    is_implicit = server.security is Security.TLS
    if server.port == IMPLICIT_TLS and not is_implicit:
        return f"port {server.port} speaks TLS from the start: write smtps://"
    if server.port in WITHOUT_TLS_AT_FIRST and is_implicit:
        return f"port {server.port} begins without TLS: write smtp://"
    return ""


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("this is not a URL; write smtp://user:password@host:587") from None
    try:
        return parts, parts.port
    except ValueError:
        raise ValueError("the URL's port is not a number between 1 and 65535") from None


def parse_mailbox(text: str) -> Mailbox:
    """Return the one mailbox in ``boss@example.com`` or ``Boss <boss@example.com>``.

    Hosts without a dot are fine: many an inside mail server has such a name.
    Raises ``ValueError`` where it is none, or more than one.
    """
    named = NAMED.fullmatch(text)
    name, address = (named["name"], named["address"]) if named else ("", text.strip())
    local, _, domain = address.rpartition("@")
    # The validator refuses names such as localhost, corp.local and mail.test.
    inside = HOST_NAME.fullmatch(domain)
    try:
        found = validate_email(
            f"{local}@{STAND_IN}" if inside else address, check_deliverability=False
        )
    except EmailNotValidError:
        raise ValueError("this is not one mail address, such as boss@example.com") from None
    return Mailbox(
        local=found.local_part,
        domain=domain.lower() if inside else found.ascii_domain,
        name=one_line(name.strip('"')),
    )


def visitor_mailbox(text: str) -> Mailbox | None:
    """Return the address a stranger gave, or ``None`` unless it is exactly one real one."""
    try:
        found = validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return None
    return Mailbox(local=found.local_part, domain=found.ascii_domain)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
