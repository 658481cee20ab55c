"""A long stream is moved part by part as it would be whole, and LAME's own gain is known."""

from __future__ import annotations

import numpy as np
import pytest
from audio.odd import RATE, sound

from musicbuild.audio.decode import open_audio
from musicbuild.audio.encode import encode_mp3
from musicbuild.audio.formats import Encoding, encoder, scale
from musicbuild.audio.mp3 import row
from musicbuild.audio.mp3.gain import GainOutOfRange, gained, steps_within
from musicbuild.audio.mp3.row import whole_frames
from musicbuild.audio.sound import to_int16


@pytest.mark.parametrize("steps", [-3, 2])
def test_parts_of_a_stream_are_moved_as_the_whole_is(steps, monkeypatch):
    frames = encode_mp3(to_int16(sound(2 * RATE)), RATE)
    monkeypatch.setattr(row, "_PART", 10_000)
    parts = list(whole_frames(frames, 0, len(frames)))
    assert len(parts) > 3
    moved = [gained(part, steps, is_first=not n) for n, part in enumerate(parts)]
    assert b"".join(moved) == gained(frames, steps)


def test_the_steps_that_frames_allow_are_those_that_can_be_made():
    frames = encode_mp3(to_int16(sound(RATE)), RATE)
    within = steps_within(frames)
    assert within[0] < 0 < within[-1]
    for steps in (within[0], within[-1]):
        assert gained(gained(frames, steps), -steps) == frames
    for steps in (within[0] - 1, within[-1] + 1):
        with pytest.raises(GainOutOfRange):
            gained(frames, steps)


@pytest.mark.parametrize("bitrate", [96, 160, 192, 224, 256])
def test_what_lame_turns_down_is_known(bitrate, tmp_path):
    encoding = Encoding("mp3", RATE, 2, bitrate)
    tone = np.sin(np.arange(2 * RATE) * 0.13)[:, None].repeat(2, 1).astype(np.float32) / 2
    one = encoder(tmp_path / "tone.mp3", encoding)
    one.write(tone)
    one.close()
    with open_audio(tmp_path / "tone.mp3") as reader:
        heard = np.concatenate(list(reader.blocks()))
    inside = slice(RATE // 2, -RATE // 2)
    gain = np.sum(heard[inside] * tone[inside]) / np.sum(tone[inside] ** 2)
    assert gain == pytest.approx(scale(encoding), abs=0.002)
