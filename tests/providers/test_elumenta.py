"""Elumenta against its stand-in: every dialect, and everything that may go wrong with money."""

from __future__ import annotations

import io
import json
import math
import re
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from gateway import KEY, Gateway
from gateway_answers import NAMES
from gateway_audio import mp3
from mutagen.mp3 import MP3

from musicbuild.cost import Cost
from musicbuild.errors import (
    AnswerLost,
    Busy,
    Failed,
    NotSent,
    ProviderError,
    Refused,
    Scope,
    Unavailable,
    Undelivered,
)
from musicbuild.providers import Ticket
from musicbuild.providers.elumenta import PROVIDER
from musicbuild.spec import GenerateSpec
from musicbuild.testing import FakeClock, ProviderSuite

SPEC = GenerateSpec("elumenta", "musicgen", "calm, soft pads", 30)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
MAY_BE_CHARGED = "may have been charged"


@pytest.fixture
def connect(gateway, clock):
    opened = []

    def connect(**environment):
        usual = {**gateway.environment, "ELUMENTA_POLL_SECONDS": "5"}
        opened.append(PROVIDER.connect(usual | environment, clock))
        return opened[-1]

    yield connect
    for one in opened:
        one.close()


def safe(error):
    """Check what holds for each error, and return its text."""
    follow = [error]
    for one in follow:
        if one is not None:
            text = f"{one} {one!r} {vars(one)!r}"
            assert KEY not in text
            assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text) is None
            assert isinstance(one, ProviderError)
            follow += [one.__cause__, one.__context__]
    assert not error.message.endswith(".")
    return str(error)


# What is known offline.


@pytest.mark.parametrize(
    ("change", "objection"),
    [
        ({}, ""),
        ({"prompt": " \n"}, "the prompt is empty"),
        ({"duration": 14}, "musicgen makes 15 to 120 seconds, not 14"),
        ({"duration": 30.5}, "musicgen makes whole seconds, not 30.5"),
        ({"options": (("seed", 7),)}, "musicgen has no option `seed`"),
        ({"model": "musicgne"}, "elumenta has no model `musicgne`"),
    ],
)
def test_what_is_objected_to_offline(change, objection):
    assert PROVIDER.check(replace(SPEC, **change)) == objection


# What a good day looks like.


@pytest.mark.parametrize("dialect", [1, 2, "mixed"])
@pytest.mark.parametrize("polls", [0, 1, 3])
@pytest.mark.parametrize("order", [("musicgen", 9), ("elevenlabs-music", 58)])
def test_ordered_and_delivered_in_every_dialect(gateway, connect, dialect, polls, order):
    model, tokens = order
    gateway.dialect, gateway.polls = dialect, polls
    connection = connect()
    for _ in range(2):
        ticket = connection.submit(GenerateSpec("elumenta", model, "calm", 20))
        delivery = connection.collect(ticket)
        assert delivery.audio == mp3(ticket.id, 20)
        assert (delivery.format, delivery.generation) == ("mp3", ticket.id)
        assert delivery.cost == Cost(Decimal(tokens), "tokens")
    assert [charge.tokens for charge in gateway.charges] == [tokens] * 2
    assert connection.balance() == Cost(Decimal(3000 - 2 * tokens), "tokens")


def test_the_request_is_the_form_of_the_music_page(gateway, connect):
    connect().submit(GenerateSpec("elumenta", "musicgen", "ruhig, „leise“ 🎹", 45.0))
    (post,) = gateway.posts
    assert post.path == "/api/v2/generate"
    assert post.headers["content-type"] == "application/json"
    assert post.headers["authorization"] == f"Bearer {KEY}"
    assert json.loads(post.body) == {
        "model": "musicgen",
        "prompt": "ruhig, „leise“ 🎹",
        "duration": 45,
    }
    assert b"45.0" not in post.body


def test_the_status_page_of_the_other_documentation_is_tried_on_404(gateway, connect):
    gateway.status_path, gateway.polls = "/api/v2/generate/status/", 1
    connection = connect()
    assert connection.collect(connection.submit(SPEC)).audio


