"""The styles there are; a new one is a table in a module here and a word in this list."""

from __future__ import annotations

from ..style import Style
from .ambient import AMBIENT
from .chiptune import CHIPTUNE
from .electronic import ELECTRONIC
from .extras import EXTRAS
from .folk import CELTIC, FOLK, LULLABY, MEDIEVAL
from .groove import FUNK, HIP_HOP, LATIN, REGGAE
from .jazz import JAZZ
from .lofi import LOFI
from .metal import METAL
from .neutral import NEUTRAL
from .orchestral import ORCHESTRAL
from .rock import ROCK
from .solo import SOLO_PIANO
from .song import CORPORATE, POP
from .synth import DRUM_AND_BASS, SYNTHWAVE, TECHNO
from .tension import HORROR, TENSION

STYLES: tuple[Style, ...] = (
    *(LOFI, ORCHESTRAL, JAZZ, AMBIENT, ROCK, ELECTRONIC),
    *(SYNTHWAVE, TECHNO, DRUM_AND_BASS, CHIPTUNE, METAL),
    *(FOLK, MEDIEVAL, CELTIC, LULLABY),
    *(FUNK, HIP_HOP, LATIN, REGGAE, POP, CORPORATE),
    *(HORROR, TENSION, SOLO_PIANO),
)
"""Those that words speak for; between equals the first is taken."""

__all__ = ["EXTRAS", "NEUTRAL", "STYLES"]
