"""What a provider hears: templates rendered to their final text.

Templates are Jinja2, strict and sandboxed (`sandbox.py`), and see only what they are given and
what stands in the folder `templates`.  White space: the line end after a block tag and the
blanks before one are dropped (`trim_blocks`, `lstrip_blocks`), any line end becomes a line
feed, what is outside the text is stripped and what is inside it is kept; the text is composed
(NFC).  So the same template and variables give the same text in any process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Protocol
from unicodedata import normalize

from jinja2 import Template, TemplateSyntaxError, nodes
from jinja2.loaders import BaseLoader

from ..document import Node
from ..document.source import CONTROL, Source
from ..errors import ManifestError, Span
from .bounds import OUTPUT, Excess, too_long
from .files import BYTES, Folder, Unusable
from .sandbox import Sandbox
from .wording import worded

TEXTS = 20_000_000
"""Characters in all texts of one album: ten thousand prompts of two thousand."""
LOOKUP = 20
"""The steps that looking for a file costs."""

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
PLAIN = re.compile(r"\{\{[ \t]*(" + NAME + r")[ \t]*\}\}")
"""The substitutions that need no Jinja2; anything else that has a brace does."""
BRACE = re.compile(r"[{}]")
LINE_END = re.compile(r"\r\n?")
LOADING = (nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)


class Written(Protocol):
    """Where a template's text stands: a node of the manifest, or a file."""

    def line(self, number: int, word: str = "") -> Span:
        """Return the place of a line of the text (from one), or of a word in it."""
        ...


@dataclass(frozen=True, slots=True)
class Names:
    """The variables a template mentions; `all` is False where that can't be known from it."""

    found: frozenset[str]
    all: bool = True


@dataclass(slots=True)
class _Compiled:
    """A template as Jinja2's, or as `parts`: literal text and names in turn."""

    names: frozenset[str]
    templates: tuple[str, ...]
    closed: bool
    parts: tuple[str, ...] = ()
    template: Template | None = None


class Templates:
    """The templates of one album, each compiled once; `files` are those that were read.

    `folder` is relative to `root`, the manifest's folder.
    """

    def __init__(self, root: Path, folder: str) -> None:
        self._folder = Folder(root, folder)
        self._sandbox = _Recording(self)
        self._inline: dict[str, _Compiled | Exception] = {}
        self._files: dict[str, tuple[Source, _Compiled]] = {}
        self._names: dict[str, Names] = {}
        self._size = 0

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(sorted(f"{self._folder.name}/{name}" for name in self._files))

    def render(self, text: str, at: Written, variables: Mapping[str, Any]) -> str:
        """Render text that stands in a node; raise ManifestError at the line that is at fault."""
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

    def _compiled(self, text: str) -> _Compiled:
        if text not in self._inline:
            self._inline[text] = self._tried(text)
        match self._inline[text]:
            case _Compiled() as compiled:
                return compiled
            case error:
                raise error.with_traceback(None)

    def _tried(self, text: str) -> _Compiled | Exception:
        """Compile a text, or return why it can't be: many tracks may share it."""
        if len(text.encode()) > BYTES:
            return Excess(f"a template has at most {BYTES // 1024} KiB")
        try:
            return _split(text) or self._sandbox.compiled(text, None)
        except Exception as error:  # noqa: BLE001 - Jinja2 lets out whatever Python raises
            return error

    def _followed(self, compiled: _Compiled, seen: set[str]) -> Names:
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

    def _rendered(self, compiled: _Compiled, at: Written, variables: Mapping[str, Any]) -> str:
        try:
            text = _filled(compiled.parts, variables)
            if text is None:
                text = self._sandbox.rendered(self._full(compiled), variables)
        except Exception as error:  # noqa: BLE001 - Jinja2 lets out whatever Python raises
            self._fail(error, at, variables)
        text = normalize("NFC", LINE_END.sub("\n", text)).strip()
        if len(text) > OUTPUT:  # composing can make several letters of one
            self._fail(too_long(), at, variables)
        self._size += len(text)
        if self._size > TEXTS:
            message = f"the texts of the album have more than {TEXTS:,} characters"
            self._fail(Excess(message), at, variables)
        if found := CONTROL.search(text):
            message = f"the text holds the control character U+{ord(found[0]):04X}"
            raise ManifestError(message, span=at.line(1))
        return text

    def _full(self, compiled: _Compiled) -> Template:
        """Return Jinja2's own template, also of one that is plain."""
        if compiled.template is None:
            halves = zip(compiled.parts[::2], (*compiled.parts[1::2], ""), strict=True)
            text = "".join(
                f"{literal}{{{{{name}}}}}" if name else literal for literal, name in halves
            )
            compiled.template = self._sandbox.compiled(text, None).template
        assert compiled.template is not None
        return compiled.template

    def _file(self, name: str) -> tuple[Source, _Compiled]:
        """Return a template file; raise Unusable, or ManifestError at what is wrong in it."""
        if name not in self._files:
            source = self._folder.source(name)
            try:
                compiled = self._sandbox.compiled(source.text, name)
            except Exception as fault:  # noqa: BLE001 - Jinja2 lets out whatever Python raises
                self._fail(fault, source, {})
            self._files[name] = source, compiled
        return self._files[name]

    def _fail(self, error: Exception, at: Written, variables: Mapping[str, Any]) -> NoReturn:
        """Raise the error of a template at its place."""
        if isinstance(error, ManifestError):
            raise error
        place, line = at, 1
        if isinstance(error, TemplateSyntaxError):
            line = error.lineno
        else:
            place, line = self._place(error.__traceback__, at)
        message, hint, word = worded(error, variables)
        if isinstance(error, Unusable) and error.absent:
            hint = self._folder.near(error.asked)
        raise ManifestError(message, span=place.line(line, word), hint=hint) from None

    def _place(self, traceback: TracebackType | None, at: Written) -> tuple[Written, int]:
        """Return the innermost template that an error came through, and its line there."""
        place, line = at, 1
        while traceback is not None:
            template = traceback.tb_frame.f_globals.get("__jinja_template__")
            if isinstance(template, Template):
                place = self._files[template.name][0] if template.name in self._files else at
                line = template.get_corresponding_lineno(traceback.tb_lineno)
            traceback = traceback.tb_next
        return place, line


