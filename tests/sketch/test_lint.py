"""Nothing that a machine may round its own way is called where the music is made.

Found by measuring: vector units, builds and versions differ in the last bit of these, and a sum
of floats depends on the order that a processor takes.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import musicbuild.sketch

FOLDER = Path(musicbuild.sketch.__file__).parent
FILES = sorted(FOLDER.rglob("*.py"))

INEXACT = {
    "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "arctan2", "exp",
    "exp2", "expm1", "log", "log1p", "log10", "log2", "pow", "power", "float_power", "hypot",
    "cbrt", "sum", "nansum", "mean", "average", "std", "var", "median", "dot", "vdot", "inner",
    "outer", "matmul", "einsum", "tensordot", "convolve", "correlate", "fft", "rfft", "ifft",
    "interp", "linspace", "logspace", "geomspace", "random", "rand", "randn", "default_rng",
    "polyfit", "polyval", "cumprod", "prod", "trapezoid", "norm", "reduce", "accumulate", "erf",
    "gamma", "sinc", "hanning", "hamming", "kaiser", "i0", "lgamma", "fma",
}  # fmt: skip
FROM_MATH = {"floor", "ceil", "sqrt", "ldexp", "fsum"}
MODULES = {
    "__future__", "bisect", "collections.abc", "dataclasses", "fractions", "functools", "hashlib",
    "itertools", "math", "numpy", "numpy.typing", "re", "typing",
}  # fmt: skip
BUILTINS = {"sum", "hash", "pow", "id", "repr", "vars", "open", "input", "eval", "exec"}
WHOLE = {"np.int32", "np.int64", "np.uint32"}


def faults(tree):
    for node in ast.walk(tree):
        fault = fault_of(node)
        if fault:
            yield f"line {node.lineno}: {fault}"


def fault_of(node):
    match node:
        case ast.Attribute(value=ast.Name(id="math"), attr=name) if name not in FROM_MATH:
            return f"math.{name}"
        case ast.Attribute(value=ast.Name(id="np"), attr=("complex64" | "complex128" | "float16")):
            return ast.unparse(node)
        case ast.Attribute(attr=name) if name in INEXACT:
            return f".{name}"
        case ast.Call(func=ast.Name(id=name)) if name in BUILTINS:
            return f"{name}()"
        case ast.Call(func=ast.Attribute(attr=("arange" | "cumsum") as name), keywords=keywords):
            types = {ast.unparse(each.value) for each in keywords if each.arg == "dtype"}
            return "" if types & WHOLE else f"{name} without a whole dtype"
        case ast.BinOp(op=ast.Pow() | ast.MatMult()) | ast.AugAssign(op=ast.Pow() | ast.MatMult()):
            return ast.unparse(node)
        case ast.For(iter=ast.Set()) | ast.comprehension(iter=ast.Set()):
            return "the order of a set"
        case ast.Import(names=names):
            return " ".join(each.name for each in names if each.name not in MODULES)
        case ast.ImportFrom(level=0, module=module) if module not in MODULES:
            return f"import {module}"
        case ast.Constant(value=complex()):
            return "a complex number"
    return ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_only_exact_arithmetic(path):
    assert list(faults(ast.parse(path.read_text("utf-8")))) == []


@pytest.mark.parametrize(
    "bad",
    [
        "np.sin(x)",
        "x.sum()",
        "sum(x)",
        "a ** 0.5",
        "a @ b",
        "np.arange(5.0)",
        "np.cumsum(x)",
        "math.exp(1)",
        "from random import random",
        "import scipy",
        "np.fft.rfft(x)",
        "for a in {1, 2}: pass",
        "hash('a')",
        "x **= 2",
    ],
)
def test_the_lint_finds(bad):
    assert list(faults(ast.parse(bad)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_modules_and_functions_are_short(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 60, node.name
