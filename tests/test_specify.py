"""From an album to specs: what is rendered, resolved, tagged, warned of and where it came from."""

from textwrap import dedent

import pytest

from musicbuild.errors import InvalidManifest, UsageError, suggestion
from musicbuild.hashing import digest_bytes
from musicbuild.manifest import load
from musicbuild.models import Model
from musicbuild.spec import (
    Encoding,
    Fade,
    GenerateSpec,
    LoopWish,
    MasterSpec,
    Output,
    Sound,
    Tags,
    Tolerances,
    TrackSpec,
)
from musicbuild.specify import specify
from musicbuild.specify.origins import origins, readable

PNG = b"\x89PNG\r\n\x1a\n1234"
JPEG = b"\xff\xd8\xff\xe0jpeg"

KNOWN = frozenset({"loop", "seed"})
SKETCH = Model(
    "sketch",
    "sketch-1",
    1,
    600,
    whole_seconds=False,
    price=None,
    source="",
    as_of="",
    options=KNOWN,
    parts=frozenset({"mid", "drums", "bass"}),
)
MUSICGEN = Model(
    "elumenta", "musicgen", 15, 120, whole_seconds=True, price=None, source="", as_of=""
)


def model(written):
    known = {"sketch": SKETCH, "musicgen": MUSICGEN}
    if written in known:
        return known[written]
    raise UsageError(f"unknown model `{written}`", hint=suggestion(written, known))


@pytest.fixture
def project(tmp_path):
    (tmp_path / "prompts").mkdir()

    def write(text, find=model):
        (tmp_path / "musicbuild.yaml").write_text("version: 1\n" + dedent(text).lstrip())
        return specify(load(tmp_path / "musicbuild.yaml"), find)

    return write


def faults(project, text):
    with pytest.raises(InvalidManifest) as caught:
        project(text)
    return [error.message for error in caught.value.errors]


def warnings(found):
    return [(one.message, str(one.span)) for one in found.warnings]


def test_a_track_becomes_its_spec(project, tmp_path):
    (tmp_path / "cover.png").write_bytes(PNG)
    (tmp_path / "prompts" / "boss.j2").write_text("Boss {{ phase }}\nof {{ album }}\n")
    found = project(
        """
        album: Nightfall
        artist: Nightfall Games
        numbered: true
        cover: cover.png
        tracks:
          menu: {prompt: Calm, title: Main Menu}
          boss:
            prompt_file: boss.j2
            model: musicgen
            duration: 1:30
            takes: 2
            labels: [act2]
            matrix: {phase: [1]}
            output: "{{ album | lower }}/{{ title | replace(' ', '_') }}.mp3"
            tags:
              {genre: "{{ artist }}", bpm: 150, prompt: true, comment: "{{ p|d('-') }}\\n{{ id }}"}
        """
    )
    assert found.tracks[1] == TrackSpec(
        id="boss-1",
        generate=GenerateSpec("elumenta", "musicgen", "Boss 1\nof Nightfall", 90),
        outputs=(
            Output(
                "nightfall/Boss_1.mp3",
                MasterSpec(
                    "mp3",
                    Tags(
                        title="Boss 1",
                        artist="Nightfall Games",
                        album="Nightfall",
                        number="2/2",
                        genre="Nightfall Games",
                        bpm="150",
                        comment="-\nboss-1",
                        cover=digest_bytes(PNG),
                        prompt=True,
                    ),
                ),
            ),
        ),
        takes=2,
        labels=("act2",),
        cover="cover.png",
    )
    assert found.files == ("musicbuild.yaml", "prompts/boss.j2", "cover.png")
    assert found.warnings == ()


def test_what_is_built_in(project):
    (track,) = project("tracks: {main-menu_2: {prompt: Calm}}").tracks
    assert track == TrackSpec(
        id="main-menu_2",
        generate=GenerateSpec("sketch", "sketch-1", "Calm", 30),
        outputs=(Output("audio/main-menu_2.mp3", MasterSpec("mp3", Tags(title="Main Menu 2"))),),
    )


@pytest.mark.parametrize(
    ("name", "title"), [("boss-1", "Boss 1"), ("a", "A"), ("2nd_wave", "2nd Wave")]
)
def test_an_id_is_made_readable(name, title):
    assert readable(name) == title


def test_a_model_is_asked_for_once(project):
    asked = []
    project(
        "defaults: {prompt: x}\ntracks: {a: , b: , c: {model: musicgen}}",
        lambda written: asked.append(written) or model(written),
    )
    assert asked == ["sketch", "musicgen"]


def test_a_model_that_is_not_known_is_said_once_for_all(project):
    found = faults(project, "defaults: {prompt: x, model: musicgem}\ntracks: {a: , b: }")
    assert found == ["track `a` and one other: unknown model `musicgem`"]


