"""What a template may do: the Jinja2 language without the world, time or chance, and bounded.

Everything that could grow is measured before it is done; every body that could be entered again
and again (of a loop, a macro, a block, a template) pays for its size as it is entered.  So the
worst template ends soon, and the same template always gives the same text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import update_wrapper
from typing import Any, NoReturn

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, nodes
from jinja2 import pass_eval_context as passes_context
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from jinja2.visitor import NodeTransformer

from ..errors import suggestion
from .bounds import (
    OUTPUT,
    WIDTH,
    Excess,
    bounded_range,
    check_fields,
    plain,
    weigh,
    weigh_joined,
    weigh_replaced,
    weigh_result,
)

STEPS = 50_000
"""The nodes of templates that one rendering may pass through, repetitions counted."""
NODES = 4_000
DEPTH = 64

SAME = "the same manifest always gives the same text"
FOR_HTML = "it is for HTML, and a prompt is plain text"
REMOVED: Mapping[str, str] = {
    "random": SAME,
    "pprint": SAME,
    "sameas": SAME,
    "attr": "write the name after a dot",
    **dict.fromkeys(
        ("e", "escape", "forceescape", "safe", "striptags", "tojson", "urlize", "xmlattr"), FOR_HTML
    ),
}
"""Filters and tests that are not offered, and why."""

METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset(
        {"capitalize", "casefold", "count", "endswith", "find", "isalnum", "isalpha", "isdigit"}
        | {"islower", "isupper", "lower", "lstrip", "removeprefix", "removesuffix", "rstrip"}
        | {"split", "startswith", "strip", "swapcase", "title", "upper"}
    ),
    dict: frozenset({"get", "items", "keys", "values"}),
    list: frozenset({"count", "index"}),
    tuple: frozenset({"count", "index"}),
}
"""The methods of plain values that can neither grow nor change anything."""

WIDE = frozenset({"batch", "center", "indent", "round", "slice", "truncate", "wordwrap"})
SPEND = "spend "
CONCAT = "concat "
"""Filters of ours; the space keeps their names out of any author's reach."""


