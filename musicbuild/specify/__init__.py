"""What each track of an album asks for: its templates rendered, its model found, its spec made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ..document import Node
from ..document.source import shown
from ..errors import ManifestError, UsageError
from ..manifest import Album, Notice, Sourced, Track
from ..manifest.faults import MOST, Enough, invalid, notices
from ..models import Model
from ..musical import short_key, whole_tempo
from ..paths import clash_key, for_format, objection
from ..prompt import Names, Templates
from ..spec import NOTES, WHOLE, GenerateSpec, Output, Tags, TrackSpec
from .clashes import Written, clashes
from .cover import Cover, picture
from .failures import Failures
from .mastering import Mastering, mastering, remarks
from .origins import readable
from .parts import File, master, named, parts_of

LOCK = "musicbuild.lock"
NUMBER = re.compile(r"[0-9]{1,4}(/[0-9]{1,4})?")
FORMS: Mapping[str, tuple[Callable[[str], str], str]] = {
    "bpm": (whole_tempo, "a tempo is written in beats a minute, as 120"),
    "key": (short_key, "a key is written as `F#m`, `Bb` or `C minor`"),
}
"""Tags that must be legible, and what is said where they are not."""


@dataclass(frozen=True, slots=True)
class Specified:
    """`files` are all that was read, relative to the album's folder.

    `missed` are templates that could not be read and were done without; `texts` is how many
    characters were rendered.
    """

    tracks: tuple[TrackSpec, ...]
    warnings: tuple[Notice, ...]
    files: tuple[str, ...]
    missed: frozenset[str]
    texts: int


def specify(album: Album, model: Callable[[str], Model]) -> Specified:
    """Turn each track into its spec.

    `model` finds a model by its name, or raises UsageError.  Raises InvalidManifest with all
    that is wrong.
    """
    return _Specifier(album, model).specified()


class _Specifier:
    """Makes the specs of one album, and collects what is wrong on the way."""

    def __init__(self, album: Album, model: Callable[[str], Model]) -> None:
        self.album = album
        self.model = model
        self.templates = Templates(album.root, album.templates.value)
        self.taken = frozenset(map(clash_key, (*album.files, LOCK)))
        self.models: dict[str, Model | UsageError] = {}
        self.covers: dict[str, Cover] = {}
        self.masterings: dict[tuple[Any, ...], Mastering] = {}
        self.written: list[Written] = []
        self.notices: list[Notice] = list(album.notices)
        self.failures = Failures()
        self.tried = self.failures.tried

    def specified(self) -> Specified:
        specs: list[TrackSpec] = []
        try:
            for number, track in enumerate(self.album.tracks, 1):
                if spec := self.track(track, number):
                    specs.append(spec)
        except Enough:
            raise invalid(self.failures.told(), self.album.files, more=True) from None
        if faults := [*self.failures.told(), *islice(clashes(self.written), MOST + 1)]:
            raise invalid(faults, self.album.files)
        self.notices.extend(self.unused())
        return Specified(
            tracks=tuple(specs),
            warnings=notices(self.notices, self.album.files),
            files=tuple(dict.fromkeys([*self.album.files, *self.templates.files, *self.covers])),
            missed=frozenset(self.templates.missed),
            texts=self.templates.size,
        )

    def track(self, track: Track, number: int) -> TrackSpec | None:
        values = self.values(track)
        values["title"] = self.tried(track, self.title, track, values) or ""
        model = self.tried(track, self.found, track)
        prompt = self.tried(track, self.prompt, track, values)
        cover = self.tried(track, self.cover, track) if track.cover else None
        tags = self.tried(track, self.tags, track, values, number, cover)
        files = self.tried(track, self.files, track, values, model)
        free = self.tried(track, self.mastering, track, tags or Tags())
        if model is None or prompt is None or tags is None or files is None or free is None:
            return None
        self.notices.extend(remarks(track, tags))
        return TrackSpec(
            id=track.id,
            generate=GenerateSpec(
                provider=model.provider,
                model=model.name,
                prompt=prompt,
                duration=track.duration.value,
                options=self.options(track, model),
            ),
            outputs=tuple(
                [Output(file.path, master(file, named(tags, file.part), free)) for file in files]
            ),
            takes=track.takes.value,
            labels=track.labels.value,
            cover=cover.path if cover else "",
            qc=free.tolerances,
        )

    def values(self, track: Track) -> dict[str, Any]:
        """Return what the track's templates see, but for the title."""
        values: dict[str, Any] = {name: sourced.value for name, sourced in track.vars.items()}
        values["id"] = track.id
        values["duration"] = track.duration.value
        values["album"] = self.album.name
        values["artist"] = self.album.artist
        return values

    def title(self, track: Track, values: Mapping[str, Any]) -> str:
        if track.title is None:
            return readable(track.id)
        node = track.title.node or track.node
        title = self.line("title", track.title.value, node, values)
        if not title:
            raise node.error("the title comes out empty")
        return title

    def line(self, what: str, written: str, node: Node, values: Mapping[str, Any]) -> str:
        """Render text of one line."""
        text = self.templates.render(written, node, values)
        if "\n" in text:
            raise node.error(f"the {what} comes out as several lines")
        return text

    def prompt(self, track: Track, values: Mapping[str, Any]) -> str:
        if track.prompt:
            node = track.prompt.node or track.node
            text = self.templates.render(track.prompt.value, node, values)
        else:
            assert track.prompt_file is not None
            node = track.prompt_file.node or track.node
            text = self.templates.render_file(track.prompt_file.value, node, values)
        if not text:
            raise node.error("the prompt comes out empty")
        return text

    def found(self, track: Track) -> Model:
        """Return the track's model, if it can make music of such a length."""
        name, node = track.model.value, track.model.node
        if name not in self.models:
            try:
                self.models[name] = self.model(name)
            except UsageError as error:
                self.models[name] = error
        model = self.models[name]
        if isinstance(model, UsageError):
            place = node.span if node else track.node.key
            raise ManifestError(model.message, span=place, hint=model.hint)
        if why := model.objection(track.duration.value):
            raise ManifestError(why, span=track.duration.span or track.node.key)
        return model

    def options(self, track: Track, model: Model) -> tuple[tuple[str, bool | int], ...]:
        if not (track.loop.value or track.seed):
            return ()
        found: list[tuple[str, bool | int]] = []
        loop = track.loop if track.loop.value else None
        for name, wish, without in (
            ("loop", loop, "the end may not join the beginning"),
            ("seed", track.seed, "it makes another piece each time"),
        ):
            if wish and name in model.options:
                found.append((name, wish.value))
            elif wish:
                message = f"`{model.name}` does not know `{name}`: {without}"
                self.notices.append(Notice(message, wish.span))
        return tuple(found)

    def mastering(self, track: Track, tags: Tags) -> Mastering:
        """Return the track's mastering, the same for all whose layers say the same of it."""
        layers = (track.master, track.qc, track.formats, track.stems)
        heard = (track.duration.value, tags.bpm) if track.master else ()
        wish = (*map(id, layers), *heard)
        if wish not in self.masterings:
            self.masterings[wish] = mastering(track, tags)
        return self.masterings[wish]

    def cover(self, track: Track) -> Cover:
        assert track.cover is not None
        path = track.cover.value
        if path not in self.covers:
            assert track.cover.node is not None
            self.covers[path] = picture(self.album.root, path, track.cover.node)
        return self.covers[path]

    def tags(
        self, track: Track, values: Mapping[str, Any], number: int, cover: Cover | None
    ) -> Tags:
        texts: dict[str, str] = {}
        prompt = False
        for name, sourced in track.tags.items():
            node, written = sourced.node or track.node, sourced.value
            if isinstance(written, bool):
                prompt = written
            elif name == "comment":
                texts[name] = self.templates.render(written, node, values)
            else:
                texts[name] = self.line(f"tag `{name}`", written, node, values)
        if "number" in texts and not NUMBER.fullmatch(texts["number"]):
            node = track.tags["number"].node or track.node
            raise node.error("a number is written as 3 or 3/12")
        for name, (written_as, says) in FORMS.items():
            if texts.get(name) and not written_as(texts[name]):
                node = track.tags[name].node or track.node
                raise node.error(says)
        if self.album.numbered:
            texts.setdefault("number", f"{number}/{len(self.album.tracks)}")
        return Tags(
            title=values["title"],
            artist=self.album.artist,
            album=self.album.name,
            cover=cover.digest if cover else None,
            prompt=prompt,
            **texts,
        )

    def files(self, track: Track, values: Mapping[str, Any], model: Model | None) -> list[File]:
        node = track.output.node or track.node
        text = self.templates.render(track.output.value, node, values)
        found = [
            File(for_format(text, form), form, NOTES if form == NOTES else WHOLE)
            for form in track.formats.value
        ]
        if model and (track.stems.value or NOTES in track.formats.value):
            found += parts_of(track, found, model)
        for path, form, _ in found:
            if why := objection(path, form, self.taken):
                raise node.error(why if path in why else f"`{shown(path, 100)}`: {why}")
        self.written += [Written(track, file.path) for file in found]
        return found

    def unused(self) -> Iterator[Notice]:
        """Return a notice for every variable that no template mentions where it is defined."""
        used: set[int] = set()
        nodes: dict[int, tuple[str, Node]] = {}
        mentioned: dict[tuple[str, ...], Names] = {}
        for track in self.album.tracks:
            templates = _templates(track)
            if templates not in mentioned:
                mentioned[templates] = self.mentioned(*templates)
            names = mentioned[templates]
            for name, sourced in track.vars.items():
                node = _definition(track, name, sourced)
                if name in names.found or not names.all:
                    used.add(id(node))
                else:
                    nodes[id(node)] = name, node
        for number, (name, node) in nodes.items():
            if number not in used:
                yield Notice(f"the variable `{name}` is not used", node.key)

    def mentioned(self, file: str, *texts: str) -> Names:
        """Return the names in some templates, and in a file if one is named."""
        names = [self.templates.names(text) for text in texts]
        if file:
            names.append(self.templates.names_of_file(file))
        return Names(
            frozenset().union(*(one.found for one in names)), all(one.all for one in names)
        )


def _templates(track: Track) -> tuple[str, ...]:
    """Return the file of a track's prompt, or nothing, and the texts that may name a variable."""
    file = track.prompt_file.value if track.prompt_file else ""
    written = [track.output, track.title, track.prompt, *track.tags.values()]
    texts = [one.value for one in written if one]
    return file, *[text for text in texts if isinstance(text, str) and "{" in text]


def _definition(track: Track, name: str, sourced: Sourced[Any]) -> Node:
    """Return where a variable is defined: all values of a matrix are one definition."""
    if sourced.layer == "matrix":
        return track.node.mapping()["matrix"].mapping()[name]
    return sourced.node or track.node