def test_a_built_in_model_may_be_missing(project):
    def nothing(written):
        raise UsageError(f"unknown model `{written}`")

    with pytest.raises(InvalidManifest) as caught:
        project("tracks: {a: {prompt: x}}", nothing)
    assert str(caught.value).startswith(
        "track `a`: unknown model `sketch`\n  --> musicbuild.yaml:2:"
    )


def test_loop_is_an_option_where_the_model_knows_it(project):
    found = project(
        """
        defaults: {prompt: x, loop: true}
        tracks: {a: , b: {loop: false}, c: {model: musicgen}, d: {model: musicgen}}
        """
    )
    assert [track.generate.options for track in found.tracks] == [(("loop", True),), (), (), ()]
    assert warnings(found) == [
        (
            "`musicgen` does not know `loop`: the end may not join the beginning",
            "musicbuild.yaml:2:29",
        )
    ]


def test_a_seed_is_an_option_where_the_model_knows_it(project):
    found = project(
        """
        defaults: {prompt: x}
        tracks: {a: {seed: 0, loop: true}, b: {seed: 7}, c: , d: {seed: 7, model: musicgen}}
        """
    )
    options = [dict(track.generate.options) for track in found.tracks]
    assert options == [{"loop": True, "seed": 0}, {"seed": 7}, {}, {}]
    ((warning, _),) = warnings(found)
    assert warning == "`musicgen` does not know `seed`: it makes another piece each time"


@pytest.mark.parametrize("seed", ["-1", "1.5", "4294967296", "x", "true"])
def test_a_seed_is_a_whole_number(project, seed):
    with pytest.raises(InvalidManifest):
        project(f"tracks: {{a: {{prompt: x, seed: {seed}}}}}")


def test_a_number_of_ones_own_wins(project):
    found = project(
        "numbered: true\ndefaults: {prompt: x}\ntracks: {a: , b: {tags: {number: 7}}, c: }"
    )
    numbers = [track.outputs[0].master.tags.number for track in found.tracks]
    assert numbers == ["1/3", "7", "3/3"]


UNUSED = """
    vars: {used: 1, lost: 2, in_file: 3, overridden: 4, open: 5}
    defaults: {prompt: "{{ used }}"}
    tracks:
      a: {vars: {own: 1, tagged: 2, overridden: 5}, tags: {genre: "{{ tagged }}"}}
      b: {prompt_file: b.j2, vars: {overridden: 6}}
      c: {matrix: {act: [1, 2], scene: [1, 2]}, title: "{{ act }}"}
"""


def test_variables_that_are_not_used_are_told_once(project, tmp_path):
    (tmp_path / "prompts" / "b.j2").write_text("{% include 'c.j2' %}")
    (tmp_path / "prompts" / "c.j2").write_text("{{ in_file }}")
    assert warnings(project(UNUSED)) == [
        ("the variable `lost` is not used", "musicbuild.yaml:2:17"),
        ("the variable `overridden` is not used", "musicbuild.yaml:2:38"),
        ("the variable `open` is not used", "musicbuild.yaml:2:53"),
        ("the variable `own` is not used", "musicbuild.yaml:5:14"),
        ("the variable `overridden` is not used", "musicbuild.yaml:5:33"),
        ("the variable `overridden` is not used", "musicbuild.yaml:6:33"),
        ("the variable `scene` is not used", "musicbuild.yaml:7:29"),
    ]


def test_an_open_include_may_use_anything(project, tmp_path):
    (tmp_path / "prompts" / "a").write_text("x")
    found = project("tracks: {a: {prompt: '{% include id %}', vars: {x: 1}}}")
    assert found.warnings == ()


def test_origins_say_where_each_value_came_from(project, tmp_path):
    project(
        """
        output: "{{ id }}.mp3"
        vars: {era: old}
        defaults: {prompt: "{{ era }} {{ p }}", tags: {bpm: 3}, labels: [low]}
        groups: {g: {duration: 45}}
        tracks: {a: {group: g, matrix: {p: [7]}}, b: {prompt: x, title: B, vars: {p: 3}}}
        """
    )
    by_id = {track.id: track for track in load(tmp_path / "musicbuild.yaml").tracks}
    found = {
        name: (one.value, one.layer, str(one.span) if one.span else "")
        for name, one in origins(by_id["a-7"]).items()
    }
    assert found == {
        "model": ("sketch", "built in", ""),
        "duration": (45, "group g", "musicbuild.yaml:5:24"),
        "title": ("A 7", "built in", ""),
        "prompt": ("{{ era }} {{ p }}", "defaults", "musicbuild.yaml:4:20"),
        "output": ("{{ id }}.mp3", "album", "musicbuild.yaml:2:9"),
        "takes": (1, "built in", ""),
        "loop": (False, "built in", ""),
        "formats": ({"mp3": {}}, "built in", ""),
        "stems": (False, "built in", ""),
        "labels": (("low",), "defaults", "musicbuild.yaml:4:65"),
        "group": ("g", "track", "musicbuild.yaml:6:21"),
        "vars.era": ("old", "album", "musicbuild.yaml:3:13"),
        "vars.p": (7, "matrix", "musicbuild.yaml:6:37"),
        "tags.bpm": ("3", "defaults", "musicbuild.yaml:4:53"),
    }
    assert origins(by_id["b"])["title"].layer == "track"


