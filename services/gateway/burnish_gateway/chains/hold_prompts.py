"""The prompts that a chain runs, held while it is saved: one that was put away just now is in no chain that is saved behind it."""

from typing import Any
from uuid import UUID

from burnish_gateway.registry import store, uses_store
from burnish_gateway.registry.prompt import check_not_archived, no_such_prompt
from burnish_shared.chains.form import Call, all_steps
from burnish_shared.chains.read_form import read_chain
from burnish_shared.db.session import Tx
from burnish_shared.slug import PromptName


async def hold_prompts(tx: Tx, workspace_id: UUID, content: dict[str, Any]) -> None:
    """Until the transaction ends nobody puts them away, or moves or removes their labels. What else may be wrong with them was looked at
    before (`check_prompts`). Raises NotFound for a prompt, label or version that is not there any more, Conflict for an archived prompt.
    """
    steps: dict[PromptName, str] = {}
    for step in all_steps(read_chain(content).steps):
        if isinstance(step.does, Call):
            steps.setdefault(step.does.prompt, f"steps.{step.id}.prompt")
    await uses_store.hold(tx, workspace_id, sorted({name.slug for name in steps}))
    for name, param in steps.items():
        head = await store.find_head(tx, workspace_id, name.slug)
        if head is None:
            raise no_such_prompt(name.slug, param=param)
        check_not_archived(head.prompt)
        head.named(label=name.label, version=name.version)
