"""Which tracks a build is about, and how it goes about them."""

from __future__ import annotations

import pytest

GAME = """
    version: 1
    album: Nightfall
    defaults: {model: musicgen}
    tracks:
      theme: {prompt: slow waltz, labels: [menu, act1]}
      boss:
        prompt: "fight, phase {{ phase }}"
        matrix: {phase: [1, 2, 3]}
        labels: [act1]
      boss-theme: {prompt: overture, labels: [act2]}
      credits: {prompt: the end, labels: [act2]}
"""
EVERYTHING = {
    "theme": "slow waltz",
    "boss-1": "fight, phase 1",
    "boss-2": "fight, phase 2",
    "boss-3": "fight, phase 3",
    "boss-theme": "overture",
    "credits": "the end",
}


@pytest.mark.parametrize(
    ("words", "made"),
    [
        (["theme"], ["theme"]),
        (["theme", "credits"], ["theme", "credits"]),
        (["boss-*"], ["boss-1", "boss-2", "boss-3", "boss-theme"]),
        (["boss-?"], ["boss-1", "boss-2", "boss-3"]),
        (["boss-[12]"], ["boss-1", "boss-2"]),
        (["--label", "act2"], ["boss-theme", "credits"]),
        (["-l", "menu", "-l", "act2"], ["theme", "boss-theme", "credits"]),
        (["credits", "--label", "menu"], ["theme", "credits"]),
        (["boss-*", "--exclude", "boss-theme"], ["boss-1", "boss-2", "boss-3"]),
        (["--label", "act1", "-x", "boss-*"], ["theme"]),
        (["-x", "boss-*", "-x", "theme"], ["credits"]),
        (["theme", "--exclude", "theme"], []),
        (["*"], list(EVERYTHING)),
        ([], list(EVERYTHING)),
    ],
    ids=lambda value: " ".join(value) if value else "none",
)
def test_only_what_is_chosen_is_made_and_paid(project, words, made):
    project.write(GAME)
    planned = project.run("plan", *words, "--json").json["data"]["steps"]
    assert [step["track"] for step in planned] == made
    project.build(*words, charges=[EVERYTHING[name] for name in made])
    assert sorted(path.stem for path in project.folder.glob("audio/*")) == sorted(made)
    assert set(project.lock()["tracks"] if made else ()) == set(made)


