"""What GitHub's runner would take for a command, how it is kept from that, and the one we send.

The runner reads all that a step prints.  A line that begins with `::`, and `##[` anywhere, may be
a command to it: to set a variable, to hide what follows, to forge an error.  Nothing we print is
one, whoever wrote the words in it, but for the one that asks it to mask a key.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from typing import TextIO

# Blanks before it and codes of colour do not keep a line from being a command.
COMMAND = re.compile(r"((?:^|[\r\n])(?:[^\S\r\n]|\x1b\[[0-9;]*m)*):(?=:)")
OLD_COMMAND = "##["


def on_runner(environment: Mapping[str, str]) -> bool:
    return environment.get("GITHUB_ACTIONS", "").lower() == "true"


def disarm(text: str) -> str:
    r"""Write one character of each command as an escape, so that a reader still sees it all."""
    return COMMAND.sub(r"\1\\x3a", text).replace(OLD_COMMAND, r"#\x23[")


def disarm_json(text: str) -> str:
    """Do the same to JSON, which still says the same; its lines begin with a bracket."""
    return text.replace(OLD_COMMAND, r"#\u0023[")


def is_file(stream: TextIO) -> bool:
    """Tell whether what is written there stays there, unseen by any runner."""
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return True
