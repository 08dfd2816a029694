"""What it means for a delivery that a connection or a mail was not taken as a whole."""

import os
import socket
import ssl

from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPResponseException,
    SMTPSenderRefused,
)

from notifier.destinations.mail_answers import heard
from notifier.errors import (
    DeliveryError,
    DestinationRefusedError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)

NEEDS_LOGIN = 530
SERVER_REMEDY = "ask the mail server's operator to let this host in"
LOGIN_REMEDY = "check the user and password in NOTIFIER_SMTP_URL"
CERTIFICATE_REMEDY = (
    "use the name in the server's certificate, or trust its issuer on this host"
)
CONTENT_REMEDY = "ask the mail server's operator what it has against this mail"
SENDER_REMEDY = "set NOTIFIER_SMTP_FROM to an address this login may send from"


def refusal(host: str, error: SMTPException | OSError) -> DeliveryError:
    """Return our error for a connection or mail that was not taken as a whole.

    Where the server answered, its code decides: 4xx is temporary, 5xx speaks of
    the mail once DATA began, and of every mail before that.
    """
    if isinstance(error, SMTPResponseException) and error.code >= 400:
        return _answered(host, error)
    if isinstance(error, SMTPNotSupported):
        return DestinationRefusedError(f"{host} has no SMTPUTF8", remedy=SENDER_REMEDY)
    return _broken(host, error)


def _answered(host: str, error: SMTPResponseException) -> DeliveryError:
    answer = heard(error)
    if isinstance(error, SMTPAuthenticationError) and answer.is_final:
        # Its words are left out: some servers repeat what they were given.
        problem = f"{host} refused the login ({answer.codes})"
        return DestinationRefusedError(problem, remedy=LOGIN_REMEDY)
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


def _broken(host: str, error: SMTPException | OSError) -> DeliveryError:
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    match cause:
        case ssl.SSLCertVerificationError(verify_message=why):
            return DestinationRefusedError(
                f"the certificate of {host} does not verify ({why})", remedy=CERTIFICATE_REMEDY
            )
        case ssl.SSLError():
            problem = f"no TLS connection to {host}"
        case TimeoutError():
            problem = f"{host} did not answer in time"
        case socket.gaierror():
            problem = f"{host} cannot be resolved"
        case OSError(errno=int() as number):
            # asyncio puts the address into strerror, where the words belong.
            problem = f"no connection to {host} ({os.strerror(number).lower()})"
        case _:
            problem = f"{host} broke off ({type(error).__name__})"
    return TemporaryDeliveryError(problem)
