"""Reads what a call names of earlier answers by id alone, before it is taken apart."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.principal import Principal
from burnish_gateway.access.scopes import READS_TEXTS, check_scope
from burnish_gateway.compat.format import Chat
from burnish_gateway.compat.responses.earlier import going_on, not_kept
from burnish_gateway.compat.responses.references import MAY_REFER, Said, check_length, referred_in, with_items, without_items
from burnish_gateway.deps import Gateway
from burnish_gateway.execution import store
from burnish_gateway.execution.client_request import repeated_with
from burnish_gateway.strict_json import parse_json
from burnish_gateway.wire import CHAT_MOST_BYTES
from burnish_shared.books.admission_request import IdempotencyKey
from burnish_shared.errors import InvalidBody
from burnish_shared.json_bytes import encoded


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
    PayloadTooLarge where it becomes longer than a body may be, IdempotencyMismatch for a key that was used with another body.
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
        if key is not None and (repeats := await repeated_with(tx, principal.workspace_id, key=key)) is not None:
            return Recalled(encoded(without_items(body)), repeats)
        check_scope(principal, READS_TEXTS)
        check_length(await store.bytes_of_answers(tx, referred), most_bytes=CHAT_MOST_BYTES)
        rows = await store.find_answers(tx, referred)
    said = {row["execution_id"]: _said(row) for row in rows}
    return Recalled(encoded(with_items(body, said, size=len(raw), most_bytes=CHAT_MOST_BYTES)))


async def go_on(chat: Chat, *, gateway: Gateway, principal: Principal) -> Chat:
    """The call behind the conversation of the answer that it names, if it names one.

    Raises Forbidden and PayloadTooLarge as `recall` does, and InvalidField where there is no such conversation that can be sent again.
    """
    if chat.goes_on is None:
        return chat
    check_scope(principal, READS_TEXTS)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        check_length(await store.bytes_of_conversation(tx, chat.goes_on) or 0, most_bytes=CHAT_MOST_BYTES)
        found = await store.find_conversation(tx, chat.goes_on)
    if found is None:
        raise not_kept()
    made = going_on(chat, messages=found["messages"], said=_said(found), is_of_a_prompt=found["slug"] is not None)
    check_length(len(encoded(made.order.messages)), most_bytes=CHAT_MOST_BYTES)
    return made


async def repeated_by(chat: Chat, *, gateway: Gateway, principal: Principal, key: IdempotencyKey | None) -> UUID | None:
    """Of a call that goes on with an earlier answer: the execution that was asked for with the same body and key before. Its answer stands,
    whatever became of the conversation. Raises IdempotencyMismatch.
    """
    if chat.goes_on is None or key is None:
        return None
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return await repeated_with(tx, principal.workspace_id, key=key)


def _said(row: Record) -> Said:
    return Said(row["output"], row["tool_calls"] or [], row["beside"] or {})
