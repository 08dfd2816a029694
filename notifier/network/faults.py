"""What went wrong with a connection, in words: the one table for whoever opens any.

Nothing here quotes a server, a library, a URL or a secret.
"""

import os
import re
import socket
import ssl
from collections.abc import Sequence
from enum import StrEnum

import aiohttp
import httpx

from notifier.network.addresses import ForbiddenAddressError
from notifier.network.protocol import UnreadableAnswerError

NUMBERS = re.compile(r"\[Errno (\d+)\]")


class Reason(StrEnum):
    """Why no complete answer came; the values are the words for it."""

    FORBIDDEN = "{host} is refused: {detail}"
    ADDRESS = "{host} has no usable address"
    NAME = "{host} cannot be resolved"
    UNREACHABLE = "no connection to {host} ({detail})"
    CERTIFICATE = "the certificate of {host} does not verify ({detail})"
    TLS = "no TLS connection to {host}"
    SILENT = "{host} did not answer within {detail}"
    UNREADABLE = "{host} answered, but not as {detail} can be read"
    BROKEN_OFF = "{host} broke the connection off"


# The first that fits; a ValueError is a host's name that no look-up can carry.
MEANINGS: Sequence[tuple[type[BaseException] | tuple[type[BaseException], ...], Reason]] = (
    (ForbiddenAddressError, Reason.FORBIDDEN),
    (ssl.SSLCertVerificationError, Reason.CERTIFICATE),
    (ssl.SSLError, Reason.TLS),
    (socket.gaierror, Reason.NAME),
    (aiohttp.ServerTimeoutError, Reason.UNREACHABLE),
    ((aiohttp.ClientResponseError, UnreadableAnswerError), Reason.UNREADABLE),
    (ValueError, Reason.ADDRESS),
    (aiohttp.ClientError, Reason.BROKEN_OFF),
)


class ConnectionFault(httpx.TransportError):
    """A request that got no complete answer."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason = reason
        self._detail = detail
        super().__init__(self.told("the server"))

    def told(self, host: str) -> str:
        """Return the words; ``host`` is how the text names the server."""
        return self.reason.format(host=host, detail=self._detail)


def silent(timeout_s: float) -> ConnectionFault:
    """Return the fault of a deadline that has passed."""
    return ConnectionFault(Reason.SILENT, f"{timeout_s:g} s")


def fault_of(error: BaseException) -> ConnectionFault:
    """Return what an error of aiohttp's, TLS's or the system's means."""
    if isinstance(error, ConnectionFault):
        return error
    cause = _cause(error)
    reason = next((found for kinds, found in MEANINGS if isinstance(cause, kinds)), None)
    if reason is not None:
        return ConnectionFault(reason, _detail(cause))
    number = _number(cause)
    if number is None:
        return ConnectionFault(Reason.BROKEN_OFF)
    return ConnectionFault(Reason.UNREACHABLE, os.strerror(number).lower())


def _cause(error: BaseException) -> BaseException:
    """Return what aiohttp's own error poses for."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return error.certificate_error
        case aiohttp.ClientConnectorError():
            return error.os_error
        case _:
            return error


def _detail(cause: BaseException) -> str:
    match cause:
        case ForbiddenAddressError():
            return str(cause)
        case ssl.SSLCertVerificationError():
            return cause.verify_message
        case aiohttp.ServerTimeoutError():
            return "nobody answers"
        case _:
            return "HTTP"


def _number(cause: BaseException) -> int | None:
    """Return the system's number: asyncio sums up what each address said, the last will do."""
    if isinstance(cause, OSError) and cause.errno:
        return cause.errno
    numbers = NUMBERS.findall(str(cause))
    return int(numbers[-1]) if numbers else None
