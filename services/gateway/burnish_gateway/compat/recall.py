"""Reads what a call names of earlier answers by id alone, before it is taken apart."""

from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.principal import Principal
from burnish_gateway.access.scopes import check_scope
from burnish_gateway.compat.responses.references import MAY_REFER, Said, check_length, referred_in, with_items, without_items
from burnish_gateway.deps import Gateway
from burnish_gateway.execution import client_request_store, store
from burnish_gateway.strict_json import parse_json
from burnish_gateway.wire import CHAT_MOST_BYTES
from burnish_shared.books.admission import IdempotencyKey
from burnish_shared.errors import InvalidBody
from burnish_shared.json_bytes import encoded

READS_TEXTS: Final = "executions:read"


@dataclass(frozen=True, slots=True)
class Recalled:
    """A body as it is taken. `repeats`: an execution that was asked for with the same body and key before, whose answer stands. What the
    body names is not filled in then: its text may be erased since.
    """

    body: bytes
    repeats: UUID | None = None


class Recall(Protocol):
    """A body as it came, and what it is taken for. `key`: the caller's."""

    async def __call__(self, raw: bytes, *, gateway: Gateway, principal: Principal, key: IdempotencyKey | None) -> Recalled: ...


async def recall(raw: bytes, *, gateway: Gateway, principal: Principal, key: IdempotencyKey | None) -> Recalled:
    """The body of a response with items in the place of references to them; most bodies hold none, and stay as they are.

    Raises InvalidField for an id of which no text is kept in this workspace, Forbidden for a key that may not read texts,
    PayloadTooLarge where it becomes longer than a body may be.
    """
    if MAY_REFER.search(raw) is None:
        return Recalled(raw)
    try:
        body = parse_json(raw, duplicate_keys=True)
    except InvalidBody:
        return Recalled(raw)  # what is wrong with it, the format says
    referred = referred_in(body)
    if not referred:
        return Recalled(raw)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        if key is not None and (repeats := await client_request_store.repeated_with(tx, principal.workspace_id, key=key)) is not None:
            return Recalled(encoded(without_items(body)), repeats)
        check_scope(principal, READS_TEXTS)
        check_length(await store.bytes_of_answers(tx, referred), most_bytes=CHAT_MOST_BYTES)
        rows = await store.find_answers(tx, referred)
    said = {row["execution_id"]: _said(row) for row in rows}
    return Recalled(encoded(with_items(body, said, size=len(raw), most_bytes=CHAT_MOST_BYTES)))


def _said(row: Record) -> Said:
    return Said(row["output"], row["tool_calls"] or [], row["beside"] or {})
