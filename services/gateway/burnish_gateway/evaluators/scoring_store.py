"""Scorings of past executions in SQL: rows of `live_evaluations` of the kind `past`. The optimizer says how far each is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_gateway.execution.store import ELSEWHERE, FILTERS, LOOKED_AT_MOST, LOOKED_ELSEWHERE_MOST
from burnish_shared.db.session import Tx

IN_SCOPE = ("prompts", "experiment_id", "from", "to")
"""What an index serves, or leaves out whole days."""

CONDITIONS = FILTERS | {"prompts": "e.slug = ANY ({}::text[])", "labels": "e.label = ANY ({}::text[])"}

TO_SCORE = "e.status = 'success' AND e.lane <> 'batch' AND e.job_id IS NULL"
"""As live evaluations take them (burnish_analytics/core/sampling.py)."""

SHOWN = """SELECT s.*, CASE WHEN s.archived_at IS NOT NULL THEN 'cancelled' WHEN s.waiting = 0 THEN 'completed'
            WHEN s.active THEN 'running' ELSE 'paused' END AS status
  FROM (SELECT l.live_evaluation_id, l.evaluator_id, e.name AS evaluator, e.kind, l.evaluator_version, l.wanted, l.cap_nusd, l.active,
               l.paused_because, l.tasks_total, l.tasks_dropped, l.scores, l.passed, l.no_scores, l.score_sum, l.simulated, l.created_by,
               l.created_at, l.archived_at, coalesce(a.held_nusd, 0) AS held_nusd, coalesce(a.spent_nusd, 0) AS spent_nusd,
               (SELECT count(*) FROM score_tasks t WHERE t.workspace_id = l.workspace_id
                   AND t.live_evaluation_id = l.live_evaluation_id) AS waiting
          FROM live_evaluations l JOIN evaluators e USING (workspace_id, evaluator_id) LEFT JOIN accounts a ON a.account_id = l.account_id
         WHERE l.kind = 'past') s"""


@dataclass(frozen=True, slots=True)
class Past:
    """Executions that fit, newest first. What took part in an experiment is among them once it is counted, a moment after it ended: before
    that its score would be in no arm. `searched_to`: the last that was looked at, where there are more behind it; None: none."""

    found: Sequence[Record]
    scored: frozenset[UUID]
    with_text: frozenset[UUID]
    searched_to: UUID | None
    to_score: Sequence[Record] = field(init=False)

    def __post_init__(self) -> None:
        waits = [one for one in self.found if one["execution_id"] not in self.scored and one["execution_id"] in self.with_text]
        object.__setattr__(self, "to_score", waits)


async def find_past(tx: Tx, filters: Mapping[str, Any], *, evaluator_id: UUID, version: int, newest: int) -> Past:
    """`filters`: by the names of CONDITIONS; None is not asked for. As the list of executions does, it looks at so many and no more."""
    given = {name: value for name, value in filters.items() if value is not None}
    scope = {name: given[name] for name in IN_SCOPE if name in given}
    rest = {name: value for name, value in given.items() if name not in scope}
    most = LOOKED_ELSEWHERE_MOST if rest.keys() & ELSEWHERE else LOOKED_AT_MOST
    looked = f"executions e WHERE {' AND '.join(['true', *_conditions(scope, first=1)])}"
    await tx.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    found = await tx.fetch(
        f"""SELECT e.execution_id, coalesce(e.slug, '') AS slug, coalesce(e.version, 0) AS version, coalesce(e.label, '') AS label, e.model,
                   e.simulated, e.finished_at, e.experiment_id
              FROM (SELECT * FROM {looked} ORDER BY e.execution_id DESC LIMIT {most}) e
             WHERE {" AND ".join([TO_SCORE, *_conditions(rest, first=2 + len(scope))])}
             ORDER BY e.execution_id DESC LIMIT ${1 + len(scope)}""",
        *scope.values(),
        newest,
        *rest.values(),
    )
    end: UUID | None = None
    if len(found) < newest:
        last = f"SELECT e.execution_id FROM {looked} ORDER BY e.execution_id DESC OFFSET {most - 1} LIMIT 1"
        end = await tx.fetchval(last, *scope.values())
    found = await _counted(tx, found)
    ids = sorted(one["execution_id"] for one in found)
    if not ids:
        return Past(found, frozenset(), frozenset(), end)
    scored = await tx.fetch(
        """SELECT execution_id FROM scores WHERE evaluator_id = $1 AND evaluator_version = $2 AND execution_id = ANY ($3)
            UNION SELECT execution_id FROM score_tasks WHERE evaluator_id = $1 AND evaluator_version = $2 AND execution_id = ANY ($3)""",
        evaluator_id, version, ids,
    )  # fmt: skip
    kept = await tx.fetch(
        "SELECT execution_id FROM execution_contents WHERE execution_id BETWEEN $1 AND $2 AND execution_id = ANY ($3) AND output <> ''",
        ids[0], ids[-1], ids,
    )  # fmt: skip
    return Past(found, frozenset(row[0] for row in scored), frozenset(row[0] for row in kept), end)


async def _counted(tx: Tx, found: Sequence[Record]) -> list[Record]:
    """Without those of an experiment that analytics has not counted yet."""
    ids = sorted(one["execution_id"] for one in found if one["experiment_id"] is not None)
    if not ids:
        return list(found)
    rows = await tx.fetch(
        "SELECT execution_id FROM execution_facts WHERE execution_id BETWEEN $1 AND $2 AND execution_id = ANY ($3)", ids[0], ids[-1], ids
    )
    counted = {row[0] for row in rows}
    return [one for one in found if one["experiment_id"] is None or one["execution_id"] in counted]


async def lengths_of(tx: Tx, execution_ids: Sequence[UUID]) -> Record | None:
    """How long the texts of these are on average, in bytes: `output`, `messages`, `variables`."""
    ids = sorted(execution_ids)
    return await tx.fetchrow(
        """SELECT coalesce(avg(octet_length(output)), 0)::bigint AS output,
                  coalesce(avg(octet_length(messages::text)), 0)::bigint AS messages,
                  coalesce(avg(octet_length(variables::text)), 0)::bigint AS variables
             FROM execution_contents WHERE execution_id BETWEEN $1 AND $2 AND execution_id = ANY ($3)""",
        ids[0], ids[-1], ids,
    )  # fmt: skip


async def cost_of_score(tx: Tx, evaluator_id: UUID, version: int) -> float | None:
    """What a score of this version cost on average, in nano-dollars; None: it has given none that cost anything."""
    mean: float | None = await tx.fetchval(
        """SELECT sum(cost_nusd)::float8 / nullif(sum(scores), 0) FROM rollup_scores
            WHERE evaluator_id = $1 AND evaluator_version = $2 AND grain = 'day'""",
        evaluator_id,
        version,
    )
    return mean or None


async def queue(tx: Tx, workspace_id: UUID, scoring_id: UUID, *, evaluator_id: UUID, version: int, executions: Sequence[Record]) -> int:
    """Returns how many: not those that somebody else queued or scored since they were found. It is the scoring's total from then on."""
    columns = ("execution_id", "slug", "version", "label", "model", "simulated", "finished_at")
    rows = await tx.fetch(
        """INSERT INTO score_tasks (workspace_id, evaluator_id, evaluator_version, live_evaluation_id, execution_id, slug, version, label,
                                    model, simulated, finished_at)
           SELECT $1, $2, $3, $4, u.* FROM unnest($5::uuid[], $6::text[], $7::integer[], $8::text[], $9::text[], $10::boolean[],
                                                  $11::timestamptz[]) u (execution_id, slug, version, label, model, simulated, finished_at)
            WHERE NOT EXISTS (SELECT FROM scores s WHERE s.workspace_id = $1 AND s.execution_id = u.execution_id
                                 AND s.evaluator_id = $2 AND s.evaluator_version = $3)
           ON CONFLICT DO NOTHING RETURNING true""",
        workspace_id, evaluator_id, version, scoring_id,
        *([row[name] for row in sorted(executions, key=lambda one: one["execution_id"])] for name in columns),
    )  # fmt: skip
    await tx.execute("UPDATE live_evaluations SET tasks_total = $2 WHERE live_evaluation_id = $1", scoring_id, len(rows))
    return len(rows)


