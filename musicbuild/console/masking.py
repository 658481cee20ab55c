"""Which keys GitHub's runner is asked to mask in all that it logs, and when."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping

from ..providers.credentials import KEY_SHAPE, forms

KEY_NAME = re.compile(r"[A-Z0-9_]*(KEY|TOKEN|SECRET|PASSWORD)")
"""Variables that hold a credential, of our providers and of those that others wrote."""


class Masking(Mapping[str, str]):
    """An environment that has the runner mask a key, in all its forms, when it is first read."""

    def __init__(self, inner: Mapping[str, str], command: Callable[[str], None]) -> None:
        self._inner = inner
        self._command = command
        self._masked: set[str] = set()
        self._mutex = threading.Lock()

    def __getitem__(self, name: str) -> str:
        value = self._inner[name]
        if KEY_NAME.fullmatch(name.upper()):
            self._mask(value.strip())
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._inner)

    def __len__(self) -> int:
        return len(self._inner)

    def _mask(self, key: str) -> None:
        with self._mutex:
            if key in self._masked or not KEY_SHAPE.fullmatch(key):
                return
            self._masked.add(key)
            for form in forms(key):
                self._command(f"::add-mask::{form.replace('%', '%25')}")
