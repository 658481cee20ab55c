"""`push` and `pull` as a user runs them, to a folder and to a bucket."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest
import soundfile
from bucket_server import BUCKET, Proxy, bucket_server, corrupt, credentials, delay
from commands.folder import PAID, SCRIPT, TWO_TRACKS, Folder, surroundings
from commands.test_manner import read_all
from gateway import Gateway

from musicbuild.hashing import digest_bytes
from musicbuild.remotes import open_remote

NO_STORE = """\
error: `musicbuild.yaml` names no store
hint: add `store: ../music-store` or `store: s3://bucket/prefix` to `musicbuild.yaml`, or set \
`MUSICBUILD_STORE`
"""


@pytest.fixture(scope="module")
def bought(tmp_path_factory):
    """Three pieces of music that were paid for; not to be changed."""
    with Gateway() as gateway:
        root = tmp_path_factory.mktemp("bought") / "game"
        root.mkdir()
        open_remote("../music", root=root, environment={}, create=True).close()
        folder = Folder(root).write("store: ../music\n" + PAID)
        result = folder.run("build", "--yes", **gateway.environment)
        assert result.code == 0, result.err
        yield folder


@pytest.fixture
def game(bought, tmp_path):
    """A copy of it."""
    shutil.copytree(bought.root, tmp_path / "game")
    return Folder(tmp_path / "game")


@pytest.fixture
def colleague(game, tmp_path):
    """The same as git brings it to somebody else: neither store nor outputs."""
    root = tmp_path / "clone"
    root.mkdir()
    for name in ("musicbuild.yaml", "musicbuild.lock"):
        shutil.copy(game.root / name, root / name)
    return Folder(root)


def files(root, below):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted((root / below).rglob("*"))
        if path.is_file()
    }


def stored(folder):
    return files(folder.root / ".musicbuild" / "store", "objects")


def test_a_colleague_gets_the_same_bytes_and_nobody_pays_again(game, colleague):
    sent = game.run("push", "--create")
    assert sent.code == 0, sent.err
    size = sum(map(len, stored(game).values())) / 1e6
    assert sent.out == f" sent     6 objects ({size:.1f} MB) to `../music`\n"
    assert min(sent.err.splitlines()).startswith("sent `audio/boss-1.mp3`, ")
    assert files(game.root.parent / "music", "objects") == stored(game)

    fetched = colleague.run("pull")
    assert fetched.code == 0, fetched.err
    assert fetched.out == (
        f" fetched  6 objects ({size:.1f} MB) from `../music`\n"
        " `musicbuild build` puts outputs in place, for nothing\n"
    )
    assert colleague.run("build").code == 0
    assert files(colleague.root, "audio") == files(game.root, "audio")
    assert (colleague.root / "musicbuild.lock").read_bytes() == (
        game.root / "musicbuild.lock"
    ).read_bytes()
    again = colleague.run("pull")
    assert (again.code, again.err) == (0, "")
    assert again.out == " fetched  0 objects (0.0 kB) from `../music`, 3 were here already\n"


def test_a_selection_is_moved_alone(game, colleague):
    game.run("push", "--create", "boss-*", "-x", "boss-2")
    assert len(files(game.root.parent / "music", "objects")) == 2
    game.run("push")
    colleague.run("pull", "--label", "quiet")
    assert len(stored(colleague)) == 2
    assert colleague.run("pull", "nobody").code == 2


def test_a_dry_run_moves_nothing(game, colleague):
    assert game.run("push", "--create", "--dry-run").code == 5
    assert not (game.root.parent / "music").exists()
    game.run("push", "--create", "menu")
    said = game.run("push", "-n")
    assert said.out.startswith(" to send  4 objects (")
    assert said.out.endswith("to `../music`, 2 were there already\n")
    assert len(files(game.root.parent / "music", "objects")) == 2
    said = colleague.run("pull", "-n", "menu")
    assert said.out.startswith(" to fetch 2 objects (")
    assert stored(colleague) == {}


def test_what_is_missing_everywhere_is_listed(game, colleague):
    game.run("push", "--create", "menu")
    said = colleague.run("pull")
    assert said.code == 7
    assert said.out.splitlines()[:4] == [
        f" lost     {what}: `musicbuild build` {way}, for nothing"
        for name in ("boss-1", "boss-2")
        for what, way in (
            (f"the audio of `{name}`", "asks elumenta for it again"),
            (f"`audio/{name}.mp3`", "makes it again once its audio is here"),
        )
    ]
    assert said.err.splitlines()[-1] == "error: 4 objects are lost or damaged"
    said = colleague.run("push")
    assert said.code == 7
    assert " sent     0 objects (0.0 kB) to `../music`, 2 were there already\n" in said.out


def test_an_output_is_made_again_where_its_audio_is(game, colleague):
    game.run("push", "--create")
    output = files(game.root, "audio")["audio/menu.mp3"]
    digest = digest_bytes(output)
    (game.root.parent / "music" / "objects" / digest[:2] / digest[2:]).unlink()
    said = colleague.run("pull")
    assert said.code == 0
    assert said.out.startswith(" missing  1 object more, and none is lost by it\n fetched  5 obj")
    said = colleague.run("pull", "-v")
    assert said.out.splitlines()[0] == (
        " missing  `audio/menu.mp3`: `musicbuild build` makes it again from the audio, for nothing"
    )


def test_outputs_that_git_brought_serve_both_ways(game, colleague):
    """Untouched outputs are objects too, and hold the audio as it was delivered."""
    shutil.copytree(game.root / "audio", colleague.root / "audio")
    said = colleague.run("push", "--create")
    assert said.code == 0, said.out
    assert files(colleague.root.parent / "music", "objects") == stored(game)
    assert stored(colleague) == {}
    said = colleague.run("pull", "--json").envelope
    assert said["data"]["moved"] == 3, "the audio; the outputs are in their places"


def test_what_is_damaged_there_is_named_and_put_right(game, colleague):
    game.run("push", "--create")
    output = files(game.root, "audio")["audio/menu.mp3"]
    digest = digest_bytes(output)
    there = game.root.parent / "music" / "objects" / digest[:2] / digest[2:]
    there.write_bytes(output[:-1] + b"?")
    said = colleague.run("pull")
    assert said.code == 7
    assert said.out.splitlines()[0] == (
        " damaged  `audio/menu.mp3`:"
        " `musicbuild push --check` puts it right, from where it is whole"
    )
    assert len(stored(colleague)) == 5
    assert game.run("push").code == 0
    mended = game.run("push", "--check")
    assert "1 in place of damaged ones, 5 were there already" in mended.out
    assert colleague.run("pull").code == 0
    assert stored(colleague) == stored(game)


def test_what_is_damaged_here_is_never_sent_and_is_put_right(game, colleague):
    game.run("push", "--create", "menu")
    for path in (colleague.root, game.root):
        shutil.rmtree(path / "audio", ignore_errors=True)
    for path in (game.root / ".musicbuild" / "store" / "objects").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(path.read_bytes()[:-1] + b"?")
    before = files(game.root.parent / "music", "objects")
    assert game.run("push").code == 7
    assert files(game.root.parent / "music", "objects") == before
    said = game.run("pull", "--check", "menu")
    assert said.code == 0
    assert "2 in place of damaged ones" in said.out


def test_a_program_is_told_all_of_it(game, colleague):
    game.run("push", "--create", "menu")
    said = colleague.run("pull", "--json")
    found = said.envelope
    assert (said.code, found["command"], found["ok"]) == (7, "pull", False)
    data = found["data"]
    lacking = data.pop("lacking")
    size = data.pop("bytes")
    assert size == sum(map(len, stored(colleague).values()))
    assert data == {
        "store": "../music",
        "named_by": "manifest",
        "dry_run": False,
        "there": 0,
        "moved": 2,
        "mended": 0,
        "left": 0,
    }
    assert lacking[1] == {
        "problem": "lost",
        "digest": lacking[1]["digest"],
        "track": "boss-1",
        "output": "audio/boss-1.mp3",
        "message": "`audio/boss-1.mp3`",
        "hint": "`musicbuild build` makes it again once its audio is here, for nothing",
    }
    assert said.err == ""


def test_sketches_are_no_loss(project, tmp_path):
    assert project.run("build").code == 0
    project.run("push", "--create", MUSICBUILD_STORE="../music")
    shutil.rmtree(tmp_path / "music" / "objects")
    shutil.rmtree(project.root / ".musicbuild")
    shutil.rmtree(project.root / "audio")
    said = project.run("pull", MUSICBUILD_STORE="../music")
    assert said.code == 0
    assert said.out == (
        " missing  6 objects more, and none is lost by it\n"
        " fetched  0 objects (0.0 kB) from `../music`\n"
    )


def test_what_was_adopted_for_a_sketch_is_a_loss(project, tmp_path):
    project.write("version: 1\ntracks: {theme: {prompt: calm, duration: 3}}\n")
    tone = (0.3 * np.sin(2 * np.pi * 220 * np.arange(3 * 44_100) / 44_100)).astype(np.float32)
    soundfile.write(project.root / "take.wav", tone, 44_100)
    adopted = project.run("adopt", "take.wav", "--as", "theme")
    assert adopted.code == 0, adopted.err
    shutil.rmtree(project.root / ".musicbuild" / "store")
    lost = project.run("push", "--create", MUSICBUILD_STORE=str(tmp_path / "music"))
    assert lost.code == 7
    assert (
        " lost     the audio of `theme`: `musicbuild adopt` takes it from `take.wav` once more\n"
    ) in lost.out
    elsewhere = project.run("verify", "--remote", MUSICBUILD_STORE=str(tmp_path / "music"))
    assert elsewhere.code == 7, elsewhere.out


def test_superseded_music_goes_to_the_store_too_and_is_not_fetched(game, colleague):
    text = (game.root / "musicbuild.yaml").read_text()
    for folder in (game, colleague):
        folder.write(text.replace("Calm, 80 BPM", "Wild, 180 BPM"))
    assert "6 objects" in game.run("push", "--create").out
    shutil.rmtree(game.root.parent / "music" / "objects")
    said = colleague.run("pull", "menu")
    assert said.code == 0, "what is to be bought anew is not lost"


def test_the_environment_may_name_the_store(game, tmp_path):
    said = game.run("push", "--create", "--quiet", MUSICBUILD_STORE="../other")
    assert said.err == ""
    said = game.run("pull", MUSICBUILD_STORE=(tmp_path / "other").as_uri())
    assert said.err.splitlines()[0] == (
        f"the store is `{(tmp_path / 'other').as_uri()}`, as `MUSICBUILD_STORE` says"
    )
    found = game.run("pull", "--json", MUSICBUILD_STORE="../other").envelope
    assert found["data"]["named_by"] == "MUSICBUILD_STORE"
    assert not (tmp_path / "music").exists()


@pytest.mark.parametrize("command", ["push", "pull"])
def test_without_a_store_there_is_one_clear_error(folder, command):
    said = folder.write(TWO_TRACKS).run(command)
    assert (said.code, said.out, said.err) == (2, "", NO_STORE)
    (folder.root / "musicbuild.yaml").unlink()
    said = folder.run(command)
    assert said.code == 2
    assert "hint: `musicbuild init` writes one" in said.err


@pytest.mark.parametrize("command", ["push", "pull"])
def test_a_folder_that_is_no_store_is_left_alone(game, command):
    (game.root.parent / "music").mkdir()
    said = game.run(command)
    assert (said.code, said.out) == (5, "")
    assert said.err == (
        "error: `../music` is no store: it has no `musicbuild-store.json`\n"
        "hint: mount it, or `musicbuild push --create` makes a store of it\n"
    )
    assert list((game.root.parent / "music").iterdir()) == []


def test_a_variable_that_is_no_address_is_told_without_its_secret(game):
    said = game.run("pull", MUSICBUILD_STORE="s3://me:hunter2@bucket")
    assert said.code == 2
    assert "hunter2" not in said.err
    assert said.err.startswith("error: `MUSICBUILD_STORE`: a store's address has no user")


def test_a_typo_is_told(game):
    said = game.run("push", "--creat")
    assert (said.code, said.err) == (
        2,
        "error: unknown option `--creat`\nhint: did you mean `--create`?\n",
    )


def test_a_bucket_serves_as_well_and_what_it_spoils_is_read_again(game, colleague):
    with bucket_server() as endpoint, Proxy(endpoint).running() as proxy:
        there = {**credentials(proxy.endpoint), "MUSICBUILD_STORE": f"s3://{BUCKET}/nightfall"}
        sent = game.run("push", **there)
        assert sent.code == 0, sent.err
        assert "s3cr3t" not in sent.out + sent.err
        proxy.once["GET"] = [corrupt, corrupt]
        assert colleague.run("pull", "--jobs", "2", **there).code == 0
        assert stored(colleague) == stored(game)
        shutil.rmtree(colleague.root / ".musicbuild")
        proxy.always = {"GET": corrupt}
        poisoned = colleague.run("pull", **there)
        assert poisoned.code == 7
        assert stored(colleague) == {}
        again = game.run("push", "--check", **there)
        assert again.code == 0, "they seem damaged, and are sent again"
        assert "6 in place of damaged ones" in again.out


def test_ctrl_c_ends_it_and_what_came_stays(game, colleague):
    with bucket_server() as endpoint, Proxy(endpoint).running() as proxy:
        there = {**credentials(proxy.endpoint), "MUSICBUILD_STORE": f"s3://{BUCKET}/nightfall"}
        assert game.run("push", **there).code == 0
        proxy.always = {"GET": delay}
        with subprocess.Popen(
            [SCRIPT, "pull", "--jobs", "1"],
            cwd=colleague.root,
            env=surroundings(there),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as running:
            while not stored(colleague):
                time.sleep(0.02)
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=30)
        assert running.returncode == 130
        assert out == ""
        assert err.splitlines()[-1] == (
            "hint: run `musicbuild pull` again to go on; what was moved stays"
        )
        assert 1 <= len(stored(colleague)) < 6
        proxy.always = {}
        assert colleague.run("pull", **there).code == 0
        assert stored(colleague) == stored(game)


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo terminals")
def test_a_terminal_gets_a_bar_and_then_the_sum(game, colleague):
    game.run("push", "--create")
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(colleague.root)
        os.execve(SCRIPT, [str(SCRIPT), "pull"], surroundings({"TERM": "xterm", "LINES": "24"}))
    shown = read_all(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert "fetching" in shown
    assert "6/6" in shown
    assert " 6 objects (" in shown.splitlines()[-2]
    assert len(stored(colleague)) == 6