def test_the_quota_of_the_hour_is_remembered(gateway, connect):
    connection = connect()
    assert connection.quota.remaining_hour is None
    connection.submit(SPEC)
    assert connection.quota.remaining_hour == 99
    assert connection.quota.resets > datetime.now(UTC)


def test_a_key_with_a_line_break_at_its_end_is_good(gateway, connect):
    assert connect(ELUMENTA_API_KEY=f"{KEY}\n").balance()


@pytest.mark.parametrize(
    "base",
    [
        "http://elumenta.ru",
        "http://10.0.0.1",
        "http://127.0.0.1.evil.example",
        "https://user:pass@elumenta.ru",
        "https://elumenta.ru?x=1",
        "https://",
        "file:///etc/passwd",
        "https://elumenta.ru:99999",
        "https://[::1",
        "elumenta.ru",
    ],
)
def test_the_key_goes_to_https_or_to_this_machine_alone(base, connect):
    with pytest.raises(Unavailable, match="`ELUMENTA_BASE_URL` is no address") as caught:
        connect(ELUMENTA_BASE_URL=base)
    assert "pass@" not in safe(caught.value)


@pytest.mark.parametrize("poll", ["0", "-1", "nan", "inf", "soon", "1e9"])
def test_a_bad_pause_between_polls_is_named(poll, connect):
    with pytest.raises(Unavailable, match="`ELUMENTA_POLL_SECONDS` is no number"):
        connect(ELUMENTA_POLL_SECONDS=poll)


def test_a_missing_key_is_said_in_whole(connect):
    with pytest.raises(Unavailable) as caught:
        connect(ELUMENTA_API_KEY="")
    assert str(caught.value) == (
        "`ELUMENTA_API_KEY` is not set; nothing was sent\n"
        "hint: `export ELUMENTA_API_KEY=…`, or `musicbuild build --draft` to go without"
    )


# The paid request: each fault is one class, and one request.

LOST = [
    *("unread", "dropped", "lost", "half", "no-id", "null-id", "odd-id", "long-id"),
    *("html", "truncated", "empty", "list", "deep", "huge", "reset"),
    *("500", "502", "502-html", "503-html", "504", "520-html", "525", "500-html"),
    *("301", "302", "303", "408", "409", "425", "418"),
]
REFUSED = {
    **dict.fromkeys(("400", "404", "405", "413", "414", "415", "422", "451"), Scope.TRACK),
    **dict.fromkeys(("400-html", "404-html"), Scope.TRACK),
    "403": Scope.MODEL,
    **dict.fromkeys(("401", "402", "403-html", "307", "308"), Scope.BUILD),
}


@pytest.mark.parametrize("queued", [True, False])
@pytest.mark.parametrize("fault", LOST)
def test_what_may_have_been_charged_says_so_and_is_sent_once(gateway, connect, fault, queued):
    gateway.fault("post", fault, queued=None if fault == "unread" else queued)
    with pytest.raises(AnswerLost, match=MAY_BE_CHARGED) as caught:
        connect().submit(SPEC)
    assert "`musicbuild build`" in safe(caught.value)
    assert len(gateway.posts) == 1


@pytest.mark.parametrize("fault", ["lost", "half", "no-id", "html", "500", "502-html", "302"])
def test_what_was_charged_is_in_the_history(gateway, connect, fault):
    gateway.fault("post", fault, queued=True)
    connection = connect()
    with pytest.raises(AnswerLost):
        connection.submit(SPEC)
    (found,) = connection.history(LONG_AGO)
    assert (found.prompt, found.id) == (SPEC.prompt, gateway.charges[0].id)
    assert connection.collect(Ticket(found.id)).cost == Cost(Decimal(9), "tokens")
    assert len(gateway.posts) == 1


