"""Every error a caller may act on; each class says what the caller does next.

::

    NotifierError
    ├── ConfigError               stop with exit code 78 and print every fault
    ├── BusyError                 another process is in the way: exit code 75
    │   └── LeaseLostError        this work is another member's now: write nothing, leave it
    ├── StoreError                the database cannot be used: say so and stop
    ├── FileError                 a file of ours cannot be put there: say so and stop
    ├── DamagedError              one stored thing cannot be read: set it aside
    ├── UpstreamError             this request brought nothing; commit nothing of it
    │   ├── UpstreamRefusedError  400, 401, 403: the source is down; probe once a minute
    │   └── UpstreamPausedError   429: the whole token pauses
    └── DeliveryError
        ├── TemporaryDeliveryError    try this message again
        │   └── ProgramFaultError     the same; it says nothing of the destination
        ├── PermanentDeliveryError    this message can never succeed: dead at once
        ├── RecipientRefusedError     this recipient refused: nobody else is concerned
        ├── SkippedDeliveryError      nobody to send it to: skipped with its reason
        ├── DestinationRefusedError   the destination refuses everything: park it
        └── DestinationGoneError      410: disable the destination until a person enables it

Messages name what failed, where, and what to change; never a token, a secret
URL or a visitor's words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from notifier.cleaning import clean


class NotifierError(Exception):
    """The root: something outside this program's control went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One mistake in the configuration, in words for the person who made it.

    ``where`` is ``file:line:column`` or the name of a setting; ``line`` and
    ``column`` start at 1 and are 0 where the fault has no place in a file.
    """

    where: str
    problem: str
    remedy: str = ""

    def __post_init__(self) -> None:
        """Make one line of what is told: names of files and values can be any bytes."""
        for name in ("where", "problem", "remedy"):
            said = " ".join(clean(getattr(self, name)).splitlines())
            object.__setattr__(self, name, said)

    def __str__(self) -> str:
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{self.where}: {self.problem}{remedy}"


class ConfigError(NotifierError):
    """The settings or rules are wrong: one line per fault, exit code 78."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class BusyError(NotifierError):
    """Another process holds what this one needs: exit code 75, try again later."""


class LeaseLostError(BusyError):
    """A source or a lane belongs to another member by now, or may: leave it to that one."""


class StoreError(NotifierError):
    """The database cannot be opened, read or written; the text says how to mend it."""


class FileError(NotifierError):
    """Something that is no file of ours is in the way; the text says what to do."""


class DamagedError(NotifierError):
    """One row or event of the database cannot be read; others can. Quotes nothing of it."""


class UpstreamError(NotifierError):
    """A listing request brought no page: back off, then ask again.

    ``remedy`` is a sentence for the operator, empty where time is the remedy.
    """

    def __init__(self, problem: str, *, remedy: str = "") -> None:
        super().__init__(problem)
        self.remedy = remedy


class UpstreamStaleError(UpstreamError):
    """A connection that was kept had been closed: ask again at once, as another request."""


class UpstreamRefusedError(UpstreamError):
    """400, 401 or 403: asking faster does not help; probe once a minute."""


class UpstreamPausedError(UpstreamError):
    """429: nobody may use this token for ``retry_after_s`` seconds.

    ``None`` means the upstream gave no usable delay: back off exponentially.
    """

    def __init__(self, problem: str, *, retry_after_s: float | None) -> None:
        super().__init__(problem)
        self.retry_after_s = retry_after_s


class DeliveryError(NotifierError):
    """A message was not taken. ``remedy`` is a sentence for the operator.

    ``excerpt`` is what the receiver said. It may repeat a visitor's words: it is
    kept with the delivery, and stands in no log and no message.
    """

    excerpt: str = ""

    def __init__(self, problem: str, *, remedy: str = "") -> None:
        super().__init__(problem)
        self.remedy = remedy

    @property
    def in_full(self) -> str:
        """Return the problem with the excerpt, for a terminal whose person tries it now."""
        return ": ".join(filter(None, (str(self), self.excerpt)))


class TemporaryDeliveryError(DeliveryError):
    """Try again: not before ``retry_after_s`` seconds where the receiver said so."""

    def __init__(
        self, problem: str, *, remedy: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(problem, remedy=remedy)
        self.retry_after_s = retry_after_s


class UnsureDeliveryError(TemporaryDeliveryError):
    """An earlier attempt was cut off, and whether it was taken cannot be told now.

    Nothing was sent this time: the next attempt looks again.
    """


class ProgramFaultError(TemporaryDeliveryError):
    """A bug of ours met this message: one that meets it alone parks no destination."""


class PermanentDeliveryError(DeliveryError):
    """The receiver refused this very message for good; it is dead at once."""


class RecipientRefusedError(DeliveryError):
    """The one recipient refused, or each of several: try again, unless ``for_good``.

    That says nothing of the destination: a colleague who left, a full mailbox.
    """

    def __init__(self, problem: str, *, remedy: str = "", for_good: bool = False) -> None:
        super().__init__(problem, remedy=remedy)
        self.for_good = for_good


class SkippedDeliveryError(DeliveryError):
    """The message has no recipient, for example an assignee whom nobody described.

    The problem's text is the delivery's reason.
    """


class DestinationRefusedError(DeliveryError):
    """The destination refuses whatever is sent (wrong token, not in the channel)."""


class DestinationGoneError(DeliveryError):
    """The receiver answered 410 Gone: send nothing more until a person enables it."""
