"""musicbuild makes the music a manifest asks for, and never pays twice for any of it."""

__version__ = "0.1.0"