@pytest.mark.parametrize(("fault", "scope"), REFUSED.items())
def test_what_was_refused_was_not_charged(gateway, connect, fault, scope):
    gateway.fault("post", fault)
    with pytest.raises(Refused, match="nothing was charged") as caught:
        connect().submit(SPEC)
    assert caught.value.scope is scope
    safe(caught.value)
    assert len(gateway.posts) == 1
    assert gateway.charges == []


def test_a_refusal_with_ten_megabytes_of_words_is_still_a_refusal(gateway, connect):
    gateway.fault("post", "422", message="x" * 10_000_000)
    with pytest.raises(Refused) as caught:
        connect().submit(SPEC)
    assert len(safe(caught.value)) < 1000


@pytest.mark.parametrize(
    ("options", "wait"),
    [
        ({}, 847),
        ({"retry_after": 0}, 0),
        ({"retry_after": 1.5}, 1.5),
        ({"retry_after": 86_400}, 86_400),
        *(({"retry_after": bad}, None) for bad in (..., None, -1, math.nan, math.inf, 10**9)),
        *(({"retry_after": bad}, None) for bad in ("1e9", [5], {}, True, "Wed, 01 Jan", 10**400)),
        ({"retry_after": ..., "header": "30"}, 30),
        ({"retry_after": 12, "header": "30"}, 12),
        ({"retry_after": -1, "header": "30"}, 30),
        *(({"retry_after": ..., "header": bad}, None) for bad in ("-5", "1e9", "9" * 30, "soon")),
    ],
)
def test_a_full_quota_says_how_long_to_wait(gateway, connect, options, wait):
    gateway.fault("post", "429", **options)
    with pytest.raises(Busy, match="nothing was charged") as caught:
        connect().submit(SPEC)
    assert caught.value.retry_after == wait
    assert len(gateway.posts) == 1
    safe(caught.value)


def test_a_full_quota_says_when_more_come(gateway, connect, clock):
    gateway.fault("post", "429", retry_after=600)
    with pytest.raises(Busy) as caught:
        connect().submit(SPEC)
    when = (clock.now() + timedelta(seconds=600)).strftime("%Y-%m-%d %H:%M UTC")
    assert str(caught.value) == (
        "elumenta takes no more for now (429): the stand-in says 429; nothing was charged; "
        f"it takes more from {when} on\n"
        "hint: `musicbuild build` goes on from here later"
    )


@pytest.mark.parametrize(("reset", "wait"), [(900, 900), (-5, None), (10**9, None), ("x", None)])
def test_a_full_hour_without_a_time_ends_when_the_hour_does(gateway, connect, clock, reset, wait):
    gateway.remaining_hour = 0
    gateway.reset_hour = reset if reset == "x" else int(clock.now().timestamp()) + reset
    gateway.fault("post", "429", retry_after=...)
    with pytest.raises(Busy) as caught:
        connect().submit(SPEC)
    assert caught.value.retry_after == (wait and pytest.approx(wait, abs=1))


def test_an_overloaded_model_is_busy(gateway, connect):
    gateway.fault("post", "503")
    with pytest.raises(Busy, match="can't take it now") as caught:
        connect().submit(SPEC)
    assert caught.value.retry_after is None
    assert gateway.charges == []


def test_too_low_a_balance_says_what_is_missing(gateway, connect):
    gateway.balance = 4
    with pytest.raises(Refused) as caught:
        connect().submit(SPEC)
    assert str(caught.value) == (
        "elumenta refused it (402): the stand-in says 402; nothing was charged; "
        "musicgen costs 9 tokens, and 4 tokens are left\n"
        "hint: `musicbuild plan --online` shows the balance and the need"
    )


def test_too_low_a_balance_that_can_not_be_read(gateway, connect):
    gateway.balance = 4
    gateway.fault("balance", "500", times=math.inf)
    with pytest.raises(Refused, match="musicgen costs 9 tokens"):
        connect().submit(SPEC)


def test_no_connection_means_not_sent(connect):
    with Gateway() as gone:
        url = gone.url
    with pytest.raises(NotSent, match="nothing was sent, nothing charged") as caught:
        connect(ELUMENTA_BASE_URL=url).submit(SPEC)
    safe(caught.value)


