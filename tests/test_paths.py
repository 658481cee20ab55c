"""Which paths an output may have."""

import re
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from musicbuild.paths import EXTENSIONS, astray, clash_key, for_format, may_be_output, objection

ASTRAY = {
    "../../.github/workflows/x.mp3": "a path does not leave the manifest's folder by `..`",
    "a/./../..": "a path has no empty or `.` part",
    "a/../x.mp3": "a path does not leave the manifest's folder by `..`",
    "/etc/cron.d/x": "a path starts from the manifest's folder, not from `/`",
    "//host/share/x.mp3": "a path starts from the manifest's folder, not from `/`",
    "C:\\x": "a path is written with `/`, not with `\\`",
    "\\\\host\\share": "a path is written with `/`, not with `\\`",
    "a\\..\\..\\b": "a path is written with `/`, not with `\\`",
    "C:/x.mp3": "a path starts from the manifest's folder, not from a drive",
    "c:x.mp3": "a path starts from the manifest's folder, not from a drive",
    "~/x": "a path starts from the manifest's folder, not from `~`",
    "~root/x": "a path starts from the manifest's folder, not from `~`",
    "": "a path is not empty",
    ".": "a path has no empty or `.` part",
    "..": "a path does not leave the manifest's folder by `..`",
    "./x.mp3": "a path has no empty or `.` part",
    "a//x.mp3": "a path has no empty or `.` part",
}

SHORT = "no part of a path holds `~` and a digit, as the short names on Windows do"

UNPORTABLE = {
    "file:///x.mp3": "a path has no empty or `.` part",
    "a/": "a path has no empty or `.` part",
    "x.mp3:ads": "no file name on Windows holds `:`",
    "a:b.mp3": "a path starts from the manifest's folder, not from a drive",
    "ab:c.mp3": "no file name on Windows holds `:`",
    "a<b.mp3": "no file name on Windows holds `<`",
    "a>b.mp3": "no file name on Windows holds `>`",
    "a|b.mp3": "no file name on Windows holds `|`",
    "a?.mp3": "no file name on Windows holds `?`",
    "a*.mp3": "no file name on Windows holds `*`",
    'a".mp3': 'no file name on Windows holds `"`',
    "a\uff0fb.mp3": "no file name on Windows holds `/`",
    "a\uff1ab.mp3": "no file name on Windows holds `:`",
    "CON/x.mp3": "`CON` is a device on Windows",
    "nul.mp3": "`nul.mp3` is a device on Windows",
    "COM1.mp3": "`COM1.mp3` is a device on Windows",
    "COM¹.mp3": "`COM¹.mp3` is a device on Windows",
    "LPT0.mp3": "`LPT0.mp3` is a device on Windows",
    "conin$.mp3": "`conin$.mp3` is a device on Windows",
    "aux.tar.mp3": "`aux.tar.mp3` is a device on Windows",
    "prn .mp3": "`prn .mp3` is a device on Windows",
    "aux./x.mp3": "no part of a path ends with a dot or a space",
    "a /x.mp3": "no part of a path ends with a dot or a space",
    "a\xa0/x.mp3": "no part of a path ends with a dot or a space",
    "x.mp3.": "no part of a path ends with a dot or a space",
    " a.mp3": "no part of a path starts with a space, `~` or `-`",
    "b/~root.mp3": "no part of a path starts with a space, `~` or `-`",
    "-rf.mp3": "no part of a path starts with a space, `~` or `-`",
    "a\u200bb.mp3": "a path has no invisible character such as U+200B",
    "a\u202eb.mp3": "a path has no invisible character such as U+202E",
    "a\nb.mp3": "a path has no invisible character such as U+000A",
    "a\x1bb.mp3": "a path has no invisible character such as U+001B",
    "a\ufeffb.mp3": "a path has no invisible character such as U+FEFF",
    "a\u2028b.mp3": "a path has no invisible character such as U+2028",
    ".git/hooks/post-checkout": "`.git` is not a folder for music",
    "a/.GIT/x.mp3": "`.GIT` is not a folder for music",
    "GIT~1/x.mp3": SHORT,
    "GITHUB~1/x.mp3": SHORT,
    "MUSICB~1/x.mp3": SHORT,
    "a/MUSICB~2.mp3": SHORT,
    "a~\uff11.mp3": SHORT,
    ".github/x.mp3": "`.github` is not a folder for music",
    ".musicbuild/x.mp3": "`.musicbuild` is not a folder for music",
    "musicbuild.lock": "the build reads this file, and can't write it",
    "Take.MP3": "the build reads this file, and can't write it",
    "x.ogg": "a file of the format `mp3` ends in `.mp3`",
    "x": "a file of the format `mp3` ends in `.mp3`",
    "mp3": "a file of the format `mp3` ends in `.mp3`",
    ".mp3": "a file of the format `mp3` ends in `.mp3`",
    "a/.mp3": "a file of the format `mp3` ends in `.mp3`",
    "a" * 252 + ".mp3": "a part of a path has at most 255 bytes, not 256",
    "é" * 126 + ".mp3": "a part of a path has at most 255 bytes, not 256",
    "a/" * 119 + "x.mp3": "a path has at most 240 characters, not 243",
}

