"""Reads what a call names of earlier answers by id alone, before it is taken apart."""

from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.principal import Principal
from burnish_gateway.access.scopes import check_scope
from burnish_gateway.compat.responses.earlier import MAY_GO_ON, check_prompt, going_on, not_kept, previous_in
from burnish_gateway.compat.responses.references import MAY_REFER, Said, check_length, referred_in, with_items, without_items
from burnish_gateway.deps import Gateway
from burnish_gateway.execution import client_request_store, store
from burnish_gateway.strict_json import parse_json
from burnish_gateway.wire import CHAT_MOST_BYTES
from burnish_shared.books.admission import IdempotencyKey
from burnish_shared.db.session import Tx
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
    """The body of a response with items in the place of references to them, and behind the conversation that it goes on with; most bodies
    name nothing, and stay as they are.

    Raises InvalidField for an id of which no text is kept in this workspace, Forbidden for a key that may not read texts,
    PayloadTooLarge where it becomes longer than a body may be.
    """
    if MAY_REFER.search(raw) is None and MAY_GO_ON.search(raw) is None:
        return Recalled(raw)
    try:
        body = parse_json(raw, duplicate_keys=True)
    except InvalidBody:
        return Recalled(raw)  # what is wrong with it, the format says
    referred, previous = referred_in(body), previous_in(body)
    if not referred and previous is None:
        return Recalled(raw)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        if key is not None and (repeats := await client_request_store.repeated_with(tx, principal.workspace_id, key=key)) is not None:
            return Recalled(encoded(without_items(body)), repeats)
        check_scope(principal, READS_TEXTS)
        earlier = None if previous is None else await _conversation(tx, previous)
        check_length(await store.bytes_of_answers(tx, referred), most_bytes=CHAT_MOST_BYTES)
        rows = await store.find_answers(tx, referred)
    said = {row["execution_id"]: _said(row) for row in rows}
    whole = with_items(body, said, size=len(raw), most_bytes=CHAT_MOST_BYTES) if referred else body
    return Recalled(encoded(whole if earlier is None else _after(earlier, whole)))


async def _conversation(tx: Tx, previous: UUID) -> Record:
    """Raises InvalidField where nothing that can go on is kept, PayloadTooLarge for more than a body may hold."""
    size = await store.bytes_of_conversation(tx, previous)
    if size is None:
        raise not_kept()
    check_length(size, most_bytes=CHAT_MOST_BYTES)
    found = await store.find_conversation(tx, previous)
    if found is None or not found["messages"] or (found["output"] is None and not found["tool_calls"] and not found["beside"]):
        raise not_kept()
    return found


def _after(earlier: Record, body: dict[str, Any]) -> dict[str, Any]:
    if earlier["slug"] is not None:
        check_prompt(body)
    outcome = {"id": str(earlier["execution_id"]), **{name: earlier[name] for name in ("output", "tool_calls", "beside")}}
    made = going_on(body, messages=earlier["messages"], outcome=outcome)
    check_length(len(encoded(made)), most_bytes=CHAT_MOST_BYTES)
    return made


def _said(row: Record) -> Said:
    return Said(row["output"], row["tool_calls"] or [], row["beside"] or {})
