"""The composer as a provider: it passes the suite of all, and gives what was ordered for free."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from musicbuild.audio.mp3 import inspect
from musicbuild.clock import SystemClock
from musicbuild.cost import FREE
from musicbuild.errors import Refused, Undelivered
from musicbuild.models import SourceType
from musicbuild.providers import Providers, Ticket
from musicbuild.providers.sketch import PROVIDER
from musicbuild.spec import GenerateSpec
from musicbuild.testing import ProviderSuite

SPEC = GenerateSpec("sketch", "sketch-1", "calm lo-fi, 80 BPM", 2)


@pytest.fixture
def connection():
    connection = PROVIDER.connect({}, SystemClock())
    yield connection
    connection.close()


class TestSketch(ProviderSuite):
    provider = PROVIDER
    keeps_history = False

    def test_the_id_alone_is_enough_to_collect_it_elsewhere(self):
        """It isn't, and needn't be: an order costs nothing, and the same order gives the same."""
        with self.connected() as connection:
            ticket = connection.submit(self.spec())
            first = connection.collect(ticket)
            with pytest.raises(Undelivered):
                connection.collect(Ticket(ticket.id))
        with self.connected() as connection:
            assert connection.collect(connection.submit(self.spec())) == first


def test_it_is_found_by_its_short_name():
    model = Providers().model("sketch")
    assert str(model) == "sketch/sketch-1"
    assert (model.kind, model.repeatable, model.price) == (SourceType.ALGORITHMIC, True, FREE)


@pytest.mark.parametrize(
    ("change", "objection"),
    [
        ({"duration": 0.4}, "sketch-1 makes 0.5 to 600 seconds, not 0.4"),
        ({"duration": 601}, "sketch-1 makes 0.5 to 600 seconds, not 601"),
        ({"model": "sketch-9"}, "sketch has no model `sketch-9`"),
        ({"prompt": " \n"}, "the prompt is empty"),
        ({"options": (("tempo", 3),)}, "sketch-1 has no option `tempo`"),
        ({"options": (("loop", "yes"),)}, "`loop` is true or false, not 'yes'"),
        ({"options": (("loop", 1),)}, "`loop` is true or false, not 1"),
        ({"options": (("seed", 1.5),)}, "`seed` is a whole number, not 1.5"),
        ({"options": (("seed", True),)}, "`seed` is a whole number, not True"),
    ],
)
def test_what_it_cannot_make_is_refused_with_the_reason(change, objection, connection):
    spec = replace(SPEC, **change)
    assert PROVIDER.check(spec) == objection
    with pytest.raises(Refused) as refusal:
        connection.submit(spec)
    assert str(refusal.value) == objection


def test_what_it_can_make_is_not_objected_to():
    for options in ((), (("loop", True),), (("loop", False), ("seed", -7))):
        assert PROVIDER.check(replace(SPEC, duration=0.5, options=options)) == ""


def test_the_audio_is_a_clean_mp3_of_exactly_the_duration(connection):
    for duration in (0.5, 1.37, 2):
        delivery = connection.collect(connection.submit(replace(SPEC, duration=duration)))
        stream = inspect(delivery.audio)
        assert (stream.sample_rate, stream.channels, stream.problems) == (44100, 2, ())
        assert stream.samples == round(duration * 44100)
        assert (delivery.format, delivery.cost) == ("mp3", FREE)


def test_take_seed_and_loop_are_heard(connection):
    specs = [
        SPEC,
        replace(SPEC, take=2),
        replace(SPEC, options=(("seed", 1),)),
        replace(SPEC, options=(("loop", True),)),
    ]
    heard = {connection.collect(connection.submit(spec)).audio for spec in specs}
    assert len(heard) == len(specs)
    assert len({connection.submit(spec).id for spec in specs}) == len(specs)


def test_the_same_order_gives_the_same_bytes_in_another_process(connection):
    code = (
        "import hashlib, json, sys\n"
        "from musicbuild.providers import Ticket\n"
        "from musicbuild.providers.sketch import PROVIDER\n"
        "ticket = Ticket(*json.loads(sys.argv[1]))\n"
        "audio = PROVIDER.connect({}, None).collect(ticket).audio\n"
        "print(hashlib.sha256(audio).hexdigest())\n"
    )
    ticket = connection.submit(replace(SPEC, options=(("loop", True), ("seed", 5))))
    written = json.dumps([ticket.id, dict(ticket.reply)])
    done = subprocess.run(
        [sys.executable, "-c", code, written], capture_output=True, text=True, check=True
    )
    from hashlib import sha256

    assert done.stdout.strip() == sha256(connection.collect(ticket).audio).hexdigest()


def test_several_threads_hear_what_one_does(connection):
    tickets = [connection.submit(replace(SPEC, duration=1, take=take)) for take in (1, 2, 3)]
    alone = [connection.collect(ticket) for ticket in tickets]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(connection.collect, tickets)) == alone


@pytest.mark.parametrize(
    "damage",
    [
        lambda reply: {},
        lambda reply: {**reply, "prompt": "something else"},
        lambda reply: {**reply, "duration": "long"},
        lambda reply: {**reply, "duration": 10**9},
        lambda reply: {**reply, "options": None},
        lambda reply: {**reply, "options": {"loop": []}},
        lambda reply: {**reply, "color": "red"},
    ],
)
def test_a_ticket_that_lost_its_order_is_undelivered(damage, connection):
    ticket = connection.submit(SPEC)
    with pytest.raises(Undelivered, match="no longer says what was ordered"):
        connection.collect(replace(ticket, reply=damage(dict(ticket.reply))))


def test_it_has_no_balance_and_no_history(connection):
    connection.submit(SPEC)
    assert connection.balance() is None
    assert list(connection.history(datetime(2020, 1, 1, tzinfo=UTC))) == []


def test_the_composer_is_loaded_when_a_piece_is_made():
    code = (
        "import sys\n"
        "from musicbuild.providers.sketch import PROVIDER\n"
        "from musicbuild.spec import GenerateSpec\n"
        "PROVIDER.check(GenerateSpec('sketch', 'sketch-1', 'x', 1))\n"
        "print('numpy' in sys.modules or 'musicbuild.sketch' in sys.modules)\n"
        "spec = GenerateSpec('sketch', 'sketch-1', 'x', 1)\n"
        "PROVIDER.connect({}, None).parts(spec, ['mid'])\n"
        "print('numpy' in sys.modules and 'musicbuild.sketch' in sys.modules)\n"
        "print([name for name in ('scipy', 'h11', 'mutagen', 'click', 'rich')"
        " if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:3] == ["False", "True", "[]"]
