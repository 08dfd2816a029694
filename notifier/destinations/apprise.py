"""A hundred services through Apprise: Teams, Telegram, WhatsApp, Discord, SMS, and so on.

Its library blocks and answers yes or no: each service is asked in a thread of its own with
a deadline, and the reason of a no is taken from what the library logs meanwhile.
"""

import asyncio
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import tzinfo
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import unquote

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from notifier.destinations.base import (
    BuildContext,
    Diagnosis,
    KindOptions,
    Message,
    PartlyTakenError,
    Receipt,
    listed,
)
from notifier.destinations.broker_links import said
from notifier.errors import DeliveryError, DestinationRefusedError, TemporaryDeliveryError
from notifier.messages.digest import plain_text
from notifier.messages.text import Text
from notifier.network.targets import secrets_in
from notifier.threads import in_a_thread

with suppress(ImportError):  # without the extra nothing here is ever built
    import apprise

TIMEOUT_S = 30.0
SHORTEST_HIDDEN = 6
REFUSED = re.compile(r"error[=: ]+(401|403|404|410)\b")
REMEDY = "does `url` have the token, and is what it names still there?"
# Where services read more than letters: mentions, links behind words, and tags.
MARKUP = re.compile(r"(?<!\w)@(?=\w)|\](?=\()|<(?=[!@#/A-Za-z])")
ZERO_WIDTH_SPACE = "\u200b"


def _services(url: str) -> "list[apprise.NotifyBase]":
    """Return what a URL leads to, empty where Apprise knows no such service."""
    # What it thinks of a URL it says by quoting it, and to nobody but us.
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.handlers = logger.handlers or [logging.NullHandler()]
    asset = apprise.AppriseAsset(
        async_mode=False,
        http_redirects=False,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        app_id="notifier",
    )
    known = apprise.Apprise(asset=asset)
    known.add(url)
    return list(known)


def _check_url(secret: SecretStr) -> SecretStr:
    if AppriseOptions.is_installed():
        found = _services(secret.get_secret_value())
        if not found:
            raise ValueError("Apprise knows no such service: see its list for how a URL looks")
        if len(found) > 1:
            raise ValueError("these are several services: write a list of them under `urls`")
    return secret


Url = Annotated[SecretStr, AfterValidator(_check_url)]


class AppriseOptions(KindOptions):
    """``{type: apprise, url: …}`` or ``{type: apprise, urls: […]}`` in the rules file."""

    is_read_by_people: ClassVar[bool] = True
    needs: ClassVar[str] = "apprise"
    delivered_means: ClassVar[str] = "the service took it, or each of several did"

    type: Literal["apprise"] = Field(description="The kind of destination.")
    url: Url | None = Field(default=None, description="An Apprise URL; it holds a secret.")
    urls: Annotated[tuple[Url, ...], BeforeValidator(listed)] = Field(
        default=(), max_length=50, description="Several of them: each gets every message."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.url is None) == (not self.urls):
            raise ValueError("an apprise destination has either `url` or `urls`")
        return self

    @property
    def all_urls(self) -> tuple[str, ...]:
        """Every URL, in the order given."""
        given = self.urls if self.url is None else (self.url,)
        return tuple(dict.fromkeys(one.get_secret_value() for one in given))

    def build(self, name: str, context: BuildContext) -> "AppriseDestination":
        """Return the destination."""
        return AppriseDestination(name, self, zone=context.zone)

    def reaches(self) -> str:
        """Return the services' names."""
        return ", ".join(
            str(one.service_name) for url in self.all_urls for one in _services(url)
        )


