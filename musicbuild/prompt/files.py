"""Which files are templates: those in the folder `templates` that lead nowhere out of it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from ..document.source import CONTROL, Source, decode, leads_out, read_bytes, shown
from ..errors import ManifestError, suggestion
from ..paths import astray

BYTES = 16 * 1024
LISTED = 1_000
LONGEST_NAME = 200


class Unusable(Exception):
    """A name is not that of a template that can be used; `absent` where there is no such file."""

    def __init__(self, name: str, message: str, *, absent: bool = False) -> None:
        super().__init__(message)
        self.asked = name
        self.says = message
        self.absent = absent


class Folder:
    """The folder of an album's templates, relative to the manifest's."""

    def __init__(self, root: Path, name: str) -> None:
        self.root = root
        self.name = name.removesuffix("/")

    def source(self, name: str) -> Source:
        """Return a template's text; raise Unusable, or ManifestError where the text is at fault."""
        path = self.path(name)
        place = Path(self.name) / name
        try:
            return decode(read_bytes(path, BYTES, place), place)
        except OSError as fault:
            message = f"`{place.as_posix()}` can't be read: {fault.strerror}"
            raise Unusable(name, message) from None
        except ManifestError as fault:
            if fault.span is None:
                raise Unusable(name, fault.message) from None
            raise

    def path(self, name: str) -> Path:
        if why := astray(name):
            raise Unusable(name, why)
        if CONTROL.search(name) or len(name) > LONGEST_NAME:
            raise Unusable(name, "this is no name of a template")
        folder = self.root / self.name
        # Nothing outside is even asked for: the answer would tell what is there.
        if leads_out(folder, self.root) or leads_out(folder / name, folder):
            raise Unusable(name, f"`{shown(name)}` leads out of `{self.name}/`")
        if not (folder / name).is_file():
            message = f"there is no template `{shown(name)}` in `{self.name}/`"
            raise Unusable(name, message, absent=True)
        return folder / name

    def near(self, name: str) -> str:
        """Return the hint for a name that is absent; it takes too long to be made unasked."""
        folder = self.root / self.name
        paths = (path for path in folder.rglob("*") if path.is_file())
        return suggestion(
            name, [path.relative_to(folder).as_posix() for path in islice(paths, LISTED)]
        )
