"""Models: limits in words that a user can act on."""

from __future__ import annotations

from decimal import Decimal

import pytest

from musicbuild.cost import Cost
from musicbuild.models import Model, SourceType

WHOLE = Model(
    provider="elumenta",
    name="musicgen",
    shortest=15,
    longest=120,
    whole_seconds=True,
    price=Cost(Decimal(9), "tokens"),
    source="https://example.com/prices",
    as_of="2026-11-01",
)


@pytest.mark.parametrize("duration", [15, 15.0, 120])
def test_what_a_model_can_make(duration):
    assert WHOLE.objection(duration) == ""


@pytest.mark.parametrize(
    ("duration", "why"),
    [
        (14, "musicgen makes 15 to 120 seconds, not 14"),
        (120.5, "musicgen makes 15 to 120 seconds, not 120.5"),
        (15.5, "musicgen makes whole seconds, not 15.5"),
        (float("nan"), "musicgen makes 15 to 120 seconds, not nan"),
    ],
)
def test_what_it_can_not(duration, why):
    assert WHOLE.objection(duration) == why


def test_a_model_has_its_full_name_and_is_taken_as_trained():
    assert str(WHOLE) == "elumenta/musicgen"
    assert WHOLE.kind is SourceType.TRAINED
    assert not WHOLE.repeatable
