"""Where a template pays: each body as it is entered, each value as it is made or looked through."""

from __future__ import annotations

from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

SPEND = "spend "
PAY = "pay "
PAY_AMONG = "pay among "
CONCAT = "concat "
"""Filters of ours; the space keeps their names out of any author's reach."""


class Counted(NodeTransformer):
    """Puts filters of ours into a tree; they give on what they are given, and count or weigh it.

    A value may only grow by being put into another, be it a list, a tuple, a mapping or the
    arguments of a macro: all of these are weighed, so that no value ever holds too much and
    comparing, hashing or showing one takes no longer than its weight says.
    """

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - a name of Jinja2's
        self.generic_visit(node)
        return _through(CONCAT, nodes.List(node.nodes, lineno=node.lineno))

    def visit_List(self, node: nodes.List | nodes.Dict) -> nodes.Node:  # noqa: N802 - as above
        self.generic_visit(node)
        return _through(PAY, node)

    visit_Dict = visit_List  # noqa: N815 - as above

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802 - as above
        self.generic_visit(node)
        return _through(PAY, node) if node.ctx == "load" else node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802 - as above
        self.generic_visit(node)
        node.expr = _through(PAY, node.expr)
        for operand in node.ops:
            among = operand.op in {"in", "notin"}
            operand.expr = _through(PAY_AMONG if among else PAY, operand.expr)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802 - as above
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _through(PAY, node.node)
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - as above
        size = _size(node.test) if node.test else 0
        self.counted(node)
        if node.test:
            node.test = _through(SPEND, node.test, size)
        return node

    def counted(self, node: Any) -> nodes.Node:
        size = _size(node)
        self.generic_visit(node)
        price = _through(SPEND, nodes.Const(None, lineno=node.lineno), size)
        node.body.insert(0, nodes.ExprStmt(price, lineno=node.lineno))
        return node  # type: ignore[no-any-return]

    visit_Macro = visit_CallBlock = visit_Block = visit_Template = counted  # noqa: N815 - as above


def _through(name: str, node: Any, *figures: int) -> nodes.Filter:
    given: list[nodes.Expr] = [nodes.Const(each, lineno=node.lineno) for each in figures]
    return nodes.Filter(node, name, given, [], None, None, lineno=node.lineno)


def _size(node: nodes.Node) -> int:
    return sum(1 for _ in node.find_all(nodes.Node)) + 1
