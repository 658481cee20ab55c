"""A bucket as a remote, held against a real service that speaks S3, and one that does harm."""

from __future__ import annotations

import sys
from datetime import timedelta

import pytest
from bucket_server import (
    BUCKET,
    corrupt,
    credentials,
    cut,
    delay,
    deny,
    empty,
    hang_up,
    lengthen,
    lose,
    refuse,
    truncate,
)
from remote_suite import MUSIC, NAME, RemoteSuite

from musicbuild import reading
from musicbuild.errors import RemoteError, Unusable
from musicbuild.remotes import objects, open_remote

NEEDED = (
    "\nhint: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION` and `AWS_ENDPOINT_URL`"
    " say whose it is and where"
)


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    """Wait for less between tries; as many are made."""
    monkeypatch.setattr(objects, "PAUSE", timedelta(milliseconds=20))


class TestBucket(RemoteSuite):
    @pytest.fixture
    def remote(self, bucket):
        return bucket


class TestBucketBehindAProxy(RemoteSuite):
    @pytest.fixture
    def remote(self, harmed):
        return harmed


def said(call, *given):
    """Return an error's text, without the remote's address, and see that no secret is in it."""
    with pytest.raises(RemoteError) as caught:
        call(*given)
    follow = [caught.value]
    for one in follow:
        if one is not None:
            assert "s3cr3t" not in f"{one!r} {one} {vars(one)}"
            assert "AKIA" not in f"{one!r} {one} {vars(one)}"
            follow += [one.__cause__, one.__context__]
    return str(caught.value).partition("`: ")[2]


def test_two_prefixes_of_a_bucket_are_two_remotes(service, bucket, tmp_path):
    bucket.put(NAME, MUSIC)
    other = open_remote(f"s3://{BUCKET}", root=tmp_path, environment=credentials(service))
    assert not other.has(NAME)
    prefix = bucket.url.removeprefix(f"s3://{BUCKET}/")
    assert other.get(f"{prefix}/{NAME}") == MUSIC


@pytest.mark.parametrize("harm", [refuse, cut, lose, hang_up, delay])
def test_what_breaks_off_while_it_is_read_is_read_again(bucket, harmed, proxy, harm):
    bucket.put(NAME, MUSIC)
    proxy.once["GET"] = [harm, harm]
    assert harmed.get(NAME) == MUSIC


@pytest.mark.parametrize("harm", [refuse, lose, hang_up, delay])
def test_what_breaks_off_while_it_is_sent_is_sent_again(bucket, harmed, proxy, harm):
    proxy.once["PUT"] = [harm]
    harmed.put(NAME, MUSIC)
    assert bucket.get(NAME) == MUSIC


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (refuse, "the service answered 503 Service Unavailable, Nope" + NEEDED),
        (deny, "the service answered 403 Forbidden, Nope" + NEEDED),
    ],
)
def test_a_service_that_refuses_is_told_and_no_secret_is(harmed, proxy, harm, what):
    proxy.always = dict.fromkeys(("GET", "PUT", "POST", "DELETE"), harm)
    assert said(harmed.get, NAME) == what
    assert said(harmed.put, NAME, MUSIC) == what
    assert said(harmed.create, NAME, MUSIC) == what
    assert said(harmed.remove, NAME) == what
    assert len(proxy.requests) <= 4 * (1 + objects.RETRIES)


def test_a_service_that_breaks_off_each_time_is_told(bucket, harmed, proxy):
    bucket.put(NAME, MUSIC)
    for harm in (cut, lose, hang_up):
        proxy.always = {"GET": harm}
        assert said(harmed.get, NAME) == "an answer broke off\nhint: try again"


@pytest.mark.parametrize("harm", [truncate, empty, lengthen, corrupt])
def test_what_is_changed_on_the_way_is_for_the_reader_to_find(bucket, harmed, proxy, harm):
    bucket.put(NAME, MUSIC)
    proxy.once["GET"] = [harm]
    assert harmed.get(NAME) != MUSIC
    assert harmed.get(NAME) == MUSIC


