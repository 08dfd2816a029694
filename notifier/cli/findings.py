"""What ``doctor`` finds, and how it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from notifier.cli.columns import print_table
from notifier.cli.output import print_json


class Verdict(StrEnum):
    """What a check came to; ``WRONG`` alone makes the command fail."""

    FINE = "fine"
    UNTRIED = "untried"
    DOUBTFUL = "doubtful"
    WRONG = "wrong"


MARKS = {
    Verdict.FINE: "✓",
    Verdict.UNTRIED: "·",
    Verdict.DOUBTFUL: "!",
    Verdict.WRONG: "✗",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: what was looked at, what was found, and what to do about it."""

    check: str
    found: str
    verdict: Verdict = Verdict.FINE
    remedy: str = ""


def wrong(check: str, found: str, remedy: str = "") -> Finding:
    """Return what must be mended."""
    return Finding(check=check, found=found, verdict=Verdict.WRONG, remedy=remedy)


def doubtful(check: str, found: str, remedy: str = "") -> Finding:
    """Return what works, but perhaps not as meant."""
    return Finding(check=check, found=found, verdict=Verdict.DOUBTFUL, remedy=remedy)


def show(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print the findings in their order."""
    if as_json:
        print_json(
            {
                "check": one.check,
                "verdict": one.verdict.value,
                "found": one.found,
                "remedy": one.remedy or None,
            }
            for one in findings
        )
        return
    print_table(
        ("", "check", "found", "what to do"),
        [(MARKS[one.verdict], one.check, one.found, one.remedy) for one in findings],
        unbroken=2,
    )
