"""Paid requests, written down before they are sent, so that no crash pays twice.

Each attempt has a file of its own, `journal/<attempt>.jsonl`, one record a line: *intended*
before the first byte leaves, *accepted* once the provider has named the order, *delivered*
once the audio is in the store.  The file goes when the lock has the purchase, or when the
request surely was not charged.  A line ends in a check sum that runs on from the line before.
A last line that breaks off was torn by a crash, before anything was done that it tells of;
whatever else does not match means damage.  Of an order that was accepted when the disk failed, the
id is in the reserve.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import durable, fields, reading
from .errors import IntegrityError
from .hashing import Digest
from .lock import Purchase, purchase_from_json, purchase_to_json
from .payment import Payment, intent_from_json, intent_to_json
from .reserve import Reserve

LARGEST = 16 << 20
"""Bytes of one attempt: a prompt, and the ids of a history of 50,000 orders, with room to spare."""

_WORDED = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


class Journal:
    """The attempts below one folder, and `others` where an id is kept that can't be written there.

    What can't be written raises OSError.
    """

    def __init__(self, folder: Path, others: Sequence[Path] = ()) -> None:
        self.folder = folder
        self._reserve = Reserve(folder, others)
        self._ends: dict[str, tuple[int, int]] = {}

    def intend(self, payment: Payment) -> None:
        """Write down that a request is about to leave, with room for its id set aside."""
        durable.make_folder(self.folder, mode=0o700)
        self._reserve.set_aside()
        self._append(
            payment.attempt,
            {"record": "intended", **intent_to_json(payment)},
        )

    def accept(self, attempt: str, generation: str) -> None:
        """Write down the provider's id, wherever there is a place for it."""
        record = {"record": "accepted", "generation": generation}
        try:
            self._append(attempt, record)
        except OSError:
            self._reserve.give_up()
            try:
                self._append(attempt, record)
            except OSError:
                self._reserve.keep(_kept_name(attempt), _line(record, 0))

    def deliver(self, attempt: str, purchase: Purchase) -> None:
        self._append(attempt, {"record": "delivered", "purchase": purchase_to_json(purchase)})

    def forget(self, attempt: str) -> None:
        """Drop an attempt: the lock has it, or it surely was not charged."""
        self._ends.pop(attempt, None)
        self._path(attempt).unlink(missing_ok=True)
        self._reserve.drop(_kept_name(attempt))

    def fail(self, attempt: str, key: Digest) -> None:
        """Put an attempt aside that failed without a charge; it counts against its key."""
        self._ends.pop(attempt, None)
        aside = self._failed(key)
        durable.make_folder(aside)
        self._path(attempt).replace(aside / f"{attempt}.jsonl")
        self._reserve.drop(_kept_name(attempt))

    def failures(self, key: Digest) -> int:
        """Count the attempts for a key that failed, in all builds."""
        with suppress(FileNotFoundError):
            return sum(one.suffix == ".jsonl" for one in self._failed(key).iterdir())
        return 0

    def give_up(self, attempt: str) -> None:
        """Take an attempt out of the way because a person said so; its record is kept aside."""
        aside = self.folder / "given-up"
        aside.mkdir(exist_ok=True)
        self._path(attempt).replace(aside / f"{attempt}.jsonl")

    def payments(self) -> list[Payment]:
        """Return what is not settled, the oldest first; raise IntegrityError if damaged."""
        found = []
        for path in sorted(self.folder.glob("*.jsonl")):
            with suppress(FileNotFoundError):  # it was settled meanwhile
                found.append(_payment(path.stem, [*_read(path)[0], *self._kept(path.stem)]))
        return sorted((one for one in found if one), key=lambda one: (one.intended, one.attempt))

    def examine(self, path: Path) -> tuple[Payment | None, bool]:
        """Read one file: its payment, and whether its last line was torn.

        Raises IntegrityError if it is damaged.
        """
        records, end, _ = _read(path)
        payment = _payment(path.stem, [*records, *self._kept(path.stem)])
        return payment, end < path.stat().st_size

    def _kept(self, attempt: str) -> list[dict[str, Any]]:
        """Return the record of an id that was not written here."""
        path = self._reserve.kept(_kept_name(attempt))
        return _read(path)[0] if path else []

    def _failed(self, key: Digest) -> Path:
        return self.folder / "failed" / key

    def _path(self, attempt: str) -> Path:
        return self.folder / f"{attempt}.jsonl"

    def _append(self, attempt: str, record: Mapping[str, Any]) -> None:
        path = self._path(attempt)
        end, check = self._ends.pop(attempt, (0, 0))
        line = _line(record, check)
        if not durable.append(path, line, at=end):  # not written by this process, or not to its end
            _, end, check = _read(path)
            os.truncate(path, end)
            line = _line(record, check)
            durable.append(path, line)
        self._ends[attempt] = end + len(line), int(line[-9:-1], 16)


def _kept_name(attempt: str) -> str:
    return f"musicbuild-{attempt}.jsonl"


def _line(record: Mapping[str, Any], check: int) -> bytes:
    text = _WORDED.encode(record).encode()
    return b"%s\t%08x\n" % (text, zlib.crc32(text, check))


def _read(path: Path) -> tuple[list[dict[str, Any]], int, int]:
    """Return the whole records, the offset where they end, and the running check sum."""
    records: list[dict[str, Any]] = []
    end, check = 0, 0
    try:
        lines = reading.contents(path, most=LARGEST).splitlines(keepends=True)
    except (reading.NotPlain, reading.TooLarge):
        raise _damaged(path) from None
    for number, line in enumerate(lines, 1):
        text, tab, written = line.partition(b"\t")
        running = zlib.crc32(text, check)
        part = not line.endswith(b"\n") and (not tab or len(written) <= 8)
        if part and number == len(lines) and b"\0" not in line:  # no crash of ours leaves noughts
            break
        if written != b"%08x\n" % running:
            raise _damaged(path)
        records.append(_record(path, text))
        end, check = end + len(line), running
    return records, end, check


def _record(path: Path, text: bytes) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        raise _damaged(path) from None
    return record


def _payment(attempt: str, records: list[dict[str, Any]]) -> Payment | None:
    """Fold the records of one attempt; None if not even its intent was written whole."""
    if not records:
        return None
    try:
        payment = intent_from_json(attempt, records[0])
        for record in records[1:]:
            if record["record"] == "accepted":
                payment = replace(payment, generation=fields.text(record["generation"]))
            else:
                payment = replace(payment, purchase=purchase_from_json(record["purchase"]))
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
        raise _damaged(Path(attempt)) from None
    return payment


def _damaged(path: Path) -> IntegrityError:
    return IntegrityError(
        f"the journal of payment `{path.stem}` is damaged, and it may have been charged",
        hint="look at the provider's own history before you remove its file",
    )
