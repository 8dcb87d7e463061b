"""Begin a session: what could never work is refused before anything costs (PRODUCT S1)."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.principal import Principal
from burnish_gateway.assistant import settings_store
from burnish_gateway.assistant.models import callable_model, usual_model
from burnish_gateway.clarifications import store
from burnish_gateway.clarifications.brief import OUTPUT_TOKENS, messages_for
from burnish_gateway.clarifications.memory import begun
from burnish_gateway.clarifications.owner import owner_of
from burnish_gateway.clarifications.state import Session
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.verdicts import suspended
from burnish_gateway.turns_store import take_turns
from burnish_shared.db.session import Tx
from burnish_shared.errors import ConcurrencyLimited, Conflict, InvalidField
from burnish_shared.guarding.masks import blotted
from burnish_shared.guarding.spans import to_bytes, to_text
from burnish_shared.guarding.texts import each_text
from burnish_shared.hops import current_hops
from burnish_shared.ids import new_uuid
from burnish_shared.tokens import tokens_in_messages
from burnish_shared.tracing import new_traceparent, valid

ASKED_AT_ONCE_MOST: Final = 10
"""Sessions of one owner for which a model is being asked: more are a program's mistake."""

KEPT_MOST_CHARS: Final = 40_000
"""Of a rough prompt with its masks, which may be longer than what they stand for: the check of its column."""

ANSWERS_ROOM_TOKENS: Final = 6_000
"""What three rounds of answers add, as people answer; a model's context must hold it beside the rough prompt."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """What a session begins with, whichever interface it came by."""

    initial_prompt: str
    selections: dict[str, Any] = field(default_factory=dict)
    ask_model: str | None = None
    write_model: str | None = None
    user_id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


async def models_in_use(gateway: Gateway, principal: Principal, chosen: Record | None) -> dict[str, str]:
    """What sessions that start now are given: the workspace's choice, else the registry's."""
    ask = (chosen["ask_model"] if chosen else None) or await usual_model(gateway, principal, "clarification")
    write = (chosen["write_model"] if chosen else None) or await usual_model(gateway, principal, "prompt_writing")
    return {"ask": ask, "write": write}


def check_keeps_text(principal: Principal) -> None:
    """Raises Suspended, Conflict where the workspace keeps no text."""
    if principal.workspace.suspended_at is not None:
        raise suspended()
    if not principal.workspace.store_content:
        raise Conflict(
            "This workspace keeps no text, and a session lives of what was said; it needs store_content and a day of retention_days."
        )


async def plan_session(new: NewSession, *, gateway: Gateway, principal: Principal) -> NewSession:
    """The same with its models, and with what the workspace masks masked.

    Raises Conflict where the workspace keeps no text, Suspended, InvalidField for a model that cannot be called, or reads too little.
    """
    check_keeps_text(principal)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        chosen = await settings_store.find(tx)
    models = await models_in_use(gateway, principal, chosen)
    said = {"prompt": new.initial_prompt, "selections": new.selections, "metadata": new.metadata}
    masked = await kept_as_masked(gateway, principal, said)
    if len(masked["prompt"]) > KEPT_MOST_CHARS:
        raise InvalidField(
            f"initial_prompt: has {len(masked['prompt']):,} characters with its masks, and {KEPT_MOST_CHARS:,} is the most; shorten it.",
            param="initial_prompt",
        )
    planned = NewSession(
        masked["prompt"],
        masked["selections"],
        new.ask_model or models["ask"],
        new.write_model or models["write"],
        new.user_id,
        masked["metadata"],
    )
    messages = messages_for("write", _session(planned), initial_prompt=planned.initial_prompt, selections=planned.selections)
    needed = tokens_in_messages(messages) + ANSWERS_ROOM_TOKENS
    for param, model in (("ask_model", planned.ask_model or ""), ("write_model", planned.write_model or "")):
        facts = await callable_model(gateway, principal, model, param=param)
        if needed + min(OUTPUT_TOKENS["write"], facts.output_tokens) > facts.context_tokens:
            raise InvalidField(
                f"initial_prompt: takes about {needed:,} tokens with instructions and answers, and {model} reads {facts.context_tokens:,}; "
                "shorten it, or name another model.", param="initial_prompt",
            )  # fmt: skip
    return planned


async def insert_session(
    tx: Tx, new: NewSession, *, gateway: Gateway, principal: Principal, request_id: str, traceparent: str | None
) -> UUID:  # fmt: skip
    """The row, with its first task. The transaction is the owner's. Raises ConcurrencyLimited."""
    await take_turns(tx, principal.workspace_id, "clarifications")
    if await store.count_open(tx) >= ASKED_AT_ONCE_MOST:
        raise ConcurrencyLimited(
            f"Models are being asked for {ASKED_AT_ONCE_MOST} sessions of yours, which is the most at once.", retry_after_s=2
        )
    session_id, session = new_uuid(), _session(new)
    await store.insert(
        tx, session_id=session_id, workspace_id=principal.workspace_id, owner_id=owner_of(principal), task="ask",
        initial_prompt=new.initial_prompt, selections=new.selections, working_memory=session.memory.as_dict(), ask_model=new.ask_model,
        write_model=new.write_model, end_user=new.user_id, metadata=new.metadata, actor=principal.actor, api_key_id=principal.api_key_id,
        first_key_id=principal.first_key_id, user_id=principal.user_id, traceparent=new_traceparent(valid(traceparent)),
        request_id=request_id, hops=current_hops(), expires_at=gateway.clock.now(),
    )  # fmt: skip
    await store.touch(tx, session_id, hours=gateway.settings.clarification_hours)
    row = await store.find(tx, session_id)
    if row is not None:
        await store.add_message(tx, row, role="user", kind="note", content=new.initial_prompt)
    return session_id


async def kept_as_masked(gateway: Gateway, principal: Principal, value: Any) -> Any:
    """Texts as the workspace wants them kept; a session works with what is kept."""
    finders = (await gateway.rules.of(principal.workspace_id)).stored
    if not finders:
        return value
    return await asyncio.to_thread(each_text, value, lambda text: to_text(blotted(to_bytes(text), finders)))


def _session(new: NewSession) -> Session:
    return Session("pending", 0, "ask", (), begun({name: value for name, value in new.selections.items() if value is not None}))
