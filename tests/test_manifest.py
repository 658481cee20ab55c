"""What a manifest says: every error as the author sees it, and whose value wins."""

from itertools import permutations
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicbuild import document
from musicbuild.address import Shared
from musicbuild.document.source import Source
from musicbuild.errors import (
    InvalidManifest,
    ManifestError,
    MusicbuildError,
    UsageError,
    suggestion,
)
from musicbuild.manifest import Notice, find, in_order, load
from musicbuild.manifest.layers import BUILT_IN
from musicbuild.models import Model
from musicbuild.specify import specify

MANIFESTS = Path(__file__).parent / "manifests"
BAD = sorted((MANIFESTS / "bad").glob("*.yaml"))
GOOD = sorted((MANIFESTS / "good").glob("*.yaml"))


def model(written):
    match written:
        case "sketch":
            options = frozenset({"loop"})
            return Model(
                "sketch",
                written,
                1,
                600,
                whole_seconds=False,
                price=None,
                source="",
                as_of="",
                options=options,
            )
        case "musicgen" | "elevenlabs-music":
            return Model(
                "elumenta", written, 15, 120, whole_seconds=True, price=None, source="", as_of=""
            )
        case "long":
            return Model("p", written, 60, 120, whole_seconds=True, price=None, source="", as_of="")
    raise UsageError(f"unknown model `{written}`", hint=suggestion(written, ["musicgen"]))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_what_is_wrong_is_said_whole(path):
    with pytest.raises(InvalidManifest) as caught:
        specify(load(path), model)
    assert str(caught.value) + "\n" == path.with_suffix(".txt").read_text()
    assert caught.value.exit_code == 2
    assert all(isinstance(error, ManifestError) and error.span for error in caught.value.errors)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_what_is_right_is_read(path):
    assert specify(load(path), model)


