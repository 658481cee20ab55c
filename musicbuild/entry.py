"""Where the program starts: what it answers at once, before it has loaded what a command needs."""

# Only what Python has loaded by itself is imported here, not even `__future__`: all else takes
# longer than the answer.  ruff: noqa: FA102

import atexit
import gc
import os
import sys

from . import __version__, state, usage

MANY = 50_000
"""New objects after which garbage is looked for; to load modules makes many, and none of it."""


def main() -> int:
    """Run the command line of this process; return its exit code unless the process ends here."""
    code = run(sys.argv[1:])
    if _is_over():
        os._exit(code)
    return code


def run(arguments: list[str]) -> int:
    """Run a command line and return its exit code, whoever else is at work in this process."""
    match arguments:
        case ["--version"]:
            return _tell(f"musicbuild {__version__}\n")
        case ["--help" | "-h"] if _is_wide():
            return _tell(usage.help_text())
    if (said := state.recall(arguments)) is not None:
        return _tell(said)
    gc.set_threshold(MANY)
    from . import cli  # noqa: PLC0415  it is what a quick answer must not wait for

    return cli.run(arguments)


def _tell(text: str) -> int:
    if sys.stdout is None:  # it was closed before we started
        return 0
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001  a user never meets a traceback
        from . import cli  # noqa: PLC0415  as above

        return cli.fail(error)
    return 0


def _is_wide() -> bool:
    """Tell whether no line of the help is broken; it looks where click does."""
    try:
        columns = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        columns = 0
    if columns <= 0 and sys.__stdout__ is not None:
        try:
            columns = os.get_terminal_size(sys.__stdout__.fileno()).columns
        except (OSError, ValueError):  # it is no terminal, or was closed
            columns = 0
    return columns <= 0 or columns >= usage.WIDTH


def _is_over() -> bool:
    """Tell whether the process has nothing left to do but to take itself apart.

    That takes up to a third of a short command's time, and nobody has anything of it: what was
    said is flushed, and files are synced when they are written.  But a thread may still run, and
    whoever asked to be called at the end (logging, temporary folders, a measurer of coverage)
    is called.
    """
    threading = sys.modules.get("threading")
    alone = threading is None or threading.active_count() == 1
    return alone and not atexit._ncallbacks()  # noqa: SLF001
