"""NATS JetStream: a message per event, told as delivered once its stream has it.

Source: NATS protocol, ADR-4 (headers); CloudEvents' NATS protocol binding, 3.
"""

import re
import ssl
from contextlib import suppress
from functools import partial
from typing import Annotated, ClassVar, Literal
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
    server_of,
    tls_of,
    url_check,
)
from notifier.destinations.nats_connection import Connection
from notifier.destinations.nats_faults import meant
from notifier.errors import DestinationRefusedError, TemporaryDeliveryError
from notifier.rules.unfit import UnfitError

with suppress(ImportError):  # without the extra nothing here is ever built
    from nats import errors

PORTS = {"nats": 4222, "tls": 4222}
OWN = re.compile(r"[.*>\s\x00-\x1f\x7f]")
SUBJECT = re.compile(r"[^\s.*>]+(\.[^\s.*>]+)*")
STREAM = re.compile(r"[^\s.*>/\\]+")
UNQUOTED = "".join(chr(one) for one in range(0x21, 0x7F) if chr(one) not in '"%')


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
        self._link = Link(
            host=self._server.host,
            timeout_s=timeout_s,
            begin=self._begin,
            end=Connection.end,
            errors=errors.Error,
            translated=partial(
                meant,
                server=self._server,
                stream=options.stream,
                subject=options.subject,
                timeout_s=timeout_s,
            ),
            is_open=Connection.is_open,
        )

    async def send(self, message: Message) -> Receipt:
        """Publish the message's one event; see :class:`Destination`."""
        (part,) = message.parts
        subject = filled(self._options.subject, part.event, own=OWN)
        event = encoded(part, self._options.mode)
        headers = _headers(event) | {"Nats-Msg-Id": part.event.id}
        stream = self._options.stream
        async with self._link.attempt() as connection:
            answer = await connection.publish(subject, event.body, stream, headers)
        if answer is None:
            raise DestinationRefusedError(
                f"{self._server.host} forbids it",
                remedy=f"let its user publish to {self._options.subject}",
            )
        if answer != stream:
            raise TemporaryDeliveryError(
                f"what answered on {self._server.host} is not stream {stream}",
                remedy=f"let only stream {stream} listen to {self._options.subject}",
            )
        return Receipt()

    async def check(self) -> Diagnosis:
        """Look for the stream; raises what :meth:`send` would."""
        name = self._options.stream
        async with self._link.attempt() as connection:
            if not await connection.look_for(name):
                return Diagnosis(found="it lets us in, but not look for streams", untried=True)
        return Diagnosis(found="the stream is there")

    async def aclose(self) -> None:
        """Close the connection."""
        await self._link.aclose()

    async def _begin(self) -> Connection:
        connection = Connection()
        await connection.begin(
            self._server, tls=tls_of(self._server, self._tls), timeout_s=self._timeout_s
        )
        return connection


def _headers(event: Encoded) -> dict[str, str]:
    """Return the headers as the binding wants them, and the content type of HTTP's binding."""
    headers = {
        f"ce-{name}": quote(value, safe=UNQUOTED) for name, value in event.attributes.items()
    }
    if headers:
        headers["ce-datacontenttype"] = event.content_type
    return headers | {"content-type": event.content_type}
