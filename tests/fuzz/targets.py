"""What holds of every input: each target takes any bytes, and raises where a promise is broken.

A target lets through the errors that its module declares and no other, and holds a success against
what the module says of it.
"""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime
from typing import Any

from musicbuild import lock as locks
from musicbuild.audio.mp3 import NotMp3, Stream, inspect
from musicbuild.audio.mp3.row import add_info_frame
from musicbuild.cost import Cost
from musicbuild.document import parse
from musicbuild.document.source import Source, decode
from musicbuild.errors import (
    AnswerLost,
    Busy,
    IntegrityError,
    InvalidManifest,
    ManifestError,
    Refused,
    Undelivered,
)
from musicbuild.hashing import digest_bytes
from musicbuild.journal import Journal
from musicbuild.manifest import load
from musicbuild.models import SourceType
from musicbuild.paths import objection
from musicbuild.prompt import Templates
from musicbuild.prompt.plain import OUTPUT
from musicbuild.providers import elumenta
from musicbuild.providers.credentials import UNSEEN
from musicbuild.providers.download import kind
from musicbuild.providers.elumenta_history import tickets
from musicbuild.providers.elumenta_replies import ID, keep, read
from musicbuild.providers.verdict import LONGEST_WAIT, Answer, judge
from musicbuild.spec import Tags
from musicbuild.specify import specify
from musicbuild.tags import Provenance, audio_of, say, tag
from musicbuild.tags import read as read_tags

from . import paid
from .ground import ground, put
from .holds import KEY, SECRET, VARIABLES, answered, as_json, clean, legible, model, plain

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
TAGS = Tags(title="Boss", artist="Nightfall Games", bpm="150", key="F#m", comment="Phase 1\nloud")
ORIGIN = Provenance("elumenta", "musicgen", "gen_01", "c0ffee", "Loud drums", SourceType.TRAINED)
SAFE = frozenset({307, 308, 400, 401, 402, 403, 404, 405, 411, 413, 414, 415, 422, 431, 451})
"""Statuses of answers that surely were not processed, beside 429 and one kind of 503."""


def document(data: bytes) -> None:
    """A document is refused with a ManifestError, or is JSON: written as such it reads the same."""
    try:
        root = parse(decode(data, ground() / "x.yaml"))
    except ManifestError as error:
        legible(error)
        return
    value = plain(root, 1)
    if as_json(value):
        written = json.dumps(value, ensure_ascii=False)
        assert repr(plain(parse(Source(root.source.path, written)), 1)) == repr(value)


def manifest(data: bytes) -> None:
    """A manifest is refused with an InvalidManifest, or gives specs that can be built.

    Their paths lie below the folder, each their own; their prompts can be sent, and have a key.
    Read again it gives the same.
    """
    path = put("musicbuild.yaml", data)
    try:
        specified = specify(load(path), model)
    except InvalidManifest as error:
        legible(error)
        assert error.errors
        return
    outputs = [output for track in specified.tracks for output in track.outputs]
    assert len({output.path for output in outputs}) == len(outputs)
    assert len({track.id for track in specified.tracks}) == len(specified.tracks)
    for track in specified.tracks:
        assert len(track.generate.key) == 64
        assert track.generate.prompt
        clean(track.generate.prompt)
    for output in outputs:
        assert not objection(output.path, output.master.format)
        assert output.master.key(digest_bytes(data))
    assert specify(load(path), model).tracks == specified.tracks


def template(data: bytes) -> None:
    """A template is refused with a ManifestError, or gives the same clean text again.

    It does so in a sandbox that has compiled nothing yet, and of the variables that it is said to
    mention alone.
    """
    place = Source(ground() / "prompts", data.decode(errors="replace"))
    templates = Templates(ground(), "prompts")
    try:
        text = templates.render(place.text, place, VARIABLES)
    except ManifestError as error:
        legible(error)
        return
    clean(text)
    assert len(text) <= 3 * OUTPUT  # as composed: it may be longer than it was
    assert " at 0x" not in text or "0x" in place.text
    names = templates.names(place.text)
    mentioned = {
        name: one for name, one in VARIABLES.items() if name in names.found or not names.all
    }
    assert Templates(ground(), "prompts").render(place.text, place, mentioned) == text


def lock(data: bytes) -> None:
    """A lock is refused with an IntegrityError, or is the same when it is written and read."""
    try:
        found = locks.parse(data)
    except IntegrityError as error:
        legible(error)
        return
    written = locks.dump(found)
    assert locks.parse(written) == found
    assert locks.dump(locks.parse(written)) == written
    assert all(amount.is_finite() and amount > 0 for amount in found.spent.values())


def journal(data: bytes) -> None:
    """A file of the journal is refused with an IntegrityError, or is one payment or none.

    A payment has a key, amounts that can be shown, and goes into a lock that can be read.
    """
    place = Journal(ground() / "journal")
    path = put("journal/attempt-1.jsonl", data)
    try:
        payments = place.payments()
    except IntegrityError as error:
        legible(error)
        return
    assert [one for one in [place.examine(path)[0]] if one] == payments
    for payment in payments:
        assert payment.attempt == "attempt-1"
        assert len(payment.spec.key) == 64
        amounts = [one.amount for one in (payment.quote, payment.balance) if one is not None]
        assert all(len(f"{one:f}") < 1000 for one in amounts)
        if payment.purchase:
            bought = locks.Lock().with_purchase(payment.spec.key, payment.purchase)
            assert locks.parse(locks.dump(bought)) == bought


