"""Rules' own words: what templates may say, and what they cannot do."""

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.core.event_types import RULE_TYPES, EventType
from notifier.core.events import Event, created
from notifier.core.records import Agent
from notifier.messages.builtin import builtin_text
from notifier.messages.faults import TemplateFault
from notifier.messages.samples import AT, BARE, FULL, RAVI, sample_event
from notifier.messages.templates import check, compile_message, places_missed
from notifier.messages.text import Medium, Text

CREATED = created(FULL, at=AT)
HOSTILE = created(
    msgspec.structs.replace(
        FULL,
        name="<!channel> {{7*7}} & O'Brien\r\nx",
        tags=("<@U1>", "b"),
        attributes={"items": "<x>", "Budget range": "5<7"},
    ),
    at=AT,
)


CALLED = "{% macro m() %}*{{ caller() }}{% endmacro %}"


def rendered(
    *,
    title: str | None = None,
    body: str | None = None,
    event: Event = CREATED,
    medium: Medium = Medium.SLACK,
    agents: Mapping[str, Agent] | None = None,
) -> Text:
    return compile_message(title, body).render(
        event, rule="R & D", source="website", agents=agents or {}, medium=medium
    )


def says(body: str, event: Event = CREATED) -> str:
    return rendered(body=body, event=event).body


def fault(body: str, event: Event = CREATED) -> TemplateFault:
    with pytest.raises(TemplateFault) as caught:
        rendered(body=body, event=event)
    return caught.value


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ lead.name }} ({{ lead.assignee.name }})", "Meera Nair (Asha Rao)"),
        ("{{ lead }} has {{ lead.assignee }}", "Meera Nair has Asha Rao"),
        ("{{ lead.tags }}/{{ lead.tags | join('+') }}", "demo/demo"),
        ("{{ lead.attributes.Budget }}", "5000"),
        ("{{ lead.attributes['Budget'] | int + 1 }}", "5001"),
        (
            "{% for k, v in lead.attributes.items() %}{{ k }}={{ v }};{% endfor %}",
            "Budget=5000;",
        ),
        (
            "{% for k, v in lead.attributes | dictsort %}{{ k }}={{ v }}{% endfor %}",
            "Budget=5000",
        ),
        ("{% for k, v in lead.attributes | items %}{{ k }}={{ v }}{% endfor %}", "Budget=5000"),
        ("{{ 'Budget' in lead.attributes }} {{ lead.attributes | length }}", "yes 1"),
        ("{{ lead.attributes.get('Size', '?') }}", "?"),
        ("{{ lead.notes[0].title }}", "Call"),
        ("{{ lead.notes | map(attribute='title') | join }}", "Call"),
        ("{{ lead.last_message.text | truncate(10) }}", "What..."),
        ("{{ lead.created_at[:10] }}", "2026-03-02"),
        ("{{ lead.online }}", "yes"),
        ("{% if lead.visits > 2 %}often{% endif %}", "often"),
        ("{{ source }}, {{ rule }}, {{ event.type }}", "website, R &amp; D, lead.created"),
        ("{{ event.data.lead.city | upper }}", "PUNE"),
        ("{{ lead.name.split(' ')[0] }}", "Meera"),
        ("{{ lead.phone.replace('+', '00') }}", "00919876543210"),
        ("{{ lead.tags | map('upper') }}", "DEMO"),
        (
            "{{ {'a': 1}.a }} {{ {'items': 1}.items() }} {{ {'a': 1}.get('b', 3) }}",
            "1 items, 1 3",
        ),
        (
            "{% for t in [1, 2] %}{{ loop.previtem }}{{ loop.cycle('x', 'y') }};{% endfor %}",
            "x;1y;",
        ),
        ("{% block a %}{{ lead.city }}{% endblock %}{{ self.a() }}", "PunePune"),
        ("{% set x | upper %}<b>{{ lead.city }}{% endset %}{{ x }}", "<B>PUNE"),
        ("{% for g in lead.notes | groupby('title') %}{{ g.grouper }}{% endfor %}", "Call"),
        ("{{ [1, none, 2] | sum }} {{ -5 | abs }} {{ -(5) }} {{ 2 - -1 }}", "3 5 -5 3"),
        ("{{ 10 / 4 }} {{ 2 ** 3 }} {{ 7 % 4 }} {{ (1 / 3) | round(2) }}", "2.5 8 3 0.33"),
        ("{# a comment #}a\n{% if true %}\nb\n{% endif %}\nc", "a\nb\nc"),
    ],
)
def test_templates_say_what_they_say(template: str, words: str) -> None:
    assert says(template) == words


