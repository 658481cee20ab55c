"""A group of commands that knows them by name before it has loaded any."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from ..errors import UsageError, suggestion
from .said import Settings


class Commands(click.Group):
    """Commands with their short help, each a module of one package; `path` is what calls them.

    Those in `hidden` are there, and named nowhere.
    """

    def __init__(
        self,
        *given: Any,
        table: Mapping[str, str],
        package: str,
        path: str = "musicbuild",
        hidden: frozenset[str] = frozenset(),
        **more: Any,
    ) -> None:
        super().__init__(*given, **more)
        self.table, self.package, self.path, self.hidden_names = table, package, path, hidden

    def list_commands(self, _: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in self.table and name not in self.hidden_names:
            return None
        module = import_module(f".{name.replace('-', '_')}", self.package)
        command: click.Command = module.command
        return command

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = args[0] in self.table or args[0] in self.hidden_names
        if not known and not context.resilient_parsing:
            hint = suggestion(args[0], self.table) or f"`{self.path} --help` lists the commands"
            raise UsageError(f"unknown command `{args[0]}`", hint=hint)
        if settings := context.find_object(Settings):
            settings.command = f"{settings.command} {args[0]}".strip()
        return super().resolve_command(context, args)

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self.table.items()))

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        found = [
            CompletionItem(name, help=text)
            for name, text in self.table.items()
            if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, context, incomplete)
