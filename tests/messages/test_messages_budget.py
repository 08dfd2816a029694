"""What templates cannot do: run for long, hold much, or repeat a visitor's words in a fault."""

import tracemalloc
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.core.event_types import RULE_TYPES
from notifier.core.events import Event, created
from notifier.messages.budget import MAX_OUTPUT_CHARS, Budget, TooMuchError
from notifier.messages.faults import TemplateFault
from notifier.messages.samples import AT, FULL
from notifier.messages.templates import check, compile_message
from notifier.messages.text import Medium

CREATED = created(FULL, at=AT)
FOUR_TAGS = created(msgspec.structs.replace(FULL, tags=("a", "b", "c", "d")), at=AT)
CROWDED = created(
    msgspec.structs.replace(
        FULL,
        name="<a" * 9_000,
        tags=tuple(f"t{number}" for number in range(2_000)),
        attributes={f"k{number}": "v" * 50 for number in range(1_000)},
    ),
    at=AT,
)


def says(body: str, event: Event = CREATED, medium: Medium = Medium.SLACK) -> str:
    template = compile_message(None, body)
    return template.render(event, rule="R", source="s", agents={}, medium=medium).body


def fault(body: str, event: Event = CREATED) -> TemplateFault:
    with pytest.raises(TemplateFault) as caught:
        says(body, event)
    return caught.value


DOUBLED = "{% set x = 'aaaaaaaaaa' %}" + "{% set x = x ~ x %}" * 40
NESTED = "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}"
FAN = "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}"
DEEP_LOOPS = "{% for i in [1] %}" * 30 + "{% endfor %}" * 30


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'x' * 999999999 }}",
        "{{ [1] * 999999999 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ (9 ** 9) ** 9 }}",
        "{% for i in range(10 ** 9) %}x{% endfor %}",
        "{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}",
        "{% for a in range(999) %}{{ 'x' * 999 }}{% endfor %}",
        "{% for a in range(9999) %}text{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        FAN + "{{ f(60) }}",
        "{% for i in range(20) recursive %}{{ loop(range(20)) }}{% endfor %}",
        DOUBLED + "{{ x }}",
        DOUBLED.replace("~", "+") + "{{ x }}",
        "{% set x = 'aaaaaaaaaa' %}" + "{% set x %}{{ x }}{{ x }}{% endset %}" * 40,
        NESTED,
        DEEP_LOOPS,
        "{{ '%999999999d' % 3 }}",
        "{{ '{:999999999}'.format(3) }}",
        "{{ 'a'.center(999999999) }}",
        "{{ 'a'.zfill(999999999) }}",
        "{{ (5).to_bytes(999999999, 'big') }}",
        "{{ ('a' * 9999).replace('a', 'b' * 9999) }}",
        "{{ ('a' * 9999) | replace('a', 'b' * 9999) }}",
        "{{ range(999) | list | join('x' * 9999) }}",
        "{{ 'x' * 20001 }}",
        "x" * 20_001,
        "{{ lead.name.__class__.__mro__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ lead.struct }}",
        "{% include 'x' %}",
        "{% import 'x' as x %}",
        "{% extends 'x' %}",
        "{{ 1 / 0 }}",
        "{{ lead.tags + 1 }}",
        "{{ lead.attributes.items }}",
        "{{ lead.tags.append('x') }}",
        "{{ namespace(a=1) }}",
        "{{ lead.tags | tojson }}",
    ],
)
def test_a_hostile_or_endless_template_fails_at_once(template: str) -> None:
    assert fault(template).problem


WIDE = "([[[['x' * 1000] * 100] * 100] * 100] * 100)"


