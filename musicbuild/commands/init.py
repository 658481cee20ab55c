"""`musicbuild init`: which files a new soundtrack starts with, and that none is lost by it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import click

from .. import durable
from ..console import Answer, init_lines, place
from ..errors import UsageError
from ..manifest import FILE, schema
from ..project import STATE_FOLDER
from .options import Settings, with_settings

TEMPLATES = ("minimal", "game", "video")
PROMPT = "prompts/calm.j2"
IGNORED = f"{STATE_FOLDER}/"
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
    contents = _contents(template)
    written = [manifest]
    durable.write(manifest, contents[FILE])
    prompt = manifest.parent / PROMPT
    if not prompt.exists():
        durable.write(prompt, contents[PROMPT])
        written.append(prompt)
    if _ignore(manifest.parent / ".gitignore"):
        written.append(manifest.parent / ".gitignore")
    durable.write(manifest.parent / SCHEMA, schema.text().encode())
    paths = [place(path) for path in written]
    data = {"template": template, "written": paths}
    return Answer(data, lambda look: init_lines(paths, look))


def _contents(template: str) -> Mapping[str, bytes]:
    source = files(__package__) / "templates"
    return {
        FILE: (source / f"{template}.yaml").read_bytes(),
        PROMPT: (source / Path(PROMPT).name).read_bytes(),
    }


def _ignore(path: Path) -> bool:
    """Add the state folder to a `.gitignore` unless it is in it; tell whether that was needed."""
    before = path.read_bytes() if path.exists() else b""
    known = {line.strip().strip(b"/") for line in before.splitlines()}
    if IGNORED.strip("/").encode() in known:
        return False
    gap = b"" if not before or before.endswith(b"\n") else b"\n"
    durable.write(path, before + gap + f"{IGNORED}\n".encode())
    return True
