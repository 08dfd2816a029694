"""Reports that come by themselves: when, on which leads, to whom."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from notifier.rules.digests import Digest
from notifier.rules.windows import Window


class By(StrEnum):
    """What a report groups leads by; ``HOUR`` is the hour of the week in which they came."""

    AGENT = "agent"
    SOURCE = "source"
    STATUS = "status"
    COUNTRY = "country"
    HOUR = "hour"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSpec:
    """One entry of ``reports:``; ``at`` is a cron line. ``where`` is ``file:line:column``.

    It is about the leads created within ``since`` before it is due, and counts the hours
    of ``clock``.
    """

    name: str
    at: Digest
    since: timedelta
    goal: timedelta
    clock: Window | None = None
    by: By = By.AGENT
    send: tuple[str, ...]
    where: str = ""
