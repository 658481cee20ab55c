"""A project through its life: whatever its author, its machine and its service do to it.

`STATEFUL_EXAMPLES` in the environment makes the search longer than a run of all tests allows.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, replace
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from simulate import workplace
from simulation.disk import LEFT, MOMENTS, Cut
from simulation.world import World, universe
from specimens import track

from musicbuild.build import Terms
from musicbuild.hashing import digest_file
from musicbuild.spec import TrackSpec

EXAMPLES = int(os.environ.get("STATEFUL_EXAMPLES", "150"))
STEPS = 30

PROMPTS = st.sampled_from(["Calm pads", "Loud drums", "A slow waltz"])
JOBS = st.sampled_from([1, 1, 2])
CUTS = st.builds(Cut, st.integers(1, 80), st.sampled_from(MOMENTS), st.sampled_from(LEFT))


@dataclass(frozen=True)
class Wish:
    """A track as its author thinks of it; `number` names its file for good."""

    number: int
    name: str
    prompt: str
    title: str = "Untitled"
    takes: int = 1

    @property
    def track(self) -> TrackSpec:
        paths = [f"audio/{self.number}.mp3"]
        return track(self.name, self.prompt, paths=paths, takes=self.takes, title=self.title)


class Project(RuleBasedStateMachine):
    """The model is a mapping of wishes by number, and the history of such mappings."""

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        self.home = self.stack.enter_context(workplace())
        self.stack.enter_context(universe())
        self.wishes: dict[int, Wish] = {}
        self.before: list[dict[int, Wish]] = [{}]
        self.ever: dict[str, tuple[str, str]] = {}
        self.numbers = 0

    def teardown(self):
        self.stack.close()

    @initialize(
        seed=st.integers(0, 10_000),
        rate=st.sampled_from([0.62, 0.2, 0.0]),
        prompts=st.lists(PROMPTS, min_size=2, max_size=4),
    )
    def begin(self, seed, rate, prompts):
        self.world, self.rate = World(Random(seed), self.home), rate
        self.world.service.rate = rate
        for prompt in prompts:
            self.add(prompt)

    # The author.

    @rule(prompt=PROMPTS)
    def add(self, prompt):
        self.numbers += 1
        self.change({self.numbers: Wish(self.numbers, f"track-{self.numbers}", prompt)})

    @precondition(lambda self: self.wishes)
    @rule(data=st.data(), prompt=PROMPTS)
    def edit(self, data, prompt):
        self.alter(data, prompt=prompt)

    @precondition(lambda self: self.wishes)
    @rule(data=st.data(), title=st.sampled_from(["Dawn", "Dusk"]))
    def retitle(self, data, title):
        self.alter(data, title=title)

    @precondition(lambda self: self.wishes)
    @rule(data=st.data())
    def rename(self, data):
        self.numbers += 1
        self.alter(data, name=f"track-{self.numbers}")

    @precondition(lambda self: self.wishes)
    @rule(data=st.data())
    def wish_for_another_take(self, data):
        self.alter(data, takes=2)

    @precondition(lambda self: self.wishes)
    @rule(data=st.data())
    def remove(self, data):
        number = data.draw(st.sampled_from(sorted(self.wishes)))
        self.before.append(self.wishes)
        self.wishes = {one: wish for one, wish in self.wishes.items() if one != number}

    @rule(data=st.data())
    def revert(self, data):
        self.wishes = data.draw(st.sampled_from(self.before))

    # The machine.

    @rule(jobs=JOBS)
    def build(self, jobs):
        self.run(Terms(jobs=jobs, keep_going=True))

    @rule(jobs=JOBS, cut=CUTS)
    def build_and_die(self, jobs, cut):
        self.run(Terms(jobs=jobs), cut)

    @rule(jobs=JOBS)
    def build_on_a_good_day(self, jobs):
        self.world.service.rate = 0.0
        ending = self.run(Terms(jobs=jobs))
        self.world.service.rate = self.rate
        assert ending.outcome is not None, ending
        assert ending.outcome.exit_code == 0, ending
        assert self.world.plan(self.tracks).to_do == ()
        bought = {one.generation for one in self.world.lock.purchases.values()}
        assert bought == {one.id for one in self.world.service.charges}
        assert self.world.payments == []

    @rule(seconds=st.sampled_from([1, 60, 400]))
    def wait(self, seconds):
        self.world.time.sleep(seconds)

    @rule(data=st.data())
    def damage_an_object(self, data):
        store = self.world.state / "store" / "objects"
        if paths := sorted(path for path in store.glob("*/*") if path.name[0] != "."):
            path = data.draw(st.sampled_from(paths))
            path.chmod(0o644)
            path.write_bytes(path.read_bytes()[:-1] + b"?")
            self.world.damaged.add(path.parent.name + path.name)
            self.world.disk.reload()

    @rule(data=st.data())
    def delete_an_output(self, data):
        if paths := sorted((self.world.root / "audio").glob("*.mp3")):
            data.draw(st.sampled_from(paths)).unlink()
            self.world.disk.reload()

    @rule()
    def delete_the_store(self):
        """Delete it, and what a build that died left of outputs: they would seem to be others'."""
        known = {
            output.digest
            for locked in self.world.lock.tracks.values()
            for output in locked.outputs.values()
        }
        for path in (self.world.root / "audio").glob("*.mp3"):
            if digest_file(path) not in known:
                path.unlink()
        self.world.delete_store()

    # What always holds.

    @invariant()
    def nothing_paid_is_lost(self):
        if hasattr(self, "world"):
            self.world.check()

    @invariant()
    def nothing_is_paid_twice(self):
        if hasattr(self, "world"):
            paid = Counter((one.model, one.prompt) for one in self.world.service.charges)
            assert paid <= Counter(self.ever.values())

    @property
    def tracks(self):
        return [wish.track for wish in self.wishes.values()]

    def change(self, changed):
        self.before.append(self.wishes)
        self.wishes = {**self.wishes, **changed}

    def alter(self, data, **changed):
        number = data.draw(st.sampled_from(sorted(self.wishes)))
        self.change({number: replace(self.wishes[number], **changed)})

    def run(self, terms, cut=None):
        wished = [spec for one in self.tracks for spec in one.wishes]
        self.ever.update({spec.key: (spec.model, spec.prompt) for spec in wished})
        return self.world.build(self.tracks, terms, cut=cut)


def test_a_project_through_its_life():
    run_state_machine_as_test(
        Project,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