async def add(tx: Tx, workspace_id: UUID, scoring_id: UUID, **columns: Any) -> None:
    """`columns`: names of this module's callers, never of a request. It waits behind live evaluations (`leased_until`), and
    draws nothing from what comes (`sample_ratio`), also where a release that knows no scorings looks at it."""
    names = sorted(columns)
    await tx.execute(
        f"INSERT INTO live_evaluations (workspace_id, live_evaluation_id, kind, sample_ratio, leased_until, {', '.join(names)}) "
        f"VALUES ($1, $2, 'past', 0, clock_timestamp(), {', '.join(f'${n}' for n in range(3, 3 + len(names)))})",
        workspace_id,
        scoring_id,
        *(columns[name] for name in names),
    )


async def lock(tx: Tx, scoring_id: UUID) -> Record | None:
    """As it stands; nobody else changes it before this transaction ends. None: there is none."""
    await tx.execute("SELECT FROM live_evaluations WHERE live_evaluation_id = $1 AND kind = 'past' FOR NO KEY UPDATE", scoring_id)
    return await find(tx, scoring_id)


async def change(tx: Tx, scoring_id: UUID, *, active: bool, cap_nusd: int | None, says_why: bool) -> None:
    """`says_why`: a person lets it go on, or pauses it; else it stays paused for what it was paused for."""
    await tx.execute(
        "UPDATE live_evaluations SET active = $2, cap_nusd = $3, updated_at = clock_timestamp(), "
        "paused_because = CASE WHEN $4 THEN NULL ELSE paused_because END WHERE live_evaluation_id = $1",
        scoring_id,
        active,
        cap_nusd,
        says_why,
    )


