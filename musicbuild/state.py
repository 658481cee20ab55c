"""What a no-op may trust: the verdict of a run that found nothing to do, and when it still holds.

A *verdict* holds what that run said, and the stamps of everything it had looked at: the manifest
and all that it names, the lock, the outputs, our own records, the folders on the way, the tool.
While every stamp is as it was, a run would say the same again.  A file that changed so shortly
before it was looked at that a second change might leave its stamp alone is never in a verdict.

Verdicts are written by the full path alone (`conclusion.py`), and may be deleted at any time.
"""

# Nothing but `sys` and `os` is imported, for this is all that most runs need.  ruff: noqa: FA102

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

MANIFEST = "musicbuild.yaml"
FOLDER = ".musicbuild/state"
NAME = "verdict"

COMMANDS = ("build", "plan", "check")
"""Those that have an answer in a verdict, in this order, each without and with colours."""

VERSION = 1
LARGEST = 8 << 20
"""Bytes; ten thousand tracks have less than one megabyte."""

MANY = 2_000
"""Files; looking at fewer takes less time than it takes to start another process."""

_HEAD = 5
_WORD = 8
_AT_ONCE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_ALWAYS = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class Verdict:
    """What was looked at, by name, with `/`, from the manifest's folder, and what was said.

    `inputs` and `outputs` are what a change of any kind makes another file: they have four
    numbers each in `stamps`.  `folders` may change, but not be others: they have two each in
    `identities`.  `absent` are names that nothing has.  `tool` is the program as it was.
    """

    __slots__ = (
        *("tool", "inputs", "outputs", "folders", "absent"),
        *("stamps", "identities", "answers"),
    )

    def __init__(
        self,
        *,
        tool: str,
        inputs: list[str],
        outputs: list[str],
        folders: list[str],
        absent: list[str],
        stamps: list[int],
        identities: list[int],
        answers: list[str],
    ) -> None:
        self.tool = tool
        self.inputs, self.outputs = inputs, outputs
        self.folders, self.absent = folders, absent
        self.stamps, self.identities = stamps, identities
        self.answers = answers

    def holds(self, folder: str, *, edited: bool = False) -> bool:
        """Tell whether all is as it was below the manifest's folder; it itself may be `edited`."""
        place = "" if folder == os.getcwd() else folder
        first, some = int(edited), 4 * len(self.inputs)
        return (
            self.tool == tool()
            and self.inputs[:1] == [MANIFEST]
            and stamps(_placed(self.inputs[first:], place)) == self.stamps[4 * first : some]
            and identities(_placed(self.folders, place)) == self.identities
            and not any(map(os.path.lexists, _placed(self.absent, place)))
            and _unchanged(_placed(self.outputs, place), self.stamps[some:])
        )


def recall(arguments: list[str]) -> str | None:
    """Return what a command line would have said to stdout, if a verdict tells it, else None."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        return None
    try:
        folder = project(os.getcwd())
        verdict = load(_contents(f"{folder}/{FOLDER}/{NAME}"))
        if not verdict.holds(folder):
            return None
        place = 2 * COMMANDS.index(arguments[0]) + colored(sys.stdout, os.environ)
        return _sayable(verdict.answers[place])
    except (OSError, ValueError, IndexError, TypeError):
        return None


def project(folder: str) -> str:
    """Return the nearest folder with a manifest, as `manifest.find` does."""
    while not os.path.isfile(os.path.join(folder, MANIFEST)):
        above = os.path.dirname(folder)
        if above == folder:
            raise FileNotFoundError(MANIFEST)
        folder = above
    return folder


def stamps(names: list[str]) -> list[int]:
    """Return four numbers a file, which differ from before if it was changed or replaced."""
    found: list[int] = []
    for one in map(os.lstat, names):
        found += one.st_size, one.st_mtime_ns, one.st_ctime_ns, one.st_ino
    return found


def identities(names: list[str]) -> list[int]:
    """Return two numbers a folder, which differ from before if it is another, or a link now."""
    found: list[int] = []
    for one in map(os.lstat, names):
        found += one.st_mode, one.st_ino
    return found


def tool() -> str:
    """Return what tells this program from another: where it, and all that it imports, lies."""
    return "\n".join([sys.version, __file__, *places()])


def places() -> list[str]:
    """Return where modules are looked for, without the folder of the script.

    That is among them or not by the way in which the program is called.
    """
    script = os.path.dirname(os.path.realpath(sys.argv[0]))
    return [path for path in sys.path if path != script]


def colored(stream: "TextIO | None", environment: "Mapping[str, str]") -> bool:
    """Decide about colour as nobody said how: NO_COLOR, then FORCE_COLOR, then the stream."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return is_terminal(stream) and environment.get("TERM") != "dumb"


