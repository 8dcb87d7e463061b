"""Executions in SQL, as the gateway reads them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_shared.books.admission_request import TokenLimit
from burnish_shared.books.finished import BESIDE, CHOICES
from burnish_shared.contracts.executions import Attempt, Beside, Choice, CostSplit, ErrorInfo, Outcome, Routing, Usage
from burnish_shared.db.session import Tx
from burnish_shared.money import credits_text

COLUMNS = (
    "e.execution_id, e.lane, e.status, e.slug, e.version, e.label, e.model, e.provider, e.input_tokens, "
    "e.output_tokens, e.cached_input_tokens, "
    "e.cache_write_input_tokens, e.reasoning_tokens, e.details, e.price_version, e.usage_source, "
    "e.cost_nusd, e.markup_nusd, e.key_source, e.provider_key_id, "
    "e.latency_ms, e.first_token_ms, e.cached, e.simulated, e.finish_reason, e.end_user, e.session_id, e.app, e.job_id, "
    "e.request_id, e.trace_id, e.error, "
    "e.attempts, e.finished_at"
)

NAMED: Final = (
    "(SELECT r.client_request_id FROM client_requests r WHERE r.workspace_id = e.workspace_id AND r.execution_id = e.execution_id) "
    "AS client_request_id"
)


async def flush(tx: Tx) -> None:
    """What this transaction tells is on disk before it is told: rows may come from asynchronous commits (docs/admission.md)."""
    await tx.execute("SELECT pg_logical_emit_message(true, 'burnish', '')")


async def find_execution(tx: Tx, execution_id: UUID) -> Record | None:
    """Row and content of a finished execution; None when it has no row, or is another workspace's."""
    return await tx.fetchrow(
        f"SELECT {COLUMNS}, c.messages, c.variables, c.settings, c.output, c.tool_calls, c.metadata, "
        f"{NAMED} FROM executions e "
        "LEFT JOIN execution_contents c USING (execution_id) WHERE e.execution_id = $1",
        execution_id,
    )


async def find_answers(tx: Tx, execution_ids: Collection[UUID]) -> Sequence[Record]:
    """What these executions said, as far as it is kept; absent ones and those of other workspaces are left out."""
    return await tx.fetch(
        "SELECT execution_id, output, tool_calls, settings -> $2 AS beside FROM execution_contents WHERE execution_id = ANY($1::uuid[])",
        list(execution_ids),
        BESIDE,
    )


async def bytes_of_answers(tx: Tx, execution_ids: Collection[UUID]) -> int:
    """How much `find_answers` would bring, as text."""
    size: int = await tx.fetchval(
        "SELECT coalesce(sum(coalesce(octet_length(output), 0) + coalesce(octet_length(tool_calls::text), 0) "
        "+ coalesce(octet_length((settings -> $2)::text), 0)), 0)::bigint FROM execution_contents WHERE execution_id = ANY($1::uuid[])",
        list(execution_ids),
        BESIDE,
    )
    return size


async def find_conversation(tx: Tx, execution_id: UUID) -> Record | None:
    """What a call of a model that ended well was sent and said; None where there is none here, or its texts are not kept."""
    return await tx.fetchrow(
        "SELECT e.slug, c.messages, c.output, c.tool_calls, c.settings -> $2 AS beside FROM executions e "
        "JOIN execution_contents c USING (execution_id) WHERE e.execution_id = $1 AND e.status = 'success' "
        "AND c.messages IS NOT NULL AND c.settings ->> 'kind' IS NULL",
        execution_id,
        BESIDE,
    )


async def bytes_of_conversation(tx: Tx, execution_id: UUID) -> int | None:
    """How much `find_conversation` would bring, as text, from above; None: nothing."""
    size: int | None = await tx.fetchval(
        "SELECT octet_length(c.messages::text) + coalesce(octet_length(c.output), 0) + coalesce(octet_length(c.tool_calls::text), 0) "
        "+ coalesce(octet_length((c.settings -> $2)::text), 0) FROM execution_contents c WHERE c.execution_id = $1",
        execution_id,
        BESIDE,
    )
    return size


