"""What GitHub's runner would take for a command, how it is kept from that, and the one we send.

The runner reads all that a step prints.  A line that begins with `::`, and `##[` anywhere, may be
a command to it: to set a variable, to hide what follows, to forge an error.  Nothing we print is
one, whoever wrote the words in it, but for the one that asks it to mask a key.
"""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TextIO

from ..providers.credentials import KEY_SHAPE, forms

# Blanks before it and codes of colour do not keep a line from being a command.
COMMAND = re.compile(r"((?:^|[\r\n])(?:[^\S\r\n]|\x1b\[[0-9;]*m)*):(?=:)")
OLD_COMMAND = "##["

KEY_NAME = re.compile(r"[A-Z0-9_]*(KEY|TOKEN|SECRET|PASSWORD)")
"""Variables that hold a credential, of our providers and of those that others wrote."""


def on_runner(environment: Mapping[str, str]) -> bool:
    return environment.get("GITHUB_ACTIONS", "").lower() == "true"


def disarm(text: str) -> str:
    r"""Write one character of each command as an escape, so that a reader still sees it all."""
    return COMMAND.sub(r"\1\\x3a", text).replace(OLD_COMMAND, r"#\x23[")


def disarm_json(text: str) -> str:
    """Do the same to JSON, which still says the same; its lines begin with a bracket."""
    return text.replace(OLD_COMMAND, r"#\u0023[")


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


def is_file(stream: TextIO) -> bool:
    """Tell whether what is written there stays there, unseen by any runner."""
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return True
