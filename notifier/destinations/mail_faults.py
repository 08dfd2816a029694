"""What it means for a delivery that a connection or a mail was not taken as a whole."""

import re
from collections.abc import Sequence

from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPResponseException,
    SMTPSenderRefused,
)

from notifier.destinations.mail_answers import heard
from notifier.destinations.mail_server import Security, SmtpServer, port_doubt
from notifier.errors import (
    DeliveryError,
    DestinationRefusedError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from notifier.network.faults import ConnectionFault, Reason, fault_of, silent

NEEDS_LOGIN = 530
# Gmail and Microsoft 365, to a password that is right but not meant for programs.
NO_PLAIN_PASSWORD = ("534 5.7.9", "535 5.7.139")
METHOD = re.compile(r"[a-z0-9_-]{1,20}")  # RFC 4422, 3.1
MOST_METHODS = 8
SERVER_REMEDY = "ask the mail server's operator to let this host in"
LOGIN_REMEDY = "check the user and password in NOTIFIER_SMTP_URL"
APP_REMEDY = (
    "let the account log in with an app password, or send through a relay that takes a user"
    " and password"
)
NO_LOGIN_REMEDY = "take user and password out of NOTIFIER_SMTP_URL"
IN_CLEAR_REMEDY = "; or write smtp://, since many servers let nobody log in without TLS"
TLS_REMEDY = "use the port and the smtp:// or smtps:// the mail server's operator names"
CERTIFICATE_REMEDY = (
    "use the name in the server's certificate, or trust its issuer on this host"
)
CONTENT_REMEDY = "ask the mail server's operator what it has against this mail"
SENDER_REMEDY = "set NOTIFIER_SMTP_FROM to an address this login may send from"


def refusal(
    server: SmtpServer, error: SMTPException | OSError, *, timeout_s: float
) -> DeliveryError:
    """Return our error for a connection or mail that was not taken as a whole.

    Where the server answered, its code decides: 4xx is temporary, 5xx speaks of
    the mail once DATA began, and of every mail before that.
    """
    if isinstance(error, SMTPResponseException) and error.code >= 400:
        return _answered(server.host, error)
    if isinstance(error, SMTPNotSupported):
        problem = f"{server.host} has no SMTPUTF8"
        return DestinationRefusedError(problem, remedy=SENDER_REMEDY)
    return _broken(server, error, timeout_s=timeout_s)


def no_login(server: SmtpServer, offered: Sequence[str]) -> DestinationRefusedError:
    """Return our error for a server that takes no login, or none by user and password.

    ``offered`` are the server's words: its names of ways to log in.
    """
    names = [name.upper() for name in offered if METHOD.fullmatch(name)][:MOST_METHODS]
    if names:
        problem = f"{server.host} offers only {', '.join(names)} to log in with"
        return DestinationRefusedError(problem, remedy=APP_REMEDY)
    in_clear = server.security is Security.PLAIN
    remedy = NO_LOGIN_REMEDY + (IN_CLEAR_REMEDY if in_clear else "")
    return DestinationRefusedError(f"{server.host} takes no login", remedy=remedy)


def _answered(host: str, error: SMTPResponseException) -> DeliveryError:
    answer = heard(error)
    if isinstance(error, SMTPAuthenticationError) and answer.is_final:
        # Its words are left out: some servers repeat what they were given.
        problem = f"{host} refused the login ({answer.codes})"
        remedy = APP_REMEDY if answer.codes in NO_PLAIN_PASSWORD else LOGIN_REMEDY
        return DestinationRefusedError(problem, remedy=remedy)
    found = _judged(f"{host} answered {answer.codes}", error)
    if not isinstance(error, SMTPAuthenticationError):
        found.excerpt = answer.words
    return found


def _judged(problem: str, error: SMTPResponseException) -> DeliveryError:
    match error:
        case SMTPResponseException(code=code) if code < 500:
            return TemporaryDeliveryError(problem)
        case SMTPDataError() | SMTPSenderRefused(code=552):
            return PermanentDeliveryError(problem, remedy=CONTENT_REMEDY)
        case SMTPResponseException(code=code) if code == NEEDS_LOGIN:
            remedy = LOGIN_REMEDY
        case SMTPSenderRefused():
            remedy = SENDER_REMEDY
        case _:
            remedy = SERVER_REMEDY
    return DestinationRefusedError(problem, remedy=remedy)


def _broken(
    server: SmtpServer, error: SMTPException | OSError, *, timeout_s: float
) -> DeliveryError:
    fault = _fault(error, timeout_s=timeout_s)
    problem, remedy = fault.told(server.host), port_doubt(server)
    match fault.reason:
        case Reason.CERTIFICATE:
            return DestinationRefusedError(problem, remedy=CERTIFICATE_REMEDY)
        case Reason.TLS:
            remedy = remedy or TLS_REMEDY
        case Reason.NAME | Reason.UNREACHABLE:
            remedy = ""
    return TemporaryDeliveryError(problem, remedy=remedy)


def _fault(error: SMTPException | OSError, *, timeout_s: float) -> ConnectionFault:
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if isinstance(cause, TimeoutError):
        return silent(timeout_s)
    if isinstance(cause, SMTPResponseException):
        return ConnectionFault(Reason.UNREADABLE, "SMTP")
    return fault_of(cause)
