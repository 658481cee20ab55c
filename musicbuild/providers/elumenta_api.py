"""Elumenta in use: orders a generation, waits for it, fetches it, and finds it again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ..clock import Clock
from ..cost import Cost
from ..errors import (
    Busy,
    Failed,
    ProviderError,
    Refused,
    Unavailable,
    Undelivered,
)
from ..spec import GenerateSpec
from . import Delivery, Provider, Ticket, credentials
from . import elumenta_history as history
from .credentials import Secret
from .download import Expired, download, kind
from .elumenta_replies import Generation, identity, keep, read, tokens
from .http import Api
from .verdict import Answer, judge, lost
from .wire import Client

SERVICE = "elumenta"
KEY = "ELUMENTA_API_KEY"
BASE = "ELUMENTA_BASE_URL"
POLL = "ELUMENTA_POLL_SECONDS"
UNIT = "tokens"

GENERATE = "/api/v2/generate"
STATUS = "/api/v2/generate/status"
BALANCE = "/api/v2/balance"

POLL_SECONDS = 5.0
DEADLINE = 300.0
"""Seconds that one waits for a generation; both figures are those of the vendor's samples."""

TOO_LONG = f"it is not ready after {DEADLINE:g} seconds"

UNSEEN_SECONDS = 120.0
"""How long after it was ordered a generation may not be found yet."""

FRESH_URLS = 3


@dataclass(frozen=True, slots=True)
class Quota:
    """What the service said last of the requests left in this hour; None where it did not."""

    remaining_hour: int | None = None
    resets: datetime | None = None


def connect(provider: Provider, environment: Mapping[str, str], clock: Clock) -> Elumenta:
    base = credentials.origin(environment, BASE, "https://elumenta.ru")
    secret = credentials.key(environment, KEY)
    poll = credentials.seconds(environment, POLL, POLL_SECONDS)
    api = Api(base, service=SERVICE, secret=secret, clock=clock)
    return Elumenta(provider, api, clock, base=base, secret=secret, poll=poll)


