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
from .mastering import mastering, remarks, tolerances
from .parts import File, master, named, parts_of

LOCK = "musicbuild.lock"
NUMBER = re.compile(r"[0-9]{1,4}(/[0-9]{1,4})?")

Origins = Mapping[str, Sourced[Any]]
"""Where each value of a track came from, by the name of its field; `vars.x` and `tags.x` too."""


@dataclass(frozen=True, slots=True)
class Specified:
    """`origins` are by track; `files` are all that was read, relative to the album's folder."""

    tracks: tuple[TrackSpec, ...]
    warnings: tuple[Notice, ...]
    origins: Mapping[str, Origins]
    files: tuple[str, ...]


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
        self.written: list[Written] = []
        self.notices: list[Notice] = list(album.notices)
        self.failures = Failures()
        self.tried = self.failures.tried

    def specified(self) -> Specified:
        specs: list[TrackSpec] = []
        origins: dict[str, Origins] = {}
        try:
            for number, track in enumerate(self.album.tracks, 1):
                title = self.tried(track, self.title, track) or ""
                if spec := self.track(track, title, number):
                    specs.append(spec)
                origins[track.id] = _origins(track, title)
        except Enough:
            raise invalid(self.failures.told(), self.album.files, more=True) from None
        if faults := [*self.failures.told(), *islice(clashes(self.written), MOST + 1)]:
            raise invalid(faults, self.album.files)
        self.notices.extend(self.unused())
        return Specified(
            tracks=tuple(specs),
            warnings=notices(self.notices, self.album.files),
            origins=origins,
            files=tuple(dict.fromkeys([*self.album.files, *self.templates.files, *self.covers])),
        )

    def track(self, track: Track, title: str, number: int) -> TrackSpec | None:
        values = {**self.values(track), "title": title}
        model = self.tried(track, self.found, track)
        prompt = self.tried(track, self.prompt, track, values)
        cover = self.tried(track, self.cover, track)
        tags = self.tried(track, self.tags, track, values, number, cover)
        files = self.tried(track, self.files, track, values, model)
        free = self.tried(track, mastering, track, tags or Tags())
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
                Output(file.path, master(file, named(tags, file.part), free)) for file in files
            ),
            takes=track.takes.value,
            labels=track.labels.value,
            cover=cover.path if cover else "",
            qc=tolerances(track),
        )

    def values(self, track: Track) -> dict[str, Any]:
        """Return what the track's templates see, but for the title."""
        return {
            **{name: sourced.value for name, sourced in track.vars.items()},
            "id": track.id,
            "duration": track.duration.value,
            "album": self.album.name,
            "artist": self.album.artist,
        }

    def title(self, track: Track) -> str:
        if track.title is None:
            return readable(track.id)
        node = track.title.node or track.node
        title = self.line("title", track.title.value, node, self.values(track))
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

    def cover(self, track: Track) -> Cover | None:
        if track.cover is None:
            return None
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
        for name, written_as, says in (
            ("bpm", whole_tempo, "a tempo is written in beats a minute, as 120"),
            ("key", short_key, "a key is written as `F#m`, `Bb` or `C minor`"),
        ):
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
        if model:
            found += parts_of(track, found, model)
        for path, form, _ in found:
            if why := objection(path, form, self.taken):
                raise node.error(why if path in why else f"`{shown(path, 100)}`: {why}")
        self.written.extend(Written(track, path) for path, _, _ in found)
        return found

    def unused(self) -> Iterator[Notice]:
        """Return a notice for every variable that no template mentions where it is defined."""
        used: set[int] = set()
        nodes: dict[int, tuple[str, Node]] = {}
        for track in self.album.tracks:
            names = self.mentioned(track)
            for name, sourced in track.vars.items():
                node = _definition(track, name, sourced)
                nodes[id(node)] = name, node
                if name in names.found or not names.all:
                    used.add(id(node))
        for number, (name, node) in nodes.items():
            if number not in used:
                yield Notice(f"the variable `{name}` is not used", node.key)

    def mentioned(self, track: Track) -> Names:
        """Return the names in all templates of a track."""
        templates = self.templates
        texts = [one.value for one in (track.output, track.title, track.prompt) if one]
        texts += [tag.value for tag in track.tags.values() if isinstance(tag.value, str)]
        names = [templates.names(text) for text in texts]
        if track.prompt_file:
            names.append(templates.names_of_file(track.prompt_file.value))
        return Names(
            frozenset().union(*(one.found for one in names)), all(one.all for one in names)
        )


def readable(name: str) -> str:
    """Return an id as a title: `boss-1` as `Boss 1`."""
    return " ".join(word[:1].upper() + word[1:] for word in name.replace("_", "-").split("-"))


def _definition(track: Track, name: str, sourced: Sourced[Any]) -> Node:
    """Return where a variable is defined: all values of a matrix are one definition."""
    if sourced.layer == "matrix":
        return track.node.mapping()["matrix"].mapping()[name]
    return sourced.node or track.node


def _origins(track: Track, title: str) -> Origins:
    prompt = track.prompt or track.prompt_file
    fields = {
        "model": track.model,
        "duration": track.duration,
        "title": track.title or Sourced(title, "built in"),
        "prompt": prompt,
        "output": track.output,
        "takes": track.takes,
        "loop": track.loop,
        "formats": track.formats,
        "stems": track.stems,
        "seed": track.seed,
        "labels": track.labels,
        "group": track.group,
        "cover": track.cover,
        **{f"vars.{name}": sourced for name, sourced in track.vars.items()},
        **{f"tags.{name}": sourced for name, sourced in track.tags.items()},
        **{f"master.{name}": sourced for name, sourced in track.master.items()},
        **{f"qc.{name}": sourced for name, sourced in track.qc.items()},
    }
    return {name: sourced for name, sourced in fields.items() if sourced}