def test_covers_are_small_pictures_inside_the_folder(project, tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "b.jpeg").write_bytes(JPEG)
    (tmp_path / "c.jpg").write_bytes(PNG)
    (tmp_path / "d.png").write_bytes(PNG + b"0" * 4 * 2**20)
    (tmp_path.parent / f"{tmp_path.name}.png").write_bytes(PNG)
    (tmp_path / "e.png").symlink_to(tmp_path.parent / f"{tmp_path.name}.png")
    (tmp_path / "f.png").mkdir()
    found = project(
        "defaults: {prompt: x}\n"
        "tracks: {a: {cover: a.png}, a2: {cover: a.png}, b: {cover: b.jpeg}, z: {}}"
    )
    assert [track.cover for track in found.tracks] == ["a.png", "a.png", "b.jpeg", ""]
    assert found.tracks[2].outputs[0].master.tags.cover == digest_bytes(JPEG)
    assert faults(
        project,
        "defaults: {prompt: x}\ntracks: {c: {cover: c.jpg}, d: {cover: d.png}, e: {cover: e.png},"
        " f: {cover: f.png}, g: {cover: g.gif}}",
    ) == [
        "track `c`: `c.jpg` is not a JPEG picture",
        "track `d`: `d.png` is larger than 4 MiB",
        "track `e`: `e.png` leads out of the manifest's folder",
        "track `f`: there is no picture `f.png`",
        "track `g`: a cover is a `.png` or a `.jpg`",
    ]


