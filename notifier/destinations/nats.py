"""NATS JetStream: a message per event, told as delivered once its stream has it.

Source: NATS protocol, ADR-4 (headers); CloudEvents' NATS protocol binding, 3.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote

from pydantic import AfterValidator, Field, SecretStr

from notifier.destinations.base import BuildContext, Diagnosis, KindOptions, Message, Receipt
from notifier.destinations.broker_events import (
    MODE_DESCRIPTION,
    Encoded,
    ModeName,
    check_name,
    encoded,
    filled,
    sample_name,
)
from notifier.destinations.broker_links import (
    TIMEOUT_S,
    Link,
    bounded,
    ended,
    said,
    server_of,
    url_check,
)
from notifier.destinations.http import no_answer
from notifier.errors import (
    DeliveryError,
    DestinationRefusedError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from notifier.network import certificates
from notifier.network.faults import ConnectionFault, Reason, fault_of
from notifier.rules.unfit import UnfitError

with suppress(ImportError):  # without the extra nothing here is ever built
    from nats import errors
    from nats.aio.client import Client as NATS  # noqa: N814 - its name elsewhere
    from nats.js import JetStreamContext
    from nats.js import errors as js_errors

PORTS = {"nats": 4222, "tls": 4222}
OWN = re.compile(r"[.*>\s\x00-\x1f\x7f]")
SUBJECT = re.compile(r"[^\s.*>]+(\.[^\s.*>]+)*")
STREAM = re.compile(r"[^\s.*>/\\]+")
DENIED = re.compile(r'permissions violation for publish to "([^"]+)"', re.IGNORECASE)
UNQUOTED = "".join(chr(one) for one in range(0x21, 0x7F) if chr(one) not in '"%')
NO_STREAM = 10059
OTHER_STREAM = 10060


def _check_subject(template: str) -> str:
    check_name(template)
    if not SUBJECT.fullmatch(sample_name(template)):
        raise UnfitError(template, "is not a subject; write words with dots between them")
    return template


def _check_stream(name: str) -> str:
    if not STREAM.fullmatch(name):
        raise UnfitError(name, "is not the name of a stream")
    return name


class NatsOptions(KindOptions):
    """``{type: nats, url: …, subject: …, stream: …}`` in the rules file."""

    takes_events: ClassVar[bool] = True
    needs: ClassVar[str] = "nats"
    sole_because: ClassVar[str] = (
        "another destination has this server and stream, and JetStream drops what comes"
        " under an id that it has"
    )
    delivered_means: ClassVar[str] = "the JetStream stream has it"

    type: Literal["nats"] = Field(description="The kind of destination.")
    url: Annotated[SecretStr, AfterValidator(url_check(PORTS))] = Field(
        description="nats://user:password@host:4222, nats://token@host, or tls://."
    )
    subject: Annotated[str, AfterValidator(_check_subject)] = Field(
        description="Where to; it may have {type}, {source}, {bot_id}, {lead_id}."
    )
    stream: Annotated[str, AfterValidator(_check_stream)] = Field(
        description="The JetStream stream that takes the subject."
    )
    mode: ModeName = Field(default="structured", description=MODE_DESCRIPTION)

    def build(self, name: str, context: BuildContext) -> "NatsDestination":
        """Return the destination; each has its own connection."""
        del context
        return NatsDestination(name, self)

    def reaches(self) -> str:
        """Return the host and the stream."""
        server = server_of(self.url.get_secret_value(), PORTS)
        return f"NATS on {server.host}, stream {self.stream}"

    def sole_key(self) -> str:
        """Return the server and the stream."""
        return f"{server_of(self.url.get_secret_value(), PORTS).place} {self.stream}"


OPTIONS = NatsOptions


class NatsDestination:
    """Publishes each event and waits for its stream's acknowledgement."""

    slots = 16
    min_interval_s = 0.0

    def __init__(
        self,
        name: str,
        options: NatsOptions,
        *,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.name = name
        self._tls = tls
        self._options = options
        self._server = server_of(options.url.get_secret_value(), PORTS)
        self._timeout_s = timeout_s
        self._link = Link(begin=self._begin, end=_close, is_open=_is_open)
        # A server tells beside the answer that a subject may not be published to.
        self._asked: dict[asyncio.Event, str] = {}
        self._fault: Exception | None = None

    async def send(self, message: Message) -> Receipt:
        """Publish the message's one event; see :class:`Destination`."""
        (part,) = message.parts
        subject = filled(self._options.subject, part.event, own=OWN)
        carried = encoded(part, self._options.mode)
        headers = _headers(carried) | {"Nats-Msg-Id": part.event.id}
        async with self._connected() as connection:
            await self._published(connection, subject, carried.body, headers)
        return Receipt()

    async def check(self) -> Diagnosis:
        """Look for the stream; raises what :meth:`send` would."""
        name = self._options.stream
        async with self._connected() as connection:
            look = connection.jetstream(timeout=self._timeout_s).stream_info(name)
            if not await self._answered(look, f"$JS.API.STREAM.INFO.{name}"):
                return Diagnosis(found="it lets us in, but not look for streams", untried=True)
        return Diagnosis(found="the stream is there")

    async def aclose(self) -> None:
        """Close the connection."""
        await self._link.aclose()

    async def _published(
        self, connection: "NATS", subject: str, body: bytes, headers: dict[str, str]
    ) -> None:
        stream: JetStreamContext = connection.jetstream(timeout=self._timeout_s)
        asked = stream.publish(subject, body, stream=self._options.stream, headers=headers)
        if not await self._answered(asked, subject):
            remedy = f"let its user publish to {self._options.subject}"
            raise DestinationRefusedError(f"{self._server.host} forbids it", remedy=remedy)

    async def _answered(self, asked: Coroutine[Any, Any, object], subject: str) -> bool:
        """Say whether an answer came, which may be an error, or else that none is allowed."""
        asking = asyncio.ensure_future(asked)
        told = asyncio.Event()
        self._asked[told] = subject.lower()
        denied = asyncio.ensure_future(told.wait())
        try:
            await asyncio.wait({asking, denied}, return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                await asking
            return asking.done()
        finally:
            del self._asked[told]
            asking.cancel()
            denied.cancel()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator["NATS"]:
        async with (
            bounded(self._server.host, self._timeout_s),
            self._link.connection() as connection,
        ):
            try:
                yield connection
            except errors.Error as error:
                raise self._translated(error) from None

    async def _begin(self) -> "NATS":
        """Return a new connection, which is never mended: the next attempt opens another."""
        connection, server = NATS(), self._server
        wants_tls, is_token = server.scheme == "tls", server.password is None
        self._fault = None

        def secret() -> str:
            # The library leaves it to the server whether a connection is encrypted.
            if wants_tls and not connection._server_info.get("tls_required"):  # noqa: SLF001
                raise errors.SecureConnWantedError
            return (server.user if is_token else server.password) or ""

        try:
            await connection.connect(
                f"nats://{server.place}",
                user=None if is_token else server.user,
                password=None if is_token else secret,
                token=secret if is_token and server.user else None,
                tls=self._tls or certificates.for_mail() if wants_tls else None,
                # Else it says more before it reads that it is not let in.
                verbose=True,
                allow_reconnect=False,
                # One more is what the library takes for none.
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=int(self._timeout_s) + 1,
                error_cb=self._told,
            )
            secret()
        except BaseException as error:
            await ended(connection.close())
            if isinstance(error, errors.Error):
                raise self._unconnected(error) from None
            raise
        return connection

    async def _told(self, error: Exception) -> None:
        """Keep what the server says beside its answers, in place of logging it."""
        self._fault = error
        if found := DENIED.search(str(error)):
            # The library tells everything in small letters.
            for told, subject in self._asked.items():
                if subject == found[1].lower():
                    told.set()

    def _unconnected(self, error: "errors.Error") -> DeliveryError:
        cause = self._fault or error
        if isinstance(cause, OSError):
            return no_answer(self._server.host, fault_of(cause))
        return self._translated(cause)

    def _translated(self, error: Exception) -> DeliveryError:
        host, stream = self._server.host, self._options.stream
        failure: DeliveryError
        words = said(error, (self._server.password, self._server.user))
        match error:
            case _ if _is_of_login(error, words):
                remedy = "write the right user and password, or the token, into `url`"
                failure = DestinationRefusedError(f"{host} does not let us in", remedy=remedy)
            case errors.SecureConnWantedError():
                return no_answer(host, ConnectionFault(Reason.TLS))
            case js_errors.NoStreamResponseError() | js_errors.NotFoundError():
                failure = self._without_stream()
            case js_errors.APIError() if error.err_code in (NO_STREAM, OTHER_STREAM):
                failure = self._without_stream()
            case js_errors.APIError():
                problem = f"stream {stream} on {host} refused it: {error.err_code}"
                failure = TemporaryDeliveryError(problem)
            case errors.MaxPayloadError():
                problem = f"the event is larger than {host} takes"
                failure = PermanentDeliveryError(problem, remedy="raise its `max_payload`")
            case errors.ConnectionClosedError() | errors.StaleConnectionError():
                return no_answer(host, ConnectionFault(Reason.BROKEN_OFF))
            case errors.TimeoutError():
                fault = ConnectionFault(Reason.SILENT, f"{self._timeout_s:g} s")
                return no_answer(host, fault)
            case _:
                failure = TemporaryDeliveryError(f"{host} did not take it")
        failure.excerpt = words
        return failure

    def _without_stream(self) -> DestinationRefusedError:
        stream, subject = self._options.stream, self._options.subject
        return DestinationRefusedError(
            f"{self._server.host} has no stream {stream} for this subject",
            remedy=f"let stream {stream} take {subject}: `nats stream add`, `nats stream edit`",
        )


def _is_of_login(error: Exception, words: str) -> bool:
    return isinstance(error, errors.AuthorizationError) or (
        "authorization violation" in words.lower()
    )


def _headers(carried: Encoded) -> dict[str, str]:
    """Return the headers as the binding wants them, and the content type of HTTP's binding."""
    headers = {
        f"ce-{name}": quote(value, safe=UNQUOTED) for name, value in carried.attributes.items()
    }
    if headers:
        headers["ce-datacontenttype"] = carried.content_type
    return headers | {"content-type": carried.content_type}


def _is_open(connection: "NATS") -> bool:
    return connection.is_connected


async def _close(connection: "NATS") -> None:
    await connection.close()