@pytest.mark.parametrize(
    "template",
    [
        f"{{{{ {WIDE} }}}}",
        f"{{{{ {WIDE} | string | length }}}}",
        f"{{% set x = {WIDE} %}}",
        f"{{{{ {WIDE} == {WIDE} }}}}",
        "{% set x = [1] %}" + "{% set x = [x, x] %}" * 40,
        "{% set x = [1] %}" + "{% set x = x + x %}" * 40,
        "{% set x = {'a': 1} %}" + "{% set x = {'a': x, 'b': x} %}" * 40,
        "{% set x = 1 %}" + "{% set x = x - (0 - x) %}" * 99,
        *(
            "{% set x = ('ab ' * 9000).split() %}{% for i in range(999) %}"
            "{% for j in range(9) %}"
            "{{ (x | " + word + ") is none }}{% endfor %}{% endfor %}"
            for word in ("sort", "unique", "list", "map('upper')", "groupby(0)", "join('-')")
        ),
        *(
            "{% set x = 'ab<' * 9000 %}{% for i in range(999) %}{% for j in range(9) %}"
            "{{ (x" + word + ") is none }}{% endfor %}{% endfor %}"
            for word in ("|upper", "|title", "|urlencode", "|striptags", "[1:]", ".split('a')")
        ),
        "{{ ('a' * 99999).rfind('b' + 'a' * 50000) }}",
        "{% for i in range(9) recursive %}{{ loop(range(9)) }}{% endfor %}",
        "{% set x = range(999) | list %}{{ (x | map('list') | list) }}",
        "{{ ([[1]] * 9999) | sum(start=[]) }}{{ ([[1]] * 9999) | sum(start=[]) }}",
        "{% macro m() %}{% for i in range(999) %}"
        + "text " * 999
        + "{% endfor %}{% endmacro %}"
        "{{ m() | length }}",
        "{{ {}.fromkeys(range(999), range(999)) }}",
    ],
)
def test_lists_and_filters_are_measured_by_what_they_hold(template: str) -> None:
    assert fault(template).problem


def test_what_only_some_leads_bring_out_is_bounded_too() -> None:
    template = f"{{{{ {WIDE} | string | length if lead.tags | length > 3 else '' }}}}"
    assert says(template) == ""
    assert "does too much" in fault(template, FOUR_TAGS).problem


def test_check_stops_at_the_first_event_that_takes_too_much() -> None:
    loops = "{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}"
    (found,) = check(compile_message(None, loops), list(RULE_TYPES))
    assert "does too much" in found.problem


def test_each_rendering_has_a_budget_of_its_own() -> None:
    body = "{% for i in range(900) %}{{ 'x' * 10 }}{% endfor %}"
    for _ in range(20):
        assert len(says(body, medium=Medium.PLAIN)) == 9_000


def test_a_long_text_of_a_visitor_can_still_be_shortened() -> None:
    event = created(msgspec.structs.replace(FULL, name="x" * 500_000), at=AT)
    assert says("{{ lead.name | truncate(10) }}", event) == "xxxxxxx..."


def test_many_tags_are_gone_through() -> None:
    body = "{% for tag in lead.tags if tag in lead.tags[:9] %}{{ tag | upper }} {% endfor %}"
    assert says(body, CROWDED) == "T0 T1 T2 T3 T4 T5 T6 T7 T8"


@pytest.mark.parametrize("value", [["x" * 160] * 10, {"x" * 80: "x" * 80}, range(99), 9**999])
def test_a_value_weighs_what_it_holds(value: object) -> None:
    assert Budget().weigh(value) > 10
    with pytest.raises(TooMuchError):
        Budget(work=10).weigh(value)


