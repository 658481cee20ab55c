"""`musicbuild git install`: what a clone is told so that its git merges a lock by its entries."""

from __future__ import annotations

from pathlib import Path

import click

from ... import git
from ...console.errors import place
from ...console.merges import install_lines
from ...console.terminal import Answer
from ...errors import UsageError
from ...folders import Linked
from ...git import DRIVER, Git
from ...lock import FILE_NAME
from ...reading import NotPlain
from ..dotfiles import IGNORES, contents, has_line, ignored, put, with_line, without_line
from ..opening import manifest_path
from ..options import with_settings
from ..said import Settings

ATTRIBUTES = ".gitattributes"
ATTRIBUTE = f"{FILE_NAME} merge={DRIVER} text eol=lf"

SECTION = f"merge.{DRIVER}"
SETTINGS = {
    f"{SECTION}.name": "musicbuild.lock by its entries",
    f"{SECTION}.driver": "musicbuild git merge-driver %O %A %B %P",
}


@click.command()
@click.option("--uninstall", is_flag=True, help="Have git merge it as plain text again.")
@with_settings
def command(settings: Settings, *, uninstall: bool) -> Answer:
    """Have git merge the lock by its entries, so that branches that each bought tracks merge.

    Writes the merge driver into this clone's own settings, and beside the manifest lines into
    `.gitattributes` and `.gitignore`, which are to be committed.  Git takes no driver from a
    repository, so each clone has to be told once.
    """
    root = manifest_path(settings).absolute().parent
    found = git.find_work_tree(root)
    try:
        done = _uninstall(found, root) if uninstall else _install(found, root)
    except (Linked, NotPlain) as error:
        raise UsageError(
            f"`{place(Path(error.filename))}` {error.strerror}", hint="move it out of the way"
        ) from None
    return Answer(
        {"installed": not uninstall, "changed": done},
        lambda look: install_lines(done, look, installed=not uninstall),
    )


def _install(found: Git, root: Path) -> list[str]:
    """Return what was changed: files as paths, and the clone's settings as such."""
    attributes = contents(root / ATTRIBUTES)
    new = ignored(root / IGNORES)
    if not has_line(attributes, ATTRIBUTE):
        new[ATTRIBUTES] = with_line(attributes, ATTRIBUTE)
    for path in sorted(new):
        put(root, path, new[path])
    changed = [name for name, value in SETTINGS.items() if found.setting(name) != value]
    for name in changed:
        found.order("config", "--local", "--replace-all", name, SETTINGS[name])
    return [*(place(root / path) for path in sorted(new)), *changed]


def _uninstall(found: Git, root: Path) -> list[str]:
    """Take back what was changed, but for the state folder in `.gitignore`: it stays our own."""
    changed = [name for name in SETTINGS if found.setting(name) is not None]
    if changed:
        found.order("config", "--local", "--remove-section", SECTION)
    attributes = contents(root / ATTRIBUTES)
    if not has_line(attributes, ATTRIBUTE):
        return changed
    left = without_line(attributes, ATTRIBUTE)
    if left:
        put(root, ATTRIBUTES, left)
    else:
        (root / ATTRIBUTES).unlink()
    return [place(root / ATTRIBUTES), *changed]
