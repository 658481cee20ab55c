"""How what `verify` found is told: what, where, and what mends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..findings import Finding, Grade, Mend, Problem, Report
from .look import Look, Style, count, escape

STYLES: Mapping[Grade, Style] = {
    Grade.LOST: Style.ERROR,
    Grade.STALE: Style.WARNING,
    Grade.NOTE: Style.DIM,
}

WHAT: Mapping[Problem, str] = {
    Problem.WRONG_KEY: "{where} in the lock is not what its key was made from",
    Problem.WRONG_SIZE: "{where} in the lock has another size than its audio",
    Problem.WRONG_TAKE: "{where} in the lock has another take than its purchase",
    Problem.NO_PURCHASE: "{where} in the lock was made from a purchase that is not in it",
    Problem.OBJECT: "`{where}` is damaged",
    Problem.AUDIO: "the audio of `{track}`, {where}, is nowhere on this machine",
    Problem.MISSING: "`{where}` is missing",
    Problem.CHANGED: "`{where}` is not as it was made",
    Problem.OTHER: "`{where}` is an earlier output",
    Problem.POINTER: "`{where}` is a Git LFS pointer",
    Problem.OPEN: "an order of `{track}` is open, `{where}`",
    Problem.TORN: "the last line of `{where}` breaks off, as a crash leaves it",
    Problem.RECORD: "`{where}` is damaged, the record of an order that was closed",
    Problem.STRAY: "`{where}` is no object of the store",
    Problem.LEFT_OVER: "`{where}` was left over by a build that died",
    Problem.THERE: "`{where}` in the team's store is damaged",
    Problem.NOT_THERE: "the team's store lacks {where}",
}

WAYS: Mapping[Mend, str] = {
    Mend.VERSION_CONTROL: "restore `musicbuild.lock` from version control",
    Mend.LOCK_FIRST: "mend the lock, and verify again",
    Mend.FROM_STORE: "{build} puts it back from the store, for nothing",
    Mend.FROM_AUDIO: "{build} makes it again from the audio, for nothing",
    Mend.FROM_OUTPUT: "{build} takes it from `{source}`, for nothing",
    Mend.COMPOSE: "{build} has it composed again, for nothing",
    Mend.FETCH: "{build} asks {source} for it again, for nothing",
    Mend.ADOPT: (
        "`musicbuild adopt` takes it from `{source}` once more; or copy `.musicbuild/store` from"
        " where that was done"
    ),
    Mend.LATER: "no track needs it; if one does again, a build asks {source} for it, for nothing",
    Mend.SERVED: "remove it; its music is in `{source}`",
    Mend.REMOVE: "remove it; nothing needs it",
    Mend.PRUNE: "`musicbuild prune` takes it away",
    Mend.OVERWRITE: (
        "move it away to keep it, or `musicbuild build {track} --overwrite` replaces it,"
        " for nothing"
    ),
    Mend.LFS: "`git lfs pull` fetches it",
    Mend.RECOVER: "`musicbuild recover` looks after it",
    Mend.CLOSED: "nothing is done by what it says; leave it, or remove it",
    Mend.PUSH: "`musicbuild push` sends what is here",
    Mend.PUSH_CHECK: "`musicbuild push --check` puts it right, from where it is whole",
    Mend.NOTHING: "no order was sent, and nothing needs to be done",
}


def verify_lines(report: Report, look: Look) -> list[str]:
    """Word a finding a line, and then what was looked at."""
    lines = [
        f" {look.paint(f'{one.problem.grade.value:<5}', STYLES[one.problem.grade])}"
        f"  {escape(what(one))}: {escape(way_out(one))}"
        for one in report.findings
    ]
    return [*lines, *([""] if lines else []), *_looked_at(report, look)]


def verify_data(report: Report) -> dict[str, Any]:
    return {
        "findings": [_finding(one) for one in report.findings],
        "purchases": report.purchases,
        "objects": report.objects,
        "bytes": report.bytes,
        "outputs": report.outputs,
        "unused": report.unused,
        "elsewhere": report.elsewhere,
        "trash": {"files": len(report.trash), "bytes": sum(report.trash)},
    }


def verify_error(report: Report) -> str:
    """Say how many findings are grave, or nothing."""
    lost, stale = len(report.grade(Grade.LOST)), len(report.grade(Grade.STALE))
    if lost:
        return f"{count(lost, 'thing')} {_are(lost)} lost or damaged"
    return f"{count(stale, 'output')} {_are(stale)} not as the lock says" if stale else ""


def what(finding: Finding) -> str:
    if finding.said:
        return finding.said.message
    return WHAT[finding.problem].format(where=finding.where, track=finding.track)


def way_out(finding: Finding) -> str:
    if finding.said:
        return finding.said.hint
    force = f" --force {finding.track}" if finding.force else ""
    build = f"`musicbuild build{force}`"
    return WAYS[finding.mend].format(build=build, source=finding.source, track=finding.track)


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "grade": finding.problem.grade.value,
        "problem": finding.problem.value,
        "where": finding.where,
        "track": finding.track or None,
        "message": what(finding),
        "hint": way_out(finding),
    }


def _looked_at(report: Report, look: Look) -> list[str]:
    head = "found" if report.findings else "whole"
    size = f"{report.bytes / 1e6:.1f} MB"
    purchases, objects = count(report.purchases, "purchase"), count(report.objects, "object")
    outputs = count(report.outputs, "output")
    looked_at = f"looked at {purchases}, {objects} ({size}), {outputs}"
    lines = [f" {look.paint(head, Style.STRONG)}  {looked_at}"]
    if report.unused:
        lines.append(f"        {count(report.unused, 'object')} in the store that nothing needs")
    if report.elsewhere:
        pieces = count(report.elsewhere, "purchase")
        lines.append(f"        {pieces} not in the store, and not needed there")
    if report.trash:
        size = f"{sum(report.trash) / 1e6:.1f} MB"
        lines.append(f"        {count(len(report.trash), 'file')} ({size}) in the trash")
    return lines


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