def test_changes_have_a_from_and_a_to() -> None:
    event = sample_event(EventType.LEAD_STATUS_CHANGED)
    template = "{{ change.from }} → {{ change.to }}; {{ event.data.changes.status.from }}"
    assert says(template, event) == "OPEN → INPROGRESS; OPEN"


def test_an_agent_is_looked_up_by_id() -> None:
    event = sample_event(EventType.LEAD_REASSIGNED)
    template = "{{ agent(change.from).name }} {{ agent('unknown') }} {{ agent(none).name }}"
    words = rendered(body=template, event=event, agents={RAVI.id: RAVI}).body
    assert words == "Ravi Iyer unknown"


@pytest.mark.parametrize(
    "template",
    [
        "{{ lead.name }}",
        "{{ lead.assignee.name }}",
        "{{ lead.attributes.Anything.at.any.depth }}",
        "{{ lead.notes[3].title | upper }}",
        "{{ lead.last_message.text[:20].strip() }}",
        "{{ lead.tags | first }}{{ lead.tags | join(', ') }}",
        "{{ lead.visits + 1 }}{{ lead.visits | round }}",
        "{% if lead.visits > 3 %}x{% endif %}{% if lead.assignee %}x{% endif %}",
        "{% for note in lead.notes %}{{ note.title }}{% endfor %}",
        "{% if lead.assignee is not none or lead.city != none %}x{% endif %}",
        "{{ change.from }}{{ event.data.overdue.for_s }}{{ event.data.reason }}",
        "{{ change }}{{ lead.assignee }}{{ lead.last_message }}{{ agent(lead.assignee.id) }}",
        *(
            f"{{{{ lead.{field} | {name} }}}}"
            for field in ("name", "visits", "attributes.Budget", "last_message.text")
            for name in (
                *(
                    "int",
                    "float",
                    "round",
                    "round(2) | int",
                    "abs",
                    "sum",
                    "sort",
                    "join(', ')",
                ),
                *("length", "count", "wordcount", "upper", "lower", "title", "capitalize"),
                *("replace('a', 'b')", "trim", "truncate(9)", "default('')", "string", "list"),
                *("urlencode", "striptags", "first", "last", "min", "max", "unique", "items"),
                *("dictsort", "groupby('x')", "map('upper')", "select", "reverse", "e"),
            )
        ),
        *(
            f"{{{{ {calculation} }}}}"
            for calculation in (
                *("lead.visits + 1", "1 + lead.visits", "lead.visits - 1", "1 - lead.visits"),
                *("lead.visits * 2", "2 * lead.visits", "lead.visits / 2", "2 / lead.visits"),
                *(
                    "lead.visits // 2",
                    "lead.visits % 2",
                    "lead.visits ** 2",
                    "2 ** lead.visits",
                ),
                *(
                    "-lead.visits",
                    "+lead.visits",
                    "lead.visits | int + 1",
                    "none + 1",
                    "none.x",
                ),
                *("'a' + lead.name", "lead.name + 'a'", "lead.name * 3", "'' ~ lead.name"),
                *(
                    "lead.name[:3]",
                    "lead.name[0]",
                    "''[:lead.visits]",
                    "lead.name.split(' ')[0]",
                ),
                *("'a'.split(lead.name)", "lead.attributes.get('X')", "[lead.visits] | sum"),
                *("lead.attributes.get('X').upper()", "{'a': lead.name}.a", "'x' if lead.name"),
                *("[lead.name, lead.city] | join(', ')", "range(lead.visits)", "none | int"),
                *("lead.notes | map(attribute='title') | first", "lead.attributes.items()"),
            )
        ),
        *(
            f"{{% if {comparison} %}}x{{% endif %}}"
            for comparison in (
                *("lead.visits > 3", "lead.visits <= 3", "3 < lead.visits", "none < 3"),
                *("lead.name in 'abc'", "'a' in lead.name", "lead.name in ['a']", "lead.city"),
                *("lead.name is in 'abc'", "lead.visits is even", "lead.visits is gt 3"),
                *("lead.visits is divisibleby 3", "lead.name != ''", "lead.visits == 3"),
                *("lead.name | length > 0", "lead.visits | abs > 1", "1 < lead.visits < 9"),
            )
        ),
        "{% for letter in lead.name %}x{% endfor %}{% for one in none %}x{% endfor %}",
    ],
)
def test_what_is_empty_prints_as_nothing(template: str) -> None:
    assert says(template, created(BARE, at=AT)) == ""


