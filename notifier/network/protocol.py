"""aiohttp's connections, where a status line is an answer.

A receiver that says 2xx has taken what it got. Whatever is odd behind that line must not
turn its yes into another attempt.
"""

import asyncio
import re
from functools import partial
from typing import Any, Final

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import BadHttpMessage, HttpProcessingError
from aiohttp.http_parser import RawResponseMessage
from aiohttp.http_writer import HttpVersion11
from aiohttp.streams import StreamReader
from multidict import CIMultiDict, CIMultiDictProxy

from notifier.network.certificates import Tls

HEADER_BYTES: Final = 64 * 1024  # of one header; some proxies' cookies are that long
HEADER_COUNT: Final = 1000
HEAD_BYTES: Final = 512 * 1024  # of all headers together, and interim answers
LOOKED_AT_BYTES: Final = 16 * 1024  # for a status line
STATUS_LINE = re.compile(rb"\s*HTTP/\d+(?:\.\d+)? +([1-9]\d\d)(?!\d)")
BLANK_LINE = re.compile(rb"\r?\n\r?\n")
BODILESS = frozenset({204, 304})
# How long one that has taken a message may still write its headers.
HEADERS_S: Final = 5.0


class UnreadableAnswerError(aiohttp.ClientPayloadError):
    """The status came, but not the rest: what followed it is no HTTP."""


class Connector(aiohttp.TCPConnector):
    """Opens connections on which a status line is an answer.

    ``headers_s``: a status whose headers do not end within this time is given without.
    """

    def __init__(self, *, tls: Tls, headers_s: float, **options: Any) -> None:
        super().__init__(ssl=tls, resolver=aiohttp.ThreadedResolver(), **options)
        # aiohttp has no public place for a protocol of one's own.
        protocol: Any = partial(_Protocol, loop=self._loop, headers_s=headers_s)
        self._factory = protocol


class _Protocol(ResponseHandler):
    """Gives the status where the parser, or the receiver, gives up behind it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, headers_s: float) -> None:
        super().__init__(loop=loop)
        self._headers_s = headers_s
        self._patience: asyncio.TimerHandle | None = None
        self._head, self._head_bytes, self._answered = b"", 0, True

    def set_response_params(self, **params: Any) -> None:
        """Begin a request."""
        self._head, self._head_bytes, self._answered = b"", 0, False
        self._drop_patience()
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        """Parse; an answer's head first, so that a bad body cannot take it along.

        What comes while nothing is asked would be taken for the answer to the next request.
        """
        if data and self._is_idle():
            self.close()
            return
        if not self._answered:
            self._head += data[: LOOKED_AT_BYTES - len(self._head)]
            self._head_bytes += len(data)
        rest = data
        while not (self._answered or self.exception()) and (end := BLANK_LINE.search(rest)):
            super().data_received(rest[: end.end()])
            rest = rest[end.end() :]
        if rest or not data:  # nothing at all is aiohttp's way to go on after a pause
            super().data_received(rest)
        if not self._answered:
            self._wait_on()

    def _is_idle(self) -> bool:
        """Return whether an answer has come to its end and was handed over."""
        body = self._payload
        is_whole = self._answered and body is not None and body.is_eof()
        return is_whole and not (self._buffer or self._upgraded or self._payload_parser)

    def _wait_on(self) -> None:
        """Wait for the headers' end, within bounds of bytes and time."""
        if self._head_bytes > HEAD_BYTES:
            self.set_exception(BadHttpMessage("headers without end"))
            if self.transport:
                self.transport.abort()
        elif not self._patience and self._status():
            self._patience = self._loop.call_later(self._headers_s, self._settle)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Hand over an answer that was parsed, or an interim one."""
        message, _ = data
        self._answered = self._answered or message.code >= 200 or message.code == 101
        if message.code in BODILESS and _announces_body(message):
            self.force_close()  # what is said next is no answer to anything
        super().feed_data(data, size)

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """Fail, except where the status is known; a body that is no HTTP ends at once."""
        self._settle()
        body = self._payload
        if isinstance(exc, HttpProcessingError) and body is not None and not body.is_eof():
            body.set_exception(_unreadable())
        super().set_exception(exc, exc_cause or exc)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End; what is known then is all that will be."""
        super().connection_lost(exc)
        self._drop_patience()

    def _drop_patience(self) -> None:
        if self._patience:
            self._patience.cancel()
            self._patience = None

    def _settle(self) -> None:
        """Give the status alone, once the rest cannot be had."""
        status = None if self._answered else self._status()
        if status is None:
            return
        self.force_close()
        body = StreamReader(self, 2**16, loop=self._loop)
        body.set_exception(_unreadable())
        self.feed_data((_bare(status), body))

    def _status(self) -> int | None:
        """Return the status that came, less interim ones."""
        head = self._head
        while found := STATUS_LINE.match(head):
            if (status := int(found[1])) >= 200:
                return status
            head = BLANK_LINE.split(head, maxsplit=1)[-1] if BLANK_LINE.search(head) else b""
        return None


def _unreadable() -> UnreadableAnswerError:
    return UnreadableAnswerError("what followed the status is not HTTP")


def _announces_body(message: RawResponseMessage) -> bool:
    length = message.headers.get("content-length", "0")
    return length != "0" or "transfer-encoding" in message.headers


def _bare(status: int) -> RawResponseMessage:
    return RawResponseMessage(
        version=HttpVersion11,
        code=status,
        reason="",
        headers=CIMultiDictProxy(CIMultiDict[str]()),
        raw_headers=(),
        should_close=True,
        compression=None,
        upgrade=False,
        chunked=False,
    )