class _Recording(Sandbox):
    """The sandbox, which also notes what each tree mentions and loads what it includes."""

    def __init__(self, templates: Templates) -> None:
        super().__init__()
        self.loader = _Loader(templates)
        self.last = _Compiled(frozenset(), (), closed=True)

    def compiled(self, text: str, name: str | None) -> _Compiled:
        code = self.compile(text, name)
        found = self.last
        found.template = self.template_class.from_code(self, code, self.make_globals(None))
        return found

    def rendered(self, template: Template, variables: Mapping[str, Any]) -> str:
        self.begin()
        context = template.new_context(dict(variables))
        return self.concat(template.root_render_func(context))

    def seen(self, tree: nodes.Template) -> None:
        names = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"}
        wanted: list[str] = []
        closed = True
        for node in tree.find_all(nodes.Stmt):
            if not isinstance(node, LOADING):
                continue
            match node.template:
                case nodes.Const(value=str(name)):
                    wanted.append(name)
                case _:
                    closed = False
        self.last = _Compiled(frozenset(names), tuple(wanted), closed=closed)


class _Loader(BaseLoader):
    """Gives Jinja2 the files of the folder; each is compiled under the name it is asked by."""

    def __init__(self, templates: Templates) -> None:
        self.templates = templates

    def load(self, environment: Any, name: str, globals: Any = None) -> Template:  # noqa: A002, ARG002 - as in the base
        environment.spend(LOOKUP)
        template = self.templates._file(name)[1].template  # noqa: SLF001 - two halves of one thing
        assert template is not None
        return template


def _split(text: str) -> _Compiled | None:
    """Return the parts of a template of nothing but names, literal text and names in turn."""
    parts = PLAIN.split(text)
    if any(BRACE.search(part) for part in parts[::2]):
        return None
    return _Compiled(frozenset(parts[1::2]), (), closed=True, parts=tuple(parts))


def _filled(parts: tuple[str, ...], variables: Mapping[str, Any]) -> str | None:
    """Return plain parts with their variables, or None where Jinja2 has to say what is wrong."""
    if not parts:
        return None
    found = list(parts)
    size = sum(map(len, parts[::2]))
    for place in range(1, len(parts), 2):
        value = variables.get(parts[place])
        if not isinstance(value, str | int | float):
            return None
        found[place] = str(value)
        size += len(found[place])
        if size > OUTPUT:
            return None
    return "".join(found)
