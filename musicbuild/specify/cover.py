"""Which picture may go into an output: a small PNG or JPEG inside the manifest's folder."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ..document import Node
from ..document.source import leads_out, read_bytes, shown
from ..errors import ManifestError
from ..hashing import Digest, digest_bytes

BYTES = 4 * 1024 * 1024

SIGNATURES = {
    ".png": ("PNG", b"\x89PNG\r\n\x1a\n"),
    ".jpg": ("JPEG", b"\xff\xd8\xff"),
    ".jpeg": ("JPEG", b"\xff\xd8\xff"),
}


class Cover(NamedTuple):
    """A picture by its path below the manifest's folder, and by its bytes."""

    path: str
    digest: Digest


def picture(root: Path, written: str, node: Node) -> Cover:
    """Read a picture; raise ManifestError at the node that names it if it can't be one."""
    path = root / written
    kind, signature = SIGNATURES.get(path.suffix.lower(), ("", b""))
    if not kind:
        raise node.error("a cover is a `.png` or a `.jpg`")
    if leads_out(path, root):
        raise node.error(f"`{shown(written)}` leads out of the manifest's folder")
    if not path.is_file():
        raise node.error(f"there is no picture `{shown(written)}`")
    try:
        data = read_bytes(path, BYTES, Path(written))
    except OSError as error:
        raise node.error(f"`{shown(written)}` can't be read: {error.strerror}") from None
    except ManifestError as error:
        raise node.error(error.message) from None
    if not data.startswith(signature):
        raise node.error(f"`{shown(written)}` is not a {kind} picture")
    return Cover(written, digest_bytes(data))
