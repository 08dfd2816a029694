"""Signed webhooks: one POST per event, as Standard Webhooks wants it.

Source: https://www.standardwebhooks.com, version 1.0.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Literal

import httpx
from pydantic import AfterValidator, Field, SecretStr

from notifier.destinations.base import BuildContext, Diagnosis, KindOptions, Message, Receipt
from notifier.destinations.http import no_answer, retry_after_s
from notifier.errors import DestinationGoneError, TemporaryDeliveryError
from notifier.network.exchange import Answer, ask
from notifier.network.faults import ConnectionFault
from notifier.network.targets import secrets_in, target_of
from notifier.network.transport import Transport
from notifier.rules.unfit import UnfitError

CONTENT_TYPE = "application/cloudevents+json"
SECRET_PREFIX = "whsec_"  # noqa: S105 - the marker of a secret, not one
TIMEOUT_S = 15.0
GONE = 410
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
RESERVED_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
    }
)
# Shorter ones are words such as `hook`; hiding them would only spoil the text.
SHORTEST_HIDDEN = 6
EXCERPT_CHARS = 1024


def decode_secret(secret: str) -> bytes:
    """Return the key in ``whsec_`` + base64 of 24 to 64 bytes.

    Raises ``ValueError`` for anything else, without showing it.
    """
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError("a webhook secret is `whsec_` and the base64 of 24 to 64 bytes")
    return key


def sign(key: bytes, *, message_id: str, sent_at_s: int, body: bytes) -> str:
    """Return the ``webhook-signature`` value for exactly these body bytes.

    ``sent_at_s`` is Unix seconds; the result is ``v1,<base64 of 32 bytes>``.
    Source: Standard Webhooks 1.0, "Signature scheme".
    """
    signed = f"{message_id}.{sent_at_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _check_url(secret: SecretStr) -> SecretStr:
    target_of(secret.get_secret_value())
    return secret


def _check_secret(secret: SecretStr) -> SecretStr:
    decode_secret(secret.get_secret_value())
    return secret


def _check_headers(headers: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
    spelt = Counter(name.lower() for name in headers)
    for name, value in headers.items():
        if spelt[name.lower()] > 1:
            raise UnfitError(name, "is a header that stands here twice")
        if not HEADER_NAME.fullmatch(name):
            raise ValueError("a header's name is letters, digits and hyphens")
        if name.lower() in RESERVED_HEADERS:
            raise UnfitError(name, "is a header that the program itself sets")
        if not HEADER_VALUE.fullmatch(value.get_secret_value()):
            raise UnfitError(name, "is a header that may hold printable ASCII characters alone")
    return headers


Secret = Annotated[SecretStr, AfterValidator(_check_secret)]


class WebhookOptions(KindOptions):
    """``{type: webhook, url: …, secret: …}`` in the rules file."""

    takes_events: ClassVar[bool] = True
    is_tried_with_a_sample: ClassVar[bool] = True
    delivered_means: ClassVar[str] = "the receiver answered 2xx"

    type: Literal["webhook"] = Field(description="The kind of destination.")
    url: Annotated[SecretStr, AfterValidator(_check_url)] = Field(
        description="Where events are posted to; it may hold a secret."
    )
    secret: Secret | Annotated[tuple[Secret, ...], Field(min_length=1)] = Field(
        description="`whsec_…`, or several of them while one replaces another."
    )
    headers: Annotated[Mapping[str, SecretStr], AfterValidator(_check_headers)] = Field(
        default_factory=dict, description="Further request headers."
    )

    @property
    def secrets(self) -> tuple[SecretStr, ...]:
        """The secrets each request is signed with, in the order given."""
        return self.secret if isinstance(self.secret, tuple) else (self.secret,)

    def build(self, name: str, context: BuildContext) -> "WebhookDestination":
        """Return the destination; each has its own connections."""
        # Whoever takes an event drops it by its id the second time.
        transport = Transport(repeats=True)
        return WebhookDestination(name, self, transport=transport, now=context.now)

    def reaches(self) -> str:
        """Return the host."""
        return target_of(self.url.get_secret_value()).host


OPTIONS = WebhookOptions


class WebhookDestination:
    """Posts each event to one URL; ``now`` is the clock the signatures are dated by."""

    slots = 16
    min_interval_s = 0.0

    def __init__(
        self,
        name: str,
        options: WebhookOptions,
        *,
        transport: httpx.AsyncBaseTransport,
        now: Callable[[], datetime],
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.name = name
        self._options = options
        # Parsed once: that costs a tenth of a request.
        self._target = target_of(options.url.get_secret_value())
        self._keys = tuple(decode_secret(one.get_secret_value()) for one in options.secrets)
        self._transport = transport
        self._now = now
        self._timeout_s = timeout_s

    async def send(self, message: Message) -> Receipt:
        """Post the message's one event; see :class:`Destination`."""
        assert len(message.parts) == 1, "webhooks get one request per event"
        part = message.parts[0]
        headers = self._headers(part.event.id, part.body)
        answer = await self._answer("POST", headers=headers, body=part.body)
        if not answer.taken:
            raise self._refusal(answer)
        return Receipt(answer=str(answer.status))

    async def check(self) -> Diagnosis:
        """Make a bare HEAD request: whatever the status is, somebody answers.

        Sends no event. Raises what :meth:`send` would where nobody does.
        """
        answer = await self._answer("HEAD")
        doubt = "it has a fault of its own; try again, with --send"
        return Diagnosis(
            found=f"somebody answers (HEAD: {answer.status})",
            doubt=doubt if answer.status >= 500 else "",
        )

    async def aclose(self) -> None:
        """Close the connections kept open to the receiver."""
        await self._transport.aclose()

    async def _answer(
        self, method: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        request = self._target.request(method, headers=headers, body=body)
        try:
            return await ask(self._transport, request, timeout_s=self._timeout_s)
        except ConnectionFault as fault:
            raise no_answer(self._target.host, fault) from None

    def _headers(self, event_id: str, body: bytes) -> dict[str, str]:
        sent_at_s = int(self._now().timestamp())
        signatures = [
            sign(key, message_id=event_id, sent_at_s=sent_at_s, body=body) for key in self._keys
        ]
        extra = self._options.headers.items()
        return {name: value.get_secret_value() for name, value in extra} | {
            "content-type": CONTENT_TYPE,
            "webhook-id": event_id,
            "webhook-timestamp": str(sent_at_s),
            "webhook-signature": " ".join(signatures),
        }

    def _refusal(self, answer: Answer) -> DestinationGoneError | TemporaryDeliveryError:
        """Return the error for a status outside 2xx, with the start of its body."""
        problem = f"{self._target.host} answered {answer.status}"
        if 300 <= answer.status < 400:
            problem += ", a redirect, which is not followed"
        error: DestinationGoneError | TemporaryDeliveryError
        if answer.status == GONE:
            error = DestinationGoneError(problem, remedy=f"`destinations enable {self.name}`")
        else:
            wished_s = retry_after_s(answer.headers, now=self._now())
            error = TemporaryDeliveryError(problem, retry_after_s=wished_s)
        error.excerpt = self._redacted(answer.excerpt).strip()[:EXCERPT_CHARS]
        return error

    def _redacted(self, text: str) -> str:
        """Return one line of the receiver's text without the secrets it may repeat."""
        for hidden in sorted(self._hidden(), key=len, reverse=True):
            if len(hidden) >= SHORTEST_HIDDEN:
                text = text.replace(hidden, "…")
        return "".join(letter if letter.isprintable() else " " for letter in text)

    def _hidden(self) -> Iterator[str]:
        yield from secrets_in(self._options.url.get_secret_value())
        for secret in (*self._options.secrets, *self._options.headers.values()):
            yield secret.get_secret_value()
            yield from secret.get_secret_value().removeprefix(SECRET_PREFIX).split()
