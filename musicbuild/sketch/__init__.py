"""The composer inside: a prompt becomes a piece of music, the same on every machine.

`compose.write` reads the prompt into a `Brief` and composes a `Score`; `piece.sketch` renders that
as well, and is all that needs numpy.  Its words are in `words.py`, its music in `styles/`.
"""
