"""One entry of ``reports:`` → a :class:`ReportSpec`, with every mistake in it reported."""

from collections.abc import Iterable
from datetime import tzinfo
from functools import partial

from notifier.rules.digests import Digest, parse_cron
from notifier.rules.reports import ReportSpec
from notifier.rulesfile.nodes import Faults, Node, Scalar, Table
from notifier.rulesfile.options import ReportOptions
from notifier.rulesfile.references import References, read_text
from notifier.rulesfile.validate import validated


def read_reports(
    nodes: Iterable[Node], references: References, *, timezone: tzinfo, faults: Faults
) -> tuple[ReportSpec, ...]:
    """Return the reports in file order; a name that another, or a rule, has is a fault."""
    found = (_report(node, references, timezone, faults) for node in nodes)
    return tuple(one for one in found if one)


def _report(
    node: Node, references: References, timezone: tzinfo, faults: Faults
) -> ReportSpec | None:
    options = validated(ReportOptions, node, at=node.at, what="report", faults=faults)
    if not isinstance(node, Table):
        return None
    references.check_name(node, "report")
    references.check_send(node)
    clock, at = references.window(node, "clock"), _cron(node.get("at"), timezone, faults)
    if options is None or at is None:
        return None
    return ReportSpec(
        name=options.name,
        at=at,
        since=options.since,
        goal=options.goal,
        clock=clock,
        by=options.by,
        send=tuple(dict.fromkeys(options.send)),
        where=str(node.at),
    )


def _cron(node: Node | None, timezone: tzinfo, faults: Faults) -> Digest | None:
    if not isinstance(node, Scalar) or node.null or node.unresolved:
        return None
    return read_text(node, "at", partial(parse_cron, timezone=timezone), faults)