INVISIBLE = """
00AD 034F 061C 115F 1160 17B4 17B5 180B 180E 180F 200C 200D 2060 2065 2800 3164 FE00 FE0E FE0F FFA0
FFF0 FFF8 FFF9 16FE4 1BCA0 1D159 1D173 E0001 E0020 E0100 E01EF E0FFF
"""


@pytest.mark.parametrize("code", INVISIBLE.split())
def test_a_path_with_a_character_that_shows_nothing_is_refused(code):
    says = f"a path has no invisible character such as U+{code}"
    assert objection(f"a{chr(int(code, 16))}b.mp3", "mp3") == says


TAKEN = frozenset({clash_key("musicbuild.lock"), clash_key("take.mp3")})


@pytest.mark.parametrize("path", ASTRAY)
def test_a_path_that_leads_astray_is_refused_on_every_system(path):
    assert astray(path) == ASTRAY[path]
    assert objection(path, "mp3") == ASTRAY[path]


@pytest.mark.parametrize("path", UNPORTABLE)
def test_a_path_that_would_not_do_somewhere_is_refused_everywhere(path):
    assert objection(path, "mp3", TAKEN) == UNPORTABLE[path]


@pytest.mark.parametrize(
    "path",
    [
        "a.mp3",
        "audio/boss-1.mp3",
        "x.MP3",
        "a b/c d.mp3",
        "..a/b...mp3",
        "com10.mp3",
        "console.mp3",
        "a~b.mp3",
        "take 2~.mp3",
        "洞窟/é.mp3",
        ".hidden/a.mp3",
        "a/" * 117 + "x.mp3",
    ],
)
def test_a_plain_path_is_accepted(path):
    assert objection(path, "mp3", TAKEN) == ""


def test_a_folder_may_end_with_a_slash():
    assert astray("prompts/") == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Theme.mp3", "theme.mp3"),
        ("\xe9.mp3", "e\u0301.mp3"),
        ("Straße", "STRASSE"),
        ("\ufb01", "fi"),
        ("K", "\u212a"),
        ("a/b", "a./b"),
        ("a/b", "a /b"),
        ("a", "a. "),
        ("Σ", "ς"),
    ],
)
def test_paths_that_are_one_somewhere_clash(one, other):
    assert clash_key(one) == clash_key(other)


def test_paths_that_are_two_everywhere_do_not_clash():
    paths = ["a", "b", "a/b", "ab", "a.b", "e", "é", "ß"]
    assert len({clash_key(path) for path in paths}) == len(paths)


@pytest.mark.parametrize(
    ("path", "name", "result"),
    [
        ("a.mp3", "mp3", "a.mp3"),
        ("a.mp3", "ogg", "a.ogg"),
        ("a.MP3", "mp3", "a.MP3"),
        ("a.WAV", "mp3", "a.mp3"),
        ("a.b", "ogg", "a.b"),
        ("a", "ogg", "a"),
    ],
)
def test_each_format_has_its_own_ending(path, name, result):
    assert for_format(path, name) == result


@pytest.mark.parametrize("name", EXTENSIONS)
def test_each_format_knows_its_ending(name):
    assert objection(f"a{EXTENSIONS[name]}", name) == ""
    assert objection("a.exe", name)


PIECES = [
    *(
        "con",
        "prn",
        "aux",
        "nul",
        "com",
        "lpt",
        "conin$",
        "CON",
        "Com1",
        "lpt9",
        "a",
        "B",
        "z",
        "0",
    ),
    *("9", "_", "-", "~", ".", "..", "...", "/", "//", ":", "*", "?", "<", "\\", " ", "\n", "\t"),
    *(".git", ".mp3", "mp3", "a" * 120, "é", "ß", "¹", "\u017f", "\u212a", "\u0130", "\ufb01"),
    *("\uff0f", "\u200b"),
]
PATHS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


@given(PATHS | PATHS.map(lambda path: f"audio/{path}.mp3") | st.text(max_size=9))
@example("a" * 236 + ".mp3")
@example("a" * 237 + ".mp3")
def test_the_short_way_to_judge_a_path_gives_what_the_long_way_gives(path):
    verdict = objection(path, "mp3", TAKEN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("musicbuild.paths.SURE", re.compile(r"(?!)"))
        assert objection(path, "mp3", TAKEN) == verdict


@given(PATHS | st.text(max_size=9))
def test_a_path_of_plain_letters_is_folded_as_any_other(path):
    parts = (normalize("NFKC", part).casefold() for part in path.split("/"))
    assert clash_key(path) == "/".join(normalize("NFC", part).rstrip(". ") for part in parts)


@pytest.mark.parametrize("path", ["a.mp3", "music/Menu 1.OGG", "音/楽.mid"])
def test_a_path_of_a_lock_may_be_an_outputs(path):
    assert may_be_output(path)


@pytest.mark.parametrize(
    "path",
    ["", "a", "mp3", ".mp3", "a/.mp3", "a.py", ".git/a.mp3", "../a.mp3", "a.mp3/", "con.mp3"],
)
def test_other_paths_may_not(path):
    assert not may_be_output(path)