def test_the_length_of_nothing_is_compared_as_nought() -> None:
    nobody = created(BARE, at=AT)
    assert says("{% if lead.city | length < 3 %}short{% endif %}", nobody) == "short"
    assert says("{{ lead.tags | length }} tags", nobody) == "0 tags"


def test_what_only_one_branch_sets_is_nothing_in_the_other() -> None:
    template = (
        "{% if lead.city %}{% set a = 1 %}{% set b %}2{% endset %}{{ a }}{% endif %}{{ b }}"
    )
    assert says(template) == "12"
    assert says(template, created(BARE, at=AT)) == ""
    assert check(compile_message(None, template), list(RULE_TYPES)) == []


def test_people_and_leads_are_called_as_on_the_card() -> None:
    template = "{{ lead }}: {{ lead.assignee | default('nobody') }}, {{ lead.notes[0] }}"
    assert says(template) == "Meera Nair: Asha Rao, Call: After six"
    nobody = msgspec.structs.replace(BARE, assignee=Agent(id="631aa7"))
    assert says(template, created(nobody, at=AT)) == f"unnamed lead {BARE.id}: 631aa7,"
    assert says(template, created(BARE, at=AT)) == f"unnamed lead {BARE.id}: nobody,"


def test_an_empty_value_takes_its_default() -> None:
    assert says("{{ lead.city | default('somewhere') }}", created(BARE, at=AT)) == "somewhere"