@pytest.fixture
def project(tmp_path):
    def write(text, **files):
        (tmp_path / "musicbuild.yaml").write_text("version: 1\n" + dedent(text).lstrip())
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/")
            path = path.with_name(path.name + ".yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(content).lstrip())
        return load(tmp_path / "musicbuild.yaml")

    return write


LAYERS = """
    output: "music/{{ id }}.mp3"
    cover: a.png
    vars: {a: album, b: album, c: album, d: album, e: album}
    defaults:
      model: long
      takes: 2
      title: default
      prompt: default
      vars: {b: defaults, c: defaults, d: defaults, e: defaults}
      tags: {genre: defaults, bpm: 1}
      labels: [all, low]
    groups:
      combat:
        takes: 3
        duration: 1:30
        prompt_file: group.j2
        vars: {c: group, d: group, e: group}
        tags: {bpm: 2, key: Am}
        labels: [act2]
      empty:
    tracks:
      plain:
      boss:
        group: combat
        takes: 4
        vars: {d: track, e: track}
        tags: {key: C, prompt: true}
        labels: [act2, boss]
        cover: b.png
        output: boss.mp3
        loop: true
        matrix: {e: [one, two]}
      own:
        group: combat
        prompt: own
        formats: [mp3]
"""


def layers(track):
    return {
        name: (one.value, one.layer)
        for name in (
            "model",
            "takes",
            "duration",
            "title",
            "prompt",
            "prompt_file",
            "output",
            "cover",
        )
        if (one := getattr(track, name))
    }


def test_the_nearest_layer_wins(project):
    plain, one, two, own = project(LAYERS).tracks
    assert [one.id, two.id] == ["boss-one", "boss-two"]
    assert layers(plain) == {
        "model": ("long", "defaults"),
        "takes": (2, "defaults"),
        "duration": (30, "built in"),
        "title": ("default", "defaults"),
        "prompt": ("default", "defaults"),
        "output": ("music/{{ id }}.mp3", "album"),
        "cover": ("a.png", "album"),
    }
    assert layers(one) == {
        "model": ("long", "defaults"),
        "takes": (4, "track"),
        "duration": (90, "group combat"),
        "title": ("default", "defaults"),
        "prompt_file": ("group.j2", "group combat"),
        "output": ("boss.mp3", "track"),
        "cover": ("b.png", "track"),
    }
    assert (own.prompt.value, own.prompt_file) == ("own", None)
    assert (one.loop.value, own.loop.layer) == (True, "built in")


def test_variables_and_tags_add_up(project):
    plain, one, two, own = project(LAYERS).tracks
    assert {name: each.layer for name, each in one.vars.items()} == {
        "a": "album",
        "b": "defaults",
        "c": "group combat",
        "d": "track",
        "e": "matrix",
    }
    assert [track.vars["e"].value for track in (plain, one, two, own)] == [
        "defaults",
        "one",
        "two",
        "group",
    ]
    assert {name: (each.value, each.layer) for name, each in one.tags.items()} == {
        "genre": ("defaults", "defaults"),
        "bpm": ("2", "group combat"),
        "key": ("C", "track"),
        "prompt": (True, "track"),
    }
    assert plain.labels.value == ("all", "low")
    assert one.labels.value == ("all", "low", "act2", "boss")
    assert one.labels.layer == "defaults, group combat, track"


def test_values_know_their_places(project):
    _, one, _, _ = project(LAYERS).tracks
    assert str(one.takes.span) == "musicbuild.yaml:26:12"
    assert BUILT_IN.settings["takes"].span is None


def test_a_manifest_is_read_again_only_for_places_and_once_for_all(project, monkeypatch):
    readings = []
    real = document.PARSER
    monkeypatch.setattr(document, "PARSER", lambda text: readings.append(text) or real(text))
    tracks = "".join(f"  t{number}: {{prompt: x, takes: 1, NAME: 1}}\n" for number in range(50))
    text = f"vars: {{unused: 1}}\ntracks:\n{tracks}"
    album = project(text.replace("NAME", "seed"))
    assert len(readings) == 1
    assert [str(one.span) for one in specify(album, model).warnings[:1]] == ["musicbuild.yaml:2:8"]
    assert len(readings) == 2
    with pytest.raises(InvalidManifest) as caught:
        project(text.replace("NAME", "sead"))
    assert [error.span.line for error in caught.value.errors] == list(range(4, 54))
    assert len(readings) == 4


def test_a_group_without_tracks_is_told(project):
    album = project(LAYERS)
    assert [(one.message, str(one.span)) for one in album.notices] == [
        ("no track is in the group `empty`", "musicbuild.yaml:21:3")
    ]


def test_mastering_adds_up_over_the_layers(project):
    album = project(
        """
        master: {preset: console, trim: true}
        qc: {duration: 2, bpm: 0.1}
        defaults: {prompt: x, master: {fade_out: 2}, qc: {bpm: 0.05}}
        groups:
          loud: {master: {preset: youtube}}
        tracks:
          a: {}
          b: {group: loud, master: {trim: -50, fade_out: {seconds: 1, curve: s-curve}}}
          c: {group: loud, master: {loudness: false, loop: {bars: 8}}, qc: false}
          d: {master: {preset: ebu-r128, true_peak: -3, loop: true, trim: false}}
        """
    )
    said = [{name: one.value for name, one in track.master.items()} for track in album.tracks]
    assert said == [
        {"loudness": -24, "true_peak": -1, "trim": -60, "fade_out": (2, "linear")},
        {"loudness": -14, "true_peak": -1, "trim": -50, "fade_out": (1, "s-curve")},
        {
            "loudness": None,
            "true_peak": -1,
            "trim": -60,
            "fade_out": (2, "linear"),
            "loop": {"bars": 8},
        },
        {"loudness": -23, "true_peak": -3, "trim": None, "fade_out": (2, "linear"), "loop": {}},
    ]
    checked = [{name: one.value for name, one in track.qc.items()} for track in album.tracks]
    assert checked[0] == {"duration": 2, "bpm": 0.05}
    assert checked[2] == {"duration": 2, "bpm": 0.05, "measured": False}
    assert album.tracks[0].master["loudness"].layer == "album"
    assert str(album.tracks[1].master["loudness"].span) == "musicbuild.yaml:6:27"


def test_an_album_holds_what_stands_on_top(project):
    album = project(
        """
        album: Nightfall
        artist: 1999
        templates: prompts/
        numbered: true
        budget: {tokens: 300, USD: 1.50}
        """
    )
    assert (album.name, album.artist, album.templates.value) == ("Nightfall", "1999", "prompts/")
    assert album.numbered
    assert {unit: str(most) for unit, most in album.budget.items()} == {
        "tokens": "300",
        "USD": "1.5",
    }
    assert album.files == ("musicbuild.yaml",)


@pytest.mark.parametrize(
    ("written", "store"),
    [
        ("../music-store", Shared("../music-store", push=False)),
        ("s3://nightfall/music", Shared("s3://nightfall/music", push=False)),
        ("{url: gs://nightfall}", Shared("gs://nightfall", push=False)),
        ("{push: true, url: az://nightfall/a}", Shared("az://nightfall/a", push=True)),
    ],
)
def test_a_store_is_an_address_and_for_reading_unless_said(project, written, store):
    assert project(f"store: {written}").store == store


def test_there_is_no_store_unless_it_is_named(project):
    assert project("album: Nightfall").store is None


def test_text_is_composed(project):
    assert project("album: cafe\u0301").name == "café"


DURATIONS = {
    "30": 30,
    "47.3": 47.3,
    "30.0": 30,
    "0.1234": 0.123,
    "'1:30'": 90,
    "'0:45'": 45,
    "'1:02:03'": 3723,
    "'1:30.5'": 90.5,
    "90s": 90,
    "1m30s": 90,
    "1m": 60,
    "2h": 7200,
    "1h1m1.5s": 3661.5,
}


@pytest.mark.parametrize("written", DURATIONS)
def test_durations_are_seconds(project, written):
    (track,) = project(f"tracks: {{a: {{prompt: x, duration: {written}}}}}").tracks
    seconds = DURATIONS[written]
    assert (type(track.duration.value), track.duration.value) == (type(seconds), seconds)


def test_a_matrix_makes_tracks_in_the_written_order(project):
    album = project("tracks: {a: {prompt: x, matrix: {p: [2, 1.50, Act II], o: [y, x]}}}")
    assert [track.id for track in album.tracks] == [
        "a-2-y", "a-2-x", "a-1-50-y", "a-1-50-x", "a-act-ii-y", "a-act-ii-x",
    ]  # fmt: skip
    assert [track.vars["p"].value for track in album.tracks][::2] == [2, 1.5, "Act II"]


def test_included_files_are_read_in_order(project):
    album = project(
        """
        include: [levels/*.yaml, levels/b.yaml, musicbuild.yaml]
        tracks: {main: {prompt: x}}
        """,
        levels__b="tracks: {two: {prompt: x, group: low}}",
        levels__a="tracks: {one: {prompt: x}}\ngroups: {low: {takes: 3}}\nvars: {v: 1}",
    )
    assert [track.id for track in album.tracks] == ["main", "one", "two"]
    assert album.tracks[2].takes.value == 3
    assert album.tracks[0].vars["v"].layer == "album"
    assert album.files == ("musicbuild.yaml", "levels/a.yaml", "levels/b.yaml")
    assert str(album.tracks[2].takes.span) == "levels/a.yaml:2:23"


def faults(call):
    with pytest.raises(InvalidManifest) as caught:
        call()
    return [error.message for error in caught.value.errors]


def test_an_include_does_not_lead_out(project, tmp_path):
    (tmp_path / "levels").mkdir()
    outside = tmp_path.parent / f"{tmp_path.name}-outside.yaml"
    outside.write_text("tracks: {a: {prompt: x}}")
    (tmp_path / "levels" / "link.yaml").symlink_to(outside)
    assert faults(lambda: project("include: [levels/*.yaml]")) == [
        "`levels/link.yaml` leads out of the manifest's folder"
    ]


def test_an_include_that_cannot_be_read_is_named(project, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("musicbuild.manifest.include.read", denied)
    found = faults(lambda: project("include: [levels/a.yaml]", levels__a="tracks: {}"))
    assert found == ["`levels/a.yaml` can't be read: Permission denied"]


def test_an_include_that_is_too_large_is_placed(project, monkeypatch):
    monkeypatch.setattr("musicbuild.document.room.BYTES", 1024)
    with pytest.raises(InvalidManifest) as caught:
        project("include: [big.yaml]", big="#" * 1025)
    assert str(caught.value).startswith(
        "`big.yaml` and the files before it are larger than 1 KiB\n  --> musicbuild.yaml:2:11"
    )


def test_faults_without_a_place_come_first():
    placed = Notice("b", Source(Path("x"), "x").line(1))
    assert in_order([placed, Notice("a", None), placed], []) == [Notice("a", None), placed]


def test_includes_are_bounded(project, monkeypatch):
    monkeypatch.setattr("musicbuild.manifest.include.MOST", 1)
    found = faults(lambda: project("include: ['*/*.yaml']", a__a="tracks:", a__b="tracks:"))
    assert found == ["more than 1 files are included"]


def test_the_nearest_manifest_is_found(tmp_path):
    (tmp_path / "musicbuild.yaml").touch()
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find(tmp_path / "a" / "b") == tmp_path / "musicbuild.yaml"
    (tmp_path / "a" / "musicbuild.yaml").touch()
    assert find(tmp_path / "a" / "b") == tmp_path / "a" / "musicbuild.yaml"


def test_no_manifest_is_said_so(tmp_path, monkeypatch):
    monkeypatch.setattr("musicbuild.manifest.FILE", "no-such-manifest.yaml")
    with pytest.raises(UsageError) as caught:
        find(tmp_path)
    assert str(caught.value) == (
        f"there is no `no-such-manifest.yaml` in `{tmp_path}` or above it\n"
        "hint: `musicbuild init` writes one"
    )


def test_a_manifest_that_cannot_be_read_is_said_so(tmp_path):
    with pytest.raises(UsageError) as caught:
        load(tmp_path / "none.yaml")
    assert str(caught.value) == (
        f"`{tmp_path}/none.yaml` can't be read: No such file or directory\n"
        "hint: `musicbuild init` writes a manifest"
    )


def test_a_manifest_that_is_no_yaml_is_one_fault(project):
    assert faults(lambda: project("album: a: b")) == [
        "this is not YAML: mapping values are not allowed in this context"
    ]


ENTRIES = [
    "version: 1",
    "album: A",
    "vars: {x: 1, y: 2}",
    "defaults: {takes: 2, prompt: '{{ x }} {{ y }} {{ z }}'}",
    "groups: {g: {vars: {z: 3}}}",
    "tracks: {a: {group: g, vars: {x: 5}}}",
]


def test_any_order_of_keys_gives_the_same_specs(tmp_path):
    path = tmp_path / "musicbuild.yaml"
    found = set()
    for order in list(permutations(ENTRIES))[::37]:
        path.write_text("\n".join(order))
        found.add(repr(specify(load(path), model).tracks))
    assert len(found) == 1


WORDS = """
version album vars defaults groups tracks include prompt title x matrix group tags labels takes
duration formats budget output
"""
KEYS = st.sampled_from(WORDS.split())
LEAVES = st.one_of(
    st.integers(-5, 99).map(str),
    st.sampled_from(["true", "~", "x", "'{{ x }}'", "'{{ id }}.mp3'", "1:30", "mp3", "'*'", "3.5"]),
)
FLOW = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(KEYS, inner, max_size=4).map(
            lambda found: "{" + ", ".join(f"{key}: {value}" for key, value in found.items()) + "}"
        ),
    ),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, FLOW, max_size=6))
def test_no_manifest_raises_anything_but_our_errors(tmp_path_factory, entries):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text("".join(f"{key}: {value}\n" for key, value in entries.items()) + "\n")
    try:
        specify(load(path), model)
    except MusicbuildError as error:
        assert error.exit_code == 2
