"""A response or a completion is deleted, as OpenAI's clients do it: its texts go, its execution stays (PRODUCT E2, T8)."""

from typing import Literal
from uuid import UUID

from asyncpg import Record
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.delete_texts import delete_texts
from burnish_gateway.execution.read import Open, find_one
from burnish_gateway.idempotency import run_once
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError


class DeletedResponse(BaseModel):
    """Source: https://platform.openai.com/docs/api-reference/responses/delete."""

    id: str
    object: Literal["response"]
    deleted: Literal[True]


class DeletedCompletion(BaseModel):
    """Source: https://platform.openai.com/docs/api-reference/chat/delete."""

    id: str
    object: Literal["chat.completion.deleted"]
    deleted: Literal[True]


Told = type[DeletedResponse] | type[DeletedCompletion]


async def delete_answer(
    request: Request, gateway: Gateway, principal: Principal, execution_id: UUID, *, told: Told, absent: BurnishError
) -> Response:
    """Raises `absent` for what is no answer in words and for what was deleted before; else as `delete_texts`."""

    async def work(tx: Tx) -> BaseModel:
        found = await find_one(tx, execution_id, noun="response" if told is DeletedResponse else "completion")
        if not isinstance(found, Open) and is_none_here(found):
            raise absent
        if not (await delete_texts(tx, principal, execution_id)).by_this_call:
            raise absent
        kind = "response" if told is DeletedResponse else "chat.completion.deleted"
        return told.model_validate({"id": str(execution_id), "object": kind, "deleted": True})

    return await run_once(gateway, request, principal, status=200, work=work)


def is_none_here(row: Record) -> bool:
    """Whether an execution that has ended is no answer in words (embeddings are none), or one that was deleted."""
    return (row["settings"] or {}).get("kind") is not None or "texts_deleted_at" in (row["details"] or {})
