"""Reads responses again by their ids, and ends them: of `/v1/responses` what OpenAI's clients call besides (PRODUCT E2)."""

from uuid import UUID

from asyncpg import Record
from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Principal
from burnish_gateway.access.scopes import READS_TEXTS, may
from burnish_gateway.compat.deletion import DeletedResponse, delete_answer, is_none_here
from burnish_gateway.compat.format import Facts
from burnish_gateway.compat.responses.earlier import execution_in
from burnish_gateway.compat.responses.kept import asked_of, input_items, kept_response, open_response, without_texts
from burnish_gateway.deps import Gateway
from burnish_gateway.execution import books, store
from burnish_gateway.execution.cancel import cancel
from burnish_gateway.execution.read import Open, find_one
from burnish_shared.errors import Conflict, NotFound


async def read_response(gateway: Gateway, principal: Principal, response_id: str) -> Facts:
    """As it stands in the record: whole where it has ended, its status alone before. Raises NotFound for absent and foreign alike, and
    for what is no answer in words.
    """
    found = await find_response(gateway, principal, response_id)
    if isinstance(found, Open):
        return open_response(response_id.removeprefix("resp_"), is_queued=found.is_queued, background=found.background)
    return kept_response(outcome_in(found), asked=asked_of(found))


async def find_response(gateway: Gateway, principal: Principal, response_id: str) -> Record | Open:
    """The row of its execution. Raises NotFound as `read_response`."""
    return await _find(gateway, principal, _named(response_id))


def outcome_in(row: Record) -> Facts:
    return store.outcome_of(row, output_json=books.output_json(row)).model_dump(mode="json")


async def list_input_items(gateway: Gateway, principal: Principal, response_id: str) -> list[Facts]:
    """Everything that the model was sent, oldest first. Raises NotFound as `read_response`, and where its text is not kept; Conflict for
    a response that has not ended: its record is written then.
    """
    execution_id = _named(response_id)
    found = await _find(gateway, principal, execution_id)
    if isinstance(found, Open):
        raise Conflict("This response has not ended; what it was asked can be read once it has.", retry_after_s=1)
    if found["messages"] is None:
        raise NotFound("No text of this response is kept.")
    return input_items(str(execution_id), found["messages"])


async def cancel_response(gateway: Gateway, principal: Principal, response_id: str) -> Facts:
    """Ends it, whoever waits for it, and reads it, for a key that may not read texts without them. One that has ended stays as it is.
    Raises NotFound as `read_response`.
    """
    execution_id = _named(response_id)
    await _find(gateway, principal, execution_id)
    await cancel(gateway, principal, execution_id)
    made = await read_response(gateway, principal, response_id)
    return made if may(principal, READS_TEXTS) else without_texts(made)


async def delete_response(request: Request, gateway: Gateway, principal: Principal, response_id: str) -> Response:
    """Raises NotFound as `read_response`, a second time too; else as `delete_texts`."""
    return await delete_answer(request, gateway, principal, _named(response_id), told=DeletedResponse, absent=_absent())


async def _find(gateway: Gateway, principal: Principal, execution_id: UUID) -> Record | Open:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await find_one(tx, execution_id, noun="response")
        if not isinstance(found, Open):
            await store.flush(tx)
    if not isinstance(found, Open) and is_none_here(found):
        raise _absent()
    return found


def _named(response_id: str) -> UUID:
    execution_id = execution_in(response_id)
    if execution_id is None:
        raise _absent()
    return execution_id


def _absent() -> NotFound:
    return NotFound("There is no response of this id.")
