"""What is measured as whole processes: doing nothing, planning again, starting, and memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .figures import Figure
from .ground import Ground
from .installed import Tools
from .scale import Scale
from .timing import Command, interleave, peak

VERBS = {
    "plan": " = {count} tracks up to date",
    "build": "{count} up to date",
    "check": "{count} tracks are up to date",
}
"""Each with what it says of so many tracks, if there is nothing to do."""
PASS = "python -c pass"


def bare(tools: Tools, folder: Path) -> Command:
    return Command([tools.python, "-c", "pass"], folder)


def starts(ground: Ground, tools: Tools, scale: Scale) -> Iterator[Figure]:
    folder = ground.project(scale.sizes[0], "start")
    commands = {PASS: bare(tools, folder)} | {
        option: Command([tools.musicbuild, option], folder, "musicbuild")
        for option in ("--version", "--help")
    }
    yield from interleave("start", commands, rounds=scale.rounds, budget=scale.budget)


def no_ops(ground: Ground, tools: Tools, scale: Scale) -> Iterator[Figure]:
    """Time each verb in a project that is up to date, and others over as many edges."""
    for count in scale.sizes:
        folder = ground.project(count, "no-op")
        commands = {PASS: bare(tools, folder)}
        for verb, says in VERBS.items():
            commands[verb] = ground.ours(folder, verb, says.format(count=count))
        commands |= ground.edges(count)
        yield from interleave(f"no-op/{count}", commands, rounds=scale.rounds, budget=scale.budget)


def re_plans(ground: Ground, tools: Tools, scale: Scale) -> Iterator[Figure]:
    """Time `plan` after an edit of the manifest, in a project that was up to date before it."""
    for count in scale.sizes:
        nothing, one = VERBS["plan"].format(count=count), "prompt changed"
        edits = {
            "touched": (written_again, nothing),
            "comment at the top": (comment_on_top, nothing),
            "comment in each track": (comment_in_each, nothing),
            "one prompt edited": (one_prompt, one),
        }
        commands = {PASS: bare(tools, ground.project(count, "no-op"))}
        for name, (edit, says) in edits.items():
            folder = ground.project(count, name.replace(" ", "-"))
            commands[name] = ground.edited(folder, edit, says)
        folder = ground.project(count, "comment-in-each-track", templates=count)
        commands["no template twice"] = ground.edited(folder, comment_in_each, nothing)
        if doit := ground.edges(count).get("doit"):
            commands["doit"] = doit
        yield from interleave(
            f"re-plan/{count}", commands, rounds=scale.rounds, budget=scale.budget
        )


def memory(ground: Ground, tools: Tools, scale: Scale) -> Iterator[Figure]:
    """Measure the most memory of a no-op and of a plan that has to read all again."""
    count = scale.sizes[-1]
    folder = ground.project(count, "no-op")
    again = ground.project(count, "comment-in-each-track")
    commands = {
        PASS: bare(tools, folder),
        "no-op": ground.ours(folder, "plan"),
        "comment in each track": ground.edited(again, comment_in_each, ""),
    }
    for name, command in commands.items():
        peak(command)  # what is remembered from run to run is there now
        values = [peak(command) for _ in range(3)]
        yield Figure(f"memory/{count}/{name}", "MB", values)


def written_again(text: str, _: int) -> str:
    return text


def comment_on_top(text: str, number: int) -> str:
    return f"# edit {number}\n{text}"


def comment_in_each(text: str, number: int) -> str:
    return text.replace("    title:", f"    # edit {number}\n    title:")


def one_prompt(text: str, number: int) -> str:
    """Change the prompt in the middle of the manifest."""
    opening = '    prompt: "'
    place = text.index(opening, len(text) // 2) + len(opening)
    return f"{text[:place]}edit {number}, {text[place:]}"