PIECES = st.sampled_from(
    [
        *(
            "'x' * 9999",
            "[[['x' * 1000] * 100] * 100] * 100",
            "range(999)",
            "[range(999)] * 50",
        ),
        *("lead.tags", "lead.attributes", "lead.name", "x", "[x] * 30", "[x, x, x]", "(x, x)"),
        *("x + x", "x ~ x", "{'a': x}", "x[1:]", "x[::-1]", "event.data", "'9' * 4000 | int"),
        *("x.split()", "x.rfind('y' + 'x' * 5000)", "{}.fromkeys(range(999), x)", "9 ** 9"),
    ]
)
FILTERS = st.sampled_from(
    [
        *("sort", "unique", "join('xx')", "list", "map('upper')", "map('list')", "groupby(0)"),
        *("sum(start=[])", "sum(start='')", "replace('x', 'xxxx')", "title", "striptags"),
        *("wordcount", "urlencode", "reverse", "string", "length", "dictsort", "int(base=16)"),
        *("select('in', x)", "map('replace', 'x', 'yy')", "truncate(9)", "items", "float"),
    ]
)
VALUES = st.builds(
    lambda piece, names: "".join(["(" * len(names), piece, *(f") | {one}" for one in names)]),
    PIECES,
    st.lists(FILTERS, max_size=3),
)
PAIRS = st.builds(
    "({}) {} ({})".format, VALUES, st.sampled_from(["+", "*", "~", "==", "<", "in"]), VALUES
)
LEAVES = st.one_of(
    st.builds("{{% set x = {} %}}".format, VALUES | PAIRS),
    st.builds("{{{{ ({}) | string | length }}}}".format, VALUES | PAIRS),
)
BLOCKS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("{{% for i in range(999) %}}{}{{% endfor %}}".format, inner),
        st.builds("{{% for x in {} %}}{}{{% endfor %}}".format, VALUES, inner),
        st.builds(
            "{{% for x in {} recursive %}}{}{{{{ loop(x) }}}}{{% endfor %}}".format,
            VALUES,
            inner,
        ),
        st.builds(
            "{{% macro m(x) %}}{}{{{{ m(x) }}}}{{% endmacro %}}{{{{ m({}) }}}}".format,
            inner,
            VALUES,
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=15, deadline=None)
@given(BLOCKS)
def test_no_template_holds_much_or_fails_otherwise_than_as_a_template(body: str) -> None:
    tracemalloc.start()
    with suppress(TemplateFault):
        assert len(says("{% set x = 'a b ' * 99 %}" + body, CROWDED)) <= 6 * MAX_OUTPUT_CHARS
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 48_000_000


WORD = "zebraword"
NAMED = created(
    msgspec.structs.replace(
        FULL, name=WORD, tags=(WORD,), attributes={"Budget": WORD, WORD: WORD}
    ),
    at=AT,
)


@pytest.mark.parametrize(
    "template",
    [
        "{{ lead.name + 1 }}",
        "{{ lead[lead.name] }}",
        "{{ agent(1)[lead.name] }}",
        "{{ lead.tags | map(lead.name) }}",
        "{{ lead.tags | map(lead.name) | list }}",
        "{{ lead.tags | select(lead.name) | list }}",
        "{{ lead.notes | selectattr('title', lead.name) | list }}",
        "{{ lead.notes | map(attribute=lead.name) | list }}",
        "{{ lead.notes | join(', ', lead.name) }}",
        "{{ lead.notes | sum(lead.name) }}",
        "{{ lead.notes | sort(attribute=lead.name) }}",
        "{{ lead.notes | groupby(lead.name) }}",
        "{{ lead.notes | map(**{lead.name: 1}) | list }}",
        "{{ lead.name | upper(**{lead.name: 1}) }}",
        "{{ lead.attributes | dictsort(by=lead.name) }}",
        "{{ {lead.name: 1}[lead.name].x }}",
        "{{ lead.name | round }}",
        "{{ lead.name < 1 }}",
        "{{ 1 in lead.name }}",
        "{{ lead.name.index('q' ~ lead.name) }}",
        "{{ lead.tags.index(lead.city) }}",
        "{{ range(lead.name) }}",
        "{{ lead.name() }}",
        "{{ lead.name[lead.name:] }}",
        "{% include lead.name %}",
        "{% import lead.name as x %}",
        "{% from lead.name import x %}",
        "{% extends lead.name %}",
        "{% for a, b in lead.tags %}{% endfor %}",
        "{% macro m() %}{% endmacro %}{{ m(lead.name) }}",
        "{% macro m() %}{% endmacro %}{{ m(**{lead.name: 1}) }}",
    ],
)
def test_a_fault_quotes_no_visitor(template: str) -> None:
    assert WORD not in str(fault(template, NAMED))
