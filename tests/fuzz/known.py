"""Faults that were found and are not mended yet: each target leaves out its own, and no more.

A fault that is mended goes from here; its row in `tests/test_fuzz.py` then holds it.
"""

from __future__ import annotations

import re
from decimal import Decimal

from musicbuild.journal import Payment
from musicbuild.providers.elumenta_replies import Generation

APE = re.compile(rb"APETAGEX.{4}(.{4}).{4}(.{4})", re.DOTALL)


def unsound(payment: Payment) -> bool:
    """A record signed by hand may hold a spec that has no key, and amounts that can't be written.

    Such are NaN, and 1E+999999999.
    """
    try:
        odd = not payment.spec.key
    except (ValueError, TypeError):
        odd = True
    amounts = [one.amount for one in (payment.quote, payment.balance) if one is not None]
    return odd or not all(one.is_finite() and -400 <= _exponent(one) < 15 for one in amounts)


def too_fine(made: Generation) -> bool:
    """A cost of more than 400 decimals is written into a lock, and never read again."""
    return made.cost is not None and _exponent(made.cost) < -400


def disputed(data: bytes) -> bool:
    """Where music ends is told differently by `audio` and `tags` of an odd APE footer.

    Its length leaves no room for itself, or its header is not there.
    """
    for found in APE.finditer(data):
        size = int.from_bytes(found[1], "little")
        place = found.start() - size  # the length counts the footer of 32 bytes
        header = found[2][3] & 0x80
        if size < 32 or (header and not data.startswith(b"APETAGEX", max(0, place))):
            return True
    return False


def _exponent(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
