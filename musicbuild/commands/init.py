"""`musicbuild init`: which files a new soundtrack starts with, and that none is lost by it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import click

from .. import durable
from ..console.errors import place
from ..console.reports import init_lines
from ..console.terminal import Answer
from ..errors import UsageError
from ..folders import Linked
from ..manifest import FILE, schema
from ..project import STATE_FOLDER
from ..reading import NotPlain
from .dotfiles import IGNORES, ignored, put
from .options import with_settings
from .said import Settings

TEMPLATES = ("minimal", "game", "video")
PROMPT = "prompts/calm.j2"
SCHEMA = f"{STATE_FOLDER}/musicbuild.schema.json"
"""Where the first line of each template sends an editor; not in git, for it is ours."""


@click.command()
@click.option(
    "--template",
    type=click.Choice(TEMPLATES),
    default="minimal",
    show_default=True,
    help="What to start from.",
)
@click.option("--force", is_flag=True, help="Replace a manifest that is there.")
@with_settings
def command(settings: Settings, *, template: str, force: bool) -> Answer:
    """Write a manifest that builds at once: free, offline, without a key.

    Besides the manifest it writes a prompt template, and adds the state folder to `.gitignore`.
    """
    folder = settings.directory or Path()
    manifest = folder / (settings.file or FILE)
    if manifest.exists() and not force:
        raise UsageError(
            f"`{place(manifest)}` is there already",
            hint="`musicbuild plan` shows what it would build; `--force` replaces it",
        )
    try:
        written = _write(manifest, _contents(template))
    except (Linked, NotPlain) as error:
        raise UsageError(
            f"`{place(Path(error.filename))}` {error.strerror}", hint="move it out of the way"
        ) from None
    paths = [place(path) for path in written]
    data = {"template": template, "written": paths}
    return Answer(data, lambda look: init_lines(paths, look))


def _write(manifest: Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write what a project begins with; the manifest comes last, once nothing is in the way."""
    root = manifest.parent
    new = {} if os.path.lexists(root / PROMPT) else {PROMPT: contents[PROMPT]}
    new |= ignored(root / IGNORES)
    durable.make_folder(root / STATE_FOLDER, mode=0o700)
    put(root, SCHEMA, schema.text().encode())
    for path, data in [*new.items(), (manifest.name, contents[FILE])]:
        put(root, path, data)
    return [manifest, *(root / path for path in new)]


def _contents(template: str) -> Mapping[str, bytes]:
    source = files(__package__) / "templates"
    return {
        FILE: (source / f"{template}.yaml").read_bytes(),
        PROMPT: (source / Path(PROMPT).name).read_bytes(),
    }
