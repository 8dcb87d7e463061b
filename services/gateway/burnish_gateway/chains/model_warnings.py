"""Models that steps of a chain name and that nobody can call here: saved all the same, since they may be added later, and said."""

from typing import Any

from burnish_gateway.models.abilities import answers_chats
from burnish_gateway.models.bodies import AUTO
from burnish_shared.chains.form import Call, all_steps
from burnish_shared.chains.read_form import read_chain
from burnish_shared.db import model_store
from burnish_shared.db.session import Tx


async def model_warnings(tx: Tx, content: dict[str, Any]) -> list[str]:
    """One for each step whose own model cannot answer now, in the order of the steps. What its prompt names, the prompt says."""
    calls = [(step.id, step.does.model) for step in all_steps(read_chain(content).steps) if isinstance(step.does, Call)]
    named = [(step_id, model) for step_id, model in calls if model is not None and model != AUTO]
    if not named:
        return []
    can_chat = {one.model: answers_chats(one.capabilities) for one in await model_store.list_models(tx)}
    return [
        f"steps.{step_id}.model: {model!r} makes embeddings and answers no chat; this step will fail."
        if model in can_chat
        else f"steps.{step_id}.model: there is no model {model!r} that can be called; this step will fail until there is one."
        for step_id, model in named
        if not can_chat.get(model, False)
    ]