async def find_open(tx: Tx, execution_id: UUID) -> Record | None:
    """Lane and fence of an execution that is not finished; None when nothing is held for it."""
    return await tx.fetchrow("SELECT lane, fence, deadline FROM holds WHERE execution_id = $1", execution_id)


async def find_hold(tx: Tx, execution_id: UUID) -> Record | None:
    """What is held for an execution that is not finished, and on which accounts, the payer's first."""
    return await tx.fetchrow("SELECT amount_nusd, account_ids FROM holds WHERE execution_id = $1", execution_id)


_REACTIONS: Final = (
    "FROM feedback r WHERE r.target_kind = 'execution' AND r.target_id = e.execution_id::text AND r.feedback_id IS NOT NULL "
    "AND NOT r.is_taken_back"
)

FILTERS: Final = {
    "prompt": "e.slug = {}", "version": "e.version = {}", "label": "e.label = {}", "model": "e.model = {}", "provider": "e.provider = {}",
    "status": "e.status = {}", "session_id": "e.session_id = {}", "user_id": "e.end_user = {}", "app": "e.app = {}",
    "api_key_id": "e.api_key_id = {}", "provider_key_id": "e.provider_key_id = {}", "job_id": "e.job_id = {}", "lane": "e.lane = {}",
    "cached": "e.cached = {}", "simulated": "e.simulated = {}", "error_code": "e.error ->> 'code' = {}",
    "tag": "e.prompt_id IN (SELECT prompt_id FROM prompts WHERE tags @> ARRAY[{}::text])",
    "after": "e.execution_id < {}", "from": "e.execution_id >= {}", "to": "e.execution_id < {}",
    "min_cost_nusd": "e.cost_nusd >= {}", "min_latency_ms": "e.latency_ms >= {}",
    "experiment_id": "e.experiment_id = {}", "arm": "e.details -> 'experiment' ->> 'arm' = {}",
    "trace_id": "(e.trace_id = {0} OR e.execution_id = {0} AND e.trace_id IS NULL)",
    "client_request_id": "e.execution_id = (SELECT r.execution_id FROM client_requests r WHERE r.client_request_id = {})",
    "metadata": "(SELECT NOT EXISTS (SELECT FROM jsonb_each_text({}::jsonb) w WHERE w.value IS DISTINCT FROM "
    "coalesce(c.metadata ->> w.key, c.metadata #>> string_to_array(w.key, '.'))) "
    "FROM execution_contents c WHERE c.execution_id = e.execution_id)",
    "reaction": "(SELECT CASE {0}::text WHEN 'none' THEN count(*) = 0 WHEN 'any' THEN count(*) > 0 ELSE "
    f"count(*) FILTER (WHERE r.kind = 'thumb' AND r.value = CASE {{0}}::text WHEN 'up' THEN 1 ELSE 0 END) > 0 END {_REACTIONS})",
    "scored": f"(SELECT count(*) > 0 {_REACTIONS} AND r.kind = 'score' "
    "AND r.value >= ({0}::float8[])[1] AND r.value <= ({0}::float8[])[2])",
    "commented": "{}::boolean AND e.execution_id = ANY (ARRAY(SELECT c.execution_id FROM prompt_comments c "
    "WHERE c.execution_id IS NOT NULL))",
    "uncommented": "(SELECT {}::boolean AND count(*) = 0 FROM prompt_comments c WHERE c.workspace_id = e.workspace_id "
    "AND c.execution_id = e.execution_id)",
    "judged": "(SELECT count(*) > 0 FROM scores s WHERE s.execution_id = e.execution_id AND s.evaluator_id = (({0}::text[])[1])::uuid "
    "AND s.score >= (({0}::text[])[2])::float8 AND s.score <= (({0}::text[])[3])::float8)",
}  # fmt: skip
"""What lists may be narrowed by. Only what is asked for stands in the statement, so that a plan can take its index."""

