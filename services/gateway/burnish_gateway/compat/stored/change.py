"""A completion that was stored is changed: its metadata is said anew, as OpenAI's clients do it.

Source: https://platform.openai.com/docs/api-reference/chat/update.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response
from pydantic import ConfigDict, Field

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.access.scopes import READS_TEXTS, may
from burnish_gateway.compat.stored.read import completion_of, find_completion, without_texts
from burnish_gateway.deps import Gateway
from burnish_gateway.execution import content_store
from burnish_gateway.execution.delete_texts import check_may_change, held
from burnish_gateway.guardrails.kept_words import kept_words
from burnish_gateway.idempotency import run_once
from burnish_gateway.wire import ApiModel
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict


class CompletionChange(ApiModel):
    """What of a completion may be changed."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    metadata: Annotated[
        dict[str, Any] | None, Field(max_length=100, description="In place of all that there was; null takes it away. Not who asked")
    ]


async def change_completion(
    request: Request, gateway: Gateway, principal: Principal, execution_id: UUID, change: CompletionChange
) -> Response:
    """Masked as the record of a call is, and told as a key that may not read texts may hear it. Raises NotFound and Conflict as
    `read_completion`, a repeat of what was answered before too; Forbidden as `check_may_change`; Conflict in a workspace that keeps no
    text, and under a legal hold."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        await find_completion(tx, execution_id)  # or the stored answer of a repeat would bring a deleted one back
    if change.metadata and not principal.workspace.store_content:
        raise Conflict("This workspace keeps no text any more (store_content), and metadata is text.", param="metadata")
    [metadata] = await kept_words(gateway.rules, principal.workspace_id, [change.metadata or {}])

    async def work(tx: Tx) -> dict[str, Any]:
        found = await find_completion(tx, execution_id)
        await check_may_change(tx, principal, execution_id, what="change its metadata")
        if metadata != (found["metadata"] or {}):
            if await content_store.is_held(tx, principal.workspace_id):
                raise held()
            await content_store.set_metadata(tx, execution_id, metadata)
            await audit.note(
                tx, principal, action="execution.metadata_changed", kind="execution", key=str(execution_id),
                before={"entries": len(found["metadata"] or {})}, after={"entries": len(metadata)},
            )  # fmt: skip
            found = await find_completion(tx, execution_id)
        made = completion_of(found)
        return made if may(principal, READS_TEXTS) else without_texts(made)

    return await run_once(gateway, request, principal, status=200, work=work)
