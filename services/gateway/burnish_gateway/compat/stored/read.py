"""Chat completions read again from the record, as OpenAI's clients call it: alone, in lists, and what they were asked (PRODUCT E2).

Source: https://platform.openai.com/docs/api-reference/chat/list and …/chat/getMessages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.principal import Principal
from burnish_gateway.compat.completion import completion_object
from burnish_gateway.compat.deletion import is_none_here
from burnish_gateway.compat.format import Facts
from burnish_gateway.compat.stored.store import FoundCompletions, forgotten_through, list_completions
from burnish_gateway.deps import Gateway
from burnish_gateway.execution import store
from burnish_gateway.execution.read import Open, find_one
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound

SEARCHES_MOST: Final = 10
"""Times that a page without any completion is searched on: OpenAI's clients take an empty page for the end, whatever it says."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed by. None: by nothing."""

    model: str | None
    metadata: Mapping[str, str]
    newest_first: bool


async def read_completion(gateway: Gateway, principal: Principal, completion_id: str) -> Facts:
    """Raises NotFound for absent and foreign alike, for what is no answer in words, for one that ended badly and for one whose text is not
    kept; Conflict for one that has not ended."""
    return completion_of(await _find(gateway, principal, completion_id))


async def list_messages(gateway: Gateway, principal: Principal, completion_id: str) -> list[Facts]:
    """What the model was sent, oldest first. Raises as `read_completion`."""
    row = await _find(gateway, principal, completion_id)
    return [_message(one, message_id=f"{row['execution_id']}-{index}") for index, one in enumerate(row["messages"])]


async def list_page(gateway: Gateway, principal: Principal, wanted: Wanted, *, after: str | None, limit: int) -> Facts:
    """A page of completions, whose text is kept. Where so many others stood between that the search ended before the page was full, there
    is more behind `last_id`. Raises InvalidField for an `after` that is no id of ours, and where so many stood there that none was found.
    """
    begin = None if after is None else _named(after)
    if after is not None and begin is None:
        raise InvalidField("after: must be the id of a completion.", param="after")
    found = await _search(gateway, principal, wanted, begin=begin, limit=limit)
    if not found.rows and found.searched_to is not None:
        raise InvalidField(
            f"after: none was found among the executions up to {found.searched_to}, and there are more; go on with it as after.",
            param="after",
        )
    data = [completion_of(row) for row in found.rows[:limit]]
    more = len(found.rows) > limit
    last_id = data[-1]["id"] if data else None
    if not more and found.searched_to is not None:
        more, last_id = True, str(found.searched_to)
    return {"object": "list", "data": data, "first_id": data[0]["id"] if data else None, "last_id": last_id, "has_more": more}


async def _search(gateway: Gateway, principal: Principal, wanted: Wanted, *, begin: UUID | None, limit: int) -> FoundCompletions:
    """A page, searched for until one is found: each search is a transaction of its own."""
    found = FoundCompletions((), begin)
    for number in range(SEARCHES_MOST):
        async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
            from_id = found.searched_to
            if number == 0 and from_id is None and not wanted.newest_first:
                from_id = await forgotten_through(tx, principal.workspace_id)
            found = await list_completions(
                tx, after=from_id, limit=limit, newest_first=wanted.newest_first, model=wanted.model, metadata=dict(wanted.metadata)
            )
            await store.flush(tx)
        if found.rows or found.searched_to is None:
            break
    return found


async def _find(gateway: Gateway, principal: Principal, completion_id: str) -> Record:
    execution_id = execution_named(completion_id)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await find_completion(tx, execution_id)
        await store.flush(tx)
    return found


async def find_completion(tx: Tx, execution_id: UUID) -> Record:
    """The row of its execution. Raises as `read_completion`."""
    found = await find_one(tx, execution_id, noun="completion")
    if isinstance(found, Open):
        raise Conflict("This completion has not ended; read it once it has.", retry_after_s=1)
    if is_none_here(found):
        raise absent()
    if found["status"] != "success":
        raise NotFound(f"This completion ended as {found['status']}; GET /v1/executions/{execution_id} says why, and what had come of it.")
    if found["messages"] is None:
        raise NotFound(
            "No text of this completion is kept: it was not stored, its time is over, or it was erased. "
            f"GET /v1/executions/{execution_id} has its figures."
        )
    return found


def completion_of(row: Record) -> Facts:
    """A row of `find_completion`, as OpenAI's clients read it."""
    made = completion_object(store.outcome_of(row).model_dump(mode="json"))
    return made | {"metadata": row["metadata"] or {}, "request_id": row["request_id"] or None}


def _message(message: Any, *, message_id: str) -> Facts:
    """As OpenAI tells it: text as `content`, several parts as `content_parts`. What came in from elsewhere was stored as it came."""
    told = dict(message) if isinstance(message, dict) else {"role": "user", "content": str(message)}
    content = told.get("content")
    parts = list(content) if isinstance(content, list) else None
    text = content if isinstance(content, str) else _text(parts) if parts is not None else None
    return told | {"id": message_id, "content": text, "content_parts": parts}


def _text(parts: Sequence[Any]) -> str | None:
    """Of parts that are nothing but texts; None where another is among them."""
    texts = [one.get("text") for one in parts if isinstance(one, dict) and one.get("type") == "text"]
    return "".join(one or "" for one in texts) if len(texts) == len(parts) else None


def without_texts(made: Facts) -> Facts:
    """What became of it and what it cost, for who may not read what was said."""
    said = {"role": "assistant", "content": None, "refusal": None}
    return made | {"choices": [one | {"message": said, "logprobs": None} for one in made["choices"]]}


def _named(completion_id: str) -> UUID | None:
    try:
        return UUID(completion_id)
    except ValueError:
        return None


def execution_named(completion_id: str) -> UUID:
    """The execution of a completion. Raises NotFound for an id that is none of ours."""
    found = _named(completion_id)
    if found is None:
        raise absent()
    return found


def absent() -> NotFound:
    """Of a completion that is not there."""
    return NotFound("There is no completion of this id.")