@pytest.mark.parametrize(
    ("template", "line", "problem"),
    [
        ("{{ lead.nmae }}", 1, "`nmae` is no lead field; did you mean `name`?"),
        ("a\n{{ leed.name }}", 2, "`leed` is not a name here; did you mean `lead`?"),
        ("\n\n{{ lead.assignee.nmae }}", 3, "`nmae` is no agent field; did you mean `name`?"),
        ("{% if false %}\n{{ lead.sttus }}{% endif %}", 2, "did you mean `status`?"),
        ("{% set l = lead %}\n{{ l.nmae }}", 2, "`nmae` is no lead field"),
        ("\n{{ lead['nmae'] }}", 2, "`nmae` is no lead field"),
        ("{{ change.frm }}", 1, "did you mean `from`?"),
        ("{{ lead.name.frist }}", 1, "`frist` cannot be used on a text"),
        ("{% if %}", 1, "Expected an expression"),
        ("{{ lead.name", 1, "`{{` is never closed: write `}}`"),
        ("a\n{{ lead.name | uper }}", 2, "`uper` is no filter here; did you mean `upper`?"),
        ("{{ nothing() }}", 1, "`nothing` is not a name here"),
        ("{{ name }}", 1, "`name` is not a name here; did you mean `lead.name`?"),
        ("{{ Mobile }}", 1, "did you mean `lead.phone`?"),
        ("{{ lead.phone_number }}", 1, "is no lead field; did you mean `phone`?"),
        ("{{ lead.owner }}", 1, "is no lead field; did you mean `assignee`?"),
        ("{{ change.old }}", 1, "`old` is no change field; there are from, to"),
        ("{{ agent.name }}", 1, "brackets stand behind it, as in agent(change.from)"),
        ("{% lead.name %}", 1, "`{% lead … %}` is no statement: a value stands in `{{ … }}`"),
        ("{{ lead.name }", 1, "`{{` is closed by one brace: write `}}`"),
        ("{{{ lead.name }}}", 1, "three braces: write two, as in `{{ lead.name }}`"),
        ("{{ lead name }}", 1, "a dot stands between: lead.name"),
        ("{{ lead.attributes.My Budget }}", 1, "in brackets: attributes['My Budget']"),
        ("{{ if lead.name }}x{{ end }}", 1, "`if` and `for` stand in `{% … %}`"),
        ("{% if lead.status = 'OPEN' %}{% endif %}", 1, "`=` compares nothing: write `==`"),
        ("{% if lead.status == OPEN %}{% endif %}", 1, "a text stands in quotes, as in 'OPEN'"),
        ("{% if lead.name %}x", 1, "`{% if … %}` is never closed: write `{% endif %}`"),
        ("{% if lead.name %}x{% end %}", 1, "`{% end %}` ends nothing: write `{% endif %}`"),
        ("{{ lead.name || 'x' }}", 1, "`||` is written `or`"),
        ("{{ lead.name ?? 'x' }}", 1, "write `or 'x'`, or `| default('x')`"),
        ("{{ lead.name | default: 'x' }}", 1, "in brackets, as in `default('x')`"),
        ("{{ lead.name lead.city }}", 1, "`lead` is another: put it outside, or `~` between"),
        ("{{ lead.name; }}", 1, "`}}` is missing before `;`"),
        (
            "{{ lead.attributes.Budget > 1000 }}",
            1,
            "`>`: `lead.attributes.Budget` is a text: write `lead.attributes.Budget | int`",
        ),
        ("{{ 2 * lead['phone'] }} {{ -lead.city }}", 1, "write `lead.city | int`"),
        ("{{ lead.name + 1 }}", 1, "write `lead.name | int`, or ~ to join"),
        ("{{ lead.name | round }}", 1, "`| round` cannot be used so on a text: write `| int`"),
        ("{{ lead.tags - 1 }}", 1, "`-` does not go with a list (`lead.tags`) and a number"),
        ("{{ lead.visits | length }}", 1, "on a number: write `| string` before it"),
        ("{% for a in lead %}{% endfor %}", 1, "`for` wants a list, not a whole record"),
        ("{{ lead.name() }}", 1, "() calls a text"),
        ("{{ lead.visits | reverse }}", 1, "`| reverse` cannot be used so on a number"),
        ("{{ lead.tags | map(lead.name) }}", 1, "`| map` names a filter, a test or an"),
        ("{% for k, v in lead.attributes %}{% endfor %}", 1, "write `.items()`"),
        ("{{ {'a': 1}.b }}", 1, "`b` cannot be used on a mapping"),
        ("{% if lead.status == “OPEN” %}{% endif %}", 1, "write straight quotes"),
        ("{{ lead.name.split(1) }}", 1, "`split` cannot be called so"),
    ],
)
def test_a_mistake_is_told_with_its_line(template: str, line: int, problem: str) -> None:
    found = fault(template)
    assert found.line == line
    assert problem in found.problem
    assert found.part == "body"


def test_a_left_out_part_is_the_built_in_one() -> None:
    builtin = builtin_text(CREATED, Medium.SLACK)
    assert rendered(title="Hello") == Text(title="Hello", body=builtin.body)
    assert rendered(body="Hello") == Text(title=builtin.title, body="Hello")
    assert rendered() == builtin


