"""The mail server of ``NOTIFIER_SMTP_URL``, and mail addresses that are safe to use."""

import ipaddress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr
from enum import StrEnum
from urllib.parse import parse_qsl, unquote, urlsplit

from email_validator import EmailNotValidError, ValidatedEmail, validate_email


class Security(StrEnum):
    """How the connection is protected; the values are the URL's schemes."""

    STARTTLS = "smtp"
    TLS = "smtps"
    PLAIN = "smtp+plain"


DEFAULT_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.PLAIN: 25}


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
    name: str = ""

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
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise ValueError("this is no URL; write smtp://user:password@host:587") from None
    if parts.scheme not in set(Security):
        raise ValueError("the URL must start with smtp://, smtps:// or smtp+plain://")
    if not host or parts.path not in ("", "/") or parts.fragment:
        raise ValueError(
            "the URL is a host and perhaps a port; percent-encode / ? # @ in a login"
        )
    security = Security(parts.scheme)
    if security is Security.PLAIN and not _is_loopback(host) and not _is_insecure(parts.query):
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


def parse_mailbox(text: str) -> Mailbox:
    """Return the one mailbox in ``boss@example.com`` or ``Boss <boss@example.com>``.

    Hosts without a dot are fine: many an inside mail server has such a name.
    Raises ``ValueError`` where it is none, or more than one.
    """
    name, address = parseaddr(text) if text.rstrip().endswith(">") else ("", text.strip())
    try:
        found = validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        raise ValueError("this is not one mail address, such as boss@example.com") from None
    return _mailbox(found, name=name)


def visitor_mailbox(text: str) -> Mailbox | None:
    """Return the address a stranger gave, or ``None`` unless it is exactly one real one."""
    try:
        return _mailbox(validate_email(text, check_deliverability=False))
    except EmailNotValidError:
        return None


def _mailbox(found: ValidatedEmail, *, name: str = "") -> Mailbox:
    return Mailbox(local=found.local_part, domain=found.ascii_domain or found.domain, name=name)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_insecure(query: str) -> bool:
    pairs = parse_qsl(query, keep_blank_values=True)
    return pairs == [("insecure", "true")]
