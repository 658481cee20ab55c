"""`musicbuild schema`: how editors know a manifest."""

from __future__ import annotations

from pathlib import Path

import click

from .. import durable
from ..console.errors import place
from ..console.reports import wrote_lines
from ..console.terminal import Answer
from ..manifest import schema
from .options import PATH, with_settings
from .said import Settings


@click.command()
@click.option("--write", "target", type=PATH, metavar="FILE", help="Write it to a file.")
@with_settings
def command(_: Settings, *, target: Path | None) -> Answer:
    """Print the JSON Schema of a manifest.

    \b
    An editor finds it by the first line of a manifest:
    # yaml-language-server: $schema=FILE
    """  # noqa: D301  click needs the very character
    if target:
        durable.write(target, schema.text().encode())
        written = [place(target)]
        return Answer({"written": written}, lambda look: wrote_lines(written, look))
    return Answer({"schema": schema.schema()}, lambda _: schema.text().splitlines())
