"""What a template may do: the Jinja2 language without the world, time or chance, and bounded.

Everything that could grow is measured before it is done (`growth.py`); every body that could be
entered again and again (of a loop, a macro, a block, a template) pays for its size as it is
entered, and every value for its weight (`counted.py`).  So the worst template ends soon, and the
same template always gives the same text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import update_wrapper
from inspect import Signature, signature, unwrap
from typing import Any, NoReturn

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, nodes
from jinja2 import pass_eval_context as passes_context
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS

from ..errors import suggestion
from .bounds import bounded_range, plain, price, search_price, weigh
from .counted import CONCAT, PAY, PAY_AMONG, SPEND, Counted
from .growth import weigh_filtered, weigh_result
from .plain import OUTPUT, Excess, too_long

STEPS = 50_000
"""The nodes of templates that one rendering may pass through, repetitions counted."""
STEPS_OF_ALBUM = 2_000_000
"""Two hundred for each of ten thousand tracks; a substitution takes three."""
NODES = 4_000
NODES_OF_ALBUM = 200_000
"""Twenty for each of ten thousand tracks; plain substitutions are not counted."""
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

SEARCHING = frozenset({"replace", "trim"})
OF_KIND = frozenset(
    {"boolean", "callable", "defined", "false", "filter", "float", "integer", "iterable"}
    | {"mapping", "none", "number", "sequence", "string", "test", "true", "undefined"}
)
"""The tests that look at what a value is, and not through what it holds."""


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
    """An environment that counts the steps of a rendering and of an album."""

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
        self.before = 0
        self.nodes = 0
        self.globals = {"range": bounded_range}
        self.filters = {
            name: self.guarded(name, function)
            for name, function in FILTERS.items()
            if name not in REMOVED
        }
        self.filters |= {
            SPEND: self.stepped,
            PAY: self.paid,
            PAY_AMONG: self.paid_among,
            CONCAT: self.concatenate,
        }
        self.tests = {
            name: test if name in OF_KIND else self.charged(test)
            for name, test in TESTS.items()
            if name not in REMOVED
        }

    def begin(self) -> None:
        """Begin another rendering."""
        self.before += self.steps
        self.steps = 0

    def spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > STEPS:
            raise Excess(f"the template takes more than {STEPS:,} steps")
        if self.before + self.steps > STEPS_OF_ALBUM:
            message = f"the templates of the album take more than {STEPS_OF_ALBUM:,} steps"
            raise Excess(message)

    def stepped(self, value: Any, steps: int) -> Any:
        self.spend(steps)
        return value

    def paid(self, value: Any) -> Any:
        """Give on a value that was just made, or is about to be looked through."""
        self.spend(price(value))
        return value

    def paid_among(self, value: Any) -> Any:
        """Give on what something is looked for in: a mapping is not looked through."""
        return value if isinstance(value, dict) else self.paid(value)

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
                raise too_long()
        return "".join(found)

    def guarded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a filter that measures what it is given and what it gives."""
        passed = hasattr(function, "jinja_pass_arg")
        shape = _shape(function)

        def guard(*args: Any, **named: Any) -> Any:
            given = [*args[passed:], *named.values()]
            self.spend(1 + sum(map(weigh, given)) // 10)
            if name in SEARCHING:
                self.spend(search_price(given))
            bound = shape.bind(*args[passed:], **named)
            bound.apply_defaults()
            weigh_filtered(name, bound.arguments)
            return plain(function(*args, **named))

        return update_wrapper(guard, function)

    def charged(self, function: Any) -> Callable[..., Any]:
        """Return a test that pays for what it looks through."""
        passed = hasattr(function, "jinja_pass_arg")

        def guard(*args: Any) -> Any:
            self.spend(1 + sum(map(price, args[passed:])))
            return function(*args)

        return update_wrapper(guard, function)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        self.spend(1 + (weigh(left) + weigh(right)) // 10)
        weigh_result(operator, left, right)
        return plain(super().call_binop(context, operator, left, right))

    def call(__self, __context: Context, __obj: Any, *args: Any, **named: Any) -> Any:  # noqa: N805, PYI063 - as in the base
        __self.paid((*args, *named.values()))
        owner = getattr(__obj, "__self__", None)
        if type(owner) in METHODS:
            given = [owner, *args, *named.values()]
            __self.spend(1 + sum(map(weigh, given)) // 10 + search_price(given))
            return plain(__context.call(__obj, *args, **named))
        if isinstance(__obj, type) or not callable(__obj):
            raise SecurityError("this can't be called")
        return super().call(__context, __obj, *args, **named)

    def getitem(self, obj: Any, argument: Any) -> Any:
        self.paid(argument)
        return super().getitem(obj, argument)

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
        counted: nodes.Template = Counted().visit(tree)
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
        self.nodes += count
        if self.nodes > NODES_OF_ALBUM:
            raise TemplateSyntaxError("the templates of the album are too long", 1, name)

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


def _shape(function: Callable[..., Any]) -> Signature:
    """Return the parameters that an author gives to a filter."""
    shape = signature(function)
    parameters = list(shape.parameters.values())
    # The signature is that of the innermost function, which may be passed less than its wrapper.
    passed = hasattr(unwrap(function), "jinja_pass_arg")
    return shape.replace(parameters=parameters[passed:])
