"""Classes 1 to 36: what goes wrong with an order and with the answer to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from studio import Studio

from .row import Row

FOUND = "0 0 0 0"
AGAIN = "0 1 1 1"
UNSENT = "0 5 5 5"
REFUSED = "1 1 1 1"
STOPPED = "5 5 5 5"
BUSY = "0 0 5 5"


def earlier(studio: Studio) -> None:
    """Have a generation in the account that is older than all orders."""
    studio.gateway.add(
        "musicgen", "Of old", duration=15, created=studio.clock.now() - timedelta(hours=2)
    )


def connections() -> Iterator[Row]:
    for name, fault in (
        ("01-connection-refused", "refused"),
        ("02-connection-timed-out", "slow-connection"),
        ("03-host-not-found", "no-name"),
        ("04-tls-of-an-unknown-authority", "tls-untrusted"),
        ("04-tls-expired", "tls-expired"),
        ("04-tls-of-another-host", "tls-another-host"),
        ("04-no-tls-at-all", "tls-none"),
    ):
        yield Row(f"post-{name}", "connect", fault, UNSENT)
    yield Row("post-09-enqueued-answer-after-time-out", "connect", "slow-answer", FOUND)
    yield Row("post-09-upload-timed-out", "connect", "slow-upload", AGAIN)


def breaks() -> Iterator[Row]:
    for name, fault, codes in (
        ("05-reset-before-any-byte-read", "unread", AGAIN),
        ("06-reset-after-headers", "unread-body", AGAIN),
        ("07-read-whole-not-enqueued-close", "dropped", AGAIN),
        ("08-enqueued-close-without-answer", "lost", FOUND),
        ("08-enqueued-reset-without-answer", "reset", FOUND),
        ("11-half-an-answer", "half", FOUND),
        ("11-half-an-answer-and-reset", "broken-off", FOUND),
        ("12-200-without-id", "no-id", FOUND),
        ("13-200-html", "html", FOUND),
        ("14-200-truncated-json", "truncated", FOUND),
        ("14-200-json-too-deep", "deep", FOUND),
        ("14-200-json-list", "list", FOUND),
        ("15-200-empty", "empty", FOUND),
        ("16-id-null", "null-id", FOUND),
        ("16-id-true", "bool-id", FOUND),
        ("16-id-of-4-KB", "long-id", FOUND),
        ("16-id-with-dots-and-slashes", "odd-id", FOUND),
        ("17-id-of-an-earlier-order", "same-id", FOUND),
        ("32-interim-answers-then-the-answer", "hints", FOUND),
        ("33-200-of-10-MB", "huge", FOUND),
        ("35-keep-alive-closed-after-the-answer", "goodbye", FOUND),
        ("36-two-answers-and-garbage", "twice", FOUND),
        ("45-generation-of-somebody-else", "stranger", FOUND),
    ):
        prepare = earlier if fault == "same-id" else lambda _: None
        yield Row(f"post-{name}", "post", fault, codes, prepare=prepare)
    yield Row("post-10-enqueued-a-minute-late", "post", "late", FOUND, {"reads": 4})
    yield Row("post-34-slow-drip", "post", "drip", FOUND, {"seconds": 0.0001})
    yield Row("post-34-drip-without-end", "connect", "dripping", FOUND)
    yield Row("post-16-ids-are-numbers", "post", "slow", FOUND, {"seconds": 0}, prepare=numbers)


def numbers(studio: Studio) -> None:
    studio.gateway.dialect = 2


def statuses() -> Iterator[Row]:
    for number, status in ((18, 302), (18, 303), (28, 500), (29, 502), (31, 504), (31, 520)):
        for queued, codes in ((True, FOUND), (False, AGAIN)):
            how = "enqueued" if queued else "not-enqueued"
            name = f"post-{number}-{status}-{how}"
            yield Row(name, "post", str(status), codes, {"queued": queued})
    for how, queued, codes in (("enqueued", True, FOUND), ("not-enqueued", False, AGAIN)):
        yield Row(f"post-24-409-{how}", "post", "409", codes, {"queued": queued})
        yield Row(f"post-30-503-html-{how}", "post", "503-html", codes, {"queued": queued})
        yield Row(f"post-33-500-of-10-MB-{how}", "post", "500-huge", codes, {"queued": queued})
    for number, status in ((19, "400"), (23, "404"), (25, "413"), (26, "422"), (26, "422-html")):
        yield Row(f"post-{number}-{status}", "post", status, REFUSED)
    yield Row("post-22-403", "post", "403", REFUSED, halts=True)
    yield Row("post-33-422-of-10-MB", "post", "422-huge", REFUSED)
    for number, status in ((18, "307"), (18, "308"), (20, "401"), (21, "402"), (22, "403-html")):
        yield Row(f"post-{number}-{status}", "post", status, STOPPED, halts=True)


def busy() -> Iterator[Row]:
    for how, options in {
        "good": {"retry_after": 20},
        "in-the-header": {"retry_after": ..., "header": "20"},
        "missing": {"retry_after": ...},
        "nan": {"retry_after": float("nan")},
        "negative": {"retry_after": -1},
        "text": {"retry_after": "1e9"},
        "list": {"retry_after": [20]},
        "date-in-the-header": {"retry_after": ..., "header": "Wed, 21 Oct 2026 07:28:00 GMT"},
        "without-end": {"retry_after": 10**400},
        "of-a-year": {"retry_after": 31_536_000},
    }.items():
        yield Row(
            f"post-27-429-retry-after-{how}", "post", "429", BUSY, options, halts=True, posts=20
        )
    day = {"retry_after": 86_400}
    yield Row("post-27-429-retry-after-a-day", "post", "429", STOPPED, day, halts=True)
    yield Row("post-30-503-json", "post", "503", BUSY, {"retry_after": 20}, halts=True, posts=20)


ROWS = [*connections(), *breaks(), *statuses(), *busy()]
