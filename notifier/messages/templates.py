"""A rule's own words: Jinja2 templates, compiled once and bounded when they run."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, get_args

import jinja2
import msgspec
from jinja2 import meta, nodes

from notifier.core.event_types import EventType
from notifier.core.events import Changed, Event
from notifier.core.people import Taken
from notifier.core.records import Agent, Lead
from notifier.core.rows import Json
from notifier.messages.bound import Bound
from notifier.messages.budget import BUDGET, Budget, TooMuchError
from notifier.messages.builtin import builtin_text
from notifier.messages.escape import one_line
from notifier.messages.faults import TemplateFault
from notifier.messages.mistakes import in_words, unknown_name
from notifier.messages.samples import samples
from notifier.messages.sandbox import Sandbox, finished
from notifier.messages.text import Medium, Text
from notifier.messages.unprinted import Unprinted, unprinted
from notifier.messages.views import Blank, MistakeError, Record, unknown_field, view

NAMES: Mapping[str, type[msgspec.Struct] | None] = {
    "event": Event,
    "lead": Lead,
    "change": Changed,
    "taken_by": Taken,
    "agent": None,
    "source": None,
    "rule": None,
}
MAX_SOURCE_CHARS = 20_000

# Whatever Python raises when a template asks for nonsense, or for too much.
NONSENSE = (
    jinja2.TemplateError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    NameError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTemplate:
    """A compiled message; a part the author left out is the built-in one."""

    title: jinja2.Template | None = None
    body: jinja2.Template | None = None

    def render(
        self,
        event: Event,
        *,
        rule: str,
        source: str,
        agents: Mapping[str, Agent],
        medium: Medium,
    ) -> Text:
        """Return the message for an event, escaped for ``medium``.

        A title that comes out empty is replaced by the built-in one. Raises
        :class:`TemplateFault` where the template fails on this event.
        """
        names = _names(event, rule=rule, source=source, agents=agents)
        title = one_line(_render("title", self.title, medium, names) or "")
        body = _render("body", self.body, medium, names)
        if title and body is not None:
            return Text(title=title, body=body)
        builtin = builtin_text(event, medium, agents)
        return Text(title=title or builtin.title, body=builtin.body if body is None else body)


def compile_message(title: str | None, body: str | None) -> MessageTemplate:
    """Return the compiled message; raises :class:`TemplateFault` for the first mistake.

    Finds mistakes of syntax and unknown names, also in branches never taken.
    """
    return MessageTemplate(title=_compiled("title", title), body=_compiled("body", body))


def check(template: MessageTemplate, types: Iterable[EventType]) -> list[TemplateFault]:
    """Return what goes wrong on samples of these event types, each fault once."""
    faults: dict[tuple[str, int, str], TemplateFault] = {}
    for event in (event for one in types for event in samples(one)):
        fault = _fault(template, event)
        if fault:
            faults[(fault.part, fault.line, fault.problem)] = fault
            if isinstance(fault.__cause__, TooMuchError):
                break  # the other types would take as long
    return list(faults.values())


def places_missed(source: str) -> list[Unprinted]:
    """Return what was probably meant as a place for a value, and is printed as it stands."""
    return list(unprinted(source, Sandbox(), _fields(Lead)))


def _fault(template: MessageTemplate, event: Event) -> TemplateFault | None:
    try:
        template.render(event, rule="a rule", source="a source", agents={}, medium=Medium.PLAIN)
    except TemplateFault as fault:
        return fault
    return None


def _compiled(part: str, source: str | None) -> jinja2.Template | None:
    if source is None:
        return None
    if len(source) > MAX_SOURCE_CHARS:
        raise TemplateFault(1, f"it is longer than {MAX_SOURCE_CHARS:,} characters", part)
    sandbox = Sandbox()
    try:
        return _template(source, sandbox)
    except jinja2.TemplateSyntaxError as error:
        problem = in_words(error.message or "", source, sandbox.filters)
        raise TemplateFault(error.lineno, problem, part) from error
    except (RecursionError, MemoryError, SyntaxError) as error:
        raise TemplateFault(1, "it is nested too deeply", part) from error


def _template(source: str, sandbox: Sandbox) -> jinja2.Template:
    tree = sandbox.parse(source)
    _check_names(tree, known={*NAMES, *sandbox.globals})
    return sandbox.from_string(Bound().visit(tree))


def _check_names(tree: nodes.Template, *, known: set[str]) -> None:
    unknown = meta.find_undeclared_variables(tree) - known - _set_in_branches(tree)
    for name in tree.find_all(nodes.Name):
        if name.name in unknown:
            problem = unknown_name(name.name, known, _fields(Lead))
            raise jinja2.TemplateSyntaxError(problem, name.lineno)
    for dotted in tree.find_all(nodes.Getattr):
        _check_field(dotted.node, dotted.attr, dotted.lineno)
    for bracketed in tree.find_all(nodes.Getitem):
        if isinstance(bracketed.arg, nodes.Const):
            _check_field(bracketed.node, bracketed.arg.value, bracketed.lineno)


def _set_in_branches(tree: nodes.Template) -> set[str]:
    """Return the names that some ``if`` sets: nothing where it does not, and no mistake."""
    branches = list(tree.find_all(nodes.If))
    single = (one.target for branch in branches for one in branch.find_all(nodes.Assign))
    blocks = (one.target for branch in branches for one in branch.find_all(nodes.AssignBlock))
    return {name.name for target in (*single, *blocks) for name in _targets(target)}


def _targets(target: nodes.Node) -> list[nodes.Name]:
    return [target] if isinstance(target, nodes.Name) else list(target.find_all(nodes.Name))


def _check_field(node: nodes.Node, field: Json, line: int) -> None:
    struct = _struct(node)
    if struct and isinstance(field, str) and field not in _fields(struct):
        raise jinja2.TemplateSyntaxError(unknown_field(struct, field), line)


def _struct(node: nodes.Node) -> type[msgspec.Struct] | None:
    """Return which struct an expression such as ``lead.assignee`` stands for, if one."""
    if isinstance(node, nodes.Name):
        return NAMES.get(node.name)
    if isinstance(node, nodes.Getattr) and (struct := _struct(node.node)):
        declared = _fields(struct).get(node.attr)
        options = get_args(declared) if isinstance(declared, UnionType) else (declared,)
        for option in options:
            if isinstance(option, type) and issubclass(option, msgspec.Struct):
                return option
    return None


def _fields(struct: type[msgspec.Struct]) -> Mapping[str, Any]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(struct)}


def _names(
    event: Event, *, rule: str, source: str, agents: Mapping[str, Agent]
) -> dict[str, Json]:
    changes = list((event.data.changes or {}).values())
    return {
        "event": Record(event),
        "lead": view(event.lead),
        "change": Record(changes[0] if changes else Changed(old=None, new=None)),
        "taken_by": view(event.lead.taken_by if event.lead else None),
        "agent": _lookup(agents),
        "source": view(source),
        "rule": view(rule),
    }


def _lookup(agents: Mapping[str, Agent]) -> Callable[[Json], Json]:
    def agent(agent_id: Json = None) -> Json:
        return (
            Record(agents.get(str(agent_id), Agent(id=str(agent_id)))) if agent_id else Blank()
        )

    return agent


def _render(
    part: str, template: jinja2.Template | None, medium: Medium, names: Mapping[str, Json]
) -> str | None:
    if template is None:
        return None
    try:
        pieces = template.generate(**names, **{BUDGET: Budget()})
        return finished("".join(pieces).strip(), medium)
    except NONSENSE as error:
        raise TemplateFault(_line(error), _problem(error), part) from error


def _line(error: BaseException) -> int:
    line, traceback = 1, error.__traceback__
    while traceback:
        # Jinja2 leaves this mark in the frames it rewrites to template lines.
        if "__jinja_exception__" in traceback.tb_frame.f_globals:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def _problem(error: BaseException) -> str:
    # Python's texts may quote the visitor, as int("call me") does, and so may Jinja2's:
    # `map(lead.name)` names the filter that is not there.
    if isinstance(error, MistakeError) and error.message:
        return error.message
    if isinstance(error, RecursionError | MemoryError):
        return "it calls itself too often, or holds too much"
    if isinstance(error, jinja2.TemplateError | TypeError):
        return "it asks for what templates do not have"
    if isinstance(error, ValueError) and "unpack" in str(error):
        return "`for a, b in` finds no pairs: write `.items()` behind a mapping"
    return f"it fails with {type(error).__name__}"
