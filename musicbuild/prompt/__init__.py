"""What a provider hears: templates rendered to their final text.

Templates are Jinja2, strict and sandboxed (`sandbox.py`), and see only what they are given and
what stands in the folder `templates`.  White space: the line end after a block tag and the
blanks before one are dropped (`trim_blocks`, `lstrip_blocks`), any line end becomes a line
feed, what is outside the text is stripped and what is inside it is kept; the text is composed
(NFC).  So the same template and variables give the same text in any process.

Most templates are plain (`plain.py`); Jinja2 is only loaded for one that is not (`jinja.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Protocol
from unicodedata import normalize

from ..document import Node
from ..document.source import CONTROL, Source
from ..errors import ManifestError, Span
from .files import BYTES, Folder, Unusable
from .plain import OUTPUT, Compiled, Excess, filled, plain, too_long

TEXTS = 20_000_000
"""Characters in all texts of one album: ten thousand prompts of two thousand."""

LINE_END = re.compile(r"\r\n?")


class Written(Protocol):
    """Where a template's text stands: a node of the manifest, or a file."""

    def line(self, number: int, word: str = "") -> Span:
        """Return the place of a line of the text (from one), or of a word in it."""
        ...


class Jinja(Protocol):
    """What `jinja.py` is asked for."""

    def compiled(self, text: str, name: str | None) -> Compiled: ...
    def rendered(self, template: Compiled, variables: Mapping[str, Any]) -> str: ...
    def place(self, error: Exception) -> tuple[str | None, int]: ...
    def worded(self, error: Exception, variables: Iterable[str]) -> tuple[str, str, str]: ...


class Names(NamedTuple):
    """The variables a template mentions; `all` is False where that can't be known from it."""

    found: frozenset[str]
    all: bool = True


class Templates:
    """The templates of one album, each compiled once; `files` are those that were read.

    `missed` are names that could not be read, `size` the characters of all texts rendered.
    `folder` is relative to `root`, the manifest's folder.
    """

    def __init__(self, root: Path, folder: str) -> None:
        self._folder = Folder(root, folder)
        self._inline: dict[str, Compiled | Exception] = {}
        self._files: dict[str, tuple[Source, Compiled]] = {}
        self._names: dict[str, Names] = {}
        self.missed: set[str] = set()
        self.size = 0

    @cached_property
    def _sandbox(self) -> Jinja:
        jinja: Jinja = import_module(f"{__name__}.jinja").Jinja(lambda name: self._file(name)[1])
        return jinja

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(sorted(f"{self._folder.name}/{name}" for name in self._files))

    def render(self, text: str, at: Written, variables: Mapping[str, Any]) -> str:
        """Render text that stands in a node; raise ManifestError at the line that is at fault."""
        if is_literal(text):
            return self._clean(text, at, variables)
        try:
            compiled = self._compiled(text)
        except Exception as error:  # noqa: BLE001 - Jinja2 lets out whatever Python raises
            self._fail(error, at, variables)
        return self._rendered(compiled, at, variables)

    def render_file(self, name: str, node: Node, variables: Mapping[str, Any]) -> str:
        """Render the file that a node names."""
        try:
            source, compiled = self._file(name)
        except Unusable as fault:
            near = self._folder.near(name) if fault.absent else ""
            raise node.error(fault.says, near) from None
        return self._rendered(compiled, source, variables)

    def names(self, text: str) -> Names:
        """Return what a text mentions that was rendered, and what it includes or extends."""
        if text not in self._names:
            self._names[text] = self._followed(self._compiled(text), set())
        return self._names[text]

    def names_of_file(self, name: str) -> Names:
        return self._followed(self._file(name)[1], set())

    def _compiled(self, text: str) -> Compiled:
        if text not in self._inline:
            self._inline[text] = self._tried(text)
        match self._inline[text]:
            case Compiled() as compiled:
                return compiled
            case error:
                raise error.with_traceback(None)

    def _tried(self, text: str) -> Compiled | Exception:
        """Compile a text, or return why it can't be: many tracks may share it."""
        if len(text.encode()) > BYTES:
            return Excess(f"a template has at most {BYTES // 1024} KiB")
        try:
            return self._template(text, None)
        except Exception as error:  # noqa: BLE001 - Jinja2 lets out whatever Python raises
            return error

    def _followed(self, compiled: Compiled, seen: set[str]) -> Names:
        found, closed = set(compiled.names), compiled.closed
        for name in compiled.templates:
            if name in seen:
                continue
            seen.add(name)
            try:
                inner = self._followed(self._file(name)[1], seen)
            except (ManifestError, Unusable):
                closed = False
                continue
            found |= inner.found
            closed = closed and inner.all
        return Names(frozenset(found), closed)

    def _template(self, text: str, name: str | None) -> Compiled:
        return plain(text, name) or self._sandbox.compiled(text, name)

    def _rendered(self, template: Compiled, at: Written, variables: Mapping[str, Any]) -> str:
        try:
            text = filled(template, variables)
            if text is None:
                text = self._sandbox.rendered(template, variables)
        except Exception as error:  # noqa: BLE001 - Jinja2 lets out whatever Python raises
            self._fail(error, at, variables)
        return self._clean(text, at, variables)

    def _clean(self, text: str, at: Written, variables: Mapping[str, Any]) -> str:
        """Return a text as a provider hears it, or raise ManifestError."""
        simple = text.isascii() and text.isprintable()  # of one line too, and already composed
        if not simple:
            text = normalize("NFC", LINE_END.sub("\n", text))
        text = text.strip()
        if len(text) > OUTPUT:  # composing can make several letters of one
            self._fail(too_long(), at, variables)
        self.size += len(text)
        if self.size > TEXTS:
            message = f"the texts of the album have more than {TEXTS:,} characters"
            self._fail(Excess(message), at, variables)
        if not simple and (found := CONTROL.search(text)):
            message = f"the text holds the control character U+{ord(found[0]):04X}"
            raise ManifestError(message, span=at.line(1))
        return text

    def _file(self, name: str) -> tuple[Source, Compiled]:
        """Return a template file; raise Unusable, or ManifestError at what is wrong in it."""
        if name not in self._files:
            source = self._source(name)
            try:
                compiled = self._template(source.text, name)
            except Exception as fault:  # noqa: BLE001 - Jinja2 lets out whatever Python raises
                self._fail(fault, source, {})
            self._files[name] = source, compiled
        return self._files[name]

    def _source(self, name: str) -> Source:
        try:
            return self._folder.source(name)
        except Unusable:
            self.missed.add(name)
            raise

    def _fail(self, error: Exception, at: Written, variables: Mapping[str, Any]) -> NoReturn:
        """Raise the error of a template at its place."""
        if isinstance(error, ManifestError):
            raise error
        name, line = self._sandbox.place(error)
        place = self._files[name][0] if name in self._files else at
        message, hint, word = self._sandbox.worded(error, variables)
        cause = error.__cause__
        if isinstance(cause, Unusable) and cause.absent:
            hint = self._folder.near(cause.asked)
        raise ManifestError(message, span=place.line(line, word), hint=hint) from None


def is_literal(text: str) -> bool:
    """Tell whether a text is its own template, and surely not too long for one."""
    return "{" not in text and "}" not in text and len(text) * 4 <= BYTES
