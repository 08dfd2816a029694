"""The ways in which a listing can go wrong, and which of them is due next."""

from enum import StrEnum

import msgspec

MEGABYTE = 1_000_000


class FaultType(StrEnum):
    """Every fault the simulator knows.

    Kinds that begin with ``bad-`` put one such record among the good ones.
    """

    STATUS = "status"
    SUCCESS_FALSE = "success-false"
    HTML = "html"
    EMPTY_BODY = "empty-body"
    NULL = "null"
    LIST = "list"
    NO_LIST = "no-list"
    NO_LEADS = "no-leads"
    BOM = "bom"
    DUPLICATE_KEYS = "duplicate-keys"
    REDIRECT = "redirect"
    ENDLESS = "endless"
    REPEATED_ID = "repeated-id"
    BAD_NULL = "bad-null"
    BAD_LIST = "bad-list"
    BAD_NO_ID = "bad-no-id"
    BAD_NUMBER_ID = "bad-number-id"
    BAD_LONG_ID = "bad-long-id"
    BAD_NESTING = "bad-nesting"
    BAD_SURROGATE = "bad-surrogate"
    BAD_NAN = "bad-nan"
    BAD_INTEGER = "bad-integer"
    TRUNCATED_LENGTH = "truncated-length"
    TRUNCATED_CHUNK = "truncated-chunk"
    TRUNCATED_CLOSE = "truncated-close"
    DRIPPED_HEAD = "dripped-head"
    DRIPPED_BODY = "dripped-body"
    HUGE_BODY = "huge-body"
    GZIP_BOMB = "gzip-bomb"
    HANG = "hang"
    RESET = "reset"


class Fault(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"fault_type": "kind"},
):
    """One fault for the next ``times`` requests (``None``: until cleared).

    ``page`` and ``type`` confine it to one page and one listing. ``status`` and
    ``retry_after`` (sent exactly as spelled) belong to ``status``, ``location``
    to ``redirect``, ``size_bytes`` to ``huge-body`` and ``gzip-bomb``, and
    ``interval_s``, between two bytes, to the dripped ones.
    """

    fault_type: FaultType
    times: int | None = 1
    page: int | None = None
    type: str | None = None
    status: int = 500
    retry_after: str | None = None
    location: str = "http://localhost:9/elsewhere"
    size_bytes: int = 200 * MEGABYTE
    interval_s: float = 0.25


class Faults:
    """The faults still to come; of those that fit a request, the oldest is taken."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []

    @property
    def armed(self) -> tuple[Fault, ...]:
        """What is still to come, ``times`` counted down."""
        return tuple(self._armed)

    def arm(self, fault: Fault) -> None:
        """Let this fault happen from the next request on."""
        if fault.times != 0:
            self._armed.append(fault)

    def clear(self) -> None:
        """Let no more faults happen."""
        self._armed.clear()

    def take(self, *, page: int, listing_type: str) -> Fault | None:
        """Return the fault that this request runs into, and count it."""
        for index, fault in enumerate(self._armed):
            if fault.page in (None, page) and fault.type in (None, listing_type):
                self._count(index, fault)
                return fault
        return None

    def _count(self, index: int, fault: Fault) -> None:
        if fault.times is None:
            return
        if fault.times > 1:
            self._armed[index] = msgspec.structs.replace(fault, times=fault.times - 1)
        else:
            del self._armed[index]