async def cancel(tx: Tx, scoring_id: UUID) -> None:
    """What waits is not scored any more."""
    dropped = await tx.fetch("DELETE FROM score_tasks WHERE live_evaluation_id = $1 RETURNING true", scoring_id)
    await tx.execute(
        "UPDATE live_evaluations SET archived_at = clock_timestamp(), updated_at = clock_timestamp(), active = false, tasks_dropped = $2 "
        "WHERE live_evaluation_id = $1",
        scoring_id,
        len(dropped),
    )


async def find(tx: Tx, scoring_id: UUID) -> Record | None:
    return await tx.fetchrow(f"{SHOWN} WHERE s.live_evaluation_id = $1", scoring_id)


async def list_newest(tx: Tx, *, after: UUID | None, evaluator_id: UUID | None, limit: int) -> Sequence[Record]:
    """Newest first, at most limit + 1."""
    return await tx.fetch(
        f"{SHOWN} WHERE ($1::uuid IS NULL OR s.live_evaluation_id < $1) AND ($2::uuid IS NULL OR s.evaluator_id = $2) "
        "ORDER BY s.live_evaluation_id DESC LIMIT $3",
        after,
        evaluator_id,
        limit + 1,
    )


async def list_open(tx: Tx, evaluator_id: UUID | None) -> list[UUID]:
    """Those that are not over, of an evaluator or of all, in the order in which they are locked."""
    rows = await tx.fetch(
        """SELECT l.live_evaluation_id FROM live_evaluations l
            WHERE l.kind = 'past' AND l.archived_at IS NULL AND ($1::uuid IS NULL OR l.evaluator_id = $1)
              AND EXISTS (SELECT FROM score_tasks t WHERE t.workspace_id = l.workspace_id AND t.live_evaluation_id = l.live_evaluation_id)
            ORDER BY l.live_evaluation_id""",
        evaluator_id,
    )
    return [row[0] for row in rows]


def _conditions(filters: Mapping[str, Any], *, first: int) -> list[str]:
    return [CONDITIONS[name].format(f"${number}") for number, name in enumerate(filters, start=first)]


async def decided_by(tx: Tx, metric: str, *, prompts: Sequence[str], tag: str | None, experiment_id: UUID | None) -> Record | None:
    """An experiment that goes on and is decided by this metric, of these prompts (none: of any) with this tag, or just this one. None:
    there is none."""
    return await tx.fetchrow(
        """SELECT experiment_id, name, slug FROM experiments e WHERE metric = $1 AND status IN ('running', 'paused')
              AND (cardinality($2::text[]) = 0 OR slug = ANY ($2)) AND ($3::uuid IS NULL OR experiment_id = $3)
              AND ($4::text IS NULL OR EXISTS (SELECT FROM prompts p WHERE p.slug = e.slug AND p.tags @> ARRAY[$4]))
            ORDER BY started_at LIMIT 1""",
        metric,
        list(prompts),
        experiment_id,
        tag,
    )
