"""Adoption in one process: wherever it dies, nothing is lost, and a second try puts it right."""

from __future__ import annotations

import os

import pytest
import soundfile
from audio.pieces import music
from specimens import spec, track

from musicbuild import durable
from musicbuild import lock as locks
from musicbuild.adoption import Deed, adopt, examine, propose
from musicbuild.errors import IntegrityError
from musicbuild.hashing import digest_bytes
from musicbuild.lock import Lock
from musicbuild.mastering import Mastered
from musicbuild.models import SourceType
from musicbuild.project import open_project
from musicbuild.sounds import Sounds, Source
from musicbuild.takes import picked

MANIFEST = "version: 1\ntracks: {theme: {model: musicgen, prompt: waltz, duration: 15}}\n"


class Killed(BaseException):
    """The process died here."""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "musicbuild.yaml").write_text(MANIFEST)
    soundfile.write(tmp_path / "theme.flac", music(1.0), 44_100)
    soundfile.write(tmp_path / "other.flac", music(1.0, seed=1), 44_100)
    return tmp_path


def adopted(root, name="theme.flac", kind=None):
    project = open_project(root / "musicbuild.yaml")
    audio = examine(project, project.tracks[0], root / name, kind)
    return adopt(project, project.tracks[0], audio)


def used(root):
    """Return the digest of the audio that the track is made from, nothing if there is none."""
    project = open_project(root / "musicbuild.yaml")
    bought = project.lock.purchases.get(picked(project.tracks[0], project.lock).key)
    return bought and bought.audio


@pytest.mark.parametrize("name", ["write", "write_within"])
@pytest.mark.parametrize("where", ["before", "after"])
def test_wherever_it_dies_a_second_try_puts_it_right(root, monkeypatch, name, where):
    digest = digest_bytes((root / "theme.flac").read_bytes())
    real = getattr(durable, name)
    left = [0]

    def dying(*given, **named):
        if where == "after":
            real(*given, **named)
        if not left[0]:
            raise Killed
        left[0] -= 1
        if where == "before":
            real(*given, **named)

    points = 0
    while True:
        for path in (root / "musicbuild.lock", *(root / ".musicbuild").rglob("*")):
            if path.is_file():
                path.unlink()
        left[0] = points
        with monkeypatch.context() as patched:
            patched.setattr(durable, name, dying)
            try:
                adopted(root)
            except Killed:
                points += 1
            else:
                break
        if found := used(root):  # the lock names nothing that is not in the store
            project = open_project(root / "musicbuild.yaml")
            assert found == digest
            assert project.store.get(found) is not None
        adopted(root)
        assert used(root) == digest
    assert points == 4  # who holds the claim, an empty lock, the audio, the lock


def test_a_full_disk_is_told_and_leaves_all_as_it_was(root, monkeypatch):
    adopted(root)
    before = (root / "musicbuild.lock").read_bytes()

    def full(path, *_given, **_named):
        raise OSError(28, os.strerror(28), str(path))

    monkeypatch.setattr(locks, "save", full)
    with pytest.raises(IntegrityError, match="the disk failed: No space left on device"):
        adopted(root, "other.flac")
    assert (root / "musicbuild.lock").read_bytes() == before


def test_a_lock_that_is_full_takes_no_more(root, monkeypatch):
    monkeypatch.setattr(locks, "LARGEST", 100)
    with pytest.raises(IntegrityError, match="would be larger than may be read"):
        adopted(root)


def test_each_deed_is_named(root):
    assert adopted(root).deed is Deed.ADOPTED
    assert adopted(root).deed is Deed.KEPT
    assert adopted(root, kind=SourceType.CREATED).deed is Deed.CORRECTED
    assert adopted(root, kind=SourceType.CREATED).deed is Deed.KEPT
    other = adopted(root, "other.flac")
    assert (other.deed, other.spec.take) == (Deed.ADOPTED, 2)
    # The lock knows no track yet: the last one adopted is used, so it is entered once more.
    again = adopted(root)
    assert (again.deed, again.spec.take) == (Deed.ADOPTED, 3)
    assert used(root) == again.purchase.audio


def test_the_audio_tools_are_not_told_that_it_was_made_to_loop():
    looped = track("menu", spec(options=(("loop", True),)))
    told = []

    class Masters:
        def master(self, wanted, *_given):
            told.append(wanted.generate.options)
            return {output.path: Mastered(b"") for output in wanted.outputs}

    sounds = Sounds(Masters(), lambda *_: None, lambda: None, lambda _: None)
    for adopted_ in (False, True):
        source = Source(looped.generate, lambda: b"", lambda _: {}, None, adopted=adopted_)
        sounds.of(looped, looped.outputs, source, Lock())
    assert told == [(("loop", True),), ()]


def test_a_proposal_writes_nothing(root):
    project = open_project(root / "musicbuild.yaml")
    audio = examine(project, project.tracks[0], root / "theme.flac")
    assert propose(project, project.tracks[0], audio).deed is Deed.ADOPTED
    assert not (root / ".musicbuild").exists()
    assert not (root / "musicbuild.lock").exists()
