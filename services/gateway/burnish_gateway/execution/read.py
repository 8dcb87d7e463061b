"""Reads executions for people and programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.execution import books, store
from burnish_gateway.feedback.store import feedback_of
from burnish_gateway.origin_store import find_origin, origin_shown
from burnish_gateway.scores.bodies import score_shown
from burnish_gateway.scores.store import scores_of
from burnish_shared.books.finished import BESIDE, CHOICES
from burnish_shared.contracts.executions import Lane
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound
from burnish_shared.ids import created_at
from burnish_shared.moments import in_utc_us


@dataclass(frozen=True, slots=True)
class Open:
    """An execution that has not ended. `is_queued`: nobody has begun it."""

    background: bool
    is_queued: bool


async def find_one(tx: Tx, execution_id: UUID, *, noun: str = "execution") -> Record | Open:
    """The row of an execution that has ended, with its texts. Raises NotFound for absent and foreign alike, of what the caller calls it."""
    row = await store.find_execution(tx, execution_id)
    if row is not None:
        return row
    held = await store.find_open(tx, execution_id)
    if held is not None:
        background = held["lane"] == Lane.BACKGROUND
        return Open(background, is_queued=background and held["fence"] == 1)
    row = await store.find_execution(tx, execution_id)  # it may have ended between the two looks
    if row is None:
        raise NotFound(f"There is no {noun} of this id.")
    return row


async def get_one(gateway: Gateway, principal: Principal, execution_id: UUID) -> dict[str, Any]:
    """A finished execution whole; of one under way its id and `queued` or `running`. Raises NotFound for absent and foreign alike."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await find_one(tx, execution_id)
        if isinstance(row, Open):
            status = "queued" if row.is_queued else "running"
            return {"id": str(execution_id), "status": status, "created_at": in_utc_us(created_at(execution_id))}
        feedback = await feedback_of(tx, execution_id)
        scores = [score_shown(one) for one in await scores_of(tx, execution_id)]
        origin = await find_origin(tx, execution_id) if row["lane"] == Lane.IMPORTED else None
        await store.flush(tx)
    return _whole(row, feedback) | {"scores": scores} | ({"imported": origin_shown(origin)} if origin is not None else {})


async def list_page(
    gateway: Gateway, principal: Principal, *, cursor: str | None, limit: int, filters: Mapping[str, Any]
) -> dict[str, Any]:
    """`{data, next_cursor, searched_to}`. Where the search ended early, the cursor goes on from there, however few were found."""
    after = gateway.cursors.open(cursor, principal.workspace_id, of="executions")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await store.list_executions(tx, after=UUID(after[0]) if after else None, limit=limit, filters=dict(filters))
    page = gateway.cursors.page(
        found.rows, limit=limit, workspace_id=principal.workspace_id, of="executions", position=lambda row: [str(row["execution_id"])]
    )
    page["data"] = [listed(row) for row in page["data"]]
    page["searched_to"] = None
    if (end := found.searched_to) is not None:
        page["next_cursor"] = gateway.cursors.make(principal.workspace_id, of="executions", position=[str(end)])
        page["searched_to"] = in_utc_us(created_at(end))
    return page


def _whole(row: Record, feedback: Any) -> dict[str, Any]:
    outcome = store.outcome_of(row, output_json=books.output_json(row)).model_dump(mode="json")
    return outcome | {
        "lane": row["lane"],
        "messages": row["messages"],
        "variables": row["variables"],
        "settings": None
        if row["settings"] is None
        else {name: value for name, value in row["settings"].items() if name not in (BESIDE, CHOICES)},
        "metadata": row["metadata"],
        "user_id": row["end_user"],
        "session_id": row["session_id"],
        "app": row["app"],
        "client_request_id": row["client_request_id"],
        "job_id": str(row["job_id"]) if row["job_id"] else None,
        "previous_id": (row["details"] or {}).get("previous_id"),
        "texts_deleted_at": (row["details"] or {}).get("texts_deleted_at"),
        "request_id": row["request_id"],
        "trace_id": _trace_id(row),
        "feedback": feedback,
        "created_at": in_utc_us(created_at(row["execution_id"])),
        "finished_at": in_utc_us(row["finished_at"]),
    }


def numbers_of(row: Record) -> dict[str, Any]:
    """A list shows numbers and ids; text is read one by one."""
    part = (row["details"] or {}).get("experiment") or {}
    return {
        "id": str(row["execution_id"]), "status": row["status"], "prompt": row["slug"], "version": row["version"], "label": row["label"],
        "model": row["model"], "provider": row["provider"], "lane": row["lane"],
        "usage": {
            "input_tokens": row["input_tokens"], "output_tokens": row["output_tokens"], "cached_input_tokens": row["cached_input_tokens"],
            "cache_write_input_tokens": row["cache_write_input_tokens"], "reasoning_tokens": row["reasoning_tokens"],
            "source": row["usage_source"],
        },
        "cost_nusd": row["cost_nusd"], "overage_nusd": (row["details"] or {}).get("overage_nusd", 0), "key_source": row["key_source"],
        "provider_key_id": str(row["provider_key_id"]) if row["provider_key_id"] else None,
        "latency_ms": row["latency_ms"], "first_token_ms": row["first_token_ms"], "cached": row["cached"],
        "simulated": row["simulated"], "finish_reason": row["finish_reason"], "user_id": row["end_user"], "session_id": row["session_id"],
        "app": row["app"], "client_request_id": row["client_request_id"],
        "job_id": str(row["job_id"]) if row["job_id"] else None, "trace_id": _trace_id(row), "error": row["error"],
        "experiment_id": part.get("id"), "arm": part.get("arm"), "previous_id": (row["details"] or {}).get("previous_id"),
        "created_at": in_utc_us(created_at(row["execution_id"])), "finished_at": in_utc_us(row["finished_at"]),
    }  # fmt: skip


def listed(row: Record) -> dict[str, Any]:
    """As the log shows it: a row of `list_executions`."""
    return numbers_of(row) | {"comments": row["comments"]}


def _trace_id(row: Record) -> str:
    """32 hex digits. One that nobody else's trace led to is a trace of its own, called by its id."""
    trace_id: UUID = row["trace_id"] or row["execution_id"]
    return trace_id.hex
