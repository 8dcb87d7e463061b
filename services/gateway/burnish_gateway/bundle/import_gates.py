"""Bring in what prompts ask of their own test runs (`registry/gate_routes.py`): of new prompts. Admins set it, and import."""

from collections.abc import Sequence
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.bundle import evaluator_store
from burnish_gateway.bundle.form import PromptForm
from burnish_gateway.bundle.notes import Notes
from burnish_gateway.registry import store
from burnish_gateway.registry.gate_store import OwnGate, put_gate
from burnish_gateway.team.change_workspace import check_gate_evaluator
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.slug import parse_slug


async def import_gates(tx: Tx, principal: Principal, forms: Sequence[PromptForm], *, dry_run: bool) -> Notes:
    """`forms`: of prompts that are made by this import. Called when evaluators are in: a gate names one by its name. Notes say what was
    left out."""
    notes = Notes()
    for one in forms if not dry_run else ():
        await _bring(tx, principal, one, notes)
    return notes


async def _bring(tx: Tx, principal: Principal, form: PromptForm, notes: Notes) -> None:
    head, said = await store.find_head(tx, principal.workspace_id, parse_slug(form.slug)), form.gate
    if head is None or said is None:
        return
    evaluator_id: UUID | None = None
    if said.evaluator is not None:
        found = (await evaluator_store.lock_standing(tx, principal.workspace_id, [said.evaluator])).get(said.evaluator.lower())
        try:
            if found is None:
                raise InvalidField("there is no evaluator of this name here.", param="gate")
            evaluator_id = found["evaluator_id"]
            await check_gate_evaluator(tx, evaluator_id)
        except InvalidField as error:
            notes.lose(f"The evaluator '{said.evaluator}' of the test gate of '{form.slug}' is left out: {error.message}")
            evaluator_id = None
    gate = OwnGate(said.test_run_gate, evaluator_id, said.min_score)
    if gate == OwnGate():
        return
    await put_gate(tx, head.prompt, gate)
    await audit.note(tx, principal, action="prompt.gate_changed", kind="prompt", key=form.slug, before=OwnGate().told(), after=gate.told())
