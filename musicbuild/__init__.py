"""musicbuild makes the music a manifest asks for, and never pays twice for any of it.

    from pathlib import Path
    from musicbuild.project import open_project

    project = open_project(Path("musicbuild.yaml"))
    for step in project.plan().to_do:
        print(step.track.id, step.reasons)

The way of the program is that of its files: `manifest` reads what the author wrote, `prompt`
renders the templates, `spec` says what is asked of a provider, `plan` compares that with the
`lock`, and `build` does what the plan says.
"""

__version__ = "0.1.0"
# Nothing is imported here: `__main__` has first to see to where imports come from.
