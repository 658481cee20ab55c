"""Who makes audio: the contract of a provider, and how one is found.

A provider comes in two parts, so that planning can neither reach the network nor need a key.
`Provider` is what is known of a service offline: its models, their limits and prices.
`Connection` is the service itself, and exists only inside a build.

Providers are found by the entry point `musicbuild.providers` of installed packages, never in
the folder of a project; `musicbuild.testing` holds the tests that each of them passes.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from ..clock import Clock
from ..cost import Cost, Quote
from ..errors import UsageError, suggestion
from ..models import Description, Model
from ..spec import GenerateSpec

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "musicbuild.providers"

SHORT_NAMES: Mapping[str, str] = {
    "musicgen": "elumenta/musicgen",
    "elevenlabs-music": "elumenta/elevenlabs-music",
    "sketch": "sketch/sketch-1",
}
"""Models that need no provider's name before theirs."""

DEFAULT_MODEL = "sketch"

BUILT_IN: Mapping[str, str] = {
    "elumenta": "musicbuild.providers.elumenta:PROVIDER",
    "sketch": "musicbuild.providers.sketch:PROVIDER",
}
"""The entry points of this very package: to ask what is installed takes longer than a plan."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """An order at a provider; `id` alone is enough to collect it in another process.

    `reply` is what the provider said so far, for the provider's own use.  From the history
    come `model`, `prompt` and `created` too, by which a lost answer is recognised, and `seconds`,
    its length, where that is said.  `collected` is that of a generation whose audio was had once:
    a provider that doesn't know it will not know it later.
    """

    id: str
    reply: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    prompt: str = ""
    created: datetime | None = None
    failed: bool = False
    seconds: float | None = None
    collected: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came back: the bytes as delivered, untouched, and what they cost."""

    audio: bytes
    format: str
    cost: Cost
    generation: str


class Connection(Protocol):
    """A service in use.  Methods are called from several threads at once.

    Only ProviderError comes out of them, and Interrupted from the clock.
    """

    def balance(self) -> Cost | None:
        """Return what is left to spend; None where the service has no such thing."""
        ...

    def submit(self, spec: GenerateSpec) -> Ticket:
        """Order one generation; this is the only call that may cost money.

        It sends at most one request, on a connection of its own, and never sends it again.
        Returns as soon as the id is known.  Raises NotSent, Refused or Busy if it surely was
        not charged, and AnswerLost if it may have been.
        """
        ...

    def collect(self, ticket: Ticket) -> Delivery:
        """Wait for the audio and fetch it.  May be called again, for nothing, as often as needed.

        Raises Failed if the provider gave up (it was not charged), Unavailable, or Undelivered
        if the audio can't be had now; the ticket stays good.
        """
        ...

    def parts(self, spec: GenerateSpec, names: Collection[str]) -> Mapping[str, bytes]:
        """Return parts of a piece, of those that its model gives, by name; it costs nothing."""
        ...

    def history(self, since: datetime) -> Sequence[Ticket]:
        """Return every generation of the account made since then, the whole list or none.

        Raises Undelivered if the list can't be read to its end.
        """
        ...

    def close(self) -> None: ...


class Provider(Protocol):
    """What is known of a service without asking it."""

    @property
    def name(self) -> str: ...

    @property
    def models(self) -> Mapping[str, Model]:
        """Return the models by name."""
        ...

    def check(self, spec: GenerateSpec) -> str:
        """Return why the service would refuse this spec, or nothing."""
        ...

    def quote(self, spec: GenerateSpec) -> Quote:
        """Return the price of one generation, None if it is not known."""
        ...

    def describe(self, spec: GenerateSpec) -> Description | None:
        """Return what will come of a spec; None where only the service could tell."""
        ...

    def connect(self, environment: Mapping[str, str], clock: Clock) -> Connection:
        """Reach the service with the credentials of `environment`; sends nothing yet.

        Raises Unavailable, naming the variable, if a credential is missing or malformed.
        """
        ...


class Providers:
    """The providers that are installed, each loaded when it is first asked for."""

    def __init__(self) -> None:
        self._loaded: dict[str, Provider] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({**self._plugins, **BUILT_IN}))

    def __contains__(self, name: object) -> bool:
        return name in BUILT_IN or name in self._plugins

    def __getitem__(self, name: str) -> Provider:
        """Return a provider; raise UsageError with the nearest name if there is none."""
        if name not in self._loaded:
            if name not in self:
                hint = suggestion(name, self) or f"installed are {', '.join(self)}"
                raise UsageError(f"unknown provider `{name}`", hint=hint)
            try:
                self._loaded[name] = self._load(name)
            except Exception as error:  # noqa: BLE001  a plug-in may fail in any way
                origin = BUILT_IN.get(name) or self._plugins[name].value
                raise UsageError(
                    f"the provider `{name}` can't be loaded: {type(error).__name__}: {error}",
                    hint=f"reinstall the package that brings it, `{origin}`",
                ) from None
        return self._loaded[name]

    def with_provider(self, provider: Provider) -> Providers:
        """Return the same providers with this one in the place of that of its name."""
        found = Providers()
        found._loaded = {**self._loaded, provider.name: provider}
        return found

    def model(self, written: str) -> Model:
        """Find a model by `provider/model` or a short name.

        Raises UsageError with the nearest name if there is none.
        """
        name = SHORT_NAMES.get(written, written)
        provider, slash, model = name.partition("/")
        if slash and provider in self and model in self[provider].models:
            return self[provider].models[model]
        known = [*SHORT_NAMES, *(str(one) for each in self for one in self[each].models.values())]
        hint = suggestion(written, known) or "`musicbuild models` lists them"
        raise UsageError(f"unknown model `{written}`", hint=hint)

    def model_of(self, spec: GenerateSpec) -> Model:
        return self[spec.provider].models[spec.model]

    def quote(self, spec: GenerateSpec) -> Quote:
        return self[spec.provider].quote(spec)

    def describe(self, spec: GenerateSpec) -> Description | None:
        return self[spec.provider].describe(spec)

    def _load(self, name: str) -> Provider:
        if name not in BUILT_IN:
            plugin: Provider = self._plugins[name].load()
            return plugin
        module, _, attribute = BUILT_IN[name].partition(":")
        provider: Provider = getattr(import_module(module), attribute)
        return provider

    @cached_property
    def _plugins(self) -> Mapping[str, EntryPoint]:
        """All that is installed; looked up only for a name that no provider of ours has."""
        metadata = import_module("importlib.metadata")
        return {entry.name: entry for entry in metadata.entry_points(group=GROUP)}


class Connections:
    """The services in use by a build, each reached once, when it is first needed."""

    def __init__(self, providers: Providers, environment: Mapping[str, str], clock: Clock) -> None:
        self._providers, self._environment, self._clock = providers, environment, clock
        self._open: dict[str, Connection] = {}
        self._mutex = threading.Lock()

    def __getitem__(self, name: str) -> Connection:
        """Return the connection to a provider; raise Unavailable if a credential lacks."""
        with self._mutex:
            if name not in self._open:
                provider = self._providers[name]
                self._open[name] = provider.connect(self._environment, self._clock)
            return self._open[name]

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()