def test_a_service_that_is_silent_is_not_waited_for(bucket, service, proxy, tmp_path, monkeypatch):
    monkeypatch.setattr(objects, "SILENCE", timedelta(milliseconds=50))
    monkeypatch.setattr(objects, "RETRIES", 1)
    bucket.put(NAME, MUSIC)
    proxy.always = {"GET": delay}
    hasty = open_remote(bucket.url, root=tmp_path, environment=credentials(proxy.endpoint))
    assert said(hasty.get, NAME) == "it did not answer in time\nhint: try again later"
    assert len(proxy.requests) == 2


def test_an_answer_to_creating_that_is_lost_leaves_one_winner(bucket, harmed, proxy):
    """Whether it won is not to be told from the answer alone, but from what is there."""
    proxy.once["PUT"] = [hang_up]
    try:
        won = harmed.create("orders/one", b"mine")
    except RemoteError:
        won = False
    assert bucket.get("orders/one") == b"mine"
    assert not bucket.create("orders/one", b"theirs")
    assert not won


def test_a_bucket_that_is_not_there_is_no_empty_store(service, tmp_path):
    remote = open_remote("s3://no-such-bucket/a", root=tmp_path, environment=credentials(service))
    missing = "there is no such bucket\nhint: create it first, or mend the address"
    assert said(remote.get, NAME) == missing
    assert said(remote.put, NAME, MUSIC) == missing
    assert said(remote.create, NAME, MUSIC) == missing


def test_nobody_at_the_endpoint_is_told(tmp_path):
    remote = open_remote(
        "s3://bucket", root=tmp_path, environment=credentials("http://127.0.0.1:9")
    )
    assert said(remote.get, NAME) == "it can't be reached" + NEEDED


def test_plain_http_needs_to_be_asked_for(service, tmp_path):
    environment = credentials(service)
    del environment["AWS_ALLOW_HTTP"]
    remote = open_remote(f"s3://{BUCKET}/a", root=tmp_path, environment=environment)
    assert said(remote.put, NAME, MUSIC).startswith("the request failed")


def test_a_variable_that_makes_no_sense_is_told(service, tmp_path):
    environment = {**credentials(service), "AWS_ALLOW_HTTP": "s3cr3t"}
    with pytest.raises(RemoteError, match="the request failed"):
        open_remote("s3://bucket", root=tmp_path, environment=environment)


def test_an_account_that_is_missing_is_told(tmp_path):
    with pytest.raises(RemoteError) as caught:
        open_remote("az://container/a", root=tmp_path, environment={})
    assert str(caught.value) == (
        "the store `az://container/a`: there are no credentials for it\nhint:"
        " `AZURE_STORAGE_ACCOUNT_NAME` and `AZURE_STORAGE_ACCOUNT_KEY` say whose it is and where"
    )
    with pytest.raises(RemoteError, match="there are no credentials for it"):
        open_remote(
            "gs://bucket/a",
            root=tmp_path,
            environment={"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "none.json")},
        )


def test_what_is_far_too_large_is_not_read(bucket, monkeypatch):
    bucket.put(NAME, MUSIC)
    monkeypatch.setattr(objects, "LARGEST", len(MUSIC) - 1)
    with pytest.raises(Unusable) as caught:
        bucket.get(NAME)
    assert str(caught.value).startswith(f"`{NAME}` in the store `{bucket.url}` is larger than")
    assert reading.LARGEST == 512 << 20


def test_without_obstore_there_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(RemoteError) as caught:
        open_remote("s3://bucket/a", root=tmp_path, environment={})
    assert str(caught.value) == (
        "the store `s3://bucket/a` needs `obstore`, which is not installed"
        "\nhint: `pip install 'musicbuild[remote]'`"
    )


@pytest.mark.parametrize("url", ["https://bucket.s3.amazonaws.com", "s3://me:secret@bucket", ""])
def test_what_is_no_address_is_not_opened(tmp_path, url):
    with pytest.raises(RemoteError) as caught:
        open_remote(url, root=tmp_path, environment={})
    assert "secret" not in str(caught.value)
    assert caught.value.hint.startswith("write `s3://bucket/prefix`")
