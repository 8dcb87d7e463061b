"""What a client calls its request: once in a workspace, for good (PRODUCT E13). Who gives no such name pays nothing for it."""

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.execution import client_request_store as store
from burnish_gateway.idempotency import mismatch
from burnish_shared.books.admission_request import IdempotencyKey
from burnish_shared.contracts.executions import ExecutionRequest
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, Conflict, IdempotencyInProgress, Unavailable
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


async def or_known(made: Awaitable[T], *, gateway: Gateway, principal: Principal, key: IdempotencyKey | None) -> T | UUID:
    """What was made; where that is refused by now, the execution that the same body with the same key was answered with before: that answer
    stands, whatever became of labels, prompts and models. Raises what `made` raises, and IdempotencyMismatch.
    """
    try:
        return await made
    except Unavailable:
        raise
    except BurnishError:
        known = await all_known(gateway, principal, [key])
        if known is None:
            raise
        return known[0]


async def all_known(gateway: Gateway, principal: Principal, keys: Sequence[IdempotencyKey | None]) -> list[UUID] | None:
    """The executions that were admitted with these keys before, in their order; None where there is one without. Raises
    IdempotencyMismatch.
    """
    found: list[UUID] = []
    named = [key for key in keys if key is not None]
    if not named or len(named) < len(keys):
        return None
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        for key in named:
            known = await repeated_with(tx, principal.workspace_id, key=key)
            if known is None:
                return None
            found.append(known)
    return found


async def once(
    request: ExecutionRequest,
    *,
    gateway: Gateway,
    key: IdempotencyKey | None,
    admit: Callable[[], Awaitable[T]],
    begins: Callable[[T], bool],
) -> T:
    """What `admit` returns, where the name is free or the key is that of the execution which has it. `begins`: whether that
    is this execution.

    Raises ClientRequestTaken; IdempotencyInProgress where the same request with the same key is being admitted at this moment. A refusal
    leaves the name free, and so does the answer of an execution that gave the name up with its text; what a crash left behind is free again
    after a minute.
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
            answer = await admit()
        except BurnishError:
            await _let_go(gateway, workspace_id, name, execution_id=owner)
            raise
        if not begins(answer):
            await _let_go(gateway, workspace_id, name, execution_id=owner)
        return answer
    if known == owner:
        return await admit()  # which answers with the execution that has both key and name, or says that the body is another one
    if is_being_admitted:
        raise IdempotencyInProgress("The same request is being worked on; try again in a second.", retry_after_s=1)
    raise ClientRequestTaken(
        f"Another execution has the client_request_id {name!r}; read it by its id, or give this one another.",
        param="client_request_id",
        details={"execution_id": str(owner)},
    )


async def _let_go(gateway: Gateway, workspace_id: UUID, name: str, *, execution_id: UUID) -> None:
    with contextlib.suppress(BurnishError):
        async with gateway.db.unit_of_work(workspace=workspace_id) as tx:
            await store.let_go(tx, workspace_id, name, execution_id=execution_id)