@pytest.fixture
def game(project):
    return project.write(GAME)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["them"], "error: no track matches `them`\nhint: did you mean `theme`?\n"),
        (["boss"], "error: no track matches `boss`\nhint: did you mean `boss-*`, 4 tracks?\n"),
        (["Theme"], "error: no track matches `Theme`\nhint: did you mean `theme`?\n"),
        (["zz*"], "error: no track matches `zz*`\nhint: `musicbuild list` shows them\n"),
        (["theme", "zzz"], "error: no track matches `zzz`\nhint: `musicbuild list` shows them\n"),
        (["-l", "mneu"], "error: no track has the label `mneu`\nhint: did you mean `menu`?\n"),
        (["-l", "epilogue"], "error: no track has the label `epilogue`\n"),
        (["-x", "credit"], "error: no track matches `credit`\nhint: did you mean `credits`?\n"),
        (
            ["--force", "credit"],
            "error: no track matches `credit`\nhint: did you mean `credits`?\n",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_name_of_no_track_is_never_taken_for_all_of_them(game, gateway, words, says):
    ran = game.run("build", "--yes", *words)
    assert (ran.code, ran.out, ran.err) == (2, "", says)
    told = game.run("build", "--yes", "--json", *words).json
    assert says.startswith(f"error: {told['errors'][0]['message']}\n")
    assert gateway.requests == []


@pytest.mark.parametrize("words", [["thme"], ["theme", "credits"]], ids=str)
def test_show_takes_one_track(game, words):
    ran = game.run("show", *words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")


def test_the_rest_of_the_project_is_left_alone(game):
    game.build()
    game.edit("slow waltz", "slower waltz").edit("the end", "the very end")
    game.build(
        "theme",
        charges=["slower waltz"],
        says="""
        made      theme   prompt changed   9 tokens
        spent 9 tokens   1 made
        """,
    )
    assert game.run("check", "theme", "--label", "act1").code == 0
    assert game.run("check").code == 3
    game.build("credits", charges=["the very end"])
    assert game.run("check").code == 0


def test_a_track_that_left_the_manifest_stays_in_the_lock_and_on_disk(game):
    game.build("credits")
    game.edit("  credits: {prompt: the end, labels: [act2]}\n", "")
    game.build("theme", charges=["slow waltz"])
    assert set(game.lock()["tracks"]) == {"theme", "credits"}
    assert (game.folder / "audio/credits.mp3").is_file()


def test_force_makes_outputs_anew_and_orders_nothing(game, gateway):
    game.build("theme", "credits")
    before = (game.folder / "audio/theme.mp3").read_bytes()
    sent = len(gateway.posts)
    game.build(
        "theme",
        "credits",
        "--force",
        "theme",
        charges=[],
        says="""
        mastered  theme   forced   free
        spent nothing   1 mastered, 1 up to date
        """,
    )
    assert (game.folder / "audio/theme.mp3").read_bytes() == before
    game.build("theme", "credits", "--force", "*", charges=[])
    assert len(gateway.posts) == sent


def test_force_of_a_track_that_is_not_to_be_built_is_an_error(game, gateway):
    ran = game.run("build", "theme", "--force", "credits")
    assert (ran.code, gateway.posts) == (2, [])
    assert "`--force` names none of the tracks to build" in ran.err


def test_force_of_a_free_track_composes_the_same_again(project):
    project.write("version: 1\ndefaults: {duration: 1}\ntracks: {a: {prompt: x}, b: {prompt: y}}\n")
    project.build()
    before = (project.folder / "audio/a.mp3").read_bytes()
    project.build(
        "--force",
        "a",
        says="""
        made      a   forced   free
        spent nothing   1 made, 1 up to date
        """,
    )
    assert (project.folder / "audio/a.mp3").read_bytes() == before


def test_force_does_not_overwrite_what_was_edited(game):
    game.build("theme")
    mine = game.put("audio/theme.mp3", b"my own mix")
    game.build("theme", "--force", "theme", charges=[])
    assert mine.read_bytes() == b"my own mix"
    game.build("theme", "--force", "theme", "--overwrite", charges=[])
    assert mine.read_bytes() != b"my own mix"


@pytest.mark.parametrize("jobs", ["1", "8"])
def test_any_number_of_jobs_makes_the_same(game, gateway, jobs):
    game.build("--jobs", jobs, charges=list(EVERYTHING.values()))
    assert len(gateway.posts) == len(EVERYTHING)
    bought = {one["generation"] for one in game.lock()["purchases"].values()}
    assert bought == {one.id for one in gateway.charges}
    for name, prompt in EVERYTHING.items():
        purchase = game.lock()["purchases"][game.lock()["tracks"][name]["generate"]]
        assert purchase["prompt"] == prompt
    game.build("--jobs", jobs, charges=[], says="spent nothing   6 up to date")
    assert gateway.balance == 3000 - 9 * len(EVERYTHING)


def test_one_job_goes_by_the_order_of_the_manifest(game, gateway):
    game.build("--jobs", "1")
    assert [charge.prompt for charge in gateway.charges] == list(EVERYTHING.values())
    events = (
        game.edit("slow waltz", "slower waltz")
        .edit("the end", "the very end")
        .build("--jobs", "1", "--json")
    )
    begun = [one["track"] for one in events.events if one["event"] == "track_started"]
    assert begun == ["theme", "credits"]


@pytest.mark.parametrize("status", ["422", "400"])
def test_a_failure_ends_the_build_unless_it_is_to_go_on(game, gateway, status):
    gateway.fault("post", status)
    ran = game.build("--jobs", "1", code=1, charges=[])
    assert ran.out == " failed    theme   new\n spent nothing   1 failed, 5 not begun\n"
    gateway.fault("post", status)
    ran = game.build("--jobs", "1", "--keep-going", code=1, charges=list(EVERYTHING.values())[1:])
    assert ran.out.endswith(" spent 45 tokens   5 made, 1 failed\n")
    assert game.run("check", "--exclude", "theme").code == 0
    game.build(charges=["slow waltz"])


def test_going_on_does_not_go_on_without_money(game, gateway):
    gateway.fault("post", "402")
    ran = game.build("--jobs", "1", "--keep-going", code=5, charges=[])
    assert " spent nothing   1 failed, 5 not begun\n" in ran.out
    assert len(gateway.posts) == 1


def test_a_model_that_is_refused_is_not_asked_again(project, gateway):
    """Its other tracks fail without a request; those of another model are made."""
    project.write(GAME).edit("overture, ", "overture, model: elevenlabs-music, ")
    gateway.fault("post", "403")
    ran = project.build("--jobs", "1", "--keep-going", code=1, charges=["overture"])
    assert " spent 58 tokens   1 made, 5 failed\n" in ran.out
    assert len(gateway.posts) == 2