def test_a_title_is_one_line_and_never_empty() -> None:
    assert rendered(title="a\n\n b").title == "a b"
    assert rendered(title="{{ lead.attributes.None }}").title == (
        "New lead: Meera Nair, Pune, India"
    )


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ lead.name }}", "&lt;!channel&gt; {{7*7}} &amp; O'Brien\nx"),
        ("<!here> *b* & {{ lead.tags[0] }}", "<!here> *b* & &lt;@U1&gt;"),
        ("{{ lead.tags | join(' | ') }}", "&lt;@U1&gt; | b"),
        ("{{ lead.tags[0] | lower | upper | trim }}", "&lt;@U1&gt;"),
        ("{{ lead.tags[0] ~ '!' }}", "&lt;@U1&gt;!"),
        ("{% set x %}*{{ lead.tags[0] }}*{% endset %}{{ x }}", "*&lt;@U1&gt;*"),
        ("{% set x %}*{{ lead.tags[0] }}*{% endset %}{{ x ~ lead.tags[0] }}", None),
        ("{% macro m(t) %}<!here> {{ t }}{% endmacro %}{{ m(lead.tags[0]) }}", None),
        ("{% set x %}*{% endset %}{{ x + lead.tags[0] }}", "*&lt;@U1&gt;"),
        ("{% set x %}<!here>{% endset %}{{ x | lower }}{{ x }}", "<!here><!here>"),
        ("{% macro m() %}{{ lead.name }}{% endmacro %}{{ m() + lead.tags[0] }}", None),
        ("{% macro m() %}*{{ caller() }}{% endmacro %}{% call m() %}<b>{% endcall %}", "*<b>"),
        (CALLED + "{% call m() %}{{ lead.tags[0] }}{% endcall %}", "*&lt;@U1&gt;"),
        ("{% filter upper %}<b> & {{ lead.tags[0] }}{% endfilter %}", "<B> & &lt;@U1&gt;"),
        ("{% filter replace('@', '<') %}{{ lead.tags[0] }}{% endfilter %}", "&lt;&lt;U1&gt;"),
        ("{% autoescape true %}{{ lead.tags[0] ~ '<' }}{% endautoescape %}", "&lt;@U1&gt;&lt;"),
        ("{{ '<b>' | striptags }}{{ lead.tags[0] | striptags }}", ""),
        ("{% autoescape false %}{{ lead.tags[0] }}{% endautoescape %}", "&lt;@U1&gt;"),
        ("{{ lead.tags[0] | e }}", "&lt;@U1&gt;"),
        ("{{ lead.attributes['items'] }}", "&lt;x&gt;"),
        ("{{ lead.tags }}", "&lt;@U1&gt;, b"),
        ("{{ lead.attributes }}", "items: &lt;x&gt;, Budget range: 5&lt;7"),
    ],
)
def test_values_are_escaped_and_the_authors_text_is_not(
    template: str, words: str | None
) -> None:
    said = says(template, HOSTILE)
    assert words is None or said == words
    assert "<@U1>" not in said
    assert "&#" not in said
    assert "&amp;lt;" not in said


@pytest.mark.parametrize("medium", list(Medium))
@pytest.mark.parametrize(
    "template",
    [
        "{% set x %}<b>{% endset %}{{ x + lead.city }}",
        "{% set x %}<b>{{ lead.city }}{% endset %}{{ x | trim }}",
        "{% macro m(a) %}<b>{{ a }}{% endmacro %}{{ m(lead.city) }}",
        "{% filter replace('q', lead.name) %}<b>{{ lead.city }}{% endfilter %}",
    ],
)
def test_what_a_block_holds_is_escaped_for_the_medium(template: str, medium: Medium) -> None:
    city = "O'Hara \u202e\x9b1mSt\x85. <!channel> \ufdd1!here\ufdd2"
    event = created(msgspec.structs.replace(FULL, city=city), at=AT)
    opened, closed = ("&lt;", "&gt;") if medium is Medium.SLACK else ("<", ">")
    words = f"<b>O'Hara St\n. {opened}!channel{closed} !here"
    assert rendered(body=template, event=event, medium=medium).body == words


