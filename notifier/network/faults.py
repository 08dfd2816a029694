"""What went wrong with a connection, in words: the one table for whoever opens any.

Nothing here quotes a server, a library, a URL or a secret.
"""

import os
import re
import socket
import ssl
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


class ConnectionFault(httpx.TransportError):
    """A request that got no complete answer.

    ``is_stale``: it met a connection that was kept, and closed without a word of an answer.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason = reason
        self.is_stale = False
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
    match cause := _cause(error):
        case ForbiddenAddressError():
            reason, detail = Reason.FORBIDDEN, str(cause)
        case ssl.SSLCertVerificationError():
            reason, detail = Reason.CERTIFICATE, cause.verify_message
        case ssl.SSLError():
            reason, detail = Reason.TLS, ""
        case socket.gaierror():
            reason, detail = Reason.NAME, ""
        case ValueError():  # a host's name that no look-up can carry
            reason, detail = Reason.ADDRESS, ""
        case aiohttp.ClientResponseError() | UnreadableAnswerError():
            reason, detail = Reason.UNREADABLE, "HTTP"
        case aiohttp.ServerTimeoutError():
            reason, detail = Reason.UNREACHABLE, "nobody answers"
        case _:
            reason, detail = _of_system(cause)
    return ConnectionFault(reason, detail)


def _cause(error: BaseException) -> BaseException:
    """Return what aiohttp's own error poses for."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return error.certificate_error
        case aiohttp.ClientConnectorError():
            return error.os_error
        case _:
            return error


def _of_system(cause: BaseException) -> tuple[Reason, str]:
    # asyncio sums up what each of a host's addresses said: the last will do.
    numbers = [getattr(cause, "errno", None), *map(int, NUMBERS.findall(str(cause)))]
    number = numbers[-1]
    if number is None or isinstance(cause, aiohttp.ClientError):
        return Reason.BROKEN_OFF, ""
    return Reason.UNREACHABLE, os.strerror(number).lower()