def torn(data: bytes) -> None:
    """A journal that was changed in any way is refused, or tells a true part of what was written.

    The bytes say what is done to a journal of one payment: see `paid.spoiled`.
    """
    place = Journal(ground() / "journal")
    put("journal/attempt-1.jsonl", paid.spoiled(paid.written(), data))
    try:
        payments = place.payments()
    except IntegrityError as error:
        legible(error)
        return
    assert payments == [] or payments[0] in paid.STAGES


def reply(data: bytes) -> None:
    """An answer of the service is read without an error, and its words never show the key.

    Only what surely was not processed is judged so.  What is read can be kept: the id in a URL, the
    cost in a lock.  The first line is the status and the header `retry-after`.
    """
    answer = answered(data)
    told = answer.json()
    made = read(told)
    assert not made.id or ID.fullmatch(made.id)
    assert made.cost is None or made.cost.is_finite()
    assert made.seconds is None or 0 < made.seconds < 86_400
    assert made.created is None or made.created.tzinfo is UTC
    assert read({**keep(told), "prompt": made.prompt}) == made
    assert made.asked(made.prompt)
    said = answer.said()
    assert KEY not in said
    assert KEY not in json.dumps(told)
    assert "\n" not in said
    assert not {unicodedata.category(one) for one in said} & UNSEEN
    judged(answer, told)
    if made.cost is not None:
        bought = locks.Lock().with_purchase(paid.WISH.key, paid.bought(Cost(made.cost, "tokens")))
        assert locks.parse(locks.dump(bought)) == bought


def judged(answer: Answer, told: Any) -> None:
    error, status = judge(answer, "elumenta"), answer.status
    own = all(isinstance(told.get(name), str) for name in ("error", "message"))
    busy = status == 429 or (status == 503 and own)
    if 200 <= status < 300:
        assert error is None
        return
    assert type(error) is (Refused if status in SAFE else Busy if busy else AnswerLost)
    assert KEY not in str(error)
    legible(error)
    if isinstance(error, Busy):
        assert error.retry_after is None or 0 <= error.retry_after <= LONGEST_WAIT


def history(data: bytes) -> None:
    """A history, a page a line, gives tickets that are each somebody's, or an Undelivered."""
    pages = data.split(b"\n")

    def get(_path: str, query: Any) -> Answer:
        return Answer(200, {}, pages[min(query["page"], len(pages)) - 1], SECRET)

    try:
        found = tickets(get, elumenta.MODELS, SINCE)
    except Undelivered as error:
        legible(error)
        return
    assert len({one.id for one in found}) == len(found)
    assert all(ID.fullmatch(one.id) for one in found)
    assert KEY not in repr(found)


def audio(data: bytes) -> None:
    """Bytes are refused as NotMp3, or are a stream whose frames no tag of ours changes.

    Clean streams are known by their beginning, and have exactly the length that a header is made
    to tell of them.
    """
    begins_as = kind(data)
    try:
        stream = inspect(data)
    except NotMp3 as error:
        assert not str(error).endswith(".")
        return
    assert 0 <= stream.start < stream.end <= len(data)
    assert stream.frames > 0
    assert stream.seconds >= 0
    if stream.problems:
        return
    assert begins_as == "mp3"
    frames = data[stream.start : stream.end]
    out = tag(data, "mp3", say(TAGS, ORIGIN, seconds=stream.seconds))
    assert out.endswith(frames)
    ours = inspect(out)
    assert (ours.frames, ours.samples, ours.problems) == (stream.frames, stream.samples, ())
    assert out[ours.start : ours.end] == frames
    measured(frames, stream)


def measured(frames: bytes, stream: Stream) -> None:
    """Hold the header that is made for a bare stream against how it is read."""
    try:
        whole = add_info_frame(frames, stream.samples - 576, delay=576)
    except (NotMp3, ValueError):
        return
    if not any(mark in frames[:64] for mark in (b"Xing", b"Info", b"VBRI")):
        ours = inspect(whole)
        assert (ours.samples, ours.problems) == (stream.samples - 576, ())


def tags(data: bytes) -> None:
    """Tags of others are kept or left, and ours read; only broken ones raise an IntegrityError.

    The music is what it was, and tagging twice is tagging once.
    """
    try:
        music = audio_of(data)
        read_tags(data)
        out = tag(data, "mp3", say(TAGS, ORIGIN, seconds=1.5))
    except IntegrityError as error:
        legible(error)
        return
    assert out.endswith(music)
    assert kind(out) == "mp3"
    assert audio_of(out) == music
    assert tag(out, "mp3", say(TAGS, ORIGIN, seconds=1.5)) == out
    said = read_tags(out)
    assert (said["title"], said["comment"], said["spec"]) == (TAGS.title, TAGS.comment, ORIGIN.key)