def test_a_picture_that_cannot_be_read_is_named(project, tmp_path, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.png").write_bytes(PNG)
    monkeypatch.setattr("musicbuild.specify.cover.read_bytes", denied)
    found = faults(project, "tracks: {a: {prompt: x, cover: a.png}}")
    assert found == ["track `a`: `a.png` can't be read: Permission denied"]


def test_an_output_never_takes_the_place_of_an_input(project, tmp_path):
    (tmp_path / "part.mp3").write_text("tracks: {b: {prompt: x}}")
    found = faults(project, "include: [part.mp3]\ntracks: {a: {prompt: x, output: Part.mp3}}")
    assert found == ["track `a`: `Part.mp3`: the build reads this file, and can't write it"]


def test_notes_and_stems_are_outputs_of_their_own(project):
    (track,) = project("tracks: {a: {prompt: x, formats: [mp3, mid], stems: true}}").tracks
    found = [
        (one.path, one.master.format, one.master.part, one.master.tags.title)
        for one in track.outputs
    ]
    assert found == [
        ("audio/a.mp3", "mp3", "", "A"),
        ("audio/a.mid", "mid", "mid", "A"),
        ("audio/a.bass.mp3", "mp3", "bass", "A (bass)"),
        ("audio/a.drums.mp3", "mp3", "drums", "A (drums)"),
    ]


def test_an_output_ends_as_its_format_does(project):
    (track,) = project("tracks: {a: {prompt: x, formats: [mid]}}").tracks
    assert [one.path for one in track.outputs] == ["audio/a.mid"]
    (track,) = project("tracks: {a: {prompt: x, formats: [mid], output: a.mp3}}").tracks
    assert [one.path for one in track.outputs] == ["a.mid"]
    found = faults(project, "tracks: {a: {prompt: x, formats: [mid], output: a.txt}}")
    assert found == ["track `a`: `a.txt`: a file of the format `mid` ends in `.mid`"]


def test_parts_that_there_are_not_are_told(project):
    found = faults(
        project,
        """
        defaults: {prompt: x}
        tracks:
          a: {model: musicgen, formats: [mid]}
          b: {model: musicgen, stems: true}
          c: {formats: [mid], stems: true}
          d: {model: nothing, stems: true}
        """,
    )
    assert found == [
        "track `a`: `musicgen` tells no notes for `mid`",
        "track `b`: `musicgen` gives no stems",
        "track `c`: stems are audio, and `formats` names none",
        "track `d`: unknown model `nothing`",
    ]


def test_formats_beyond_the_first_have_their_own_ending(project):
    (track,) = project("tracks: {a: {prompt: x, formats: [mp3, ogg]}}").tracks
    assert [(one.path, one.master.format) for one in track.outputs] == [
        ("audio/a.mp3", "mp3"),
        ("audio/a.ogg", "ogg"),
    ]


def test_mastering_becomes_the_spec_of_each_file(project):
    """A loudness alone keeps a true peak too; a loop knows the tempo that its tags tell."""
    track, other = project(
        """
        tracks:
          a:
            prompt: x
            duration: 47.3
            formats: {mp3: {bitrate: 128}, wav: {bits: 24}, mid: }
            master: {loudness: -16, length: exact, fade_out: 2, fade_in: 0, measure: true}
          b:
            prompt: x
            tags: {bpm: 120.4}
            formats: [ogg]
            master: {loop: {bars: 8}, limit: true, tolerance: 0.5}
            qc: {silence: 0.1}
        """
    ).tracks
    sound = Sound(loudness=-16, true_peak=-1, fade_out=Fade(2, "linear"), seconds=47.3)
    assert [one.master for one in track.outputs] == [
        MasterSpec(
            "mp3", Tags(title="A"), sound=sound, encoding=Encoding(bitrate=128), measure=True
        ),
        MasterSpec("wav", Tags(title="A"), sound=sound, encoding=Encoding(bits=24), measure=True),
        MasterSpec("mid", Tags(title="A"), "mid"),
    ]
    assert track.qc == Tolerances()
    looped = Sound(true_peak=-1, limit=True, loop=LoopWish(bars=8, bpm=120.4))
    assert other.outputs[0].master.sound == looped
    assert other.qc == Tolerances(silence=0.1, missing=0.5)


def test_a_lossless_gain_asks_for_a_loudness_and_nothing_else(project):
    (track,) = project(
        """
        tracks:
          a:
            prompt: x
            formats: [mp3, mid]
            master: {loudness: -16, gain_mode: lossless, fade_in: 0, trim: false, loop: false}
        """
    ).tracks
    sound = Sound(loudness=-16, true_peak=-1)
    assert [one.master for one in track.outputs] == [
        MasterSpec("mp3", Tags(title="A"), sound=sound, lossless=True),
        MasterSpec("mid", Tags(title="A"), "mid"),
    ]


def test_one_channel_and_a_low_rate_leave_the_bitrates_that_they_have(project):
    assert project(
        """
        master: {channels: 1, sample_rate: 16000}
        tracks:
          a: {prompt: x, formats: {mp3: {bitrate: 160}, opus: {bitrate: 255}, ogg: , mid: }}
        """
    ).tracks


def test_an_mp3_that_is_to_loop_is_told_to_click(project):
    specified = project(
        """
        defaults: {prompt: x}
        tracks:
          a: {master: {loop: true}}
          b: {master: {loop: true}, formats: [ogg]}
          c: {master: {loop: false}}
        """
    )
    (notice,) = specified.warnings
    assert notice.message == "the MP3 of `a` clicks where its loop begins again in many engines"
    assert "`ogg`, `wav` and `flac` loop to the sample" in notice.hint


def test_more_bars_than_the_duration_has_room_for_are_told_before_anything_is_paid(project):
    specified = project(
        """
        defaults: {prompt: x, duration: 15, formats: [ogg]}
        tracks:
          a: {master: {loop: {bars: 100}}, tags: {bpm: 60}}
          b: {master: {loop: {bars: 3}}, tags: {bpm: 60}}
          c: {master: {loop: {bars: 100}}}
        """
    )
    (notice,) = specified.warnings
    assert notice.message == "100 bars of 4 beats at 60 BPM last 400 s, and `a` is to be 15 s long"
    assert notice.hint.endswith("ask for fewer `bars`, or a longer `duration`")


def test_bars_are_counted_in_the_tempo_as_it_is_written_not_as_tags_round_it(project):
    specified = project(
        """
        tracks:
          a: {prompt: x, formats: [ogg], master: {loop: {bars: 2}}, tags: {bpm: 92.5}}
        """
    )
    (output,) = specified.tracks[0].outputs
    assert output.master.sound.loop.bpm == 92.5


def test_siblings_of_a_matrix_need_paths_of_their_own(project):
    with pytest.raises(InvalidManifest) as caught:
        project("tracks: {a: {prompt: '{{ p }}', output: a.mp3, matrix: {p: [1, 2]}}}")
    assert (
        str(caught.value)
        == dedent(
            """
        the tracks `a-1` and `a-2` both write `a.mp3`
          --> musicbuild.yaml:2:41
          |
        2 | tracks: {a: {prompt: '{{ p }}', output: a.mp3, matrix: {p: [1, 2]}}}
          |                                         ^^^^^
        hint: `{{ id }}` in `output` keeps them apart
        """
        ).strip()
    )
