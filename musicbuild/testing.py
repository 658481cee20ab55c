"""What every provider must do: a suite that its author runs against it, and a clock for that.

    from musicbuild.testing import ProviderSuite

    class TestMine(ProviderSuite):
        provider = PROVIDER
        credentials = ("MINE_API_KEY",)

        def environment(self):
            return {"MINE_API_KEY": "a key of the stand-in", "MINE_BASE_URL": STAND_IN}

pytest finds the tests by themselves; nothing here needs pytest.  The suite submits several
generations, so let it speak to a stand-in of the service and not to the service itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from .clock import Clock
from .cost import Cost
from .errors import AnswerLost, Failed, ProviderError, Refused, Unavailable, Undelivered
from .models import Model
from .providers import Connection, Delivery, Provider, Ticket
from .spec import GenerateSpec

HEAVY = ("h11", "httpx", "requests", "urllib3", "aiohttp", "numpy", "torch")
"""What a plan must not load."""

FORMATS = frozenset({"mp3", "wav", "flac", "ogg", "opus", "aiff", "m4a"})

BAD_KEYS = ("", " ", "short", "two words of text", "line\nbreak-in-the-middle", "ключ-из-букв")


class FakeClock:
    """A clock whose sleep returns at once; time passes by what was slept, and by `tick`.

    `tick` is in seconds, and passes whenever one looks at the clock.
    """

    def __init__(self, *, start: datetime | None = None, tick: float = 0) -> None:
        self.slept: list[float] = []
        self._start = start or datetime.now(UTC)
        self._tick = tick
        self._passed = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        with self._lock:
            self._passed += self._tick
            return self._passed

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self._passed += seconds


def raised(
    kinds: type[ProviderError] | tuple[type[ProviderError], ...],
    call: Callable[..., object],
    *arguments: object,
) -> ProviderError:
    """Return the error that a call raises; fail if it raises none, or another."""
    try:
        call(*arguments)
    except kinds as error:
        return error
    raise AssertionError(f"no error from {call} with {arguments}")


class ProviderSuite:
    """Subclass this as `Test…`, set `provider`, and override what is different with yours."""

    provider: Provider

    credentials: Sequence[str] = ()
    """The variables of the environment without which the service can't be reached."""

    keeps_history = True
    """Whether the service remembers what it made; a history that forgets has to be empty."""

    def environment(self) -> Mapping[str, str]:
        """Return variables with which the service, or its stand-in, can be used."""
        return {}

    def clock(self) -> Clock:
        return FakeClock()

    def spec(self) -> GenerateSpec:
        """Return a spec that the service takes."""
        model = self.model()
        return GenerateSpec(self.provider.name, model.name, "a calm theme", max(1, model.shortest))

    def paid_requests(self) -> int | None:
        """Return how many paid requests the stand-in has got; None if it does not count."""
        return None

    def lose_next_answer(self) -> bool:
        """Let the stand-in accept the next paid request and drop its answer, if it can."""
        return False

    def model(self) -> Model:
        return next(iter(self.provider.models.values()))

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        connection = self.provider.connect(self.environment(), self.clock())
        try:
            yield connection
        finally:
            connection.close()

    # Offline.

    def test_its_models_are_its_own_and_have_sane_limits(self) -> None:
        assert self.provider.models
        for name, model in self.provider.models.items():
            assert (model.provider, model.name) == (self.provider.name, name)
            assert 0 < model.shortest <= model.longest
            assert name == name.strip()
            assert name

    def test_a_price_has_a_source_a_day_and_a_unit(self) -> None:
        for model in self.provider.models.values():
            if model.price:
                assert model.price.amount > 0
                assert model.price.unit
                assert model.source
                assert datetime.fromisoformat(model.as_of)

    def test_a_spec_within_the_limits_is_not_objected_to(self) -> None:
        assert self.provider.check(self.spec()) == ""

    def test_what_the_service_would_refuse_is_refused_offline(self) -> None:
        spec = self.spec()
        model = self.provider.models[spec.model]
        bad = [
            replace(spec, duration=model.longest * 2),
            replace(spec, duration=model.shortest / 2),
            replace(spec, duration=float("nan")),
            replace(spec, options=(*spec.options, ("no-such-option", 1))),
            replace(spec, model="no-such-model"),
        ]
        if model.whole_seconds:
            bad.append(replace(spec, duration=model.shortest + 0.5))
        for one in bad:
            objection = self.provider.check(one)
            assert objection, f"{one} passes"
            assert objection.isprintable()
            assert not objection.endswith(".")

    def test_the_quote_is_the_price_and_the_same_for_each_take(self) -> None:
        spec = self.spec()
        quote = self.provider.quote(spec)
        assert quote == self.provider.models[spec.model].price
        assert quote == self.provider.quote(replace(spec, take=2))

    def test_the_price_of_an_unknown_model_is_unknown(self) -> None:
        assert self.provider.quote(replace(self.spec(), model="no-such-model")) is None

    def test_planning_loads_no_network_and_no_numbers(self) -> None:
        program = (
            "import sys; from musicbuild.providers import Providers; "
            f"provider = Providers()[{self.provider.name!r}]; list(provider.models); "
            f"print([name for name in {HEAVY!r} if name in sys.modules])"
        )
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own program
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "[]"

    def test_a_missing_or_malformed_key_is_named_and_never_shown(self) -> None:
        for name in self.credentials:
            for bad in (None, *BAD_KEYS):
                environment = {**self.environment(), name: bad or ""}
                if bad is None:
                    del environment[name]
                said = raised(Unavailable, self.provider.connect, environment, self.clock())
                assert name in str(said)
                assert not (bad and bad.strip() and bad.strip() in str(said))

    def test_a_description_is_the_same_each_time(self) -> None:
        told = self.provider.describe(self.spec())
        assert told == self.provider.describe(self.spec())
        if told is not None:
            assert told.bpm > 0
            assert told.heard
            assert all(
                second < self.spec().duration for second, _ in (*told.chords, *told.sections)
            )

    # In use.

    def test_parts_are_given_as_the_model_says(self) -> None:
        names = self.provider.models[self.spec().model].parts
        with self.connected() as connection:
            for asked in filter(None, (names, sorted(names)[:1])):
                found = connection.parts(self.spec(), asked)
                assert found.keys() == set(asked)
                assert all(found.values())
                assert found == connection.parts(self.spec(), asked)

    def test_what_is_ordered_is_delivered(self) -> None:
        with self.connected() as connection:
            ticket = connection.submit(self.spec())
            delivery = connection.collect(ticket)
        self.assert_sound(delivery, ticket)

    def test_a_ticket_can_be_written_down(self) -> None:
        with self.connected() as connection:
            ticket = connection.submit(self.spec())
            reply = json.loads(json.dumps(ticket.reply, allow_nan=False))
            assert reply == dict(ticket.reply)
            again = connection.collect(Ticket(ticket.id, reply))
        self.assert_sound(again, ticket)

    def test_the_id_alone_is_enough_to_collect_it_elsewhere(self) -> None:
        with self.connected() as connection:
            ticket = connection.submit(self.spec())
            first = connection.collect(ticket)
        with self.connected() as connection:
            second = connection.collect(Ticket(ticket.id))
        assert second == first

    def test_collecting_again_is_free_and_gives_the_same(self) -> None:
        with self.connected() as connection:
            ticket = connection.submit(self.spec())
            before = self.paid_requests()
            assert connection.collect(ticket) == connection.collect(ticket)
        assert self.paid_requests() == before

    def test_one_submit_is_one_paid_request(self) -> None:
        before = self.paid_requests()
        with self.connected() as connection:
            connection.submit(self.spec())
        if before is not None:
            assert self.paid_requests() == before + 1

    def test_two_takes_are_two_generations(self) -> None:
        spec = self.spec()
        with self.connected() as connection:
            first = connection.submit(spec)
            second = connection.submit(replace(spec, take=2))
        assert first.id != second.id

    def test_it_can_be_used_from_several_threads(self) -> None:
        specs = [replace(self.spec(), take=take) for take in range(1, 5)]
        with self.connected() as connection, ThreadPoolExecutor(len(specs)) as pool:
            tickets = list(pool.map(connection.submit, specs))
            for ticket, delivery in zip(
                tickets, pool.map(connection.collect, tickets), strict=True
            ):
                self.assert_sound(delivery, ticket)
        assert len({ticket.id for ticket in tickets}) == len(specs)

    def test_the_history_has_what_was_ordered(self) -> None:
        spec, clock = self.spec(), self.clock()
        with self.connected() as connection:
            ticket = connection.submit(spec)
            since = clock.now() - timedelta(days=1)
            found = [one for one in connection.history(since) if one.id == ticket.id]
        if not self.keeps_history:
            assert not found
            return
        assert [(one.model, one.prompt, one.failed) for one in found] == [
            (spec.model, spec.prompt, False)
        ]
        created = found[0].created
        assert created is None or created.tzinfo is not None

    def test_a_spec_that_is_objected_to_is_refused_before_it_is_sent(self) -> None:
        spec = self.spec()
        before = self.paid_requests()
        bad = replace(spec, duration=self.provider.models[spec.model].longest * 2)
        with self.connected() as connection:
            raised(Refused, connection.submit, bad)
        assert self.paid_requests() == before

    def test_an_unknown_id_is_an_error_of_ours(self) -> None:
        with self.connected() as connection:
            for unknown in ("no-such-generation", "", "../../x", "x" * 5000, "\x1b[2J"):
                kinds = (Failed, Unavailable, Undelivered)
                assert "\x1b" not in str(raised(kinds, connection.collect, Ticket(unknown)))

    def test_a_lost_answer_is_told_apart_and_never_sent_again(self) -> None:
        spec, before = self.spec(), self.paid_requests()
        if not self.lose_next_answer():
            return
        with self.connected() as connection:
            self.assert_no_secret(raised(AnswerLost, connection.submit, spec))
            if before is not None:
                assert self.paid_requests() == before + 1
            if self.keeps_history:
                since = self.clock().now() - timedelta(days=1)
                assert spec.prompt in {one.prompt for one in connection.history(since)}

    def test_the_balance_is_in_the_unit_of_the_price(self) -> None:
        with self.connected() as connection:
            balance = connection.balance()
        quote = self.provider.quote(self.spec())
        if balance is not None:
            assert balance.amount >= 0
            assert not quote or balance.unit == quote.unit

    def test_closing_twice_is_no_error(self) -> None:
        with self.connected() as connection:
            connection.close()

    def assert_sound(self, delivery: Delivery, ticket: Ticket) -> None:
        assert delivery.generation == ticket.id
        assert delivery.audio
        assert delivery.format in FORMATS
        assert isinstance(delivery.cost, Cost)
        assert delivery.cost.amount.is_finite()
        assert delivery.cost.amount >= 0
        quote = self.provider.quote(self.spec())
        assert not (quote and delivery.cost) or delivery.cost.unit == quote.unit

    def assert_no_secret(self, error: ProviderError) -> None:
        """Assert that no key is in an error, its hint, or any exception it hangs on to."""
        keys = [self.environment()[name] for name in self.credentials]
        follow: list[BaseException | None] = [error]
        for one in follow:
            if one is not None:
                text = f"{one} {one!r} {one.args!r} {vars(one)!r}"
                assert not any(key in text for key in keys)
                follow += [one.__cause__, one.__context__]
