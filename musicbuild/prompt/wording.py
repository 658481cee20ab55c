"""What went wrong in a template, in words of ours: Jinja2 and Python speak in many tongues."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jinja2 import TemplateError, UndefinedError

from ..document.source import shown
from ..errors import suggestion
from .plain import Excess
from .sandbox import unknown

QUOTED = re.compile(r"(?<!\w)'([^']*)'")
KINDS = {"dict": "mapping", "str": "text", "list": "list", "int": "number", "float": "number"}


def worded(error: Exception, variables: Iterable[str]) -> tuple[str, str, str]:
    """Return the message and the hint for an error of a template, and the word to underline."""
    hint = ""
    match error:
        case UndefinedError():
            message, hint = _undefined(str(error), variables)
        case TemplateError():
            message = error.message or ""
            if found := re.fullmatch(r"No (filter|test) named '(.+)'\.?", message):
                message = unknown(found[1], found[2], ())
            message, _, hint = message.partition("\n")
        case Excess():
            message = str(error)
        case ZeroDivisionError():
            message = "the template divides by zero"
        case RecursionError() | SyntaxError() | MemoryError():
            message = "the template is nested too deeply"
        case _:
            message = f"the template can't be worked out: {error}"
    if "`" not in message:
        message = QUOTED.sub(r"`\1`", message).rstrip(".")
    message = shown(message[:1].lower() + message[1:], 200)
    word = re.search(r"`([^`]+)`", message)
    return message, hint, word[1] if word else ""


def _undefined(message: str, variables: Iterable[str]) -> tuple[str, str]:
    if found := re.fullmatch(r"'(.+)' is undefined", message):
        return f"undefined variable `{found[1]}`", suggestion(found[1], variables)
    if found := re.fullmatch(r"'?(.+?) object'? has no (?:attribute|element) '?(.+?)'?", message):
        return f"there is no `{found[2]}` in this {KINDS.get(found[1], 'value')}", ""
    return message, ""