class Elumenta:
    """A `Connection`; `quota` is what the latest answer said."""

    def __init__(
        self,
        provider: Provider,
        api: Api,
        clock: Clock,
        *,
        base: str,
        secret: Secret,
        poll: float,
    ) -> None:
        self.quota = Quota()
        self._provider = provider
        self._api = api
        self._clock = clock
        self._base = base
        self._secret = secret
        self._poll = poll
        self._hosts = Client(keep=True)

    def close(self) -> None:
        self._api.close()
        self._hosts.close()

    def balance(self) -> Cost:
        """Return the tokens left; raise Unavailable or Busy if they can't be read."""
        answer = self._get(BALANCE)
        left = tokens(answer.json().get("token_balance")) if answer.good else None
        if left is None:
            raise _unreadable("the balance", answer)
        return Cost(left, UNIT)

    def submit(self, spec: GenerateSpec) -> Ticket:
        objection = self._provider.check(spec)
        if objection:
            raise Refused(f"{objection}; nothing was sent, nothing charged")
        if (wait := self._until_reset()) is not None:
            raise self._later(f"{SERVICE} takes no more this hour; nothing was sent", wait)
        body = {"model": spec.model, "prompt": spec.prompt, "duration": int(spec.duration)}
        answer = self._api.post(GENERATE, body)
        ordered = self._clock.now()  # an answer may take longer than a generation stays unseen
        self._note(answer)
        error = judge(answer, SERVICE)
        if error is not None:
            raise self._explained(error, answer, spec)
        told = answer.json()
        made = read(told)
        if not made.id:
            raise lost(f"{SERVICE} answered with status {answer.status}, but with no id to go by")
        if not made.asked(spec.prompt):
            raise lost(f"{SERVICE} answered with a generation in other words than were sent")
        reply = {"model": spec.model, **keep(told)}
        return Ticket(made.id, reply, model=spec.model, prompt=spec.prompt, created=ordered)

    def collect(self, ticket: Ticket) -> Delivery:
        made = read(ticket.reply)
        cost = made.cost
        for fresh in range(FRESH_URLS + 1):
            if fresh or not made.done:
                made = self._finished(ticket, pause=fresh > 0)
            if made.failed:
                reason = self._secret.line(made.error) or "it gave no reason"
                raise Failed(
                    f"{SERVICE} could not make generation `{self._secret.line(ticket.id)}`: "
                    f"{reason}; nothing was charged"
                )
            try:
                audio = self._download(made.url)
            except Expired:
                continue
            except Undelivered as error:
                raise self._waiting(ticket, error.message) from None
            found = kind(audio)
            if not found:
                raise self._waiting(ticket, "what came is no audio")
            paid = self._cost(made.cost, cost, made.model or ticket.model, ticket.reply)
            return Delivery(audio, found, paid, ticket.id)
        raise self._waiting(ticket, "its audio is at none of the URLs that were given")

    def parts(self, spec: GenerateSpec, names: Collection[str]) -> Mapping[str, bytes]:
        raise Refused(f"{SERVICE} gives no {', '.join(sorted(names))} of a piece by {spec.model}")

    def history(self, since: datetime) -> Sequence[Ticket]:
        try:
            tickets = history.tickets(self._get, self._provider.models, since)
        except (Unavailable, Busy) as error:
            raise history.unread(error.message) from None
        return [one for one in tickets if one.created is None or one.created >= since]

    def _finished(self, ticket: Ticket, *, pause: bool) -> Generation:
        """Ask until the generation is done; `pause` before the first time, too."""
        if not identity(ticket.id):
            raise Undelivered(
                f"`{self._secret.line(ticket.id)}` is no id of a generation at {SERVICE}"
            )
        start = self._clock.monotonic()
        age = (self._clock.now() - ticket.created).total_seconds() if ticket.created else 0
        unseen = 0 if ticket.collected else UNSEEN_SECONDS - max(0, age)
        wait = self._poll if pause else 0.0
        trouble = TOO_LONG
        while True:
            waited = self._clock.monotonic() - start
            if waited + wait > DEADLINE:
                raise self._waiting(ticket, trouble)
            if wait:
                self._clock.sleep(wait)
            wait = self._poll
            try:
                answer = self._ask(ticket.id)
            except Busy as error:
                trouble, wait = error.message, max(wait, error.retry_after or 0)
                continue
            except Unavailable as error:
                trouble = error.message
                continue
            if answer.good:
                made = read(answer.json())
                if not (made.named(ticket.id) and made.asked(ticket.prompt)):
                    trouble = f"{SERVICE} shows another generation in its place"
                elif made.done:
                    return made
                else:
                    trouble = TOO_LONG
            elif answer.status == 404:
                trouble = f"{SERVICE} does not know it"
                if self._clock.monotonic() - start + wait > unseen:
                    raise self._waiting(ticket, trouble)
            else:
                raise self._waiting(ticket, _unreadable("it", answer).message)

    def _download(self, url: str) -> bytes:
        return download(
            url, through=self._hosts, clock=self._clock, secret=self._secret, own=self._base
        )

    def _waiting(self, ticket: Ticket, why: str) -> Undelivered:
        return Undelivered(
            f"generation `{self._secret.line(ticket.id)}` can't be had now: {why}; it stays paid "
            "for, and to be collected",
            hint="`musicbuild build` collects it, for nothing",
        )

    def _ask(self, generation: str) -> Answer:
        """Ask how a generation stands: at the usual place, or else at that of one page alone."""
        answer = self._get(f"{GENERATE}/{generation}")
        return self._get(f"{STATUS}/{generation}") if answer.status == 404 else answer

    def _get(self, path: str, query: Mapping[str, str | int] | None = None) -> Answer:
        answer = self._api.get(path, query)
        self._note(answer)
        return answer

    def _note(self, answer: Answer) -> None:
        left = _whole(answer.headers.get("x-ratelimit-remaining-hour"))
        reset = _whole(answer.headers.get("x-ratelimit-reset-hour"))
        if left is None and reset is None:
            return
        try:
            resets = datetime.fromtimestamp(reset, UTC) if reset is not None else None
        except (ValueError, OverflowError, OSError):
            resets = None
        self.quota = Quota(left, resets)

    def _explained(self, error: ProviderError, answer: Answer, spec: GenerateSpec) -> ProviderError:
        """Add to a refusal what it leaves to be asked: how much is missing, or until when."""
        match error:
            case Refused() if answer.status == 402:
                return Refused(
                    f"{error.message}; {self._need(spec)}", scope=error.scope, hint=error.hint
                )
            case Busy():
                wait = error.retry_after if error.retry_after is not None else self._until_reset()
                return error if wait is None else self._later(error.message, wait)
            case _:
                return error

    def _until_reset(self) -> float | None:
        """Return the seconds until orders are taken again; None as far as is known they are."""
        if self.quota.remaining_hour != 0 or self.quota.resets is None:
            return None
        left = (self.quota.resets - self._clock.now()).total_seconds()
        return left if 0 < left <= timedelta(hours=1).total_seconds() else None

    def _later(self, message: str, wait: float) -> Busy:
        when = (self._clock.now() + timedelta(seconds=wait)).strftime("%Y-%m-%d %H:%M UTC")
        hint = "`musicbuild build` goes on from here later"
        return Busy(f"{message}; it takes more from {when} on", retry_after=wait, hint=hint)

    def _need(self, spec: GenerateSpec) -> str:
        need = f"{spec.model} costs {self._provider.quote(spec)}"
        try:
            left = self.balance()
        except ProviderError:
            return need
        return f"{need}, and {left.amount:f} {left.unit} are left"

    def _cost(
        self, last: Decimal | None, first: Decimal | None, model: str, reply: Mapping[str, Any]
    ) -> Cost:
        """Return what was paid: what the service says of it, or else the model's price."""
        said = last if last is not None else first
        if said is not None:
            return Cost(said, UNIT)
        known = self._provider.models.get(model or str(reply.get("model", "")))
        prices = [one.price for one in ([known] if known else self._provider.models.values())]
        # Of a generation of which nothing is known the dearest price is assumed, so that a
        # budget is kept at any rate.
        return max((one for one in prices if one is not None), key=lambda one: one.amount)


def _unreadable(what: str, answer: Answer) -> Unavailable:
    said = f": {answer.said()}" if answer.said() else ""
    if answer.status == 401:
        return Unavailable(f"{SERVICE} refuses the key{said}", hint=f"check `{KEY}`")
    return Unavailable(f"{what} can't be read (status {answer.status}){said}")


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 12 else None
