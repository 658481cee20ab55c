"""One S3 service for all tests here, with a prefix for each, and a proxy before it."""

from __future__ import annotations

import itertools

import pytest
from bucket_server import BUCKET, Proxy, bucket_server, credentials

from musicbuild.remotes import open_remote

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def service():
    with bucket_server() as endpoint:
        yield endpoint


@pytest.fixture
def bucket_url():
    return f"s3://{BUCKET}/games/{next(_NUMBERS)}"


@pytest.fixture
def bucket(service, bucket_url, tmp_path):
    remote = open_remote(bucket_url, root=tmp_path, environment=credentials(service))
    yield remote
    remote.close()


@pytest.fixture
def proxy(service):
    with Proxy(service).running() as proxy:
        yield proxy


@pytest.fixture
def harmed(proxy, bucket_url, tmp_path):
    """The same bucket as `bucket`, by way of the proxy."""
    remote = open_remote(bucket_url, root=tmp_path, environment=credentials(proxy.endpoint))
    yield remote
    remote.close()
