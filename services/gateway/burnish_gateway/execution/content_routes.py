"""`DELETE /v1/executions/{id}/content`: the texts of one execution go at once."""

from typing import Annotated
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.execution.delete_texts import delete_texts
from burnish_gateway.idempotency import run_once
from burnish_gateway.wire import make_router
from burnish_shared.db.session import Tx

router = make_router("executions")


class DeletedTexts(BaseModel):
    """Of an execution whose texts are gone."""

    id: UUID
    texts_deleted_at: Annotated[str, Field(description="When, in UTC. The audit log says by whom")]


@router.delete("/v1/executions/{execution_id}/content", response_model=DeletedTexts, summary="Delete the texts of an execution at once")
async def delete_content(request: Request, gateway: GatewayParts, principal: Viewer, execution_id: UUID) -> Response:
    """What retention takes when its time is over: messages, variables, answer, calls of tools, metadata, who asked, the cached answer,
    words of feedback, judges and reviews, and the comments on it. Figures, costs and the row stay. It does not come back. Items of
    datasets are yours to remove.

    For the key that asked, or a later one of its line, and admins (a narrowed key: with `privacy:write`). 409 while it is under way,
    and under a legal hold. A repeat is answered like the first.
    """

    async def work(tx: Tx) -> DeletedTexts:
        gone = await delete_texts(tx, principal, execution_id)
        return DeletedTexts(id=execution_id, texts_deleted_at=gone.at)

    return await run_once(gateway, request, principal, status=200, work=work)
