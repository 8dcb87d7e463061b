"""Which chains run a prompt: told beside it, and before it is put away, or loses the label by which they run it."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from burnish_gateway.chains import store
from burnish_shared.chains.form import Call, all_steps
from burnish_shared.chains.read_form import read_chain
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict
from burnish_shared.slug import PRODUCTION

NAMED_MOST: Final = 10


@dataclass(frozen=True, slots=True)
class ChainUse:
    """A served version of a chain that runs the prompt. `labels` name the version; `steps`: the ids of the steps that do, in order."""

    slug: str
    version: int
    labels: tuple[str, ...]
    steps: tuple[str, ...]


async def chains_running(tx: Tx, workspace_id: UUID, slug: str, *, label: str | None = None) -> list[ChainUse]:
    """By slug and version: versions of chains that a label names, or that are the newest; archived chains run nothing.

    With `label`: those that run the prompt by that label. Empty where none does.
    """
    found = []
    for one in await store.served_versions_naming(tx, workspace_id, slug, label=label):
        steps = tuple(step.id for step in all_steps(read_chain(one.content).steps) if _runs(step.does, slug, label))
        if steps:
            found.append(ChainUse(one.slug, one.version, tuple(one.labels), steps))
    return found


async def check_not_in_chains(tx: Tx, workspace_id: UUID, slug: str, *, what: str, label: str | None = None) -> None:
    """Raises Conflict where versions of chains that a label names, or that are the newest, run the prompt; archived chains run nothing.

    With `label`: where they run it by that label.
    """
    users = [f"{one.slug} (version {one.version})" for one in await chains_running(tx, workspace_id, slug, label=label)]
    if users:
        more = f" and {len(users) - NAMED_MOST} more" if len(users) > NAMED_MOST else ""
        raise Conflict(
            f"{what} would break chains that run it: {', '.join(users[:NAMED_MOST])}{more}. Take it out of those first.",
            param="prompt" if label is None else "label",
        )


def _runs(does: object, slug: str, label: str | None) -> bool:
    """`reply` alone means its label production."""
    if not isinstance(does, Call) or does.prompt.slug != slug:
        return False
    named = does.prompt.label or (PRODUCTION if does.prompt.version is None else None)
    return label is None or label == named