def test_a_host_that_does_not_exist_means_not_sent(connect, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NotSent, match="Name or service not known; nothing was sent") as caught:
        connect(ELUMENTA_BASE_URL="https://no-such-host.invalid").submit(SPEC)
    safe(caught.value)


def test_a_server_without_tls_means_not_sent(gateway, connect):
    with pytest.raises(NotSent, match="nothing was sent, nothing charged") as caught:
        connect(ELUMENTA_BASE_URL=gateway.url.replace("http", "https")).submit(SPEC)
    safe(caught.value)


def test_each_paid_request_has_a_connection_of_its_own(gateway, connect):
    connection = connect()
    for _ in range(3):
        connection.submit(SPEC)
        connection.balance()
    assert len({post.port for post in gateway.posts}) == 3
    assert len({get.port for get in gateway.seen("GET")}) == 1
    assert not {post.port for post in gateway.posts} & {get.port for get in gateway.seen("GET")}
    assert {post.headers["connection"] for post in gateway.posts} == {"close"}


# Waiting.


@pytest.mark.parametrize(
    "fault",
    [
        *("pending", "unknown-status", "500", "502-html", "503", "429", "lost", "half", "html"),
        *("truncated", "empty", "list", "deep", "huge", "404", "408", "gzip"),
    ],
)
def test_a_poll_that_goes_wrong_is_asked_again(gateway, connect, fault):
    gateway.polls = 1
    options = {"retry_after": 20} if fault == "429" else {}
    gateway.fault("poll", fault, times=3, **options)
    connection = connect()
    delivery = connection.collect(connection.submit(SPEC))
    assert delivery.cost == Cost(Decimal(9), "tokens")
    assert len(gateway.posts) == 1


@pytest.mark.parametrize("fault", ["pending", "500", "lost", "html", "404", "401", "418"])
def test_what_never_comes_stays_to_be_collected(gateway, connect, clock, fault):
    gateway.polls = 1
    gateway.fault("poll", fault, times=math.inf)
    connection = connect()
    ticket = connection.submit(SPEC)
    with pytest.raises(Undelivered, match="it stays paid for") as caught:
        connection.collect(ticket)
    assert f"generation `{ticket.id}`" in safe(caught.value)
    assert clock.monotonic() <= 320
    gateway.faults.clear()
    assert connection.collect(ticket).audio
    assert len(gateway.posts) == 1


def test_the_end_of_waiting_is_said_in_whole(gateway, connect):
    gateway.polls = 10**6
    connection = connect()
    ticket = connection.submit(SPEC)
    with pytest.raises(Undelivered) as caught:
        connection.collect(ticket)
    assert str(caught.value) == (
        f"generation `{ticket.id}` can't be had now: it is not ready after 300 seconds; "
        "it stays paid for, and to be collected\n"
        "hint: `musicbuild build` collects it, for nothing"
    )


def test_one_polls_every_five_seconds_unless_told_otherwise(gateway, connect, clock):
    gateway.polls = 3
    connection = connect(ELUMENTA_POLL_SECONDS="")
    connection.collect(connection.submit(SPEC))
    assert clock.slept == [5, 5, 5]


def test_a_long_ban_ends_the_wait_at_once(gateway, connect, clock):
    gateway.polls = 1
    gateway.fault("poll", "429", retry_after=847, times=math.inf)
    connection = connect()
    with pytest.raises(Undelivered, match="takes no more for now"):
        connection.collect(connection.submit(SPEC))
    assert clock.slept == []


def test_what_is_not_found_long_after_it_was_ordered_is_not_waited_for(gateway, connect, clock):
    connection = connect()
    with pytest.raises(Undelivered, match="does not know it"):
        connection.collect(Ticket("gen_gone", created=clock.now() - timedelta(days=90)))
    assert clock.slept == []
    with pytest.raises(Undelivered, match="does not know it"):
        connection.collect(Ticket("gen_gone"))
    assert 100 <= sum(clock.slept) <= 120


