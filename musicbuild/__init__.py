"""musicbuild makes the music a manifest asks for, and never pays twice for any of it.

    import musicbuild
    from pathlib import Path

    project = musicbuild.open_project(Path("musicbuild.yaml"))
    for step in project.plan().to_do:
        print(step.track.id, step.reasons)

The way of the program is that of its files: `manifest` reads what the author wrote, `prompt`
renders the templates, `spec` says what is asked of a provider, `plan` compares that with the
`lock`, and `build` does what the plan says.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import MusicbuildError
    from .project import Project, open_project

__all__ = ["MusicbuildError", "Project", "__version__", "open_project"]
__version__ = "0.1.0"

_HOME = {"MusicbuildError": ".errors", "Project": ".project", "open_project": ".project"}


def __getattr__(name: str) -> Any:
    """Load what is offered when it is first used: the command line starts without it."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name], __name__), name)
