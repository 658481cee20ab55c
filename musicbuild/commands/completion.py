"""`musicbuild completion SHELL`: a script that completes commands, options, tracks and labels."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from ..console.terminal import Answer
from ..errors import UsageError
from .options import with_settings
from .said import Settings

PROGRAM = "musicbuild"
VARIABLE = "_MUSICBUILD_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), required=False)
@with_settings
def command(_: Settings, *, shell: str | None) -> Answer:
    """Print a script that completes commands, options, tracks and labels.

    \b
    bash:  eval "$(musicbuild completion bash)"   in ~/.bashrc
    zsh:   eval "$(musicbuild completion zsh)"    in ~/.zshrc
    fish:  musicbuild completion fish > ~/.config/fish/completions/musicbuild.fish
    """  # noqa: D301  click needs the very character
    kind = get_completion_class(shell) if shell else None
    if kind is None:
        raise UsageError(
            "name the shell to complete in: `bash`, `zsh` or `fish`",
            hint="`musicbuild completion --help` shows where the script goes",
        )
    # That of the base class: the one for bash starts a shell to ask for its version.
    script = ShellComplete.source(kind(click.Command(PROGRAM), {}, PROGRAM, VARIABLE))
    return Answer({"shell": shell, "script": script}, lambda _: script.rstrip().splitlines())
