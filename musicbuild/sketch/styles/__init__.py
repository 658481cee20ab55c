"""The styles there are; a new one is a module here and a word in this list."""

from __future__ import annotations

from ..style import Style
from .ambient import AMBIENT
from .electronic import ELECTRONIC
from .extras import EXTRAS
from .jazz import JAZZ
from .lofi import LOFI
from .neutral import NEUTRAL
from .orchestral import ORCHESTRAL
from .rock import ROCK

STYLES: tuple[Style, ...] = (LOFI, ORCHESTRAL, JAZZ, AMBIENT, ROCK, ELECTRONIC)
"""Those that words speak for; between equals the first is taken."""

__all__ = ["EXTRAS", "NEUTRAL", "STYLES"]
