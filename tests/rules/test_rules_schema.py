import json
from io import StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from rules_examples import FULL, SECRET
from rules_trees import KEYS, TREES

from notifier.configuration.destinations import kinds
from notifier.errors import ConfigError
from notifier.rulesfile.load import load_rules
from notifier.rulesfile.schema import rules_schema

SCHEMA = rules_schema(kinds())
VALIDATOR = Draft202012Validator(SCHEMA)


def problems(text: str) -> list[str]:
    tree = YAML(typ="safe", pure=True).load(StringIO(text))
    return [error.message for error in VALIDATOR.iter_errors(json.loads(json.dumps(tree)))]


def accepts(text: str) -> bool:
    try:
        load_rules([("r.yaml", text)], lookup={"S": SECRET}.get, kinds=kinds())
    except ConfigError:
        return False
    return True


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_it_accepts_a_whole_file() -> None:
    assert problems(FULL) == []


@pytest.mark.parametrize(
    "rule",
    [
        "{name: 7, when: lead.*, send: x, if: {country: NO, visits: 3, city: null}}",
        "{name: R, when: '${S}', send: '${S}', enabled: '${S}', outside: '${S}', for: '${S}'}",
        "{name: R, for: 1h30m, send: [x], if: {any: [{tags: [a, {not: b}]}, {id: {gt: '3'}}]}}",
    ],
)
def test_it_lets_scalars_be_written_as_the_loader_does(rule: str) -> None:
    assert problems(f"rules: [{rule}]") == []


@pytest.mark.parametrize(
    "text",
    [
        "rulse: []",
        "rules: [{name: R, when: lead.craeted, send: x}]",
        "rules: [{name: R, when: lead.created}]",
        "rules: [{name: R, when: lead.created, send: x, if: {sttus: OPEN}}]",
        "rules: [{name: R, when: lead.created, send: x, if: {visits: {get: 3}}}]",
        "rules: [{name: R, when: lead.created, send: x, outside: hald}]",
        "rules: [{name: R, when: lead.created, send: x, settle: 5 minutes}]",
        "destinations: {x: {type: slak}}",
        "destinations: {x: {type: console, burst: {limt: 3}}}",
        "agents: {x: {slak: U1}}",
    ],
)
def test_it_refuses_what_the_loader_refuses_by_name(text: str) -> None:
    assert problems(text)
    assert not accepts(text)


def descriptions(schema: Any) -> list[str]:
    properties = [*schema.get("properties", {}).items()]
    return [name for name, one in properties if "description" not in one]


def test_every_key_is_described() -> None:
    assert descriptions(SCHEMA) == []
    for name, schema in SCHEMA["$defs"].items():
        if name not in ("condition", "operators", "value"):
            assert (name, descriptions(schema)) == (name, [])


CONDITIONS = st.recursive(
    st.sampled_from(
        [
            {"country": "India", "visits": 3, "online": True},
            {"tags": {"none_of": ["a", 3]}, "assignee": None},
            {"attributes.Budget": {"gte": "5000", "lt": 1e6}},
            {"name": {"matches": "^a", "not": ["b", {"contains": 7}]}},
            {"to": {"exists": True}},
            {},
        ]
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=2).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=3,
)
OPTIONAL: dict[str, list[object]] = {
    "when": ["lead.*", ["lead.created", "chat.created"], "lead.created", None],
    "for": ["15m", "1h30m", None],
    "repeat": ["1h", None],
    "clock": ["w", None],
    "only": ["w", None],
    "outside": ["hold", "drop"],
    "settle": ["90s", None],
    "digest": ["1h", "0 18 * * mon-fri", None],
    "mention": ["here", "U024BE7LH", None],
    "broadcast": [True, "false", None],
    "enabled": [True, False, "true"],
    "message": [None, {"title": "x", "body": None}, {"body": 7}],
}
RULES = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["R", 7, True, "${S}"]),
        "send": st.sampled_from(["x", ["x", "x"]]),
    },
    optional={
        "if": st.none() | CONDITIONS,
        **{key: st.sampled_from(values) for key, values in OPTIONAL.items()},
    },
)
PLACES = {
    "windows": {"w": {"days": ["mon", "wed"], "hours": "09:00-18:00"}},
    "destinations": {
        "x": {"type": "console", "burst": None, "retry": {"attempts": 3, "max_age": "1h"}}
    },
}


@settings(max_examples=150, deadline=None)
@given(RULES)
def test_what_the_loader_accepts_the_schema_accepts(rule: dict[str, object]) -> None:
    text = json.dumps({**PLACES, "rules": [rule]})
    if accepts(text):
        assert problems(text) == []


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(KEYS, TREES, max_size=3))
def test_it_accepts_any_other_file_that_the_loader_accepts(tree: dict[str, object]) -> None:
    text = json.dumps(tree)
    if accepts(text):
        assert problems(text) == []