def is_terminal(stream: "TextIO | None") -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it was closed
        return False


def dump(verdict: Verdict) -> bytes:
    """Write a verdict; raises OverflowError where a number has more than 64 bits."""
    texts = [verdict.inputs, verdict.outputs, verdict.folders, verdict.absent]
    names = [name for names in texts for name in names]
    text = "\0".join([verdict.tool, *names, *verdict.answers]).encode()
    numbers = [VERSION, *map(len, texts), *verdict.stamps, *verdict.identities]
    return b"".join(one.to_bytes(_WORD, sys.byteorder, signed=True) for one in numbers) + text


def load(data: bytes) -> Verdict:
    """Read a verdict; raises ValueError, IndexError or TypeError where it is none."""
    head = memoryview(data[: _HEAD * _WORD]).cast("q").tolist()
    version, *counts = head
    if version != VERSION or min(counts) < 0 or sum(counts) > len(data):
        raise ValueError(version)
    inputs, outputs, folders, _ = counts
    watched, among = 4 * (inputs + outputs), 2 * folders
    end = (_HEAD + watched + among) * _WORD
    numbers = memoryview(data[_HEAD * _WORD : end]).cast("q").tolist()
    texts = data[end:].decode().split("\0")
    if len(numbers) != watched + among or len(texts) != 1 + sum(counts) + 2 * len(COMMANDS):
        raise ValueError(len(texts))
    parts = []
    for count in (1, *counts, 2 * len(COMMANDS)):
        parts.append(texts[:count])
        del texts[:count]
    return Verdict(
        tool=parts[0][0],
        inputs=parts[1],
        outputs=parts[2],
        folders=parts[3],
        absent=parts[4],
        stamps=numbers[:watched],
        identities=numbers[watched:],
        answers=parts[5],
    )


def _unchanged(names: list[str], expected: list[int]) -> bool:
    """Tell whether files have their stamps; at half of many another process looks meanwhile."""
    if len(names) < MANY or not hasattr(os, "fork"):
        return stamps(names) == expected
    half = len(names) // 2
    child = os.fork()
    if not child:
        changed = True
        try:
            changed = stamps(names[half:]) != expected[4 * half :]
        finally:
            os._exit(changed)
    try:
        same = stamps(names[:half]) == expected[: 4 * half]
    finally:
        _, ended = os.waitpid(child, 0)
    return same and ended == 0


def _contents(path: str) -> bytes:
    handle = os.open(path, _AT_ONCE | _ALWAYS)
    try:
        size = os.fstat(handle).st_size
        return os.read(handle, size) if size <= LARGEST else b""
    finally:
        os.close(handle)


def _placed(names: list[str], place: str) -> list[str]:
    return [os.path.join(place, name) for name in names] if place else names


def _sayable(text: str) -> str | None:
    """Return a text that stdout can show as it is, and that no CI runner takes for a command."""
    if os.environ.get("GITHUB_ACTIONS"):
        return None
    if sys.stdout is not None:
        text.encode(sys.stdout.encoding)
    return text
