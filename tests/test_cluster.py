"""Work on a cluster: the same bytes as here, whichever worker dies, and an error if none lives."""

from __future__ import annotations

import json
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import pytest
from audio.pieces import RATE, music
from bucket_server import BUCKET, bucket_server, credentials
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from dask import config as settings
from dask_cluster import DaskCluster
from specimens import track as wish_for
from wiretap import Wiretap

from musicbuild.audio.encode import encode_mp3
from musicbuild.cluster import OBJECTS, PASSING, Cluster, parcels, scheduler, tools
from musicbuild.cluster.answer import NoAnswer, read_answer, read_ready
from musicbuild.errors import (
    Failed,
    IntegrityError,
    Interrupted,
    NotMastered,
    RemoteError,
    Unavailable,
    UsageError,
)
from musicbuild.hashing import digest_bytes
from musicbuild.mastering import DIED, JOB, Masters
from musicbuild.providers.composing import compose
from musicbuild.providers.sketch import PROVIDER
from musicbuild.providers.sketch_connection import COMPOSING
from musicbuild.providers.sketch_order import Order
from musicbuild.remotes import object_name, open_remote
from musicbuild.spec import MasterSpec, Output, Sound, Tags

PIECE = Order("rock, 140 BPM", "5", take=1, seed=0, loop=False, wanted=("", "mid"))
AUDIO = encode_mp3(np.rint(music(2.0) * 32767).astype(np.int16), RATE)
LEVELS = Sound(loudness=-22, true_peak=-1)
OUTPUTS = tuple(
    Output(f"calm.{name}", MasterSpec(name, Tags(), sound=sound))
    for name, sound in [("mp3", LEVELS), ("ogg", LEVELS), ("flac", LEVELS), ("mp3", Sound())]
)
OUTPUTS = (*OUTPUTS[:3], replace(OUTPUTS[3], path="plain.mp3"))
TRACK = replace(wish_for(), outputs=OUTPUTS)
TRACK = replace(TRACK, generate=replace(TRACK.generate, duration=2))


