"""Manifests, includes and names that would take too long, too much memory, or a look outside."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from unicodedata import normalize

import pytest
from confined import confined
from effort import at_most

from musicbuild.document.source import read_bytes
from musicbuild.errors import InvalidManifest, ManifestError, suggestion
from musicbuild.manifest import faults, load, patterns
from musicbuild.models import Model
from musicbuild.specify import specify

PROGRAM = Path(sys.executable).with_name("musicbuild")


def model(name):
    return Model("sketch", name, 1, 600, whole_seconds=False, price=None, source="", as_of="")


def outcome(path):
    """Return the number of tracks, or what the errors say."""
    try:
        return len(specify(load(path), model).tracks)
    except InvalidManifest as error:
        assert str(error)
        return [one.message for one in error.errors]


def tracks(count, settings, top=""):
    lines = "".join(f"  a{number}: {settings(number)}\n" for number in range(count))
    return f"version: 1\n{top}tracks:\n{lines}"


MANY = "the manifest holds more than 300,000 keys and values"
TRACKS = "the manifest makes more than 10,000 tracks"
VALUES = "the tracks have more than 500,000 variables, tags and labels in all"
REST = "more may be wrong: the rest was not looked at"

BOUNDED = {
    "Y3 block mapping": (
        lambda: "".join(f"{' ' * depth}a:\n" for depth in range(2_000)),
        ["the file is nested deeper than 32 levels"],
    ),
    "Y12 bytes": (lambda: "- a\n" * 2_000_000, ["`musicbuild.yaml` is larger than 4 MiB"]),
    "Y12 values": (lambda: f"version: 1\nvars: [{'a,' * 490_000}]\n", [MANY]),
    "Y12 keys": (lambda: "".join(f"a{number}: 1\n" for number in range(200_000)), [MANY]),
    "unknown keys": (
        lambda: "version: 1\n" + "".join(f"verzion{number}: 1\n" for number in range(9_000)),
        [*(f"unknown key `verzion{number}`" for number in range(100)), REST],
    ),
    "unknown keys of tracks": (
        lambda: tracks(9_000, lambda _: "{promtt: 1}"),
        [*(f"unknown key `promtt` in track `a{number}`" for number in range(100)), REST],
    ),
    "undefined variables": (
        lambda: tracks(9_000, lambda _: '{prompt: "{{ nope }}"}'),
        [*(f"track `a{number}`: undefined variable `nope`" for number in range(100)), REST],
    ),
    "one undefined variable": (
        lambda: tracks(9_000, lambda _: "{takes: 1}", 'defaults: {prompt: "{{ nope }}"}\n'),
        ["track `a0` and 999 others: undefined variable `nope`", REST],
    ),
    "outputs of one name": (
        lambda: tracks(2_000, lambda _: "{prompt: x}", "output: x.mp3\n"),
        [
            *(f"the tracks `a0` and `a{number}` both write `x.mp3`" for number in range(1, 101)),
            REST,
        ],
    ),
    "groups of like names": (
        lambda: tracks(
            150,
            lambda number: f"{{prompt: x, group: {'g' * 49}h{number}}}",
            "groups:\n" + "".join(f"  {'g' * 50}{number}:\n" for number in range(1_000)),
        ),
        [*(f"there is no group `{'g' * 49}h{number}`" for number in range(100)), REST],
    ),
    "tracks": (lambda: tracks(20_000, lambda _: "{prompt: x}"), [TRACKS]),
    "tracks of matrices": (
        lambda: tracks(50, lambda _: f"{{prompt: x, matrix: {{n: {[*range(1_000)]}}}}}"),
        [TRACKS],
    ),
    "tracks and a fault": (
        lambda: tracks(10_002, lambda _: "{prompt: x}", "verzion: 1\n"),
        ["unknown key `verzion`", TRACKS],
    ),
    "W8 takes": (
        lambda: tracks(2_000, lambda _: "{prompt: x, takes: 20}"),
        ["the tracks ask for more than 20,000 takes"],
    ),
    "variables": (
        lambda: tracks(
            5_000,
            lambda _: "{prompt: x}",
            f"vars: {{{', '.join(f'v{n}: 1' for n in range(5_000))}}}\n",
        ),
        [VALUES],
    ),
    "labels": (
        lambda: tracks(
            5_000,
            lambda _: "{labels: [x]}",
            f"defaults: {{prompt: x, labels: {[f'l{n}' for n in range(9_000)]}}}\n",
        ),
        [VALUES],
    ),
}


@pytest.mark.parametrize("case", BOUNDED)
def test_a_manifest_that_would_take_too_much_is_refused(tmp_path, case):
    text, says = BOUNDED[case]
    path = tmp_path / "musicbuild.yaml"
    path.write_text(text())
    assert confined(partial(outcome, path), calls=8_000_000, memory=160) == says


FEWER = {
    "manifest.TRACKS": "the manifest makes more than 2 tracks",
    "manifest.TAKES": "the tracks ask for more than 2 takes",
    "manifest.VALUES": "the tracks have more than 2 variables, tags and labels in all",
}


@pytest.mark.parametrize("bound", FEWER)
def test_a_bound_ends_the_reading(tmp_path, monkeypatch, bound):
    monkeypatch.setattr(f"musicbuild.{bound}", 2)
    path = tmp_path / "musicbuild.yaml"
    path.write_text(tracks(9, lambda number: f"{{prompt: x, labels: [l{number}]}}"))
    with pytest.raises(InvalidManifest) as caught:
        load(path)
    (error,) = caught.value.errors
    assert (error.message, error.span.line) == (FEWER[bound], 5)


@pytest.mark.parametrize("settings", ["{promtt: 1}", '{prompt: "{{ nope }}"}', "{prompt: x}"])
def test_faults_are_told_up_to_a_bound(tmp_path, monkeypatch, settings):
    for module in ("manifest.faults", "specify", "specify.failures"):
        monkeypatch.setattr(f"musicbuild.{module}.MOST", 3)
    path = tmp_path / "musicbuild.yaml"
    path.write_text(tracks(9, lambda _: settings, "output: x.mp3\n"))
    *told, last = outcome(path)
    assert (len(told), last) == (3, REST)


def test_ten_thousand_tracks_are_read(tmp_path):
    settings = (
        "{{prompt: 'Calm pads over a slow beat, {0} of them, in {{{{ era }}}} colours', "
        "title: T{0}, duration: 30, takes: 2, loop: false, vars: {{bpm: {0}}}, "
        "tags: {{genre: Ambient, bpm: 80}}}}"
    )
    path = tmp_path / "musicbuild.yaml"
    path.write_text(tracks(10_000, settings.format, "vars: {era: 1980s}\n"))
    assert confined(partial(outcome, path), calls=None, memory=200) == 10_000


def test_warnings_are_counted_where_they_are_many(tmp_path):
    path = tmp_path / "musicbuild.yaml"
    path.write_text(tracks(1_200, lambda number: f"{{prompt: x, vars: {{v{number}: 1}}}}"))
    *told, last = specify(load(path), model).warnings
    assert [one.message for one in told] == [
        f"the variable `v{number}` is not used" for number in range(faults.MOST)
    ]
    assert last.message == "1,100 more warnings are not shown"


@pytest.fixture
def project(tmp_path):
    """Return a function that writes a manifest with includes; what lies about is always there."""
    outside, root = tmp_path / "outside", tmp_path / "project"
    (outside / "deep").mkdir(parents=True)
    (outside / "secret.yaml").write_text("tracks: {secret: {prompt: x}}")
    for folder in ("levels", "many/a/b/c", "wide"):
        (root / folder).mkdir(parents=True)
    (root / "levels" / "one.yaml").write_text("tracks: {one: {prompt: x}}")
    (root / "many" / "a" / "b" / "c" / "two.yaml").write_text("tracks: {two: {prompt: x}}")
    for number in range(10):
        (root / "wide" / f"again{number}").symlink_to(".")
        (root / "levels" / f"link{number}.yaml").symlink_to("one.yaml")
    (root / "out").symlink_to(outside)
    (root / "levels" / "gone").symlink_to("gone")

    def write(*patterns):
        path = root / "musicbuild.yaml"
        path.write_text(
            f"version: 1\ninclude: {json.dumps(patterns)}\ntracks: {{main: {{prompt: x}}}}"
        )
        return path

    return write


ONE_FOR_ALL = "a pattern has one `**` at most"

INCLUDES = {
    "many stars": (["**/" * 8 + "x*.yaml"], [ONE_FOR_ALL]),
    "stars without end": (
        ["**/" * 5_000 + "x"],
        ["a pattern has at most 240 characters, not 15001"],
    ),
    "folders of folders": (["wide/" + "*/" * 40 + "x.yaml"], ["matches no file"]),
    "links of links": (["wide/" + "again0/" * 30 + "x.yaml"], ["matches no file"]),
    "stars in links": (["**/two.yaml"], 2),
    "stars at the end": (["many/**"], ["`many/**` matches no file"]),
    "stars in a name": (["many/**x/two.yaml"], ["`**` is a whole part of a pattern"]),
    "a file of many names": (["levels/*.yaml", "levels/link3.yaml", "*.yaml"], 2),
    "a link to nothing": (["levels/gone"], ["`levels/gone` matches no file"]),
    "a folder": (["levels/"], ["`levels/` matches no file"]),
    "below a file": (["levels/one.yaml/*"], ["`levels/one.yaml/*` matches no file"]),
    "a letter of several": (["levels/[no]ne.yaml"], 2),
    "outside": (["out/secret.yaml"], ["`out` leads out of the manifest's folder"]),
    "outside, and not there": (["out/secrets.yaml"], ["`out` leads out of the manifest's folder"]),
    "outside by a star": (["*/secret.yaml"], ["`*/secret.yaml` matches no file"]),
    "outside by a star, and not there": (["*/secrets.yaml"], ["`*/secrets.yaml` matches no file"]),
    "outside by a last star": (["ou*"], ["`out` leads out of the manifest's folder"]),
}


@pytest.mark.parametrize("case", INCLUDES)
def test_an_include_ends_and_tells_nothing_of_what_lies_outside(project, case):
    written, says = INCLUDES[case]
    path = project(*written)
    with at_most(calls=200_000):
        found = outcome(path)
    if isinstance(says, int):
        assert found == says
    else:
        assert len(found) == 1
        assert found[0].endswith(says[0])


def test_how_much_patterns_look_at_is_bounded(project, monkeypatch):
    monkeypatch.setattr(patterns, "LOOKS", 20)
    path = project("**/*.none", "levels/*.yaml")
    with pytest.raises(InvalidManifest) as caught:
        load(path)
    assert [one.message for one in caught.value.errors] == [
        "the patterns look at more than 20 names",
        "the patterns look at more than 20 names",
    ]
    assert caught.value.errors[0].hint == "name the folders in place of `**`"


def test_what_the_files_of_a_manifest_hold_is_bounded_together(project, monkeypatch):
    path = project("levels/one.yaml", "many/a/b/c/two.yaml")
    monkeypatch.setattr("musicbuild.document.room.BYTES", path.stat().st_size + 40)
    assert outcome(path) == ["`many/a/b/c/two.yaml` and the files before it are larger than 0 KiB"]
    monkeypatch.undo()
    monkeypatch.setattr("musicbuild.document.room.EVENTS", 40)
    assert outcome(path) == ["the manifest holds more than 40 keys and values"]


def test_a_folder_that_cannot_be_listed_holds_nothing(project, monkeypatch):
    def denied(_):
        raise PermissionError(13, "Permission denied")

    path = project("levels/*.yaml")
    monkeypatch.setattr("musicbuild.manifest.patterns.os.scandir", denied)
    assert outcome(path) == ["`levels/*.yaml` matches no file"]


NO_FILES = {
    "pipe": (os.mkfifo, "`musicbuild.yaml` is no plain file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "`musicbuild.yaml` is no plain file"),
}


@pytest.mark.parametrize("case", NO_FILES)
def test_a_manifest_is_a_plain_file(tmp_path, case):
    make, says = NO_FILES[case]
    make(tmp_path / "musicbuild.yaml")
    assert confined(partial(outcome, tmp_path / "musicbuild.yaml")) == [says]
    with pytest.raises(ManifestError, match=r"^`x` is no plain file$"):
        read_bytes(tmp_path / "musicbuild.yaml", 10, Path("x"))


COVERS = {
    "pipe.png": "there is no picture `pipe.png`",
    "zero.png": "`zero.png` leads out of the manifest's folder",
    "out.png": "`out.png` leads out of the manifest's folder",
    "none.png": "`none.png` leads out of the manifest's folder",
    "round.png": "there is no picture `round.png`",
}


@pytest.mark.parametrize("name", COVERS)
def test_a_cover_is_a_plain_file_of_the_project(tmp_path, name):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "out.png").symlink_to("/etc/passwd")
    (tmp_path / "none.png").symlink_to("/etc/no-such-file")
    (tmp_path / "round.png").symlink_to("round.png")
    path = tmp_path / "musicbuild.yaml"
    path.write_text(tracks(1, lambda _: f"{{prompt: x, cover: {name}}}"))
    assert confined(partial(outcome, path)) == [f"track `a0`: {COVERS[name]}"]


def test_a_long_word_has_no_suggestion():
    assert suggestion("a" * 161, ["a" * 160]) == ""
    assert suggestion("boos", ["b" * 161, "boss", "menu"]) == "did you mean `boss`?"


def test_the_nearest_word_of_very_many_is_suggested():
    known = [f"track-{number}" for number in range(10_000)]
    with at_most(calls=200_000):
        assert suggestion("trakc-4321", known) == "did you mean `track-4321`?"


WRITTEN = (
    "version: 1\nvars: {{mood: caf\u00e9}}\ntracks:\n"
    "  a:\n    prompt: |\n      Slow {{{{ mood }}}},{0}\n      two lines \u00fc\n"
    "  b: {{prompt_file: b.j2}}\n"
)
FORMS = {
    "LF, composed": lambda text: text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "decomposed": lambda text: normalize("NFD", text),
}


def heard(folder, form):
    """Return what each track asks for, and its key, as the program tells it."""
    (folder / "prompts").mkdir()
    (folder / "musicbuild.yaml").write_bytes(form(WRITTEN.format("")).encode())
    (folder / "prompts" / "b.j2").write_bytes(form("Na\u00efve {{ mood }}\nend\n").encode())
    found = []
    for track in ("a", "b"):
        run = subprocess.run(
            [PROGRAM, "show", track, "--json"], cwd=folder, capture_output=True, check=True
        )
        data = json.loads(run.stdout)["data"]
        found.append((data["prompt"], data["takes"][0]["key"]))
    return found


def test_line_ends_and_composition_make_no_other_music(tmp_path):
    found = {}
    for form, change in FORMS.items():
        folder = tmp_path / form
        folder.mkdir()
        found[form] = heard(folder, change)
    assert [prompt for prompt, _ in found["CRLF"]] == [
        "Slow caf\u00e9,\ntwo lines \u00fc",
        "Na\u00efve caf\u00e9\nend",
    ]
    assert all(each == found["CRLF"] for each in found.values())