OPTIONS = AppriseOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What a service made of a message; ``reason`` is empty where it took it."""

    key: str
    reason: str = ""
    words: str = ""

    @property
    def is_refusal(self) -> bool:
        return REFUSED.search(self.words) is not None


class AppriseDestination:
    """Hands each message to one or several services; ``zone`` is for times people read."""

    slots = 1  # a service is asked one thing at a time: a second would find it busy
    min_interval_s = 0.0

    def __init__(
        self, name: str, options: AppriseOptions, *, zone: tzinfo, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.name = name
        self._options = options
        self._zone = zone
        self._timeout_s = timeout_s
        self._busy: set[str] = set()

    async def send(self, message: Message) -> Receipt:
        """Ask each service that has not taken the message yet; see :class:`Destination`."""
        whole = plain_text(message.parts, message.digest, zone=self._zone)
        text = Text(title=_tame(whole.title), body=_tame(whole.body))
        asked = [url for url in self._options.all_urls if _key(url) not in message.accepted]
        answers = await asyncio.gather(*(self._ask(url, text) for url in asked))
        taken = frozenset(one.key for one in answers if not one.reason)
        failed = [one for one in answers if one.reason]
        if failed:
            of = len(self._options.all_urls)
            raise _failure(failed, taken, message.accepted, of=of)
        return Receipt()

    async def check(self) -> Diagnosis:
        """Return that only a message tells more."""
        found = f"{self._options.reaches()}, which can only be tried by sending"
        return Diagnosis(found=found, untried=True)

    async def aclose(self) -> None:
        """Nothing is kept open; what hangs ends by itself."""

    async def _ask(self, url: str, text: Text) -> _Answer:
        """Return what a service answered within the deadline."""
        key = _key(url)
        if key in self._busy:
            return _Answer(key=key, reason="still hangs from the last time")
        self._busy.add(key)
        asking = asyncio.ensure_future(
            in_a_thread(lambda: _notified(url, text, self._timeout_s))
        )
        # A thread cannot be ended: until it has, its service is not asked again.
        asking.add_done_callback(lambda _: self._busy.discard(key))
        done, _ = await asyncio.wait({asking}, timeout=self._timeout_s)
        if not done:
            return _Answer(key=key, reason=f"gave no answer within {self._timeout_s:g} s")
        if fault := asking.exception():
            return _Answer(key=key, reason=f"failed in its library ({type(fault).__name__})")
        words = asking.result()
        reason = "" if words is None else "did not take it"
        return _Answer(key=key, reason=reason, words=said(words or "", _hidden(url)))


def _notified(url: str, text: Text, timeout_s: float) -> str | None:
    """Hand a message to a service; return what the library says of a failure, else ``None``."""
    (service,) = _services(url)
    service.request_rate_per_sec = 0
    # A silent one ends its thread before the deadline; one that drips does not.
    service.socket_connect_timeout = timeout_s * 0.3
    service.socket_read_timeout = timeout_s * 0.6
    said_of_it: list[str] = []
    line = apprise.Apprise(asset=service.asset)
    line.add(service)
    head = 0 if service.title_maxlen else len(text.title) + 2  # it becomes the first line
    taken = line.notify(
        title=_fitting(text.title, service.title_maxlen or service.body_maxlen),
        body=_fitting(text.body, service.body_maxlen - head) or " ",
        body_format=apprise.NotifyFormat.TEXT,
        log_callback=lambda entry, _: said_of_it.append(entry.message),
    )
    return None if taken else "; ".join(said_of_it) or "it gave no reason"


def _failure(
    failed: Sequence[_Answer], taken: frozenset[str], before: frozenset[str], *, of: int
) -> DeliveryError:
    reasons = dict.fromkeys(one.reason for one in failed)
    who = "the service" if of == 1 else f"{len(failed)} of {of} services"
    problem = f"{who} {'; '.join(reasons)}"
    failure: DeliveryError
    if taken:
        failure = PartlyTakenError(problem, accepted=before | taken)
    elif all(one.is_refusal for one in failed) and not before:
        failure = DestinationRefusedError("the service refused it", remedy=REMEDY)
    else:
        failure = TemporaryDeliveryError(problem)
    failure.excerpt = "; ".join(dict.fromkeys(one.words for one in failed if one.words))
    return failure


def _key(url: str) -> str:
    """Return what a service is remembered by: it shows nothing of the URL."""
    return f"apprise {sha256(url.encode()).hexdigest()[:16]}"


def _hidden(url: str) -> Iterator[str]:
    rest = url.partition("://")[2]
    split = re.split(r"[/?&=:@#]", rest)
    parts = {url, rest, *split, *map(unquote, split), *secrets_in(f"https://{rest}")}
    yield from sorted((p for p in parts if len(p) >= SHORTEST_HIDDEN), key=len, reverse=True)


def _tame(text: str) -> str:
    """Return a text in which nobody is mentioned and no link hides behind words."""
    return MARKUP.sub(lambda found: found[0] + ZERO_WIDTH_SPACE, text)


def _fitting(text: str, longest: Any) -> str:
    return text if len(text) <= longest else text[: max(int(longest) - 1, 0)] + "…"
