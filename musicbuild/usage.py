"""What the command line takes: its commands, the options of them all, and the help about both."""

# Nothing is imported here, so that `musicbuild --help` need not wait for anything.

ABOUT = """\
Make the music that a manifest asks for, and never pay twice for any of it.

Start with `musicbuild init`, then `musicbuild plan` and `musicbuild build`.
"""

METAVAR = "[COMMAND] [ARGS]..."

OPTIONS = {
    "version": (("--version",), "", "Show the version and exit."),
    "file": (("-f", "--file"), "PATH", "Use this manifest."),
    "directory": (("-C", "--directory"), "PATH", "Look for the manifest from here."),
    "json": (("--json",), "", "Answer in JSON, on stdout."),
    "quiet": (("-q", "--quiet"), "", "Say errors and the sum only."),
    "verbose": (("-v", "--verbose"), "", "Say all of it."),
    "color": (("--color",), "[auto|always|never]", "Use colour."),
    "help": (("-h", "--help"), "", "Show this message and exit."),
}
"""Each option that needs no command: how it is written, what stands after it, and its help."""

COMMANDS = {
    "init": "Start a soundtrack: write a manifest that builds at once.",
    "plan": "Show what a build would do, why, and for how much.",
    "build": "Make what is out of date.",
    "check": "Fail unless everything is up to date.",
    "list": "List the tracks.",
    "show": "Show all that is known of one track.",
    "cost": "Show what was spent, on what, and what is left.",
    "adopt": "Use audio from elsewhere for a track, for nothing.",
    "recover": "Look after orders that an earlier build left open.",
    "push": "Send bought audio and outputs to the team's store.",
    "pull": "Fetch bought audio and outputs from the team's store.",
    "verify": "Check every byte against the lock, and say what mends what.",
    "prune": "Take away what nothing needs any more.",
    "measure": "Measure loudness, peaks, length and tempo of audio files.",
    "models": "List the models, their limits and prices.",
    "schema": "Print the JSON Schema of a manifest, for editors.",
    "git": "Have git merge what several branches bought.",
    "doctor": "Look for what may keep a build from working.",
    "completion": "Print a script that completes names in your shell.",
}
"""Each command and its short help; its module is imported only when it is called."""

GIT = {
    "install": "Have git merge the lock by its entries, in this clone.",
    "resolve": "Mend a lock that holds an unresolved merge.",
}
"""The same for what stands after `musicbuild git`."""

WIDTH = 80
"""Columns from which on no line of the help is broken, and from which on it is laid out alike."""


def help_text() -> str:
    """Return what click writes for `musicbuild --help` where there are WIDTH columns or more."""
    options = {
        " ".join([", ".join(names), metavar]).strip(): text
        for names, metavar, text in OPTIONS.values()
    }
    about = [f"  {line}".rstrip() for line in ABOUT.splitlines()]
    lines = [f"Usage: musicbuild [OPTIONS] {METAVAR}", "", *about, ""]
    lines += ["Options:", *_columns(options), "", "Commands:", *_columns(COMMANDS)]
    return "\n".join([*lines, ""])


def _columns(rows: dict[str, str]) -> list[str]:
    width = max(map(len, rows)) + 2
    return [f"  {name:<{width}}{text}" for name, text in rows.items()]
