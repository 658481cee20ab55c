"""`python -m musicbuild`: the same as the command, wherever it is called."""

# Python puts the working directory first on the path of `python -m`.  A project's folder may be
# anyone's, and a `yaml.py` in it would run with the user's keys: it goes before all else, even
# `__future__`, is imported.  ruff: noqa: E402, I001, FA102

import sys

if not sys.flags.safe_path:
    del sys.path[0]

from musicbuild.entry import run

if __name__ == "__main__":
    # Not `main`, which may end the process at once: `-m` is how profilers and debuggers run it.
    sys.exit(run(sys.argv[1:]))
