"""Templates that are more than plain: compiled, looked through and rendered by Jinja2.

Nothing imports this module: it is loaded by name for the first template that needs it, or the
first that is at fault, for loading Jinja2 takes longer than rendering a thousand plain ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import Template, TemplateNotFound, TemplateSyntaxError, nodes
from jinja2.loaders import BaseLoader

from .files import Unusable
from .plain import Compiled
from .sandbox import Sandbox
from .wording import worded

LOOKUP = 20
"""The steps that looking for a file costs."""

LOADING = (nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)


class Jinja(Sandbox):
    """The sandbox, which also notes what each tree mentions and loads what it includes.

    `file` gives a file of the folder, compiled, by the name that it is asked by.
    """

    def __init__(self, file: Callable[[str], Compiled]) -> None:
        super().__init__()
        self.loader = _Loader(file)
        self.last: tuple[frozenset[str], tuple[str, ...], bool] = frozenset(), (), True

    def compiled(self, text: str, name: str | None) -> Compiled:
        code = self.compile(text, name)
        template = self.template_class.from_code(self, code, self.make_globals(None))
        return Compiled(text, name, *self.last, template=template)

    def rendered(self, template: Compiled, variables: Mapping[str, Any]) -> str:
        """Render a template; a plain one is compiled first, if it was not."""
        self.begin()
        own = self.own(template)
        context = own.new_context(dict(variables))
        return self.concat(own.root_render_func(context))

    def own(self, template: Compiled) -> Template:
        """Return Jinja2's own template."""
        if template.template is None:
            template.template = self.compiled(template.text, template.name).template
        own: Template = template.template
        return own

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
        self.last = frozenset(names), tuple(wanted), closed

    def place(self, error: Exception) -> tuple[str | None, int]:
        """Return the name of the innermost template that an error came through, and its line.

        The name is None for text of the manifest.
        """
        if isinstance(error, TemplateSyntaxError):
            return error.name, error.lineno
        name, line = None, 1
        traceback = error.__traceback__
        while traceback is not None:
            template = traceback.tb_frame.f_globals.get("__jinja_template__")
            if isinstance(template, Template):
                name = template.name
                line = template.get_corresponding_lineno(traceback.tb_lineno)
            traceback = traceback.tb_next
        return name, line

    def worded(self, error: Exception, variables: Iterable[str]) -> tuple[str, str, str]:
        """Return the message and the hint for an error, and the word to underline."""
        return worded(error, variables)


class _Loader(BaseLoader):
    """Gives Jinja2 the files of the folder; each is compiled under the name it is asked by."""

    def __init__(self, file: Callable[[str], Compiled]) -> None:
        self.file = file

    def load(self, environment: Any, name: str, globals: Any = None) -> Template:  # noqa: A002, ARG002 - as in the base
        environment.spend(LOOKUP)
        try:
            own: Template = environment.own(self.file(name))
        except Unusable as fault:
            raise TemplateNotFound(name, fault.says) from fault
        return own
