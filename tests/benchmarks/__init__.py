"""How long musicbuild takes and how much memory, beside tools that do the like.

    python -m tests.benchmarks

`processes` and `inside` say what is measured, `goals` what is to be reached; docs/performance.md
explains each row.
"""
