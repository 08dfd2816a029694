"""A rule's ``message`` → compiled templates; faults are placed by line in the rules file."""

import re
from collections.abc import Iterable

from notifier.core.event_types import EventType
from notifier.messages.faults import TemplateFault
from notifier.messages.templates import (
    MessageTemplate,
    check,
    compile_message,
    places_missed,
)
from notifier.rulesfile.nodes import Faults, Mark, Scalar, Table

QUOTED = re.compile(r"([`'])(.*?)\1")


def read_message(
    node: Table, *, types: Iterable[EventType], faults: Faults
) -> MessageTemplate | None:
    """Return the compiled message, tried on samples of every event type it may be sent for."""
    parts = {
        key.text: value
        for key, value in node.entries
        if isinstance(value, Scalar) and not value.null
    }
    title = parts["title"].text if "title" in parts else None
    body = parts["body"].text if "body" in parts else None
    compiled = [_compiled(title, None, parts, faults), _compiled(None, body, parts, faults)]
    if None in compiled:
        return None
    message = compile_message(title, body)
    for part in parts.values():
        _tell_places(part, faults)
    for fault in check(message, types):
        _report(fault, parts, faults)
    return message


def _compiled(
    title: str | None, body: str | None, parts: dict[str, Scalar], faults: Faults
) -> MessageTemplate | None:
    try:
        return compile_message(title, body)
    except TemplateFault as fault:
        _report(fault, parts, faults)
        return None


def _tell_places(part: Scalar, faults: Faults) -> None:
    """Warn of what was meant to be replaced by a value, and will not be."""
    for place in places_missed(part.text):
        if place.written not in part.written:
            continue  # put in for a `${NAME}`
        at = Mark(part.at.file, part.text_line + place.line - 1, part.at.column)
        remedy = "a value stands in two braces, as in {{ lead.name }}"
        if place.meant:
            remedy = f"write {{{{ {place.meant} }}}}"
        faults.warn(at, f"`{place.written}` is printed as it stands", remedy)


def _report(fault: TemplateFault, parts: dict[str, Scalar], faults: Faults) -> None:
    part = parts[fault.part]
    at = Mark(part.at.file, part.text_line + fault.line - 1, part.at.column)
    faults.add(at, f"`{fault.part}`: {_by_source(fault.problem, part)}")


def _by_source(problem: str, part: Scalar) -> str:
    """Return the problem; what it quotes of a looked-up value is told by the source text."""

    def quoted(found: re.Match[str]) -> str:
        if found[2] in part.written or found[2] not in part.text:
            return found[0]
        return f"{found[1]}${{…}}{found[1]}"

    return QUOTED.sub(quoted, problem)
