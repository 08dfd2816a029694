"""Connections to brokers: their URLs, one connection at a time, and deadlines.

The libraries' own reconnecting and retrying is off: a broken connection ends the attempt,
and the outbox alone decides when there is another.
"""

import asyncio
import logging
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from notifier.cleaning import clean
from notifier.destinations.http import no_answer
from notifier.errors import DeliveryError, TemporaryDeliveryError
from notifier.network import certificates
from notifier.network.addresses import is_host_name
from notifier.network.faults import fault_of, silent

TIMEOUT_S = 15.0
CLOSE_S = 1.0
EXCERPT_CHARS = 1024
SECURE = frozenset({"amqps", "mqtts", "rediss", "tls"})
SPOILT = re.compile(r"[\s\x00-\x1f\x7f]")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A broker's URL in its parts; it shows no password. ``path`` has no leading slash."""

    scheme: str
    host: str
    port: int
    path: str
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)

    @property
    def place(self) -> str:
        """The host and the port, as they stand in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def server_of(written: str, ports: Mapping[str, int]) -> Server:
    """Return the server of a URL whose scheme is one of ``ports``.

    Raises ``ValueError`` for anything else, without quoting it.
    """
    expected = " or ".join(f"{scheme}://" for scheme in ports)
    problem = f"this is not a URL; write {expected}user:password@host"
    try:
        parts = urlsplit(written.strip(" "))
        host, port = parts.hostname or "", parts.port
    except ValueError:  # its text quotes the URL
        raise ValueError(problem) from None
    is_foreign = parts.scheme not in ports or parts.query or parts.fragment
    if is_foreign or SPOILT.search(written.strip(" ")) or not host or not is_host_name(host):
        raise ValueError(problem)
    return Server(
        scheme=parts.scheme,
        host=host,
        port=port or ports[parts.scheme],
        path=unquote(parts.path.removeprefix("/")),
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
    )


def url_check(ports: Mapping[str, int]) -> Callable[[SecretStr], SecretStr]:
    """Return a validator for URLs of these schemes."""

    def check(secret: SecretStr) -> SecretStr:
        server_of(secret.get_secret_value(), ports)
        return secret

    return check


def tls_of(server: Server, given: ssl.SSLContext | None) -> ssl.SSLContext | None:
    """Return what encrypts a connection to the server, ``None`` where its URL wants none."""
    return (given or certificates.context()) if server.scheme in SECURE else None


def said(error: object, hidden: Iterable[str | None] = ()) -> str:
    """Return one line of what a broker said, without the secrets it may repeat."""
    text = clean(str(error))
    for secret in filter(None, hidden):
        text = text.replace(secret, "…")
    return "".join(one if one.isprintable() else " " for one in text).strip()[:EXCERPT_CHARS]


def hush(*libraries: str) -> None:
    """Keep libraries from logging: what they have to say are our errors."""
    for name in libraries:
        logging.getLogger(name).setLevel(logging.CRITICAL)


async def ended(closing: Awaitable[object]) -> None:
    """Close a connection in bounded time: whatever closing meets, it is over."""
    with suppress(Exception):
        await asyncio.wait_for(closing, CLOSE_S)


class Link(Generic[T]):
    """One connection to a server, opened when it is needed and given up where in doubt.

    ``errors`` are those of the library, and ``translated`` says what one means.
    ``goes_on`` says whether the connection is still good after a delivery error, and
    ``if_silent`` what to look for where no answer comes.
    """

    def __init__(
        self,
        *,
        host: str,
        timeout_s: float,
        begin: Callable[[], Awaitable[T]],
        end: Callable[[T], Awaitable[object]],
        errors: type[Exception] | tuple[type[Exception], ...],
        translated: Callable[[Exception], DeliveryError],
        is_open: Callable[[T], bool] = lambda _: True,
        goes_on: Callable[[DeliveryError], bool] = lambda _: True,
        if_silent: str = "",
    ) -> None:
        self._host = host
        self._timeout_s = timeout_s
        self._begin = begin
        self._end = end
        self._errors = errors
        self._translated = translated
        self._is_open = is_open
        self._goes_on = goes_on
        self._if_silent = if_silent
        self._lock = asyncio.Lock()
        self._connection: T | None = None

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[T]:
        """Lend the connection to one attempt; what it meets becomes a delivery error."""
        try:
            async with asyncio.timeout(self._timeout_s), self._lent() as connection:
                yield connection
        except TimeoutError:
            problem = silent(self._timeout_s).told(self._host)
            raise TemporaryDeliveryError(problem, remedy=self._if_silent) from None
        except OSError as error:
            raise no_answer(self._host, fault_of(error)) from None

    async def aclose(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            await self._drop(self._connection)

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[T]:
        """Lend the connection, and keep it where the broker answered.

        After anything else than a delivery error, a time-out included, what was sent may
        still lie in a queue: nothing of it may leave once the outbox has tried again.
        """
        with self._translating():
            connection = await self._opened()
        try:
            with self._translating():
                yield connection
        except DeliveryError as error:
            if not self._goes_on(error):
                await self._drop(connection)
            raise
        except BaseException:
            await self._drop(connection)
            raise

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise self._translated(error) from None

    async def _opened(self) -> T:
        async with self._lock:
            if self._connection is not None and not self._is_open(self._connection):
                await self._drop(self._connection)
            if self._connection is None:
                self._connection = await self._begin()
            return self._connection

    async def _drop(self, connection: T) -> None:
        """Give a connection up; the next attempt opens another."""
        if self._connection is connection:
            self._connection = None
            await ended(self._end(connection))
