"""Checks one mapping against its model; pydantic's findings become faults with places."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from notifier.rules.unfit import UnfitError
from notifier.rulesfile.nodes import (
    Faults,
    Mark,
    Node,
    Scalar,
    Series,
    Table,
    is_expanded,
    is_unresolved,
    may_be_meant,
    plain,
    written,
)
from notifier.rulesfile.pairs import key_meant

M = TypeVar("M", bound=BaseModel)

WANTS = {
    "bool": "true or false",
    "string": "one text",
    "model": "a mapping",
    "dict": "a mapping",
    "list": "a list",
    "tuple": "a text or a list of texts",
    "int": "a whole number",
}


AS_IN = {"agent": "as in {name: Asha Rao}", "window": "as in {days: mon-fri}"}


def validated(model: type[M], node: Node, *, at: Mark, what: str, faults: Faults) -> M | None:
    """Return the checked mapping, or ``None`` after reporting what is wrong with it.

    ``at`` is where faults of the whole mapping stand, ``what`` names it
    (``rule``). A value with a missing ``${…}`` is not held against anybody: the
    mapping is then checked without its key, and ``None`` needs no further fault.
    """
    if not isinstance(node, Table):
        article = "an" if what.startswith("a") else "a"
        problem = f"{article} {what} is a mapping of keys and values"
        faults.add(at, problem, key_meant(node) or AS_IN.get(what, ""))
        return None
    values = {key.text: plain(value) for key, value in node.entries}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        for found in _without_echoes(error.errors(include_url=False, include_input=False)):
            _report(found, model, node, at=at, what=what, faults=faults)
    resolved = tuple(pair for pair in node.entries if not is_unresolved(pair[1]))
    try:
        return model.model_validate({key.text: plain(value) for key, value in resolved})
    except ValidationError:
        return None


def _without_echoes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out what is said once more of a value, by another branch or of its list."""
    refused = {found["loc"][0] for found in errors if found["loc"] and "ctx" in found}
    return [
        found
        for found in errors
        if not (found["type"] == "too_short" and _is_told_of_an_entry(found, errors))
        if "ctx" in found
        or not found["loc"]
        or found["loc"][0] not in refused
        or found["type"] in ("missing", "extra_forbidden")
    ]


def _is_told_of_an_entry(found: ErrorDetails, errors: list[ErrorDetails]) -> bool:
    depth = len(found["loc"])
    return any(other["loc"][:depth] == found["loc"] for other in errors if other != found)


def _report(
    found: ErrorDetails,
    model: type[BaseModel],
    table: Table,
    *,
    at: Mark,
    what: str,
    faults: Faults,
) -> None:
    key, place, value = _located(found["loc"], table, at)
    if found["type"] != "missing" and is_unresolved(value):
        return
    if found["type"] == "extra_forbidden" and key is not None:
        *_, nested = None, *found["loc"][:-1]
        faults.unknown(
            key, f"key of `{nested}`" if nested else f"{what} key", _known(model, found["loc"])
        )
    elif found["type"] == "missing":
        name, known = str(found["loc"][-1]), _known(model, found["loc"])
        if isinstance(value, Table) and not may_be_meant(value, name, known):
            faults.add(place, f"`{name}` is missing")
    else:
        named = f"`{key.written}`: " if key else ""
        faults.add(place, f"{named}{_problem(found, value)}")


def _located(
    loc: tuple[int | str, ...], table: Table, at: Mark
) -> tuple[Scalar | None, Mark, Node | None]:
    """Return the last key on a path, its place or its value's, and the value.

    Parts of the path that name a branch of a union lead nowhere and are passed over.
    """
    key: Scalar | None = None
    place = at
    value: Node | None = table
    for part in loc:
        if isinstance(value, Table) and (name := value.key(str(part))):
            key, place, value = name, name.at, value.get(str(part))
        elif isinstance(value, Series) and isinstance(part, int):
            value = value.entries[part]
            place = value.at
    return key, place, value


def _known(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    for part in loc[:-1]:
        field = model.model_fields.get(str(part))
        options: tuple[Any, ...] = get_args(field.annotation) if field else ()
        for option in (*options, field.annotation if field else None):
            if isinstance(option, type) and issubclass(option, BaseModel):
                model = option
    return [field.alias or name for name, field in model.model_fields.items()]


def _problem(found: ErrorDetails, value: Node | None) -> str:
    """Return what is wrong; a looked-up value, or part of it, is quoted by its source."""
    context: Mapping[str, Any] = found.get("ctx", {})
    if isinstance(error := context.get("error"), UnfitError) and value and is_expanded(value):
        return error.said_of(value.written if isinstance(value, Scalar) else written(value))
    if error is not None:
        return str(error)
    if found["type"] in ("literal_error", "enum"):
        return f"it is one of {re.sub(chr(39), '', str(context['expected']))}"
    if found["type"] in ("too_short", "string_too_short"):
        return "it is empty"
    kind, _, fault = found["type"].partition("_")
    if fault in ("type", "parsing") and kind in WANTS:
        return f"it wants {WANTS[kind]}"
    return found["msg"][:1].lower() + found["msg"][1:]
