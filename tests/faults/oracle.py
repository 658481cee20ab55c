"""What must hold after every build, held against the stand-in's own ledger and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from gateway import KEY
from gateway_audio import mp3
from studio import Studio

from musicbuild.audio.mp3 import inspect
from musicbuild.build import Terms
from musicbuild.errors import MusicbuildError
from musicbuild.hashing import digest_bytes
from musicbuild.spec import TrackSpec
from musicbuild.tags import audio_of

CODES = {0, 1, 4, 5, 6, 7}
"""The exit codes that a build may have here."""


class Audited:
    """A project whose every build is checked; `code` and `made` are those of the latest."""

    def __init__(
        self,
        studio: Studio,
        tracks: tuple[TrackSpec, ...],
        *,
        posts: int,
        waste: Callable[[Studio], set[str]],
        any_audio: bool,
    ) -> None:
        self.studio, self.tracks, self.posts, self.waste = studio, tracks, posts, waste
        self.any_audio = any_audio
        self.builds, self.code, self.made, self.errors = 0, 0, (), ()

    def build(self, *, attempts: int = 3) -> int:
        terms = Terms(jobs=1, keep_going=True, attempts=attempts)
        studio, before = self.studio, len(self.studio.gateway.posts)
        self.builds += 1
        try:
            outcome = studio.build(*self.tracks, terms=terms)
        except MusicbuildError as error:
            self.code, self.made, self.errors = error.exit_code, (), (error,)
        else:
            self.code, self.made = outcome.exit_code, outcome.made
            self.errors = tuple(outcome.failed.values())
            assert {*outcome.made, *outcome.left, *outcome.failed} <= {
                one.id for one in self.tracks
            }
            assert set(outcome.made).isdisjoint(outcome.failed)
        assert len(studio.gateway.posts) - before <= self.posts
        self._check_errors()
        self._check_money()
        self._check_files()
        return self.code

    def _check_errors(self) -> None:
        assert self.code in CODES
        for error in self.errors:
            assert isinstance(error, MusicbuildError)
            assert error.exit_code in CODES
            assert error.message
            assert KEY not in str(error)
            assert len(str(error)) < 2000
            assert error.message.isprintable()

    def _check_money(self) -> None:
        """Hold that every charge is claimed, by one key only, or sure to be looked for."""
        studio = self.studio
        bought = [one for one in studio.lock.purchases.values() if one.cost]
        claims = [one.generation for one in bought]
        claims += [one.generation for one in studio.open_payments if one.generation]
        assert len(claims) == len({*claims}), "two keys have one generation"
        wasted = self.waste(studio)
        charged = [one for one in studio.gateway.charges if one.id not in wasted]
        loose = Counter(one.prompt for one in charged if one.id not in claims)
        sought = Counter(one.spec.prompt for one in studio.open_payments if not one.generation)
        assert loose <= sought, "a charge is lost"

    def _check_files(self) -> None:
        """Hold that whatever is kept is whole, and just what was delivered for it."""
        studio = self.studio
        for path in studio.store.folder.rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                assert studio.store.path(digest_bytes(data)) == path
                assert inspect(data).problems == ()
        for key, purchase in studio.lock.purchases.items():
            audio = studio.store.get(purchase.audio)
            assert audio is not None
            if not self.any_audio:
                assert audio == mp3(purchase.generation, purchase.duration), key
        for locked in studio.lock.tracks.values():
            bought = studio.store.get(studio.lock.purchases[locked.generate].audio)
            for path, output in locked.outputs.items():
                data = studio.read(path)
                assert digest_bytes(data) == output.digest
                assert audio_of(data) == audio_of(bought)
        for path in studio.state.rglob("*.json*"):
            assert KEY.encode() not in path.read_bytes()

    def assert_done(self) -> None:
        """Hold that all is made, each wish for one charge, and nothing is open."""
        studio = self.studio
        assert self.code == 0
        wasted = self.waste(studio)
        charged = [one for one in studio.gateway.charges if one.id not in wasted]
        found = sorted((one.model, one.prompt, one.duration) for one in charged)
        wished = [one.generate for one in self.tracks]
        assert found == sorted((one.model, one.prompt, one.duration) for one in wished)
        lock = studio.lock
        bought = {one.prompt: one.generation for one in lock.purchases.values()}
        assert bought == {one.prompt: one.id for one in charged}
        assert studio.open_payments == []
        assert studio.plan(*self.tracks).to_do == ()
