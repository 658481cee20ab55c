"""Which paths an output may have, judged by their text alone and alike on every system."""

from __future__ import annotations

import re
from collections.abc import Collection
from unicodedata import category, normalize

LONGEST = 240
LONGEST_PART = 255

EXTENSIONS = {
    "mp3": ".mp3", "ogg": ".ogg", "opus": ".opus", "flac": ".flac", "wav": ".wav", "m4a": ".m4a",
    "mid": ".mid",
}  # fmt: skip
"""The file name extension of each format there is or may be."""

_ENDINGS = frozenset(EXTENSIONS.values())

FORBIDDEN = re.compile(r'[<>:"|?*\\]')
RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9])( *\..*)?")
KEPT = frozenset({".git", ".github", ".musicbuild"})
"""Folders that hold more than music."""
SHORT = re.compile(r"~[0-9]")
"""As in `GIT~1`, the other name that Windows gives to `.git`, and to any long name."""

SURE = re.compile(
    r"(?:(?!con|prn|aux|nul|com[0-9]|lpt[0-9])[a-z0-9_](?:[a-z0-9_. -]*[a-z0-9_-])?(?:/(?!$)|$))+",
    re.ASCII | re.IGNORECASE,
)
"""Most paths that any system takes, at one look: plain letters, and no part ends in dots."""

UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U00016fe4\U0001d159\U000e0000-\U000e0fff]"
)
"""Letters, marks and symbols that show nothing: fillers, joiners, selectors of variants."""


def clash_key(path: str) -> str:
    """Return the same text for two paths that some file system would take for one."""
    if SURE.fullmatch(path):
        return path.lower()
    return "/".join(map(_folded, path.split("/")))


def _folded(part: str) -> str:
    return normalize("NFC", normalize("NFKC", part).casefold()).rstrip(". ")


def astray(path: str) -> str:
    """Return why a path does not plainly lead below the folder it starts from, or nothing."""
    if SURE.fullmatch(path):
        return ""
    if not path:
        return "a path is not empty"
    if "\\" in path:
        return "a path is written with `/`, not with `\\`"
    if path.startswith("/"):
        return "a path starts from the manifest's folder, not from `/`"
    if path.startswith("~"):
        return "a path starts from the manifest's folder, not from `~`"
    if re.match(r"[A-Za-z]:", path):
        return "a path starts from the manifest's folder, not from a drive"
    for part in path.removesuffix("/").split("/"):
        if part == "..":
            return "a path does not leave the manifest's folder by `..`"
        if part in {"", "."}:
            return "a path has no empty or `.` part"
    return ""


def objection(path: str, format: str, taken: Collection[str] = ()) -> str:  # noqa: A002 - our word
    """Return why an output of this format can't have this path, or nothing.

    `taken` are the clash keys of what the build reads: the manifest, the lock.
    """
    if why := _portability(path):
        return why
    if clash_key(path) in taken:
        return "the build reads this file, and can't write it"
    extension = EXTENSIONS[format]
    stem, dot, ending = path.rpartition(".")
    if dot + ending.lower() != extension or not stem or stem.endswith("/"):
        return f"a file of the format `{format}` ends in `{extension}`"
    return ""


def may_be_output(path: str) -> bool:
    """Tell whether an output of any format may have this path, whoever wrote that it has."""
    ending = path.rpartition(".")[2].lower()
    return ending in EXTENSIONS and not objection(path, ending)


def for_format(path: str, format: str) -> str:  # noqa: A002 - our word
    """Return the path of one format's output: the ending of another format becomes its own."""
    stem, dot, ending = path.rpartition(".")
    ending, own = dot + ending.lower(), EXTENSIONS[format]
    return stem + own if ending != own and ending in _ENDINGS else path


def _portability(path: str) -> str:
    """Return why a path would not do on some system, or nothing."""
    if len(path) <= LONGEST and SURE.fullmatch(path):
        return ""
    if why := astray(path):
        return why
    if path.endswith("/"):
        return "a path has no empty or `.` part"
    for part in path.split("/"):
        if why := _unportable(part):
            return why
    if len(path) > LONGEST:
        return f"a path has at most {LONGEST} characters, not {len(path)}"
    return ""


def _unportable(part: str) -> str:
    """Return why one part of a path would not do on some system, or nothing."""
    plain = normalize("NFKC", part)
    for character in part:
        if category(character) in UNPRINTABLE or BLANK.match(character):
            return f"a path has no invisible character such as U+{ord(character):04X}"
    if found := FORBIDDEN.search(plain) or re.search("/", plain):
        return f"no file name on Windows holds `{found[0]}`"
    if part[0] in "~-" or plain[0] == " ":
        return "no part of a path starts with a space, `~` or `-`"
    if plain[-1] in ". ":
        return "no part of a path ends with a dot or a space"
    if RESERVED.fullmatch(plain.casefold()):
        return f"`{part}` is a device on Windows"
    if SHORT.search(plain):
        return "no part of a path holds `~` and a digit, as the short names on Windows do"
    if _folded(part) in KEPT:
        return f"`{part}` is not a folder for music"
    if (size := len(part.encode())) > LONGEST_PART:
        return f"a part of a path has at most {LONGEST_PART} bytes, not {size}"
    return ""
