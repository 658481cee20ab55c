"""What the address of a remote may be: `s3://bucket/prefix`, `file:///folder` or a path.

An address comes from a manifest, which anybody may have written, so it names a place and nothing
else: no credential, no endpoint, no option.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from .errors import UsageError

VARIABLE = "MUSICBUILD_STORE"
"""Names a remote in place of the manifest's."""

CLOUDS = {"s3": "S3", "gs": "Google Cloud Storage", "az": "Azure"}
"""The services, by the scheme of their addresses."""

FORMS = "write `s3://bucket/prefix`, `gs://…`, `az://…`, or the path of a folder"

LONGEST = 1000

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(?=/)")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_SECRET = re.compile(r"(?<=//)[^/@\s]*(?=@)|(?<=\?)[^\s\"']+")


class Address(NamedTuple):
    """A place: of a service the bucket and the prefix; of a folder its path, and no scheme."""

    scheme: str
    bucket: str
    path: str


class Shared(NamedTuple):
    """A remote that a project uses, and whether builds may put into it."""

    url: str
    push: bool = False
    variable: str = ""
    """The variable of the environment that named it, if the manifest did not."""


def parse(url: str) -> Address:
    """Read an address that has no `objection`."""
    found = _SCHEME.match(url)
    scheme = found[1].lower() if found else ""
    if scheme in CLOUDS:
        bucket, _, path = url[found.end() + 2 :].partition("/") if found else ("", "", "")
        return Address(scheme, bucket, path.rstrip("/"))
    return Address(scheme, "", url)


def objection(url: str) -> str:
    """Return why this is no address of a remote, or nothing; shows nothing that may be secret."""
    if not url.strip() or len(url) > LONGEST or not url.isprintable():
        return f"a store's address is one line of at most {LONGEST} characters"
    found = _SCHEME.match(url)
    if found is None:
        return ""
    scheme, rest = found[1].lower(), url[found.end() :]
    if scheme not in {*CLOUDS, "file"}:
        return f"`{scheme[:20]}` is no kind of store"
    if not rest.startswith("//"):
        return f"an address of this kind begins with `{scheme}://`"
    if "@" in rest.split("/")[2]:
        return "a store's address has no user and no password: they come from the environment"
    if "?" in rest or "#" in rest:
        return "a store's address has no options: they come from the environment"
    return _file(rest[2:]) if scheme == "file" else _cloud(scheme, rest[2:].rstrip("/"))


def masked(text: str) -> str:
    """Return text without what an address in it may say in secret, as long as it was."""
    return _SECRET.sub(lambda found: "*" * len(found[0]), text)


def shared(written: Shared | None, environment: Mapping[str, str]) -> Shared | None:
    """Return the remote of a project: the environment's, else the one in the manifest.

    Whether builds may put into it is for the manifest to say.  Raises UsageError for a variable
    that holds no address.
    """
    url = environment.get(VARIABLE, "").strip()
    if not url:
        return written
    if why := objection(url):
        raise UsageError(f"`{VARIABLE}`: {why}", hint=FORMS)
    return Shared(url, written.push if written else False, VARIABLE)


def _file(rest: str) -> str:
    host, slash, _ = rest.partition("/")
    if not slash or host not in {"", "localhost"}:
        return "the address of a folder on this machine is `file:///` and its path"
    return ""


def _cloud(scheme: str, rest: str) -> str:
    bucket, *parts = rest.split("/")
    if not _BUCKET.fullmatch(bucket) or ".." in bucket:
        return f"`{scheme}://` is followed by a bucket, and that by its prefix"
    if not all(map(_PART.fullmatch, parts)):
        return "a prefix is made of letters, digits, `.`, `_`, `-` and single `/`"
    return ""
