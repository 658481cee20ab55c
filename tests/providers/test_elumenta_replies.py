"""What is read from a reply, whatever is in it; as values, for no server would say all of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from musicbuild.errors import Undelivered
from musicbuild.providers.credentials import Secret
from musicbuild.providers.download import kind
from musicbuild.providers.elumenta_history import PAGE, tickets
from musicbuild.providers.elumenta_replies import identity, is_music, keep, read, tokens
from musicbuild.providers.verdict import Answer

ONE = {
    "id": "gen_01j9x2abc123",
    "type": "audio",
    "status": "completed",
    "model": "musicgen",
    "prompt": "calm",
    "output_url": "https://cdn.elumenta.ru/audio/gen_01j9x2abc123.mp3",
    "tokens_used": 9,
    "duration_seconds": 30,
    "created_at": "2026-11-01T10:00:00Z",
}
TWO = {
    "id": 18502,
    "category": "audio",
    "status": "completed",
    "model_slug": "elevenlabs-music",
    "model_name": "ElevenLabs Music",
    "prompt": "calm",
    "result_url": "https://storage.elumenta.ru/generations/18502.mp3",
    "tokens_spent": 58,
    "error": None,
    "created_at": "2026-11-01T12:00:00+02:00",
}


@pytest.mark.parametrize(("told", "model", "cost"), [(ONE, "musicgen", 9), (TWO, None, 58)])
def test_both_dialects_say_the_same(told, model, cost):
    made = read(told)
    assert made == read(json.loads(json.dumps(keep(told) | {"prompt": "calm"})))
    assert (made.id, made.model) == (str(told["id"]), model or "elevenlabs-music")
    assert made.created == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert made.cost == cost
    assert made.url.startswith("https://")
    assert made.done
    assert not made.failed


@pytest.mark.parametrize("status", ["pending", "simmering", "", None, 7, [], "succeeded"])
def test_a_status_of_no_page_is_pending(status):
    made = read({**ONE, "status": status})
    assert not made.done
    assert made.url == ""


def test_the_url_goes_by_three_names():
    for name in ("output_url", "result_url", "url"):
        told = {"status": "completed", "output_url": None, "result_url": "", name: "https://x/"}
        assert read(told).url == "https://x/"


@pytest.mark.parametrize(
    "created", [None, "", "soon", 1793527200, "2026-11-01T10:00:00", [], "9" * 99]
)
def test_a_moment_that_can_not_be_read_is_none(created):
    assert read({**ONE, "created_at": created}).created is None


@pytest.mark.parametrize(
    ("told", "text"),
    [
        *((18502, "18502"), (0, "0"), ("gen_1", "gen_1"), ("a.b:c-d", "a.b:c-d")),
        *((bad, "") for bad in (None, True, 1.5, -1, "", "..", "../x", "a/b", "a b", "x" * 129)),
        *((bad, "") for bad in ([], {}, ".hidden", "é", "a\n", "a%2f", "a?b", 10**200)),
    ],
)
def test_an_id_is_one_step_of_a_path(told, text):
    assert identity(told) == text


@pytest.mark.parametrize(
    ("figures", "amount"),
    [
        *(((9,), 9), ((None, 58), 58), (("9",), 9), ((0,), 0), ((9.5,), Decimal("9.5"))),
        *(
            ((bad,), None)
            for bad in (
                None,
                True,
                -1,
                "nine",
                10**10,
                1e300,
                [],
                {},
                "NaN",
                "-0.1",
                "1e-19",
                "1e-999",
            )
        ),
        (("Infinity", 4), 4),
        ((float("nan"), 4), 4),
        ((), None),
    ],
)
def test_an_amount_is_finite_and_not_below_nothing(figures, amount):
    assert tokens(*figures) == amount


@pytest.mark.parametrize(
    ("told", "ours"),
    [
        *((ONE, True), (TWO, True), ({}, True), ({"type": "audio"}, True)),
        *(({"type": "image"}, False), ({"category": "video"}, False), ({"model": "flux"}, False)),
        ({"model": "flux", "type": "audio"}, False),
    ],
)
def test_what_is_not_ours_is_left_out(told, ours):
    assert is_music(told, {"musicgen", "elevenlabs-music"}) is ours


def history(*pages, status=200):
    asked = []

    def get(_, query):
        asked.append(query)
        body = pages[min(query["page"], len(pages)) - 1]
        return Answer(status, {}, json.dumps(body).encode(), Secret("k" * 8))

    try:
        return tickets(get, {"musicgen"}, datetime(2000, 1, 1, tzinfo=UTC))
    finally:
        assert {one["limit"] for one in asked} == {PAGE}


def test_a_history_in_both_dialects_is_read():
    found = history({"items": [ONE, TWO], "total": 2})
    assert [one.id for one in found] == ["gen_01j9x2abc123"]


@pytest.mark.parametrize(
    ("page", "why"),
    [
        ({}, "page 1 has status 200, and no entries"),
        ({"items": {}}, "page 1 has status 200, and no entries"),
        ({"items": [7]}, "page 1 has an entry that is none"),
        ({"items": [{**ONE, "id": None}], "total": 1}, "an entry of it has no id"),
        ({"items": [ONE], "total": 3}, "its pages repeat themselves"),
        ({"items": [ONE]}, "its pages repeat themselves"),
        ({"items": [], "total": 3}, "it has 0 of 3 entries"),
    ],
)
def test_a_history_that_is_not_whole_is_none(page, why):
    with pytest.raises(Undelivered) as caught:
        history(page)
    assert str(caught.value) == (
        f"the history of elumenta can't be read whole: {why}; nothing was charged for that\n"
        "hint: `musicbuild build` tries again, for nothing"
    )


def test_a_history_without_an_end_is_none():
    endless = [{"items": [{**ONE, "id": number}]} for number in range(600)]
    with pytest.raises(Undelivered, match="more than 500 pages"):
        history(*endless)


@pytest.mark.parametrize(
    ("start", "name"),
    [
        *((b"RIFF0000WAVE", "wav"), (b"fLaC", "flac"), (b"OggS", "ogg"), (b"ID3\4", "mp3")),
        *((b"\xff\xfb\x14\xc4", "mp3"), (b"\xff\xf3\x14\xc4", "mp3")),
        *((b"", ""), (b"\xff", ""), (b"<!do", ""), (b"GIF8", ""), (b"\xff\xd8\xff\xe0", "")),
        *((b'{"er', ""), (b"#EXTM3U", ""), (b"PK\3\4", ""), (b"\xff\xff\xff\xff", "")),
    ],
)
def test_audio_is_known_by_how_it_begins(start, name):
    assert kind(start) == name


@pytest.mark.parametrize(
    ("theirs", "same"),
    [
        ("Calm pads,\nin autumn", True),
        ("", True),
        ("  Calm pads,\r\nin autumn ", True),
        ("Calm pads, in", True),
        ("Loud drums", False),
        ("calm pads, in autumn", False),
    ],
)
def test_a_generation_is_known_by_the_words_it_was_asked_for_in(theirs, same):
    assert read({"prompt": theirs}).asked("Calm pads,\nin autumn") is same


@pytest.mark.parametrize(
    ("told", "same"), [("gen_1", True), (None, True), (18502, True), ("gen_2", False)]
)
def test_a_generation_is_known_by_its_id_in_either_dialect(told, same):
    assert read({"id": told}).named("gen_1") is same
