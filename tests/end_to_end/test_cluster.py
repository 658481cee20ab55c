"""A build that hands work to a cluster: the same files, paid for once, and no key goes there."""

from __future__ import annotations

import signal

import pytest
from canary import leaks
from dask_cluster import DaskCluster
from wiretap import Wiretap

from musicbuild import cli
from musicbuild.cluster import scheduler
from musicbuild.remotes import open_remote

ALBUM = """
    version: 1
    album: Nightfall
    store: ../team
    defaults: {master: {loudness: -16, true_peak: -1}, formats: [mp3, ogg]}
    tracks:
      theme: {prompt: slow waltz, duration: 15, model: musicgen}
      rain: {prompt: rain on a roof, duration: 15, model: musicgen, master: {}}
      calm: {prompt: calm pads, duration: 4, formats: [mp3, mid], stems: true}
"""
LONG = """
    version: 1
    store: ../team
    tracks: {long: {prompt: rock, duration: 60, formats: [mp3, flac], master: {loudness: -16}}}
"""
PAID = ["slow waltz", "rain on a roof"]


@pytest.fixture(scope="module")
def dask():
    with DaskCluster(2) as running:
        yield running


@pytest.fixture
def team(tmp_path):
    place = tmp_path / "team"
    open_remote(str(place), root=tmp_path, environment={}, create=True).close()
    return place


def made(project):
    """Return what lies in the author's tree, and what the lock says of it."""
    tree = {
        path.relative_to(project.folder).as_posix(): path.read_bytes()
        for path in sorted((project.folder / "audio").rglob("*"))
        if path.is_file()
    }
    return tree, project.lock()["tracks"]


def passing(team):
    return [path for path in (team / "passing").rglob("*") if path.is_file()]


@pytest.mark.usefixtures("team")
def test_the_same_files_come_out_and_no_key_goes_there(project, dask, team):
    project.write(ALBUM)
    with Wiretap(*dask.place) as tap:
        project.build("--cluster", f"tcp://127.0.0.1:{tap.port}", charges=PAID)
        heard = tap.heard
    assert any(b"musicbuild-" in said for said in heard)
    assert [leaks(said) for said in heard] == [[]] * len(heard)
    longest = max(map(len, heard))
    there = made(project)
    assert longest < min(len(data) for path, data in there[0].items() if path.endswith(".mp3"))
    assert passing(team) == []
    project.build(*("--force", "*"), charges=[])
    assert made(project) == there
    assert project.run("check").code == 0


def test_a_worker_that_is_killed_meanwhile_changes_nothing(project, dask, team):
    project.write(LONG)
    running = project.start("build", "--cluster", dask.url)
    assert dask.kill_busy() > 0
    _, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    there = made(project)
    project.build("--force", "long")
    assert made(project) == there
    assert passing(team) == []


def test_what_is_done_already_needs_no_cluster(project, dask, team):
    project.write(ALBUM)
    project.build("--cluster", dask.url, charges=PAID)
    project.build("--cluster", "tcp://127.0.0.1:9", charges=[])


def test_a_cluster_that_is_not_there_is_said_before_anything_is_paid(
    project, team, monkeypatch, capsys
):
    monkeypatch.setattr(scheduler, "CONNECTING", 0.5)
    for name, value in project.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(project.write(ALBUM).folder)
    assert cli.run(["build", "--yes", "--cluster", "tcp://127.0.0.1:9"]) == 5
    assert capsys.readouterr().err.endswith(
        "error: the cluster `tcp://127.0.0.1:9` can't be reached; nothing was ordered\n"
        "hint: see that its scheduler runs, or build without `--cluster`\n"
    )
    assert (project.gateway.charges, project.journal()) == ([], [])


def test_a_project_without_a_store_is_told_what_to_add(project, dask):
    project.write(ALBUM.replace("store: ../team", ""))
    ran = project.build("--cluster", dask.url, code=2, charges=[])
    assert ran.err == (
        "error: `--cluster` hands audio over through the team's store, and this project names"
        " none\nhint: add `store: s3://bucket/prefix` to the manifest, or set"
        " `MUSICBUILD_STORE`\n"
    )


def test_an_address_that_is_none_is_told_in_json(project, team):
    ran = project.write(ALBUM).run("build", "--json", "--cluster", "8786")
    assert ran.code == 2
    (error,) = ran.events[-1]["errors"]
    assert error["message"] == "`8786` is no address of a cluster"


def test_a_manifest_can_not_name_a_cluster(project, dask, team):
    project.write(ALBUM.replace("album: Nightfall", f"cluster: {dask.url}"))
    ran = project.build(code=2, charges=[])
    assert "unknown key `cluster`" in ran.err


def test_a_build_that_waits_for_workers_can_be_stopped(project, team):
    project.write(ALBUM)
    with DaskCluster(0) as dask, Wiretap(*dask.place) as tap:
        running = project.start("build", "--yes", "--cluster", f"tcp://127.0.0.1:{tap.port}")
        while not any(b"register-client" in said for said in tap.heard):
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert (out, err) == (b"", b"error: nothing was bought\n")
    assert project.gateway.charges == []


def test_a_build_that_is_stopped_leaves_nothing_half_written(project, dask, team):
    project.write(LONG.replace("60,", "600,"))
    running = project.start("build", "--cluster", dask.url)
    dask.wait_busy()
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert b"Traceback" not in out + err
    assert not (project.folder / "audio").exists()
    dask.wait_idle()
    assert passing(team) == []
    assert " + long " in project.plan().out