def test_what_is_not_found_after_a_slow_answer_is_waited_for(gateway, connect, clock):
    strike = gateway.strike

    def slow(phase, **more):
        clock.sleep(140 * (phase == "post"))
        return strike(phase, **more)

    gateway.strike, gateway.polls = slow, 1
    gateway.fault("poll", "404", times=4)
    connection = connect()
    assert connection.collect(connection.submit(SPEC)).audio


def test_completed_without_a_url_is_waited_for(gateway, connect):
    gateway.fault("post", "no-url", polls_without_url=3)
    connection = connect()
    assert connection.collect(connection.submit(SPEC)).audio


@pytest.mark.parametrize("polls", [0, 2])
def test_a_generation_that_failed_was_not_charged(gateway, connect, polls):
    gateway.fault("post", "failed", polls=polls)
    connection = connect()
    ticket = connection.submit(SPEC)
    with pytest.raises(Failed) as caught:
        connection.collect(ticket)
    assert safe(caught.value) == (
        f"elumenta could not make generation `{ticket.id}`: the model gave up; nothing was charged"
    )
    assert gateway.charges == []


def test_the_words_of_a_server_are_made_harmless(gateway, connect):
    gateway.polls = 1
    gateway.fault("poll", "echo")
    connection = connect()
    with pytest.raises(Failed, match=r"\[2Jno use for \[key\] gnp") as caught:
        connection.collect(connection.submit(SPEC))
    safe(caught.value)


@pytest.mark.parametrize("message", [KEY, f"a\x1b[2J{KEY}", KEY.encode().hex()])
def test_a_refusal_that_says_the_key_back(gateway, connect, message):
    gateway.fault("post", "400", message=message)
    with pytest.raises(Refused, match=r"\[key\]") as caught:
        connect().submit(SPEC)
    safe(caught.value)


@pytest.mark.parametrize("bad", [math.nan, -1, None, "much", 10**12])
def test_a_cost_that_is_none_is_taken_from_the_order_or_the_price(gateway, connect, bad):
    connection = connect()
    ticket = connection.submit(SPEC)
    gateway.fault("poll", "changed", told={"tokens_used": bad}, times=2)
    assert connection.collect(Ticket(ticket.id)).cost == Cost(Decimal(9), "tokens")
    reply = {"tokens_spent": 7}
    assert connection.collect(Ticket(ticket.id, reply)).cost == Cost(Decimal(7), "tokens")


def test_the_cost_that_the_service_says_is_the_truth(gateway, connect):
    connection = connect()
    ticket = connection.submit(SPEC)
    gateway.fault("poll", "changed", told={"tokens_used": 11})
    assert connection.collect(Ticket(ticket.id)).cost == Cost(Decimal(11), "tokens")


def test_of_a_generation_of_which_nothing_is_known_the_dearest_price_is_assumed(gateway, connect):
    connection = connect()
    ticket = connection.submit(SPEC)
    gateway.fault("poll", "changed", told={"tokens_used": None, "model": None})
    assert connection.collect(Ticket(ticket.id)).cost == Cost(Decimal(58), "tokens")


# Fetching.


def test_an_expired_url_is_asked_for_afresh(gateway, connect):
    gateway.fault("download", "expired", times=3)
    connection = connect()
    ticket = connection.submit(SPEC)
    assert connection.collect(ticket).audio == mp3(ticket.id, 30)
    assert len(gateway.seen("GET", "/api/v2/generate/")) == 3


@pytest.mark.parametrize("fault", ["403", "404", "410"])
def test_urls_that_all_expire_are_given_up(gateway, connect, fault):
    gateway.fault("download", fault, times=math.inf)
    connection = connect()
    with pytest.raises(Undelivered, match="none of the URLs"):
        connection.collect(connection.submit(SPEC))
    assert len(gateway.seen("GET", "/audio/")) == 4