@passes_context
def printable(_: EvalContext | None, value: Any) -> Any:
    """Let through what can be written into text.

    Being passed the context keeps Jinja2 from working out constants while it compiles.
    """
    if isinstance(value, Undefined):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is too large")
    if isinstance(value, str | int | float):
        weigh(value)
        return value
    raise SecurityError(
        "a list is written with `| join(', ')`"
        if isinstance(value, list | tuple)
        else "only text and numbers can be written"
    )


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment that counts the steps of a rendering; begin each by setting `steps` to 0."""

    intercepted_binops = frozenset(ImmutableSandboxedEnvironment.default_binop_table)

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            optimized=False,
            finalize=printable,
            cache_size=0,
        )
        self.steps = 0
        self.globals = {"range": bounded_range}
        self.filters = {
            name: self.guarded(name, function)
            for name, function in FILTERS.items()
            if name not in REMOVED
        }
        self.filters[SPEND] = self.spend
        self.filters[CONCAT] = self.concatenate
        self.tests = {name: test for name, test in TESTS.items() if name not in REMOVED}

    def spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > STEPS:
            raise Excess(f"the template takes more than {STEPS:,} steps")

    def concatenate(self, parts: Iterable[Any]) -> str:
        """Join what `~` joins."""
        texts = [str(printable(None, part)) for part in parts]
        self.spend(weigh(texts) // 10)
        return "".join(texts)

    def concat(self, parts: Iterable[str]) -> str:
        """Join the pieces of an output, of a macro or a block."""
        found: list[str] = []
        size = 0
        for part in parts:
            found.append(part)
            size += len(part)
            if size > OUTPUT:
                raise Excess(f"the text has more than {OUTPUT:,} characters")
        return "".join(found)

    def guarded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a filter that measures what it is given and what it gives."""
        passed = hasattr(function, "jinja_pass_arg")

        def guard(*args: Any, **named: Any) -> Any:
            given = [*args[passed:], *named.values()]
            weights = [weigh(value) for value in given]
            self.spend(1 + sum(weights) // 10)
            if name in WIDE:
                for value in given[1:]:
                    if isinstance(value, int) and abs(value) > WIDTH:
                        raise Excess(f"a width is at most {WIDTH:,}")
            if name == "sum" and any(isinstance(value, list | tuple) for value in given[1:]):
                raise Excess("`sum` adds up numbers, not lists")
            if name == "replace":
                weigh_replaced(*map(str, given[:3]))
            if name == "join":
                weigh_joined(given)
            if name == "format":
                check_fields(given[0])
            return plain(function(*args, **named))

        return update_wrapper(guard, function)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        self.spend(1 + (weigh(left) + weigh(right)) // 10)
        weigh_result(operator, left, right)
        return plain(super().call_binop(context, operator, left, right))

    def call(__self, __context: Context, __obj: Any, *args: Any, **named: Any) -> Any:  # noqa: N805, PYI063 - as in the base
        owner = getattr(__obj, "__self__", None)
        if type(owner) in METHODS:
            __self.spend(1 + sum(map(weigh, (owner, *args))) // 10)
            return plain(__context.call(__obj, *args, **named))
        if isinstance(__obj, type) or not callable(__obj):
            raise SecurityError("this can't be called")
        return super().call(__context, __obj, *args, **named)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if callable(value) and isinstance(obj, str | int | float | list | tuple | dict | range):
            return attr in METHODS.get(type(obj), ())
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> None:
        """Leave `str.format` as the method it is, which `METHODS` does not list."""

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        message = f"`{attribute}` can't be used in a template"
        if attribute in self.filters:
            message += f"; the filter `| {attribute}` can"
        return self.undefined(message, obj=obj, name=attribute, exc=SecurityError)

    def handle_exception(self, source: str | None = None) -> NoReturn:  # noqa: ARG002 - as in the base
        """Let an error out as it is: its place is found without rewriting the traceback."""
        raise  # noqa: PLE0704 - it is called while an exception is handled

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        self.check(tree, name)
        self.seen(tree)
        counted: nodes.Template = _Counted().visit(tree)
        return counted

    def seen(self, tree: nodes.Template) -> None:
        """Take note of a tree as the author wrote it."""

    def check(self, tree: nodes.Template, name: str | None) -> None:
        """Raise TemplateSyntaxError at what is too long, too deep or not there."""
        left: list[tuple[nodes.Node, int]] = [(tree, 0)]
        count = 0
        while left:
            node, depth = left.pop()
            count += 1
            if message := self.objection(node, depth, count):
                raise TemplateSyntaxError(message, node.lineno, name)
            left.extend((child, depth + 1) for child in node.iter_child_nodes())

    def objection(self, node: nodes.Node, depth: int, count: int) -> str:
        """Return why a template can't hold this node, or nothing."""
        match node:
            case _ if depth > DEPTH:
                return "the template is nested too deeply"
            case _ if count > NODES:
                return "the template is too long"
            case nodes.For(recursive=True):
                return "a loop can't be `recursive`; a macro can"
            case nodes.Const(value=float(number)) if not math.isfinite(number):
                return "a number is too large"
            case nodes.Filter(name=str(word)) if word not in self.filters:
                return unknown("filter", word, self.filters)
            case nodes.Test(name=word) if word not in self.tests:
                return unknown("test", word, self.tests)
        return ""


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Return the message for a filter or test that is not there, with its hint after a line end."""
    if name in REMOVED:
        return f"the {what} `{name}` is not available\n{REMOVED[name]}"
    return f"there is no {what} `{name}`\n{suggestion(name, known)}"


class _Counted(NodeTransformer):
    """Makes each body pay as it is entered, and each `~` go through our own filter."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - a name of Jinja2's
        self.generic_visit(node)
        line = node.lineno
        parts = nodes.List(node.nodes, lineno=line)
        return nodes.Filter(parts, CONCAT, [], [], None, None, lineno=line)

    def counted(self, node: Any) -> nodes.Node:
        size = sum(1 for _ in node.find_all(nodes.Node)) + 1
        self.generic_visit(node)
        line = node.lineno
        price = nodes.Filter(nodes.Const(size, lineno=line), SPEND, [], [], None, None, lineno=line)
        node.body.insert(0, nodes.ExprStmt(price, lineno=line))
        return node  # type: ignore[no-any-return]

    visit_For = visit_Macro = visit_CallBlock = visit_Block = visit_Template = counted  # noqa: N815 - as above
