"""The contract every destination keeps, and what it is given to send.

``send`` makes exactly one attempt. It returns a :class:`Receipt` or raises one
of the delivery errors in :mod:`notifier.errors`, whose class alone decides what
becomes of the delivery; retries, order and pauses belong to the dispatcher.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from importlib.util import find_spec
from typing import ClassVar, Protocol, TextIO

from pydantic import SecretStr

from notifier.core.events import Event
from notifier.core.records import Agent, Lead
from notifier.errors import ConfigError, DeliveryError, Fault, TemporaryDeliveryError
from notifier.messages.text import Text
from notifier.rules.destinations import DestinationOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One event of a message: ``body`` holds the stored bytes of its envelope.

    ``delivery`` is the id of its delivery, 0 for a sample.
    """

    event: Event
    body: bytes
    text: Text
    rule: str
    delivery: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one ``send`` sends: usually one event, several where they belong together.

    ``id`` is the same on every attempt. ``parts`` is never empty, oldest first.
    ``digest`` names a collection of several leads; empty, it is a burst's summary,
    which counts them; ``None``, the message is about one lead.
    ``lead`` is the lead's present state, ``memory`` what earlier messages about
    this lead remembered through :attr:`Receipt.memory`, and ``accepted`` the
    recipients who already took this very message. ``cut_off`` is set where an earlier
    attempt ended with the program: it may have been taken, no earlier than then.
    """

    id: str
    parts: tuple[Part, ...]
    digest: str | None = None
    lead: Lead | None = None
    mention: str | None = None
    broadcast: bool | None = None
    memory: Mapping[str, str] = field(default_factory=dict)
    accepted: frozenset[str] = frozenset()
    agents: Mapping[str, Agent] = field(default_factory=dict)
    cut_off: datetime | None = None

    def share(self, parts: tuple[Part, ...]) -> "Message":
        """Return what one of several people gets: one message needs no summary."""
        is_alone = self.digest == "" and len(parts) == 1
        return replace(self, parts=parts, digest=None if is_alone else self.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContext:
    """What destinations are built from: ``out`` is where the console's messages go.

    The settings are those of kinds whose access does not stand in the rules file.
    ``button_secret`` signs what buttons are about, where somebody heeds clicks.
    """

    now: Callable[[], datetime]
    zone: tzinfo
    out: TextIO
    slack_token: SecretStr | None = None
    slack_api_url: str | None = None
    smtp_url: SecretStr | None = None
    smtp_from: str | None = None
    public_url: str | None = None
    button_secret: bytes | None = field(default=None, repr=False)


class KindOptions(DestinationOptions):
    """The options of a kind: all that others need to know of it stands beside its code."""

    # Whether `doctor --send` sends it a sample: that it is there says little of a program.
    is_tried_with_a_sample: ClassVar[bool] = False
    # The module it sends with, where an extra of the kind's name brings it.
    needs: ClassVar[str] = ""

    @classmethod
    def is_installed(cls) -> bool:
        """Say whether the extra is there, without loading it."""
        return not cls.needs or find_spec(cls.needs) is not None

    def build(self, name: str, context: BuildContext) -> "Destination":
        """Return the destination; raises :class:`ConfigError` where it lacks a setting."""
        raise NotImplementedError

    def reaches(self) -> str:
        """Return whom its messages go to, in words for the operator and without a secret."""
        raise NotImplementedError

    def unresolved(self, message: Message) -> frozenset[int]:
        """Return the positions of the parts that are for nobody: an assignee may be unknown."""
        del message
        return frozenset()


def missing(name: str, variable: str, why: str) -> ConfigError:
    """Return the error for a destination that needs a setting."""
    return ConfigError(
        [
            Fault(
                where=f"destinations.{name}",
                problem=f"{variable} is not set: {why}",
                remedy=f"set {variable} in the environment or in .env",
            )
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What a look at a destination found; ``doubt`` is why it may not be as it should.

    ``untried``: only a message would tell more.
    """

    found: str
    doubt: str = ""
    untried: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that the receiver took the message.

    ``memory`` is merged into what is remembered for this lead; ``note`` tells
    the operator what went less than well (recipients refused for good), and ``notes``
    what of single parts of a digest, by their position; ``left`` says why some of them
    reached nobody. ``answer`` is what the receiver said, for whoever looks.
    """

    memory: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    notes: Mapping[int, str] = field(default_factory=dict)
    left: Mapping[int, DeliveryError] = field(default_factory=dict)
    answer: str = field(default="", compare=False)


def listed(value: object) -> object:
    """Return a text that stands where a list may as a list of it alone."""
    return [value] if isinstance(value, str) else value


class PartlyTakenError(TemporaryDeliveryError):
    """Some recipients took the message: try again for the others alone.

    ``accepted`` are all that took it or refused it for good. ``parts`` says by their
    position how parts of a digest ended for themselves: ``None`` is taken by all.
    """

    def __init__(
        self, problem: str, *, accepted: frozenset[str], retry_after_s: float | None = None
    ) -> None:
        super().__init__(problem, retry_after_s=retry_after_s)
        self.accepted = accepted
        self.parts: Mapping[int, DeliveryError | None] = {}


class Destination(Protocol):
    """A named place that takes messages.

    ``slots`` is how many messages (of different leads) may be in flight at once,
    and ``min_interval_s`` how long to wait between two, 0 for not at all.
    """

    name: str
    slots: int
    min_interval_s: float

    async def send(self, message: Message) -> Receipt:
        """Make one attempt, bounded in time and bytes; raise a delivery error if refused."""
        ...

    async def check(self) -> Diagnosis:
        """Look whether it would take a message, without one; raises what ``send`` would."""
        ...

    async def aclose(self) -> None:
        """Release connections; nothing may be sent afterwards."""
        ...