@pytest.mark.parametrize("fault", ["short", "500", "503-html", "lost", "half", "429"])
def test_a_download_that_breaks_off_is_tried_again(gateway, connect, fault):
    gateway.fault("download", fault, times=2)
    connection = connect()
    ticket = connection.submit(SPEC)
    assert connection.collect(ticket).audio == mp3(ticket.id, 30)


@pytest.mark.parametrize(
    "fault",
    ["short", "html", "empty", "gzip", "no-length", "endless", "500", "lost", "418", "list"],
)
def test_what_is_no_audio_is_not_delivered(gateway, connect, fault):
    gateway.fault("download", fault, times=math.inf)
    connection = connect()
    ticket = connection.submit(SPEC)
    with pytest.raises(Undelivered, match="it stays paid for") as caught:
        connection.collect(ticket)
    assert ticket.id in safe(caught.value)


def test_the_key_never_goes_where_audio_is(gateway, connect):
    gateway.fault("download", "redirect")
    connection = connect()
    connection.collect(connection.submit(SPEC))
    fetched = gateway.seen("GET", "/audio/")
    assert len(fetched) == 2
    for one in fetched:
        assert "authorization" not in one.headers
        assert "cookie" not in one.headers
        assert KEY not in str(one)
        assert one.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.1:1/x.mp3",
        "https://127.0.0.1/x.mp3",
        "http://169.254.169.254/latest/meta-data/",
        "ftp://cdn.example/x.mp3",
        "//localhost/x.mp3",
    ],
)
def test_a_redirect_to_elsewhere_in_this_network_is_not_followed(gateway, connect, to):
    gateway.fault("download", "redirect", to=to)
    connection = connect()
    with pytest.raises(Undelivered, match="so is not fetched"):
        connection.collect(connection.submit(SPEC))


def test_redirects_come_to_an_end(gateway, connect):
    gateway.fault("download", "redirect", times=math.inf)
    connection = connect()
    with pytest.raises(Undelivered, match="more than 3 redirects"):
        connection.collect(connection.submit(SPEC))
    assert len(gateway.seen("GET", "/audio/")) == 4


def test_a_url_with_the_key_in_it_is_not_fetched_with_it(gateway, connect):
    gateway.polls = 1
    gateway.fault(
        "poll", "changed", times=9, told={"output_url": f"{gateway.url}/audio/x.mp3?key={KEY}"}
    )
    connection = connect()
    with pytest.raises(Undelivered):
        connection.collect(connection.submit(SPEC))
    assert not any(KEY in one.path for one in gateway.requests)


# The history.


def test_the_history_is_read_to_its_end(gateway, connect):
    for dialect in (1, 2):
        gateway.dialect = dialect
        for number in range(130):
            created = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
            gateway.add("musicgen", f"{dialect} {number}", created=created)
    gateway.add("flux-pro", "a picture", kind="image")
    for pages in (True, False):
        gateway.pages_field = pages
        found = connect().history(LONG_AGO)
        assert len({one.id for one in found}) == 260
        assert {one.prompt for one in found} == {f"{d} {n}" for d in (1, 2) for n in range(130)}
        assert {one.model for one in found} == {"musicgen"}
    later = connect().history(datetime(2026, 1, 1, 2, tzinfo=UTC))
    assert len(later) == 20


def test_only_as_much_of_a_long_history_is_read_as_is_asked_for(gateway, connect):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(1000):
        gateway.add("musicgen", f"{number}", created=start + timedelta(minutes=number))
    assert len(connect().history(start + timedelta(minutes=850))) == 150
    assert len(gateway.seen("GET", "/api/v2/user/history")) == 2


def test_a_history_out_of_order_is_read_to_its_end(gateway, connect):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(250):
        gateway.add("musicgen", f"{number}", created=start + timedelta(minutes=number))
    gateway.oldest_first = True
    assert len(connect().history(start + timedelta(minutes=240))) == 10


