"""From audio to the sound of each output: what the audio tools are asked, and what they answer."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from . import durable, fields, quality
from .crew import Crew, Hands
from .errors import Interrupted, NotMastered, Unavailable
from .models import Description
from .quality import Figures, seconds
from .spec import NOTES, WHOLE, Output, TrackSpec

JOB = f"{__package__}.audio.job"
"""Loaded where the work is done: not before, and perhaps in a process beside this one."""

NEEDED: Mapping[str, str] = {"m4a": "av"}
"""Packages that a format needs and that are not installed with musicbuild itself."""

KEPT = "its music is kept: change its `master`, and a build goes on from there for nothing"

STOPPED = "the build was stopped"
DIED = "the audio tools ended without an answer, and made nothing of it"


def _crew() -> Crew:
    """Return who does the work: apart, for a decoder may print, or die, of what it is given."""
    return Crew(JOB, apart=True)


def check_tools(outputs: Iterable[Output]) -> None:
    """Raise Unavailable if a format can't be written here, before anything is paid for it."""
    for output in outputs:
        needed = NEEDED.get(output.master.format, "")
        if needed and not _is_usable(needed):
            raise Unavailable(
                f"`{output.path}` can't be written without `{needed}`; nothing was ordered",
                hint=f"`pip install 'musicbuild[{output.master.format}]'`",
            )


def _is_usable(package: str) -> bool:
    """Tell whether a package is there and is whole: one that is half installed writes nothing."""
    try:
        import_module(package)
    except ImportError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Mastered:
    """One output before it is tagged; where the audio is as delivered `encoder` is nothing.

    Without `data` it is the audio of the whole, as it was delivered.
    """

    data: bytes | None
    encoder: str = ""
    figures: Figures | None = None
    remarks: tuple[str, ...] = ()


class Masters:
    """Masters as many tracks at once as there are cores; any number of threads may ask.

    `work` is where files lie meanwhile, the system's own place if none is given.  Nobody else may
    use it as long: what is there at first was left over by a build that was killed, and goes.
    """

    def __init__(self, crew: Hands | None = None, *, work: Path | None = None) -> None:
        self._crew: Hands = crew or _crew()
        self._work, self._is_clear = work, False
        self._clearing = threading.Lock()
        self._folders: set[str] = set()
        self._is_closed = False

    @property
    def at_once(self) -> int | None:
        """Return how many tracks it masters at once; None if that is for this machine to say."""
        return self._crew.at_once

    def master(
        self,
        track: TrackSpec,
        outputs: Collection[Output],
        sources: Mapping[str, bytes],
        described: Description | None,
    ) -> Mapping[str, Mastered]:
        """Make the sound of outputs, by path.

        `sources` has the audio of each part that they hold, and of the whole if any of them is
        changed or measured.  What is `described` tells the tempo and the meter that a loop is
        counted in, where the author does not.  Raises NotMastered if what was asked can't be had
        from it, and Interrupted if the work is ended by `close`.
        """
        plain = {one.path: one for one in outputs if _is_plain(one)}
        asked = [one for one in outputs if one.path not in plain or _is_measured(track, one)]
        found = {path: Mastered(_as_delivered(one, sources)) for path, one in plain.items()}
        if asked:
            with TemporaryDirectory(prefix="musicbuild-", dir=self._place()) as folder:
                self._folders.add(folder)
                try:
                    order = _order(track, asked, described, Path(folder))
                    found.update(self._do(order, asked, sources))
                except OSError:
                    if self._is_closed:
                        raise Interrupted(STOPPED) from None
                    raise
                finally:
                    self._folders.discard(folder)
        return found

    def close(self) -> None:
        """End all work, that which is under way too; what is asked for later is not begun.

        Nothing of it is left: who asked may not live to tidy up.
        """
        self._is_closed = True
        folders, self._folders = self._folders, set()
        self._crew.close()
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)

    def _place(self) -> Path | None:
        """Return where to work, cleared by the first who asks."""
        if self._work is None:
            return None
        with self._clearing:
            if not self._is_clear:
                durable.make_folder(self._work, mode=0o700)
                for left in self._work.iterdir():
                    shutil.rmtree(left, ignore_errors=True)
                self._is_clear = True
        return self._work

    def _do(
        self, order: dict[str, Any], outputs: Collection[Output], sources: Mapping[str, bytes]
    ) -> Mapping[str, Mastered]:
        for part, path in order["sources"].items():
            Path(path).write_bytes(sources[part])
        if self._is_closed:
            raise Interrupted(STOPPED)
        try:
            reply = self._crew.do(order)
            told = {output.path: _told(reply, output.path) for output in outputs}
        except (OSError, ValueError) as error:
            if self._is_closed:
                raise Interrupted(STOPPED) from None
            if isinstance(error, ValueError):
                raise NotMastered(f"it can't be mastered: {error}", hint=KEPT) from None
            raise NotMastered(DIED) from None
        found = {}
        for output in outputs:
            path = order["outputs"][output.path]["path"]
            data = _as_delivered(output, sources) if path is None else Path(path).read_bytes()
            found[output.path] = replace(told[output.path], data=data)
        return found