INDEXED: Final = frozenset(
    {
        "after",
        "prompt",
        "session_id",
        "user_id",
        "provider_key_id",
        "job_id",
        "experiment_id",
        "trace_id",
        "client_request_id",
        "commented",
        "from",
        "to",
    }
)
"""Of FILTERS those that an index serves; so does a status other than success. All others are looked for row by row, newest first."""

ELSEWHERE: Final = frozenset({"metadata", "reaction", "scored", "judged", "uncommented"})
"""Of FILTERS those that stand in another table: each execution is looked up there by its id."""

LOOKED_AT_MOST: int = 100_000
"""Rows that one page looks through for what no index serves: a few tenths of a second, however many there are."""

LOOKED_ELSEWHERE_MOST: int = 20_000
"""The same, where each is looked up in another table."""


@dataclass(frozen=True, slots=True)
class Found:
    """`rows`: at most limit + 1. `searched_to`: where the search ended with rows left behind it; None: at the page's or the list's end."""

    rows: Sequence[Record]
    searched_to: UUID | None = None


COMMENTS: Final = (
    "(SELECT count(*) FROM prompt_comments c WHERE c.workspace_id = e.workspace_id AND c.execution_id = e.execution_id) AS comments"
)
"""How many members wrote of it: one look at an index for each row that is told."""


async def list_executions(tx: Tx, *, after: UUID | None, limit: int, filters: dict[str, Any]) -> Found:
    """Newest first, numbers only, with `comments`."""
    given = {name: value for name, value in {"after": after, **filters}.items() if value is not None}
    scope = {name: value for name, value in given.items() if name in INDEXED or (name == "status" and value != "success")}
    rest = {name: value for name, value in given.items() if name not in scope}
    narrowed = " AND ".join(["true", *_conditions(scope, first=1)])
    source = "executions e WHERE " + narrowed
    most = LOOKED_ELSEWHERE_MOST if rest.keys() & ELSEWHERE else LOOKED_AT_MOST
    if rest:
        looked_at = f"SELECT * FROM {source} ORDER BY e.execution_id DESC LIMIT {most}"
        source = f"({looked_at}) e WHERE {' AND '.join(_conditions(rest, first=2 + len(scope)))}"
    # A plan for any value would read all of a prompt that has most of the rows, as if it had few.
    await tx.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    rows = await tx.fetch(
        f"SELECT {COLUMNS}, {NAMED}, {COMMENTS} FROM {source} ORDER BY e.execution_id DESC LIMIT ${1 + len(scope)}",
        *scope.values(),
        limit + 1,
        *rest.values(),
    )
    if not rest or len(rows) > limit:
        return Found(rows)
    return Found(rows, searched_to=await _end_of_search(tx, narrowed, list(scope.values()), found=rows, most=most))


async def _end_of_search(tx: Tx, narrowed: str, values: Sequence[Any], *, found: Sequence[Record], most: int) -> UUID | None:
    """The last row that was looked at, where there may be more: behind all that was found, whatever was booked since the search."""
    last = f"SELECT e.execution_id FROM executions e WHERE {narrowed} ORDER BY e.execution_id DESC OFFSET {most - 1} LIMIT 1"
    end: UUID | None = await tx.fetchval(last, *values)
    return end if end is None or not found else min(end, found[-1]["execution_id"])


def _conditions(filters: Mapping[str, Any], *, first: int) -> list[str]:
    return [FILTERS[name].format(f"${number}") for number, name in enumerate(filters, start=first)]


async def raise_fence(tx: Tx, execution_id: UUID, workspace_id: UUID) -> int | None:
    """The new fence; None when nothing is held any more, so there is a row."""
    fence: int | None = await tx.fetchval("SELECT raise_fence($1, $2)", execution_id, workspace_id)
    return fence


async def abandon(tx: Tx, execution_id: UUID, workspace_id: UUID, *, route: str | None, key: str | None, body: bytes) -> bool:
    """Books that nobody took it, and frees its key. `body`: what the row says of the request. False: it has a row already."""
    return bool(await tx.fetchval("SELECT abandon($1, $2, $3, $4, $5)", execution_id, workspace_id, route, key, body))


