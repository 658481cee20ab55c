"""Classes 37 to 50: what goes wrong with polls, with the history and with the balance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta

from studio import Studio

from musicbuild.events import Ordered

from .oracle import Audited
from .row import BOSS, MENU, THEME, Row

FINE = "0 0 0 0"
COLLECTED = "0 0 1 1"
UNSETTLED = "0 0 6"
READ = "0 0 0"


def polls() -> Iterator[Row]:
    for name, fault, codes in (
        ("08-close-without-answer", "lost", COLLECTED),
        ("13-200-html", "html", COLLECTED),
        ("14-200-truncated-json", "truncated", COLLECTED),
        ("14-200-json-too-deep", "deep", COLLECTED),
        ("15-200-empty", "empty", COLLECTED),
        ("20-401", "401", "1 1 1 1"),
        ("28-500", "500", COLLECTED),
        ("30-503-html", "503-html", COLLECTED),
        ("33-200-of-10-MB", "huge", COLLECTED),
        ("35-keep-alive-closed-after-the-answer", "goodbye", FINE),
        ("36-two-answers-and-garbage", "twice", FINE),
        ("37-404", "404", COLLECTED),
        ("38-never-completes", "pending", COLLECTED),
        ("41-unknown-status", "unknown-status", COLLECTED),
        ("43-url-changes-each-poll", "moved", FINE),
        ("45-generation-of-somebody-else", "stranger", COLLECTED),
    ):
        yield Row(f"poll-{name}", "poll", fault, codes, polls=1)
    for name, told, codes in (
        ("40-completed-without-url", {"status": "completed", "output_url": None}, COLLECTED),
        ("45-id-of-another", {"id": "gen_of_another", "prompt": ""}, COLLECTED),
        ("45-id-with-dots-and-slashes", {"id": "../../user/me"}, FINE),
        *((f"44-tokens-{name}", told, FINE) for name, told in ODD_TOKENS.items()),
        *((f"51-url-{name}", {"output_url": url}, "1 1 1 1") for name, url in ODD_URLS.items()),
    ):
        polls = 0 if name.startswith(("44", "51")) else 1
        done = {"status": "completed"} if told.get("output_url") else {}
        yield Row(
            f"poll-{name}", "poll", "changed", codes, {"told": {**told, **done}}, polls=polls or 1
        )
    yield Row("poll-37-404-for-the-first-minute", "poll", "404", "0", polls=0, prepare=unseen)
    yield Row("poll-39-completed-to-pending-regress", "poll", "pending", COLLECTED, prepare=bare)
    yield Row("poll-39-pending-after-an-expiry", "poll", "pending", "0 0 1", prepare=expiry)
    yield Row("poll-42-failed-not-charged", "post", "failed", AGAIN)
    yield Row(
        "poll-42-failed-wrongly-charged",
        *("post", "failed", "1 1 1 1", {"charged": True}),
        waste=failed,
    )


AGAIN = "0 1 1 1"
ODD_TOKENS = {
    "nan": {"tokens_used": math.nan},
    "infinite": {"tokens_used": math.inf},
    "negative": {"tokens_used": -9},
    "text": {"tokens_used": "nine"},
    "true": {"tokens_used": True},
    "list": {"tokens_used": [9]},
    "endless": {"tokens_used": 10**300},
}
ODD_URLS = {
    "on-a-private-address": "https://169.254.169.254/latest/meta-data",
    "on-this-machine": "https://127.0.0.1/audio.mp3",
    "on-this-machine-in-v6": "https://[::ffff:127.0.0.1]/audio.mp3",
    "on-another-host-without-tls": "http://198.51.100.7/audio.mp3",
    "at-another-port": "http://127.0.0.1:9/audio.mp3",
    "of-a-file": "file:///etc/passwd",
    "with-a-user": "https://user:word@198.51.100.7/audio.mp3",
    "of-no-host": "https:///audio.mp3",
    "of-10-KB": "https://198.51.100.7/" + "a" * 10_000,
    "of-two-lines": "https://198.51.100.7/\r\nHost: other",
}


def unseen(studio: Studio) -> None:
    """Have the first minute go by before a generation can be asked for."""
    studio.gateway.polls = 1
    studio.gateway.fault("poll", "404", times=23)


def bare(studio: Studio) -> None:
    """Have a generation completed first, without a URL."""
    studio.gateway.polls = 1
    told = {"status": "completed", "output_url": None}
    prompt = BOSS.generate.prompt
    studio.gateway.fault("poll", "changed", prompt=prompt, told=told)


def expiry(studio: Studio) -> None:
    """Have a URL completed at once, and gone."""
    studio.gateway.fault("download", "expired")


def failed(studio: Studio) -> set[str]:
    return {str(one.id) for one in studio.gateway.generations if one.failure}


def histories() -> Iterator[Row]:
    """Yield what goes wrong while lost answers are looked for."""
    for name, fault, codes, options in (
        ("08-close-without-answer", "lost", UNSETTLED, {}),
        ("13-200-html", "html", UNSETTLED, {}),
        ("14-200-truncated-json", "truncated", UNSETTLED, {}),
        ("33-200-of-10-MB", "huge", UNSETTLED, {}),
        ("35-keep-alive-closed-after-the-answer", "goodbye", READ, {}),
        ("36-two-answers-and-garbage", "twice", READ, {}),
        ("48-prompt-cut", "retold", UNSETTLED, {"how": "cut"}),
        ("48-prompt-trimmed", "retold", READ, {"how": "trimmed"}),
        ("48-prompt-decomposed", "retold", READ, {"how": "decomposed"}),
        ("48-prompt-of-other-lines", "retold", READ, {"how": "lines"}),
        ("49-500", "500", UNSETTLED, {}),
        ("49-404", "404", UNSETTLED, {}),
        ("49-401", "401", UNSETTLED, {}),
        ("49-empty", "nothing", UNSETTLED, {}),
    ):
        row = Row(f"history-{name}", "history", fault, codes, options, late=True, lost=3)
        yield row
    for name, codes in (
        ("loop", "0 0 6"),
        ("repeats", "0 0 0"),
        ("misses", "0 0 6"),
        ("unsorted", "0 0 0"),
    ):
        yield Row(
            f"history-47-paging-{name}",
            *("history", name, codes),
            late=True,
            lost=3,
            prepare=small_pages,
        )
    for reads in (1, 3, 6, 12):
        yield Row(
            f"history-46-lags-{reads * 20}-seconds",
            *("post", "lost", FINE, {"hidden_reads": reads}),
        )
    yield Row("history-46-finished-only", "post", "lost", FINE, {"polls": 4}, prepare=finished_only)
    yield Row(
        "history-49-empty-and-a-balance-that-says-nothing",
        *("history", "nothing", "0 0 1"),
        late=True,
        lost=3,
        prepare=constant_balance,
        waste=unseen_charges,
    )
    yield Row("history-49-500-from-the-outset", "history", "500", "0 0 5", lost=3, prepare=twin)


def small_pages(studio: Studio) -> None:
    """Have an account of more than one page, with older work in other words."""
    studio.gateway.most_a_page = 3
    for number in range(8):
        created = studio.clock.now() - timedelta(hours=number + 1)
        studio.gateway.add("musicgen", f"Older {number}", duration=15, created=created)


def finished_only(studio: Studio) -> None:
    studio.gateway.finished_only = True


def constant_balance(studio: Studio) -> None:
    studio.gateway.fault("balance", "changed", times=math.inf, told={"token_balance": 3000})


def unseen_charges(studio: Studio) -> set[str]:
    """Return the charges of which neither the history nor the balance told in time."""
    bought = {one.generation for one in studio.lock.purchases.values()}
    return {one.id for one in studio.gateway.charges if one.id not in bought}


def twin(studio: Studio) -> None:
    """Have an older generation in the account, in the words of a track."""
    created = studio.clock.now() - timedelta(hours=1)
    studio.gateway.add("musicgen", MENU.generate.prompt, duration=15, created=created)


def balances() -> Iterator[Row]:
    for name, fault, codes, told in (
        ("50-constant", "changed", READ, 3000),
        ("50-stale-and-too-low", "changed", "5 5 5", 8),
        ("50-negative", "changed", "5 5 5", -5),
        ("50-nan", "changed", "5 5 5", math.nan),
        ("50-text", "changed", "5 5 5", "lots"),
        ("50-missing", "changed", "5 5 5", None),
        ("50-500", "500", "0 0 5", 0),
        ("50-401", "401", "5 5 5", 0),
        ("13-200-html", "html", "0 0 5", 0),
        ("33-200-of-10-MB", "huge", "0 0 5", 0),
        ("08-close-without-answer", "lost", "0 0 5", 0),
        ("35-keep-alive-closed-after-the-answer", "goodbye", READ, 0),
    ):
        options = {"told": {"token_balance": told}} if fault == "changed" else {}
        yield Row(f"balance-{name}", "balance", fault, codes, options)
    yield Row(
        "balance-50-unreadable-while-settling",
        *("balance", "500", "0 0 6"),
        late=True,
        prepare=dropped,
    )


def dropped(studio: Studio) -> None:
    studio.gateway.fault("post", "dropped")


def service() -> Iterator[Row]:
    for hours in (-14, 14):
        yield Row(
            f"clock-00-{hours:+}-hours",
            *("post", "lost", FINE),
            prepare=lambda studio, hours=hours: skew(studio, hours),
        )
    yield Row("service-00-restarts", "nothing", "", "0", polls=2, prepare=restart)
    yield Row(
        "service-00-forgets-the-latest",
        "nothing",
        "",
        "1",
        polls=2,
        prepare=forget,
        end=assert_open,
    )


def skew(studio: Studio, hours: int) -> None:
    studio.clock._start += timedelta(hours=hours)


def restart(studio: Studio) -> None:
    """Have the service restart after each order, with all that it knew."""

    def hear(event: object) -> None:
        if isinstance(event, Ordered):
            studio.gateway.restart()

    studio.heard = hear


def forget(studio: Studio) -> None:
    """Have the service restart after an order, without that order."""

    def hear(event: object) -> None:
        if isinstance(event, Ordered) and event.track == "boss":
            studio.heard = lambda _: None
            studio.gateway.restart()
            made = studio.gateway.generations[-1]
            made.id, made.prompt = "gen_of_the_time_before", "Of old"

    studio.heard = hear


def assert_open(project: Audited) -> None:
    """Hold that an order which the service forgot stays open, and nothing is paid again."""
    assert project.code == 1
    assert [one.track for one in project.studio.open_payments] == ["boss"]
    assert {*project.studio.lock.tracks} == {"menu", "theme"}
    assert len(project.studio.gateway.posts) == len((MENU, BOSS, THEME))


ROWS = [*polls(), *histories(), *balances(), *service()]
