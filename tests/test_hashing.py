"""Digests: one form for equal values, and nothing that JSON can't hold."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicbuild.hashing import canonical, digest_bytes, digest_file, digest_value

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS.filter(lambda one: one not in (math.inf, -math.inf)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def turned(value):
    """Return the same value with the keys of every object in the other order."""
    match value:
        case dict():
            return {key: turned(one) for key, one in reversed(list(value.items()))}
        case list():
            return tuple(map(turned, value))
    return value


def test_bytes_and_files_have_the_same_digest(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest_bytes(b"abc") == digest_file(tmp_path / "file") == known


def test_the_one_form_is_sorted_tight_and_in_utf8():
    assert canonical({"b": [1.0, 2.5, None], "a": "é\n"}) == '{"a":"é\\n","b":[1,2.5,null]}'


@pytest.mark.parametrize(("one", "other"), [(2, 2.0), (0.0, -0.0), (10**15, 1e15), ((1,), [1])])
def test_equal_numbers_and_rows_are_alike(one, other):
    assert canonical({"x": one}) == canonical({"x": other})


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, "1"), (2, 2.5), ("é", "e\u0301")])
def test_other_values_are_not(one, other):
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical({"x": [value]})


def test_a_lone_surrogate_is_refused():
    with pytest.raises(ValueError, match="surrogates not allowed"):
        digest_value("a", 1, "\ud800")


def test_kind_and_recipe_keep_equal_values_apart():
    digests = {digest_value("a", 1, {}), digest_value("b", 1, {}), digest_value("a", 2, {})}
    assert len(digests) == 3


@given(VALUES.filter(lambda one: "\ud800" not in repr(one)))
def test_any_order_of_keys_gives_the_same_form(value):
    assert canonical(value) == canonical(turned(value))
    assert json.loads(canonical(value)) == value
