"""What a client calls its request: once in a workspace, for good (PRODUCT E13). Who gives no such name pays nothing for it."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from burnish_gateway.deps import Gateway
from burnish_gateway.execution import client_request_store as store
from burnish_gateway.idempotency import mismatch
from burnish_shared.books.admission_request import IdempotencyKey
from burnish_shared.contracts.executions import ExecutionRequest
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, Conflict, IdempotencyInProgress
from burnish_shared.storable_text import storable

T = TypeVar("T")


class ClientRequestTaken(Conflict):
    """Another execution of the workspace has this `client_request_id`; `details.execution_id` names it."""

    code = "client_request_id_taken"


async def repeated_with(tx: Tx, workspace_id: UUID, *, key: IdempotencyKey) -> UUID | None:
    """The execution that was admitted with this key and the same body. Raises IdempotencyMismatch for a key of another body's."""
    found = await store.find_key(tx, workspace_id, key=key)
    if found is None:
        return None
    if not found["is_same"]:
        raise mismatch()
    execution_id: UUID = found["execution_id"]
    return execution_id


async def once(request: ExecutionRequest, *, gateway: Gateway, key: IdempotencyKey | None, admit: Callable[[], Awaitable[T]]) -> T:
    """What `admit` returns, where the name is free or the key is that of the execution which has it.

    Raises ClientRequestTaken; IdempotencyInProgress where the same request with the same key is being admitted at this moment. A refusal
    leaves the name free; what a crash left behind is free again after a minute.
    """
    if request.caller.client_request_id is None:
        return await admit()
    workspace_id, name = request.workspace_id, storable(request.caller.client_request_id)
    known, is_being_admitted = None, False
    async with gateway.db.unit_of_work(workspace=workspace_id) as tx:
        owner = await store.claim(tx, workspace_id, name, execution_id=request.execution_id)
        if owner != request.execution_id and key is not None:
            known = await store.execution_under(tx, workspace_id, route=key.route, key=key.key)
            is_being_admitted = known is None and await store.is_being_admitted(tx, owner)
    if owner == request.execution_id:
        try:
            return await admit()
        except BurnishError:
            with contextlib.suppress(BurnishError):
                async with gateway.db.unit_of_work(workspace=workspace_id) as tx:
                    await store.let_go(tx, workspace_id, name, execution_id=owner)
            raise
    if known == owner:
        return await admit()  # which answers with the execution that has both key and name, or says that the body is another one
    if is_being_admitted:
        raise IdempotencyInProgress("The same request is being worked on; try again in a second.", retry_after_s=1)
    raise ClientRequestTaken(
        f"Another execution has the client_request_id {name!r}; read it by its id, or give this one another.",
        param="client_request_id",
        details={"execution_id": str(owner)},
    )
