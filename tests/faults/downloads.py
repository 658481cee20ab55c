"""Classes 51 and 52: what goes wrong with the audio itself."""

from __future__ import annotations

from collections.abc import Iterator

from .row import Row

COLLECTED = "0 0 1 1"
KEPT = "1 1 1 1"
DAMAGED = "0 1 1 1"

NO_MUSIC = {
    "web-page": b"<!doctype html><html><body>Please log in</body></html>",
    "wav": b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(500),
    "flac": b"fLaC" + bytes(500),
    "ogg": b"OggS" + bytes(500),
    "tag-without-music": b"ID3\x04" + bytes(500),
    "frames-without-end": b"\xff\xfb\x14\xc4" * 3,
    "empty": b"",
    "nulls": bytes(5000),
}


def downloads() -> Iterator[Row]:
    for name, fault, codes in (
        ("51-expiry-403-then-a-fresh-url", "expired", COLLECTED),
        ("51-404", "404", COLLECTED),
        ("51-410", "410", COLLECTED),
        ("51-401", "401", KEPT),
        ("51-500", "500", COLLECTED),
        ("51-503-html", "503-html", COLLECTED),
        ("51-short", "short", COLLECTED),
        ("51-cut-off-without-a-word", "truncated", DAMAGED),
        ("51-long", "long", "0 0 0 0"),
        ("51-endless", "endless", KEPT),
        ("51-without-a-length", "no-length", KEPT),
        ("51-in-chunks", "chunked", "0 0 0 0"),
        ("51-gzip", "gzip", KEPT),
        ("51-html", "html", KEPT),
        ("51-redirect-inside", "redirect", COLLECTED),
        ("52-dropped-mid-body", "broken-off", COLLECTED),
        ("52-closed-mid-body", "half", COLLECTED),
        ("08-close-without-answer", "lost", COLLECTED),
        ("08-reset-without-answer", "reset", COLLECTED),
        ("33-500-of-10-MB", "500-huge", COLLECTED),
        ("33-200-of-10-MB", "huge", DAMAGED),
        ("35-keep-alive-closed-after-the-answer", "goodbye", "0 0 0 0"),
        ("36-two-answers-and-garbage", "twice", "0 0 0 0"),
    ):
        yield Row(f"download-{name}", "download", fault, codes)
    for name, data in NO_MUSIC.items():
        codes = KEPT if name in ("web-page", "empty", "nulls") else DAMAGED
        yield Row(f"download-51-wrong-type-{name}", "download", "silence", codes, {"data": data})
    for name, to in (
        ("to-a-private-address", "http://169.254.169.254/latest/meta-data"),
        ("outside-without-tls", "http://198.51.100.7/audio.mp3"),
        ("to-a-file", "file:///etc/passwd"),
        ("to-the-api", "/api/v2/user/me"),
    ):
        codes = KEPT
        yield Row(f"download-51-redirect-{name}", "download", "redirect", codes, {"to": to})
    yield Row("download-51-other-bytes-each-time", "download", "other", "0 0 0 0", any_audio=True)
    yield Row("download-51-drip", "stream", "dripping", KEPT)


ROWS = [*downloads()]
