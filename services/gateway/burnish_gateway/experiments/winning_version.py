"""Which version gives everybody what the winner gave (PRODUCT X4). A label names versions: of an arm with a model of its own it is one that
says so, saved when it is shipped, on top of the version that won and of nothing else."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from burnish_gateway.access.audit import Actor, note_in
from burnish_gateway.experiments.experiment import Experiment, PlannedArm
from burnish_gateway.registry import line_store, lines, store
from burnish_gateway.registry.add_version import Origin, save_on
from burnish_gateway.registry.content import VersionContent, taken_over
from burnish_gateway.registry.line_store import MAX_BRANCHES
from burnish_gateway.registry.prompt import Author, Prompt, Version, no_such_prompt
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict
from burnish_shared.slug import Label, Slug

MESSAGE_MOST = 200

NAME_MOST: Final = 40
"""Characters of the experiment's name in a branch's, which has 63: room for `won-` and for what keeps two of a name apart."""


@dataclass(frozen=True, slots=True)
class WinningVersion:
    """`model`: the arm's own, which `version` has; None: it has none. `branch`: the line that it was saved on; None: the main one."""

    version: int
    model: str | None = None
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class _Winning:
    """What the label is to give: `content` is `base` with the arm's model. `standing`: the version that says exactly this."""

    prompt: Prompt
    base: Version
    content: VersionContent
    standing: Version | None


async def standing_version(tx: Tx, experiment: Experiment, winner: PlannedArm, version: int) -> int | None:
    """The version that gives just what the arm gives, whoever saved it. None: there is none yet. Raises as `winning_version`."""
    if winner.model is None:
        return version
    standing = (await _winning(tx, experiment, winner.model, version)).standing
    return None if standing is None else standing.version


async def winning_version(
    tx: Tx, experiment: Experiment, winner: PlannedArm, version: int, *, by: Actor, author: Author, clock: Clock
) -> WinningVersion:
    """`version`: the arm's, as frozen at the start. The same with the arm's model, texts for certain models as they were; saved where there
    is none: as the newest while the main line stands at `version`, else on a branch of its own, so that `latest` goes on naming what
    people saved since. Idempotent. Raises NotFound, Conflict for an archived prompt, InvalidField where they do not go together.

    Note the change of the prompt at the end (`announce.experiment_changed`, `moved`).
    """
    if winner.model is None:
        return WinningVersion(version)
    found = await _winning(tx, experiment, winner.model, version)
    if found.standing is not None:
        return WinningVersion(found.standing.version, winner.model, found.standing.branch)
    branch = None if found.prompt.latest_version == version else await _free_branch(tx, found.prompt, experiment)
    saved = await save_on(
        tx, found.prompt, found.content, base=found.base, author=author, clock=clock, origin=Origin(),
        message=f"{winner.model} won the experiment '{experiment.name}'"[:MESSAGE_MOST], branch=branch,
    )  # fmt: skip
    number = saved.version.version
    if branch is not None:
        # Begun when its version stands: where that is refused, the experiment ends all the same, and no empty branch is left.
        await line_store.start_branch(tx, found.prompt, branch, version=version, by=by.actor)
        await line_store.move_branch(tx, found.prompt, branch, to=number)
        await _note(tx, experiment, by, "prompt.branch.started", {"branch": branch, "version": version})
    await _note(tx, experiment, by, "prompt.version.created", {"version": number, "base_version": version, "branch": branch})
    return WinningVersion(number, winner.model, branch)


async def _winning(tx: Tx, experiment: Experiment, model: str, version: int) -> _Winning:
    """The prompt is held until the transaction ends."""
    head = await store.lock_head(tx, experiment.workspace_id, Slug(experiment.slug))
    if head is None:
        raise no_such_prompt(Slug(experiment.slug))
    base = await lines.base_of(tx, head.prompt, version)
    content = taken_over(base.content, _given(base, model))
    return _Winning(head.prompt, base, content, await store.find_identical(tx, head.prompt, content))


def _given(base: Version, model: str) -> Mapping[str, Any]:
    """A model that stood in for another one until now does not stand in for itself."""
    spare = base.content.spec.get("fallback_models") or []
    if model not in spare:
        return {"model": model}
    return {"model": model, "fallback_models": [one for one in spare if one != model] or None}


async def _free_branch(tx: Tx, prompt: Prompt, experiment: Experiment) -> Label:
    """A name that no branch of the prompt has. Raises Conflict where it has as many as it may."""
    taken = {one.branch for one in await line_store.list_branches(tx, prompt)}
    if len(taken) >= MAX_BRANCHES:
        raise Conflict(
            f"The version that won needs a branch of its own, because others were saved since, and the prompt '{prompt.slug}' has "
            f"{MAX_BRANCHES} branches, which is the most; remove one first.",
            param="branch",
        )
    return next(name for name in _names(experiment.name, experiment.experiment_id) if name not in taken)


def _names(experiment: str, experiment_id: UUID) -> list[Label]:
    """`won-` and what the experiment is called, as far as a branch's name can say it. One of them is free."""
    said = re.sub(r"[^a-z0-9]+", "-", experiment.casefold())[:NAME_MOST].strip("-")
    names = [f"won-{said}"] if said else []
    last = f"won-{said}-{experiment_id.hex[-12:]}" if said else f"won-{experiment_id.hex[-12:]}"
    return [Label(one) for one in (*names, last, *(f"{last}-{n}" for n in range(2, MAX_BRANCHES + 2)))]


async def _note(tx: Tx, experiment: Experiment, by: Actor, action: str, after: dict[str, Any]) -> None:
    told = after | {"experiment_id": str(experiment.experiment_id)}
    await note_in(tx, experiment.workspace_id, by, action=action, kind="prompt", key=experiment.slug, after=told)