async def cancel_queued(tx: Tx, execution_id: UUID, workspace_id: UUID) -> bool:
    """Ends a background execution that nobody has begun. False: it is under way, has ended, or is not there."""
    return bool(await tx.fetchval("SELECT cancel_queued($1, $2)", execution_id, workspace_id))


async def note_taken(tx: Tx, execution_id: UUID, limits: Sequence[TokenLimit]) -> None:
    """What a call that is held for took of limits of tokens becomes `own_us` of each, which is given back with it."""
    rows = [(1, place, one.rate_id, one.own_us, one.per_minute) for place, one in enumerate(limits, start=1)]
    columns = [list(column) for column in zip(*rows, strict=True)]
    await tx.execute("SELECT note_tokens('{0}', $1, $2, $3, $4, $5, $6, $7)", [0] * len(rows), [execution_id], *columns)


async def withdraw(tx: Tx, workspace_id: UUID, execution_ids: Sequence[UUID], *, route: str, keys: Sequence[str]) -> None:
    """Lets go of executions that were admitted and given to nobody; their keys are free again."""
    await tx.execute("SELECT withdraw($1, $2, $3, $4)", sorted(execution_ids), workspace_id, route, list(keys))


def outcome_of(row: Record, *, output_json: Any = None) -> Outcome:
    """The Outcome that the executor told, made again from the books: its JSON has the same bytes (PROMISES G-02)."""
    details = row["details"] or {}
    cost, routing, part = details.get("cost"), details.get("routing"), details.get("experiment") or {}
    choices, beside = (row["settings"] or {}).get(CHOICES), (row["settings"] or {}).get(BESIDE)
    return Outcome(
        status=row["status"],
        id=row["execution_id"],
        output=row["output"],
        output_json=output_json,
        tool_calls=row["tool_calls"],
        choices=[Choice.model_validate(one) for one in choices] if choices else None,
        beside=Beside.model_validate(beside) if beside else None,
        prompt=row["slug"],
        version=row["version"],
        label=row["label"],
        model=row["model"],
        provider=row["provider"],
        finish_reason=row["finish_reason"],
        system_fingerprint=details.get("system_fingerprint"),
        usage=Usage(
            input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"],
            cached_input_tokens=row["cached_input_tokens"],
            cache_write_input_tokens=row["cache_write_input_tokens"],
            reasoning_tokens=row["reasoning_tokens"],
            service_tier=details.get("service_tier"),
            source=row["usage_source"],
        ),
        cost_nusd=row["cost_nusd"],
        overage_nusd=details.get("overage_nusd", 0),
        credits=credits_text(row["cost_nusd"]),
        markup_nusd=row["markup_nusd"],
        cost_split=None if cost is None else CostSplit(**cost, markup_nusd=row["markup_nusd"]),
        price_version=row["price_version"],
        routing=None if routing is None else Routing(**routing),
        experiment_id=part.get("id"),
        arm=part.get("arm"),
        key_source=row["key_source"],
        provider_key_id=row["provider_key_id"],
        latency_ms=row["latency_ms"],
        first_token_ms=row["first_token_ms"],
        cached=row["cached"],
        simulated=row["simulated"],
        error=ErrorInfo(**row["error"]) if row["error"] else None,
        attempts=[Attempt(**one) for one in row["attempts"]],
    )


async def find_free(tx: Tx, account_id: int) -> int | None:
    """What an account of this workspace has free at this moment; None for another's."""
    free: int | None = await tx.fetchval(
        "SELECT greatest(0, limit_nusd - CASE WHEN resets_at <= clock_timestamp() THEN 0 ELSE spent_nusd END - held_nusd) "
        "FROM accounts WHERE account_id = $1",
        account_id,
    )
    return free


async def draw_credit_line(tx: Tx, workspace_id: UUID, account_id: int, *, need_nusd: int, most_nusd: int) -> int:
    """Lends the credit account what a call needs, at most so much a calendar month. 0: the line does not reach."""
    drawn: int = await tx.fetchval("SELECT draw_credit_line($1, $2, $3, $4)", workspace_id, account_id, need_nusd, most_nusd)
    return drawn
