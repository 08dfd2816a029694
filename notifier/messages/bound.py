"""Rewrites a template's tree, so that nothing in it runs uncounted."""

from typing import Any, cast

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from notifier.messages.views import MARKS


class Bound(NodeTransformer):
    """Makes filters of loops, operators, slices and literals, and marks the author's text."""

    def visit_TemplateData(self, node: nodes.TemplateData) -> nodes.Node:  # noqa: N802
        """Mark what stands outside of {{ }}, and let it be counted as values are."""
        return nodes.Const(node.data.translate(MARKS), lineno=node.lineno)

    def visit_ScopedEvalContextModifier(  # noqa: N802
        self, node: nodes.ScopedEvalContextModifier
    ) -> Any:
        """Leave out ``autoescape``: everything is escaped for its medium."""
        self.generic_visit(node)
        return node.body

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        """Count the turns of a loop."""
        self.generic_visit(node)
        node.iter = _filter(cast("nodes.Expr", node.iter), "_turned")
        return node

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:  # noqa: N802
        """Let ``'x' if y`` be nothing where it is not ``'x'``."""
        self.generic_visit(node)
        node.expr2 = node.expr2 or nodes.Name("_nothing", "load", lineno=node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        """Count what ``~`` joins."""
        self.generic_visit(node)
        return _filter(nodes.List(node.nodes, lineno=node.lineno), "_joined")

    def visit_Add(self, node: nodes.BinExpr) -> nodes.Node:  # noqa: N802
        """Hand the two values of an operation over, with their names."""
        names = [_name(node.left), _name(node.right)]
        self.generic_visit(node)
        return _filter(node.left, "_operated", node.right, node.operator, names)

    visit_Sub = visit_Mul = visit_Div = visit_FloorDiv = visit_Add  # noqa: N815
    visit_Mod = visit_Pow = visit_Add  # noqa: N815

    def visit_Neg(self, node: nodes.UnaryExpr) -> nodes.Node:  # noqa: N802
        """Take ``-x`` as ``0 - x``."""
        names = ["", _name(node.node)]
        self.generic_visit(node)
        return _filter(nodes.Const(0), "_operated", node.node, node.operator, names)

    visit_Pos = visit_Neg  # noqa: N815

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        """Hand the values of a comparison over (``a < b < c`` has three), with their names."""
        names = [_name(one) for one in (node.expr, *(operand.expr for operand in node.ops))]
        self.generic_visit(node)
        others = nodes.List([operand.expr for operand in node.ops], lineno=node.lineno)
        signs = [operand.op for operand in node.ops]
        return _filter(node.expr, "_compared", others, signs, names)

    def visit_List(self, node: nodes.Literal) -> nodes.Node:  # noqa: N802
        """Count what a list holds."""
        self.generic_visit(node)
        return _filter(node, "_held")

    visit_Dict = visit_List  # noqa: N815

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        """Count what a tuple holds, where it is none of names to assign to."""
        self.generic_visit(node)
        return _filter(node, "_held") if node.ctx == "load" else node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        """Count what is cut out."""
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        for part in ("start", "stop", "step"):
            if bound := getattr(node.arg, part):
                setattr(node.arg, part, _filter(bound, "_bound"))
        return _filter(node, "_held")


def _filter(node: nodes.Expr, name: str, *args: Any) -> nodes.Filter:
    nodes_of = [one if isinstance(one, nodes.Node) else nodes.Const(one) for one in args]
    return nodes.Filter(node, name, nodes_of, [], None, None, lineno=node.lineno)


def _name(node: nodes.Node) -> str:
    """Return ``lead.attributes.Budget`` as its author wrote it, or nothing for more."""
    match node:
        case nodes.Name():
            return str(node.name)
        case nodes.Getattr() if inner := _name(node.node):
            return f"{inner}.{node.attr}"
        case nodes.Getitem(arg=nodes.Const(value=str(key))) if inner := _name(node.node):
            return f"{inner}['{key}']"
        case _:
            return ""