@pytest.fixture(scope="module")
def dask():
    """Two worker processes, of which two may die of one piece of work."""
    with DaskCluster(2, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1") as running:
        yield running


@pytest.fixture
def store(tmp_path):
    place = tmp_path / "team"
    open_remote(str(place), root=tmp_path, environment={}, create=True).close()
    return place


@pytest.fixture
def reach(store):
    """Connect to clusters that work through the store, until the test ends."""
    reached = []

    def reach(dask, address=None, wrap=lambda remote: remote):
        url = dask if isinstance(dask, str) else dask.url
        opened = lambda: wrap(open_remote(str(store), root=store, environment={}))  # noqa: E731
        reached.append(Cluster(url, str(address or store), opened))
        return reached[-1]

    yield reach
    for one in reached:
        one.close()


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*/*/*/*"))


def mastered(crew):
    masters = Masters(crew)
    try:
        return masters.master(TRACK, OUTPUTS, {"": AUDIO}, None)
    finally:
        masters.close()


def test_a_sketch_is_the_same(dask, reach, store):
    crew = reach(dask).crew(COMPOSING, place=OBJECTS)
    assert crew.do(asdict(PIECE)) == compose(PIECE)
    assert files(store / "objects") == []
    (kept,) = (store / "objects").glob("*/*")
    assert kept.read_bytes() == compose(PIECE)[""]


def test_masters_are_the_same_and_leave_nothing_but_their_source(dask, reach, store):
    assert mastered(reach(dask).crew(JOB, place=PASSING)) == mastered(None)
    assert [path for path in (store / "passing").rglob("*") if path.is_file()] == []
    (source,) = (store / "objects").glob("*/*")
    assert source.read_bytes() == AUDIO


def test_what_the_store_has_is_not_put_there_again(dask, reach, store):
    crew = reach(dask).crew(JOB, place=PASSING)
    mastered(crew)
    (source,) = (store / "objects").glob("*/*")
    before = source.stat()
    other = reach(dask).crew(JOB, place=PASSING)
    mastered(other)
    assert source.stat() == before


def test_as_much_is_handed_over_at_once_as_there_are_threads(dask, reach):
    cluster = reach(dask)
    assert cluster.at_once is None
    cluster.connect()
    assert cluster.at_once == 2
    assert Masters(cluster.crew(JOB, place=PASSING)).at_once == 2


def test_a_worker_that_is_killed_is_done_without(dask, reach, tmp_path):
    crew, gate = reach(dask).crew("slow_work", place=PASSING), tmp_path / "gate"
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(crew.do, {"gate": str(gate)})
        assert dask.kill_busy() > 0
        assert not made.done()
        gate.touch()
        assert made.result() == {"": b"made"}


def test_work_that_ends_its_workers_is_given_up(dask, reach):
    """And whoever asks is told as if it had ended an audio tool here."""
    cluster = reach(dask)
    with pytest.raises(OSError, match="KilledWorker"):
        cluster.crew("slow_fatal", place=PASSING).do({})


def test_what_an_order_can_not_have_is_said_as_here(dask, reach):
    crew = reach(dask).crew(COMPOSING, place=OBJECTS)
    with pytest.raises(ValueError, match="a piece has 1/2 to 600 seconds, not 601"):
        crew.do(asdict(replace(PIECE, seconds="601")))


def test_a_process_that_dies_on_a_worker_is_told_as_here(dask, reach):
    with pytest.raises(NotMastered, match=DIED):
        mastered(reach(dask).crew("no_such_module", place=PASSING))


def test_a_composer_that_fails_elsewhere_has_made_nothing(dask, reach):
    sketch = replace(
        PROVIDER, composers=lambda _: reach(dask).crew("no_such_module", place=OBJECTS)
    )
    spec = replace(wish_for().generate, provider="sketch", model="sketch-1", options=())
    connection = sketch.connect({}, None)
    with pytest.raises(Failed, match=r"^what composes ended without an answer, and made nothing$"):
        connection.collect(connection.submit(spec))


def test_what_is_large_comes_through_the_store(dask, reach, store):
    crew = reach(dask).crew("slow_work", place=OBJECTS)
    assert crew.do({"large": True}) == {"": b"large" * 50_000}
    assert (store / object_name(digest_bytes(b"large" * 50_000))).exists()


def test_a_cluster_without_workers_is_waited_for_only_so_long(dask, reach, tmp_path, monkeypatch):
    monkeypatch.setattr(scheduler, "PATIENCE", 2.0)
    crew = reach(dask).crew("slow_work", place=PASSING)
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(crew.do, {"gate": str(tmp_path / "gate")})
        dask.wait_busy()
        dask.kill_all()
        try:
            with pytest.raises(Unavailable) as told:
                made.result()
            with pytest.raises(Unavailable, match="had no worker for 2 s"):
                reach(dask).connect()
        finally:
            dask.add(2)
    assert told.value.message == f"the cluster `{dask.url}` had no worker for 2 s"
    assert told.value.exit_code == 5
    assert "without `--cluster`" in told.value.hint


def test_a_scheduler_that_is_gone_is_said(reach, tmp_path):
    with DaskCluster(1) as dask:
        crew = reach(dask).crew("slow_work", place=PASSING)
        with ThreadPoolExecutor(1) as pool:
            made = pool.submit(crew.do, {"gate": str(tmp_path / "gate")})
            dask.kill_busy()
            dask.process.kill()
            with pytest.raises(Unavailable, match=r"^the connection to the cluster `.*` broke\n"):
                made.result()


def test_a_worker_that_says_nothing_is_waited_for_only_so_long(reach, monkeypatch):
    monkeypatch.setattr(scheduler, "PATIENCE", 1.0)
    with DaskCluster(2) as dask:
        frozen = dask.freeze()
        try:
            with pytest.raises(Unavailable, match=r"^a worker of .* said nothing for 1 s\n"):
                reach(dask).connect()
        finally:
            os.kill(frozen, signal.SIGKILL)


def test_nobody_at_the_address_is_said(reach, monkeypatch):
    monkeypatch.setattr(scheduler, "CONNECTING", 0.5)
    with pytest.raises(Unavailable) as told:
        reach("tcp://127.0.0.1:9").connect()
    assert told.value.message == (
        "the cluster `tcp://127.0.0.1:9` can't be reached; nothing was ordered"
    )


def test_work_is_given_up_once_the_build_is(dask, reach, tmp_path):
    cluster, gate = reach(dask), tmp_path / "gate"
    crew = cluster.crew("slow_work", place=PASSING)
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(crew.do, {"gate": str(gate)})
        while not cluster._users:
            pass
        crew.close()
        with pytest.raises(Interrupted):
            made.result()
    with pytest.raises(Interrupted):
        crew.do({"gate": str(gate)})
    gate.touch()


class Spoiling:
    """A remote that gives other bytes than it was given, so many times."""

    def __init__(self, remote, times):
        self.remote, self.times = remote, times

    def __getattr__(self, name):
        return getattr(self.remote, name)

    def get(self, name):
        data = self.remote.get(name)
        if len(data) > 32 and self.times:
            self.times -= 1
            return data[:-1]
        return data


def test_a_result_that_comes_damaged_is_made_again(dask, reach):
    cluster = reach(dask, wrap=lambda remote: Spoiling(remote, 1))
    assert mastered(cluster.crew(JOB, place=PASSING)) == mastered(None)


def test_a_result_that_always_comes_damaged_is_an_error(dask, reach, store):
    cluster = reach(dask, wrap=lambda remote: Spoiling(remote, 100))
    with pytest.raises(IntegrityError) as told:
        mastered(cluster.crew(JOB, place=PASSING))
    start = f"what is put into the store `{store}` is damaged or gone each time: `"
    assert told.value.message.startswith(start)
    assert [path for path in (store / "passing").rglob("*") if path.is_file()] == []


def test_a_source_that_is_damaged_in_the_store_is_mended(dask, reach, store):
    source = store / object_name(digest_bytes(AUDIO))
    source.parent.mkdir(parents=True)
    source.write_bytes(b"damaged")
    assert mastered(reach(dask).crew(JOB, place=PASSING)) == mastered(None)
    assert source.read_bytes() == AUDIO


def test_a_worker_with_other_tools_is_refused(dask, reach, monkeypatch):
    there = tools.here()
    ours = {**there, "lameenc": "0.1", "av": ""}
    monkeypatch.setattr(tools, "here", lambda: ours)
    with pytest.raises(Unavailable) as told:
        reach(dask).connect()
    assert told.value.message.endswith(
        f" would make other bytes: `av` is {there['av']} there and missing here;"
        f" `lameenc` is {there['lameenc']} there and 0.1 here"
    )
    assert "install there what is installed here" in told.value.hint


def test_a_worker_that_came_later_with_other_tools_is_refused(dask, reach):
    cluster = reach(dask)
    cluster.connect()
    cluster.tools = {**cluster.tools, "numpy": "0.1"}
    with pytest.raises(Unavailable, match=r"^a worker would make other bytes: `numpy` is"):
        mastered(cluster.crew(JOB, place=PASSING))


def test_a_worker_without_musicbuild_is_refused(reach, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['musicbuild'] = None\n")
    with DaskCluster(1, PYTHONPATH=str(tmp_path)) as dask, pytest.raises(Unavailable) as told:
        reach(dask).connect()
    assert " has no musicbuild like this one: ModuleNotFoundError" in told.value.message
    assert told.value.hint.startswith("install musicbuild ")


def test_a_store_that_a_worker_can_not_see_is_said(dask, reach, tmp_path):
    with pytest.raises(Unavailable) as told:
        reach(dask, address=tmp_path / "elsewhere").connect()
    assert told.value.message.endswith(
        f"can't use the store: `{tmp_path}/elsewhere` is no store: there is no such folder"
    )


def test_a_store_that_is_another_one_there_is_said(dask, reach, tmp_path):
    other = tmp_path / "other"
    open_remote(str(other), root=tmp_path, environment={}, create=True).close()
    with pytest.raises(Unavailable) as told:
        reach(dask, address=other).connect()
    assert told.value.message.endswith(f"can't use the store: `{other}` is another one there")


def test_a_store_that_loses_what_workers_put_there_is_said(dask, reach):
    class Losing(Spoiling):
        def get(self, name):
            return None

    with pytest.raises(Unavailable) as told:
        reach(dask, wrap=lambda remote: Losing(remote, 0)).connect()
    assert told.value.message == ("a worker can't use the store: what it puts there is not there")


def test_a_store_that_goes_away_from_a_worker_is_said(dask, reach, store):
    cluster = reach(dask)
    cluster.connect()
    cluster.store = str(store / "gone")
    with pytest.raises(Unavailable, match=r"^a worker can't use the store: .* no such folder\n"):
        mastered(cluster.crew(JOB, place=PASSING))


def test_a_store_that_can_not_be_opened_here_is_said(dask, reach, store):
    (store / "musicbuild-store.json").unlink()
    with pytest.raises(RemoteError, match="is no store"):
        reach(dask).connect()


def test_a_worker_opens_a_bucket_with_its_own_credentials(tmp_path):
    place = f"s3://{BUCKET}/game"
    with bucket_server() as endpoint:
        ours = credentials(endpoint)
        theirs = {**ours, "AWS_ACCESS_KEY_ID": "AKIATHEIRS", "AWS_SECRET_ACCESS_KEY": "t0p-s3cr3t"}
        opened = partial(open_remote, place, root=tmp_path, environment=ours)
        with DaskCluster(1, **theirs) as dask, Wiretap(*dask.place) as tap:
            cluster = Cluster(f"tcp://127.0.0.1:{tap.port}", place, opened)
            try:
                assert mastered(cluster.crew(JOB, place=PASSING)) == mastered(None)
                heard = b"".join(tap.heard)
            finally:
                cluster.close()
    assert digest_bytes(AUDIO).encode() in heard
    secrets = [ours["AWS_SECRET_ACCESS_KEY"], ours["AWS_ACCESS_KEY_ID"], "AKIATHEIRS", "t0p-s3cr3t"]
    assert [secret for secret in secrets if secret.encode() in heard] == []


@pytest.mark.parametrize(
    "url",
    ["", "host", "host:8786", "http://host:1", "tcp://host", "tcp://a:b@host:1", "inproc://1"],
)
def test_an_address_that_is_none_is_refused(url, reach):
    with pytest.raises(UsageError, match="is no address of a cluster"):
        reach(url)


@pytest.mark.parametrize("url", ["tcp://host:8786", "tls://[::1]:8786", "tcp://10.0.0.1:1"])
def test_an_address_is_taken(url, reach):
    assert reach(url).url == url


def test_without_dask_the_command_to_install_it_is_said(reach, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError) as told:
        reach("tcp://127.0.0.1:9").connect()
    assert told.value.message == "`--cluster` needs `distributed`, which is not installed"
    assert told.value.hint == "`pip install 'musicbuild[cluster]'`"


def test_a_configuration_of_dask_that_is_damaged_is_said(reach, monkeypatch):
    def broken(name):
        raise ValueError(f"{name} is malformed")

    monkeypatch.setattr(scheduler, "import_module", broken)
    with pytest.raises(UsageError) as told:
        reach("tcp://127.0.0.1:9").connect()
    assert told.value.message == "Dask can't be loaded: ValueError: distributed is malformed"


@pytest.fixture
def certificate(tmp_path):
    """Give the settings of Dask for one certificate that is everybody's, its own authority too."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cluster")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "cluster.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    roles = ("CLIENT", "SCHEDULER", "WORKER")
    names = ["CA_FILE", *(f"{role}__{what}" for role in roles for what in ("CERT", "KEY"))]
    return {f"DASK_DISTRIBUTED__COMM__TLS__{name}": str(pem) for name in names}


def test_a_cluster_is_reached_by_tls_with_the_settings_of_dask(certificate, reach):
    with DaskCluster(1, protocol="tls", **certificate) as dask:
        assert dask.url.startswith("tls://")
        cluster = reach(dask)
        names = {
            name: name[5:].lower().replace("__", ".").replace("_", "-") for name in certificate
        }
        with settings.set({names[name]: path for name, path in certificate.items()}):
            assert cluster.crew(COMPOSING, place=OBJECTS).do(asdict(PIECE)) == compose(PIECE)
            cluster.close()


def test_tls_without_certificates_is_said(reach):
    with pytest.raises(UsageError, match=r"`tls://127\.0\.0\.1:9` needs certificates"):
        reach("tls://127.0.0.1:9").connect()


DIGEST = digest_bytes(b"")


@pytest.mark.parametrize(
    "told",
    [
        None,
        b"{}",
        {"made": {}},
        "",
        "[]",
        "{}",
        "3",
        '"made"',
        "[" * 100_000,
        json.dumps({"made": {"files": {"a": "../../etc/passwd"}, "said": {}}}),
        json.dumps({"made": {"files": {"a": DIGEST.upper()}, "said": {}}}),
        json.dumps({"made": {"files": [DIGEST], "said": {}}}),
        json.dumps({"made": {"files": {}, "said": {"": {"data": "*"}}}}),
        json.dumps({"made": {"files": {}, "said": {"": {"digest": 3}}}}),
        json.dumps({"made": {"files": {}, "said": {"": {}}}}),
        json.dumps({"made": {"files": {}, "said": {"": 3}}}),
        json.dumps({"refused": 3}),
        json.dumps({"store": ["one"]}),
        json.dumps({"store": [1, 2]}),
        json.dumps({"differs": ["numpy"]}),
        json.dumps({"differs": {"numpy": 2}}),
        json.dumps({"spoilt": "x"}),
        json.dumps({"refused": "\ud800"}),
        " " * (4 << 20) + "{}",
    ],
    ids=range(24),
)
def test_what_is_no_answer_is_told_from_one(told):
    with pytest.raises(NoAnswer):
        read_answer(told)
    with pytest.raises(NoAnswer):
        read_ready(told)


def test_a_worker_that_says_nonsense_of_itself_is_not_believed(dask, reach, monkeypatch):
    monkeypatch.setattr(scheduler.Scheduler, "ask_all", lambda *_: {"tcp://1": "nonsense"})
    with pytest.raises(Unavailable, match=r"^the worker `tcp://1` answered what is no answer\n"):
        reach(dask).connect()


@pytest.mark.parametrize("answer", ["{}", json.dumps({"made": {"files": {}, "said": {}}})])
def test_a_worker_that_answers_something_else_is_not_believed(dask, reach, monkeypatch, answer):
    cluster = reach(dask)
    asked, _ = cluster.connect()
    monkeypatch.setattr(type(asked), "ask", lambda *_: answer)
    with pytest.raises((Unavailable, NotMastered), match=rf"is no answer\n|{DIED}"):
        mastered(cluster.crew(JOB, place=PASSING))


def test_a_parcel_under_the_name_of_another_is_not_taken(store):
    remote = open_remote(str(store), root=store, environment={})
    digest = parcels.put(remote, PASSING, b"one")
    remote.put(parcels.parcel(PASSING, digest), b"two")
    with pytest.raises(parcels.Spoilt):
        parcels.fetch(remote, PASSING, digest)
    assert parcels.put(remote, PASSING, b"one", anew=True) == digest
    assert parcels.fetch(remote, PASSING, digest) == b"one"
    remote.close()
