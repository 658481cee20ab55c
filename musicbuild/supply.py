"""What of a plan a team's remote may have, so that nothing is paid for or made again."""

from __future__ import annotations

from collections.abc import Iterator

from .errors import RemoteError
from .hashing import Digest
from .lock import Lock
from .steps import Edited, Generate, Lost, Plan, Restore, Step
from .takes import fitted, picked
from .team import Team


def lacking(plan: Plan) -> list[Step]:
    """Return the steps that the team may spare this build."""
    return [step for step in plan.to_do if not isinstance(step, Edited)]


def supply(step: Step, lock: Lock, team: Team) -> RemoteError | None:
    """Fetch what a step is to make or to buy, as far as the team has it.

    Returns what kept it from looking.  Raises RemoteError, and IntegrityError, where something
    would be paid for that the team may have.
    """
    if isinstance(step, Generate):
        for spec, quote in zip(step.specs, step.quotes, strict=True):
            if quote is None or quote:
                team.bought(step.track.id, spec)
    try:
        digests = list(_outputs(step, lock))
        if (team.fetch(digests) or not digests) and isinstance(step, Lost):
            team.fetch([step.purchase.audio])
    except RemoteError as error:
        return error
    return None


def _outputs(step: Step, lock: Lock) -> Iterator[Digest]:
    """Yield the outputs of a track that were made before just as they are wished for now."""
    if isinstance(step, Restore):
        yield from step.objects.values()
        return
    locked = lock.tracks.get(step.track.id)
    bought = lock.purchases.get(picked(step.track, lock).key)
    if locked is None or bought is None:
        return
    for output in fitted(step.track, bought).outputs:
        made = locked.outputs.get(output.path)
        if made is not None and made.master == output.master.key(bought.audio):
            yield made.digest