def test_the_history_without_a_total_ends_with_its_last_page(gateway, connect):
    for number in range(200):
        gateway.add("musicgen", f"{number}")
    gateway.total_field = False
    for pages in (True, False):
        gateway.pages_field = pages
        assert len(connect().history(LONG_AGO)) == 200


@pytest.mark.parametrize(
    "fault", ["loop", "500", "404", "401", "html", "empty", "list", "lost", "half", "truncated"]
)
def test_half_a_history_is_none(gateway, connect, fault):
    for number in range(150):
        gateway.add("musicgen", f"{number}")
    gateway.fault("history", fault, times=math.inf)
    with pytest.raises(Undelivered, match="the history of elumenta can't be read whole") as caught:
        connect().history(LONG_AGO)
    safe(caught.value)


def test_a_history_that_stays_away_is_none(gateway, connect):
    gateway.fault("history", "429", retry_after=500, times=math.inf)
    with pytest.raises(Undelivered, match="takes no more for now"):
        connect().history(LONG_AGO)


def test_a_history_that_fails_once_is_read_again(gateway, connect):
    gateway.add("musicgen", "calm")
    for fault in ("500", "loop", "html", "lost"):
        gateway.fault("history", fault)
    assert len(connect().history(LONG_AGO)) == 1


def test_a_failed_generation_of_the_history_says_so(gateway, connect):
    gateway.fault("post", "failed")
    connection = connect()
    connection.submit(SPEC)
    assert [one.failed for one in connection.history(LONG_AGO)] == [True]


def test_the_history_may_lag(gateway, connect):
    gateway.hidden_reads = 2
    connection = connect()
    connection.submit(SPEC)
    assert [len(connection.history(LONG_AGO)) for _ in range(3)] == [0, 0, 1]


# The balance.


@pytest.mark.parametrize("balance", [math.nan, math.inf, -1, 10**30, "lots", None, [3]])
def test_a_balance_that_is_none(gateway, connect, balance):
    gateway.balance = balance
    with pytest.raises(Unavailable, match="the balance can't be read") as caught:
        connect().balance()
    safe(caught.value)


def test_a_refused_key_is_named(gateway, connect):
    with pytest.raises(Unavailable) as caught:
        connect(ELUMENTA_API_KEY="nb_of-somebody-else").balance()
    assert str(caught.value) == (
        "elumenta refuses the key: the stand-in says 401\nhint: check `ELUMENTA_API_KEY`"
    )


# The stand-in itself.


@pytest.mark.parametrize("seconds", [15, 20, 30, 61.5, 120])
def test_the_audio_of_the_stand_in_is_so_long(seconds, tmp_path):
    audio = mp3("gen_1", seconds)
    assert audio != mp3("gen_2", seconds)
    assert MP3(io.BytesIO(audio)).info.length == pytest.approx(seconds, abs=0.024)
    file = tmp_path / "x.mp3"
    file.write_bytes(audio)
    asked = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", file]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("no ffprobe here")
    assert float(told) == pytest.approx(seconds, abs=0.03)


def test_the_stand_in_writes_its_ledger_in_a_process_of_its_own(connect, tmp_path):
    ledger = tmp_path / "ledger.jsonl"
    program = [sys.executable, sys.modules["gateway"].__file__, "--ledger", str(ledger)]
    with subprocess.Popen([*program, "--fault", "post:lost"], stdout=subprocess.PIPE) as process:
        connection = connect(ELUMENTA_BASE_URL=process.stdout.readline().decode().strip())
        with pytest.raises(AnswerLost):
            connection.submit(SPEC)
        connection.submit(SPEC)
        process.terminate()
    assert len(ledger.read_text().splitlines()) == 2


def test_every_fault_is_described():
    assert all(NAMES.values())
    assert {one for one in LOST if not one[0].isdecimal()} <= {*NAMES}


def test_the_suite_for_authors_needs_no_pytest():
    program = "import sys, musicbuild.testing; print({'pytest', 'h11'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
    assert issubclass(ProviderSuite, object)
    assert FakeClock().monotonic() == 0
