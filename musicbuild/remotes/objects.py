"""A remote that is a bucket: S3 and what speaks like it, Google Cloud Storage, Azure.

obstore does the talking.  It also does what is hard to do right by hand: signing, finding
credentials, trying again, and creating an object only where there is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from ..address import Address
from ..errors import RemoteError, Unusable
from ..reading import LARGEST
from .names import checked

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

Answered = TypeVar("Answered")

CONNECTING = timedelta(seconds=10)
SILENCE = timedelta(seconds=30)
"""How long nothing may come of what is read."""
WHOLE = timedelta(minutes=10)
"""How long one request may take; what is sent is given no other bound, for lines are slow."""
RETRIES = 3
RETRYING = timedelta(seconds=60)
PAUSE = timedelta(seconds=5)

_AWS = """
ACCESS_KEY_ID SECRET_ACCESS_KEY SESSION_TOKEN REGION DEFAULT_REGION ENDPOINT ENDPOINT_URL
ENDPOINT_URL_S3 ENDPOINT_URL_STS ALLOW_HTTP VIRTUAL_HOSTED_STYLE_REQUEST SKIP_SIGNATURE ROLE_ARN
ROLE_SESSION_NAME WEB_IDENTITY_TOKEN_FILE CONTAINER_CREDENTIALS_RELATIVE_URI
CONTAINER_CREDENTIALS_FULL_URI CONTAINER_AUTHORIZATION_TOKEN_FILE METADATA_ENDPOINT
SERVER_SIDE_ENCRYPTION SSE_KMS_KEY_ID REQUEST_PAYER
"""
_GOOGLE = """
SERVICE_ACCOUNT SERVICE_ACCOUNT_PATH SERVICE_ACCOUNT_KEY APPLICATION_CREDENTIALS BASE_URL
BEARER_TOKEN SKIP_SIGNATURE ALLOW_HTTP
"""
_AZURE = """
STORAGE_ACCOUNT_NAME STORAGE_ACCOUNT_KEY STORAGE_ACCESS_KEY STORAGE_SAS_TOKEN STORAGE_SAS_KEY
STORAGE_CLIENT_ID STORAGE_CLIENT_SECRET STORAGE_TENANT_ID CLIENT_ID CLIENT_SECRET TENANT_ID
AUTHORITY_HOST FEDERATED_TOKEN_FILE MSI_ENDPOINT USE_AZURE_CLI STORAGE_ENDPOINT ENDPOINT
STORAGE_TOKEN STORAGE_USE_EMULATOR SKIP_SIGNATURE ALLOW_HTTP
"""

SERVICES: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "s3": (
        "S3Store",
        tuple(f"AWS_{name}" for name in _AWS.split()),
        "`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION` and `AWS_ENDPOINT_URL`",
    ),
    "gs": (
        "GCSStore",
        tuple(f"GOOGLE_{name}" for name in _GOOGLE.split()),
        "`GOOGLE_APPLICATION_CREDENTIALS`",
    ),
    "az": (
        "AzureStore",
        tuple(f"AZURE_{name}" for name in _AZURE.split()),
        "`AZURE_STORAGE_ACCOUNT_NAME` and `AZURE_STORAGE_ACCOUNT_KEY`",
    ),
}
"""Of each service the class, the variables it is told of, and those that a user has to set."""

_STATUS = re.compile(r"status code: ([0-9]{3}(?: [A-Z][A-Za-z' -]{2,40})?)")
_CODE = re.compile(r"<Code>([A-Za-z]{3,60})</Code>")
_NO_BUCKET = re.compile(r"NoSuchBucket|ContainerNotFound|bucket does not exist")
_NO_ANSWER = re.compile(r"timed out|TimedOut|deadline")
_CUT_SHORT = re.compile(r"response body error|UnexpectedEof|IncompleteMessage|connection closed")
_UNREACHED = re.compile(r"error sending request|kind: Connect|dns error")
_NO_IDENTITY = re.compile(r"169\.254\.169\.254|metadata\.google\.internal")
"""A machine in a cloud asks there who it is; any other has to be told."""
_NO_KEY = re.compile(r"[Cc]redential|Account must be specified|Missing(?!Content)")


def open_bucket(url: str, address: Address, environment: Mapping[str, str]) -> BucketRemote:
    """Open a bucket with what the environment says of it; nothing is sent yet.

    obstore reads the process's environment too, which is the same outside of tests.
    """
    try:
        store = import_module("obstore.store")
    except ImportError:
        raise RemoteError(
            f"the store `{url}` needs `obstore`, which is not installed",
            hint="`pip install 'musicbuild[remote]'`",
        ) from None
    kind, names, needed = SERVICES[address.scheme]
    config = {name.lower(): environment[name] for name in names if name in environment}
    retries: RetryConfig = {
        "max_retries": RETRIES,
        "retry_timeout": RETRYING,
        "backoff": {"init_backoff": PAUSE / 50, "max_backoff": PAUSE},
    }
    writing: ClientConfig = {"connect_timeout": CONNECTING, "timeout": WHOLE}
    reading: ClientConfig = {**writing, "read_timeout": SILENCE}

    def connect(options: ClientConfig) -> ObjectStore:
        made: ObjectStore = getattr(store, kind)(
            address.bucket,
            prefix=address.path or None,
            config=config,
            client_options=options,
            retry_config=retries,
        )
        return made

    asking = _Asking(url, needed)
    return BucketRemote(
        asking, asking.of(lambda: connect(reading)), asking.of(lambda: connect(writing))
    )


class BucketRemote:
    """Objects below a prefix of one bucket."""

    def __init__(self, asking: _Asking, reads: ObjectStore, writes: ObjectStore) -> None:
        self._asking = asking
        self._reads, self._writes = reads, writes

    @property
    def url(self) -> str:
        return self._asking.url

    def has(self, name: str) -> bool:
        return self.size(name) is not None

    def size(self, name: str) -> int | None:
        found = self._asking.perhaps(lambda: self._reads.head(checked(name)))
        return None if found is None else found["size"]

    def get(self, name: str) -> bytes | None:
        found = self._asking.perhaps(lambda: self._reads.get(checked(name)))
        if found is None:
            return None
        if found.meta["size"] > LARGEST:
            raise Unusable(
                f"`{name}` in the store `{self.url}` is larger than {LARGEST >> 20} MiB",
                hint="remove it there",
            )
        return self._asking.of(lambda: bytes(found.bytes()))

    def create(self, name: str, data: bytes) -> bool:
        def create() -> bool:
            try:
                self._put(name, data, mode="create")
            except import_module("obstore.exceptions").AlreadyExistsError:
                return False
            return True

        return self._asking.of(create)

    def put(self, name: str, data: bytes) -> None:
        self._asking.of(lambda: self._put(name, data, mode="overwrite"))

    def remove(self, name: str) -> None:
        self._asking.perhaps(lambda: self._writes.delete(checked(name)))

    def close(self) -> None:
        """Connections end by themselves."""

    def _put(self, name: str, data: bytes, *, mode: Any) -> None:
        # One request, so that an object is there whole or not at all.
        self._writes.put(checked(name), data, mode=mode, use_multipart=False)


class _Asking:
    """What becomes of requests: an answer, nothing, or an error of ours.

    The words of a service may have a key, a signature or a whole request in them.  So they are
    told apart, and none of them is told.
    """

    def __init__(self, url: str, needed: str) -> None:
        self.url = url
        self._needed = needed

    def of(self, ask: Callable[[], Answered]) -> Answered:
        try:
            return ask()
        except RemoteError:
            raise
        except Exception as error:  # noqa: BLE001  obstore has many, and none may come out
            failed = self._failed(f"{type(error).__name__}: {error}")
        raise failed

    def perhaps(self, ask: Callable[[], Answered]) -> Answered | None:
        """Return None if there is no such object; a bucket that is missing is an error."""

        def answered() -> Answered | None:
            try:
                return ask()
            except FileNotFoundError as error:
                if _NO_BUCKET.search(str(error)):
                    raise
                return None

        return self.of(answered)

    def _failed(self, said: str) -> RemoteError:
        status, code = _STATUS.search(said), _CODE.search(said)
        hint = f"{self._needed} say whose it is and where"
        if _NO_BUCKET.search(said):
            what, hint = "there is no such bucket", "create it first, or mend the address"
        elif _NO_IDENTITY.search(said) or (_NO_KEY.search(said) and not status):
            what = "there are no credentials for it"
        elif status:
            answer = f"{status[1].strip()}, {code[1]}" if code else status[1].strip()
            what = f"the service answered {answer}"
        elif _NO_ANSWER.search(said):
            what, hint = "it did not answer in time", "try again later"
        elif _CUT_SHORT.search(said):
            what, hint = "an answer broke off", "try again"
        elif _UNREACHED.search(said):
            what = "it can't be reached"
        else:
            what = "the request failed"
        return RemoteError(f"the store `{self.url}`: {what}", hint=hint)