def test_nothing_marks_a_value_as_safe() -> None:
    for name in ("safe", "forceescape", "xmlattr", "urlize", "tojson", "format", "center"):
        with pytest.raises(TemplateFault, match="is no filter here"):
            compile_message(None, f"{{{{ lead.name | {name} }}}}")


@given(st.text(), st.sampled_from(["{{ lead.name }}", "{{ [lead.name] ~ lead.name | title }}"]))
def test_no_name_escapes(name: str, template: str) -> None:
    event = created(msgspec.structs.replace(FULL, name=name), at=AT)
    assert not {"<", ">"} & set(says(template, event))


def test_terminal_sequences_do_not_reach_plain_text() -> None:
    event = created(msgspec.structs.replace(FULL, name="\x1b[31mA\x07"), at=AT)
    text = rendered(title="{{ lead.name }}", body="", event=event, medium=Medium.PLAIN)
    assert text.title == "A"


def test_check_tries_every_type_a_rule_can_receive() -> None:
    template = compile_message("{{ lead.name }}", "ok\n{{ 1 / (event.data.count or 0) }}")
    found = check(template, [EventType.LEAD_CREATED, EventType.LEAD_MESSAGE])
    assert [(f.part, f.line, f.problem) for f in found] == [("body", 2, "it divides by 0")]


def test_check_finds_nothing_wrong_with_a_good_template() -> None:
    template = compile_message(
        "{{ lead.name }} is closed (owner: {{ lead.assignee.name }})",
        "{{ change.from }} {{ lead.attributes.Budget }} {{ lead.notes[0].title }}",
    )
    assert check(template, list(RULE_TYPES)) == []


@pytest.mark.parametrize(
    ("template", "written", "meant"),
    [
        ("{lead.name} is new", "{lead.name}", "lead.name"),
        ("{ lead.name }", "{ lead.name }", "lead.name"),
        ("#{lead.name}", "#{lead.name}", "lead.name"),
        ("$lead.name", "$lead.name", "lead.name"),
        ("<lead.name>", "<lead.name>", "lead.name"),
        ("%lead.name%", "%lead.name%", "lead.name"),
        ("[[lead.name]]", "[[lead.name]]", "lead.name"),
        ("{name}", "{name}", "lead.name"),
        ("%Mobile%", "%Mobile%", "lead.phone"),
        ("{urgent}", "{urgent}", ""),
        ("{change.from}", "{change.from}", "change.from"),
        ("{agent.name}", "{agent.name}", "lead.assignee.name"),
        ("now lead.status.", "lead.status", "lead.status"),
        ("{{ lead.name }}, {City}", "{City}", "lead.city"),
    ],
)
def test_what_is_no_place_for_a_value_but_looks_like_one_is_found(
    template: str, written: str, meant: str
) -> None:
    (found,) = places_missed(template)
    assert (found.line, found.written, found.meant) == (1, written, meant)


@pytest.mark.parametrize(
    "template",
    [
        "{{ lead.name }} {% if lead.city %}({{ lead.city }}){% endif %}",
        "{{ '{name}' }}{# {name} #}{% raw %}{name}{% endraw %}",
        'see https://lead.name/x, me@lead.name, {"a": 1}, {}, 50%off%, ((urgent)), [status]',
        "New lead.Please call; lead.com",
    ],
)
def test_what_stands_for_itself_is_not(template: str) -> None:
    assert places_missed(template) == []


def test_a_missed_place_has_its_line() -> None:
    found = places_missed("Hello\n{{ lead.name }}\n{city}\n\n{phone}")
    assert [(one.line, one.meant) for one in found] == [(3, "lead.city"), (5, "lead.phone")]