def _told(reply: Mapping[str, bytes], path: str) -> Mastered:
    """Read what is said of one output; raise ValueError for what the audio tools never say."""
    try:
        told = json.loads(reply[""])[path]
        figures = {fields.text(name): fields.figure(one) for name, one in told["figures"].items()}
        quality.check(figures)
        remarks = tuple(fields.text(one) for one in told["remarks"])
        return Mastered(b"", fields.text(told["encoder"]), figures, remarks)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        raise ValueError("the audio tools answered what is no answer") from None


@dataclass(frozen=True, slots=True)
class Heard:
    """What a file is, as the audio tools find it; `problems` are phrases, a clean one has none."""

    format: str
    seconds: float
    problems: tuple[str, ...]


def hear(data: bytes, crew: Crew | None = None) -> Heard:
    """Decode a file to its end, in a process apart, whatever it is."""
    crew = crew or _crew()
    try:
        with TemporaryDirectory(prefix="musicbuild-") as folder:
            path = Path(folder) / "file"
            path.write_bytes(data)
            order = _look_at(path, part="file")
            try:
                told = json.loads(crew.do(order)[""])["file"]
            except (OSError, ValueError):
                return Heard("", 0, (DIED,))
    finally:
        crew.close()
    figures, remarks = told["figures"], tuple(told["remarks"])
    length = seconds(figures) if figures else 0
    return Heard(told["container"], round(length, 3), remarks)


def measure(paths: Sequence[Path], crew: Crew | None = None) -> Sequence[Mastered]:
    """Measure files as they are, several at once; one that can't be decoded says so in a remark."""
    crew = crew or _crew()

    def measured(path: Path) -> Mastered:
        try:
            told = json.loads(crew.do(_look_at(path))[""])["file"]
        except (OSError, ValueError):
            return Mastered(b"", "", {}, (DIED,))
        return Mastered(b"", "", told["figures"], tuple(told["remarks"]))

    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        return list(pool.map(measured, paths))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        crew.close()


def _look_at(path: Path, part: str = WHOLE) -> dict[str, Any]:
    """Return an order to measure a file; of what is a part no tempo and no key is sought."""
    output = {"part": part, "path": None, "measured": True}
    return {"sources": {part: str(path)}, "outputs": {"file": output}}


def _order(
    track: TrackSpec, outputs: Collection[Output], described: Description | None, folder: Path
) -> dict[str, Any]:
    """Return what the audio tools are told; see `audio.job`."""
    sounds = [one.master.sound for one in outputs if not _is_plain(one)]
    parts = {one.master.part for one in outputs} | ({""} if sounds else set())
    return {
        "sources": {part: str(folder / f"source-{n}") for n, part in enumerate(sorted(parts))},
        "sound": asdict(sounds[0]) if sounds else None,
        "seconds": track.generate.duration,
        "bpm": described.bpm if described else 0,
        "beats": int(described.meter.partition("/")[0]) if described else 4,
        "loops": ("loop", True) in track.generate.options,
        "missing": track.qc.missing,
        "outputs": {
            one.path: {
                "part": one.master.part,
                "format": one.master.format,
                "encoding": asdict(one.master.encoding),
                "lossless": one.master.lossless,
                "path": None if _is_plain(one) else str(folder / f"output-{number}"),
                "measured": _is_measured(track, one),
            }
            for number, one in enumerate(outputs)
        },
    }


def _as_delivered(output: Output, sources: Mapping[str, bytes]) -> bytes | None:
    return None if output.master.part == WHOLE else sources[output.master.part]


def _is_plain(output: Output) -> bool:
    return not output.master.changes_sound


def _is_measured(track: TrackSpec, output: Output) -> bool:
    return track.qc.measured and output.master.part != NOTES
