"""The JSON Schema of a rules file, so that editors complete and explain its keys.

It accepts whatever the loader accepts; names, cron lines, patterns and
templates are the loader's alone to judge.
"""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from notifier.core.event_types import RULE_TYPES
from notifier.rules.comparisons import ORDERS
from notifier.rules.destinations import Options
from notifier.rules.views import ATTRIBUTES, field_getters
from notifier.rulesfile.options import (
    AgentOptions,
    ReportOptions,
    RuleOptions,
    SourceOptions,
    StepOptions,
    WindowOptions,
)
from notifier.rulesfile.places import Kinds
from notifier.rulesfile.read_condition import TEXT_TESTS
from notifier.rulesfile.read_rule import WILDCARDS

Schema = dict[str, Any]

REFERENCE = r"\$\{"
TEXT = ["string", "number", "boolean"]
NUMERIC = r"^\s*[+-]?[0-9.]+([eE][+-]?[0-9]+)?\s*$|\$\{"
NOISE = ("title", "default", "format", "writeOnly", "discriminator")
SOURCES = "Bots to poll, by name; without them one named default, from the environment."
SECTIONS: dict[str, tuple[type[Options], str]] = {
    "sources": (SourceOptions, SOURCES),
    "agents": (AgentOptions, "Who stands behind an agent id."),
    "windows": (WindowOptions, "Named times of the week, for only and clock."),
}


def rules_schema(kinds: Kinds) -> Schema:
    """Return the schema (draft 2020-12), with the destination types of ``kinds``."""
    models: list[type[Options]] = [model for model, _ in SECTIONS.values()]
    models += [RuleOptions, StepOptions, ReportOptions, *kinds.values()]
    references, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/$defs/{model}"
    )
    refs = {model: references[(model, "validation")] for model in models}
    defs = {name: _loosened(schema) for name, schema in definitions["$defs"].items()}
    defs |= {"condition": _condition(), "value": _value(), "operators": _operators()}
    rule = defs[RuleOptions.__name__]["properties"]
    rule["if"] = {"$ref": "#/$defs/condition", "description": rule["if"]["description"]}
    rule["when"] |= _when()
    rule["escalate"] |= _steps(refs[StepOptions])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rules of notifier",
        "type": "object",
        "additionalProperties": False,
        "properties": _properties(refs, kinds),
        "$defs": defs,
    }


def _properties(refs: Mapping[type[Options], Schema], kinds: Kinds) -> Schema:
    named = {section: _named(refs[model], text) for section, (model, text) in SECTIONS.items()}
    any_kind = {"anyOf": [refs[kind] for kind in kinds.values()]}
    return {
        **named,
        "destinations": _named(any_kind, "Where messages go, by name."),
        "rules": _list_of(
            refs[RuleOptions], "In order: the first that matches claims a destination."
        ),
        "reports": _list_of(
            refs[ReportOptions], "How fast leads were answered, told at these times."
        ),
    }


def _list_of(entry: Schema, description: str) -> Schema:
    return {"type": ["array", "null"], "items": entry, "description": description}


def _named(entry: Schema, description: str) -> Schema:
    return {
        "type": ["object", "null"],
        "additionalProperties": entry,
        "description": description,
    }


def _steps(step: Schema) -> Schema:
    return {"type": ["array", "null"], "items": step, "minItems": 1}


def _when() -> Schema:
    one = {
        "anyOf": [{"enum": [*RULE_TYPES, *WILDCARDS]}, {"type": "string", "pattern": REFERENCE}]
    }
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}, {"type": "null"}]}


def _condition() -> Schema:
    fields = {name: {"$ref": "#/$defs/value"} for name in field_getters()}
    condition = {"$ref": "#/$defs/condition"}
    several = {"type": "array", "items": condition, "minItems": 1}
    return {
        "type": ["object", "null"],
        "description": "Lead fields and what they must be; every key must hold.",
        "properties": {**fields, "any": several, "all": several, "not": condition},
        "patternProperties": {
            f"^{ATTRIBUTES[:-1]}\\.": {"$ref": "#/$defs/value"},
            REFERENCE: {},
        },
        "additionalProperties": False,
    }


def _value() -> Schema:
    return {
        "anyOf": [
            {"type": [*TEXT, "null"]},
            {"type": "array", "items": {"$ref": "#/$defs/value"}, "minItems": 1},
            {"$ref": "#/$defs/operators"},
        ]
    }


def _operators() -> Schema:
    text = {"type": TEXT, "minLength": 1}
    number = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": NUMERIC}]}
    texts = {"type": "array", "items": {"type": TEXT}, "minItems": 1}
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            "not": {"$ref": "#/$defs/value"},
            "exists": {"type": "boolean"},
            **dict.fromkeys(TEXT_TESTS, text),
            **dict.fromkeys(ORDERS, number),
            **dict.fromkeys(("any_of", "all_of", "none_of"), texts),
        },
    }


def _loosened(schema: Any) -> Any:
    """Let texts be written without quotes, and every scalar as ``${NAME}``."""
    if isinstance(schema, list):
        return [_loosened(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _loosened(value) for key, value in schema.items() if not _is_noise(key, value)}
    if "enum" in kept or "const" in kept:
        return _or_text(kept, REFERENCE)
    if kept.get("type") == "string" and "pattern" in kept:
        kept["pattern"] = f"({kept['pattern']})|{REFERENCE}"
    if kept.get("type") == "string":
        kept["type"] = TEXT
    patterns = {"integer": NUMERIC, "number": NUMERIC, "boolean": f"^(true|false)$|{REFERENCE}"}
    kind = kept.get("type")
    return _or_text(kept, patterns[kind]) if kind in list(patterns) else kept


def _or_text(schema: Schema, pattern: str) -> Schema:
    text = {"type": "string", "pattern": pattern}
    described = {"description": schema.pop("description")} if "description" in schema else {}
    return {**described, "anyOf": [schema, text]}


def _is_noise(key: str, value: object) -> bool:
    """A property may have the name of a keyword; only keywords hold something plain."""
    return key in NOISE and not isinstance(value, dict)
