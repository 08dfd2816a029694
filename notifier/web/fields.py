"""Fields of an address or a form → values; what is none narrows nothing, and is told."""

from collections.abc import Mapping

from notifier.rules.durations import parse_duration


def text(fields: Mapping[str, str], name: str) -> str | None:
    """Return a field without the blanks around it, ``None`` where it is empty."""
    return fields.get(name, "").strip() or None


def flag(fields: Mapping[str, str], name: str) -> bool:
    """Return whether a box is ticked."""
    return fields.get(name, "").strip() not in ("", "0")


def number(fields: Mapping[str, str], name: str) -> int | None:
    """Return a number that the database can hold."""
    given = fields.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None


def length_ms(fields: Mapping[str, str], name: str) -> int | None:
    """Return a length of time; raises ``ValueError`` for what is none."""
    given = text(fields, name)
    if given is None:
        return None
    return int(parse_duration(given).total_seconds() * 1000)
