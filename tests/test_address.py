"""Addresses of remotes: a place and nothing else, and no secret in what is said of one."""

from __future__ import annotations

import pytest

from musicbuild.address import Address, Shared, masked, objection, parse, shared
from musicbuild.errors import UsageError


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("s3://bucket", Address("s3", "bucket", "")),
        ("s3://bucket/", Address("s3", "bucket", "")),
        ("S3://bucket/game/Music_2", Address("s3", "bucket", "game/Music_2")),
        ("gs://my.bucket-1/a/", Address("gs", "my.bucket-1", "a")),
        ("az://container/a/b", Address("az", "container", "a/b")),
        ("../music-store", Address("", "", "../music-store")),
        ("/mnt/a b@c?d#e", Address("", "", "/mnt/a b@c?d#e")),
        ("C:/music", Address("", "", "C:/music")),
        ("file:///mnt/music", Address("file", "", "file:///mnt/music")),
        ("file://localhost/mnt", Address("file", "", "file://localhost/mnt")),
    ],
)
def test_a_place_is_read(url, address):
    assert objection(url) == ""
    assert parse(url) == address


LINE = "a store's address is one line of at most 1000 characters"
USER = "a store's address has no user and no password: they come from the environment"
OPTIONS = "a store's address has no options: they come from the environment"
PREFIX = "a prefix is made of letters, digits, `.`, `_`, `-` and single `/`"
LOCAL = "the address of a folder on this machine is `file:///` and its path"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", LINE),
        ("  ", LINE),
        ("a\nb", LINE),
        ("a\x1b[2J", LINE),
        ("a" * 1001, LINE),
        ("https://bucket.s3.amazonaws.com/a", "`https` is no kind of store"),
        ("http://169.254.169.254/latest", "`http` is no kind of store"),
        ("memory:///", "`memory` is no kind of store"),
        ("s3:/bucket", "an address of this kind begins with `s3://`"),
        ("file:/mnt", "an address of this kind begins with `file://`"),
        ("s3://me:secret@bucket", USER),
        ("gs://me@bucket/a", USER),
        ("file://me:secret@host/a", USER),
        ("az://container/a?sig=secret", OPTIONS),
        ("s3://bucket#a", OPTIONS),
        ("s3://", "`s3://` is followed by a bucket, and that by its prefix"),
        ("s3:///a", "`s3://` is followed by a bucket, and that by its prefix"),
        ("s3://Bucket", "`s3://` is followed by a bucket, and that by its prefix"),
        ("s3://a..b", "`s3://` is followed by a bucket, and that by its prefix"),
        ("gs://host:80/a", "`gs://` is followed by a bucket, and that by its prefix"),
        ("s3://bucket//a", PREFIX),
        ("s3://bucket/a/../b", PREFIX),
        ("s3://bucket/./b", PREFIX),
        ("s3://bucket/%2e%2e/b", PREFIX),
        ("file://host/a", LOCAL),
        ("file://", LOCAL),
    ],
)
def test_what_is_no_place_is_told(url, why):
    assert objection(url) == why
    assert "secret" not in why


def test_secrets_are_masked_at_their_length():
    line = 'store: "s3://me:secret@bucket/a?sig=secret" # secretly'
    assert masked(line) == 'store: "s3://*********@bucket/a?**********" # secretly'
    assert masked("store: s3://bucket/a") == "store: s3://bucket/a"


def test_the_environment_names_another_remote():
    written = Shared("s3://bucket/a", push=True)
    assert shared(written, {}) is written
    assert shared(None, {"MUSICBUILD_STORE": " "}) is None
    other = {"MUSICBUILD_STORE": " ../other\n"}
    assert shared(written, other) == Shared("../other", push=True, variable="MUSICBUILD_STORE")
    assert shared(None, other) == Shared("../other", push=False, variable="MUSICBUILD_STORE")


def test_a_variable_that_names_nothing_is_told_without_what_it_says():
    with pytest.raises(UsageError) as caught:
        shared(None, {"MUSICBUILD_STORE": "s3://me:secret@bucket"})
    assert str(caught.value) == (
        f"`MUSICBUILD_STORE`: {USER}\nhint: write `s3://bucket/prefix`, `gs://…`, `az://…`, or the"
        " path of a folder"
    )
