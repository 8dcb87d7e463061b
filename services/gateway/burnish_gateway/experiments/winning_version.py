"""Which version gives everybody what the winner gave (PRODUCT X4). A label names versions: of an arm with a model of its own it is one that
says so, saved when it is shipped."""

from collections.abc import Mapping
from typing import Any

from burnish_gateway.access.audit import Actor, note_in
from burnish_gateway.experiments.experiment import Experiment, PlannedArm
from burnish_gateway.registry import lines, store
from burnish_gateway.registry.add_version import Origin, add_version
from burnish_gateway.registry.prompt import Author, no_such_prompt
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.slug import Slug

MESSAGE_MOST = 200


async def winning_version(
    tx: Tx, experiment: Experiment, winner: PlannedArm, version: int, *, by: Actor, author: Author, clock: Clock
) -> int:
    """`version`: the arm's, as frozen at the start. The same with the arm's model, texts for certain models as they were; saved as the
    newest where there is none. Idempotent. Raises NotFound, Conflict for an archived prompt, InvalidField where they do not go together.

    Note the change of the prompt at the end (`announce.experiment_changed`, `moved`).
    """
    if winner.model is None:
        return version
    given = await _given(tx, experiment, winner.model, version)
    saved = await add_version(
        tx, experiment.workspace_id, Slug(experiment.slug), given, base_version=version, author=author, clock=clock,
        origin=Origin(newest_only=False), change_message=f"{winner.model} won the experiment '{experiment.name}'"[:MESSAGE_MOST],
    )  # fmt: skip
    if saved.is_new:
        await note_in(
            tx, experiment.workspace_id, by, action="prompt.version.created", kind="prompt", key=experiment.slug,
            after={"version": saved.version.version, "base_version": version, "experiment_id": str(experiment.experiment_id)},
        )  # fmt: skip
    return saved.version.version


async def _given(tx: Tx, experiment: Experiment, model: str, version: int) -> Mapping[str, Any]:
    """A model that stood in for another one until now does not stand in for itself."""
    head = await store.lock_head(tx, experiment.workspace_id, Slug(experiment.slug))
    if head is None:
        raise no_such_prompt(Slug(experiment.slug))
    spare = (await lines.base_of(tx, head.prompt, version)).content.spec.get("fallback_models") or []
    if model not in spare:
        return {"model": model}
    return {"model": model, "fallback_models": [one for one in spare if one != model] or None}
