"""Scores of live traffic and their rollups, read only: the optimizer writes scores, analytics their sums."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.insights.ranges import Range
from burnish_shared.db.session import Tx

SHOWN: Final = """SELECT s.execution_id, s.evaluator_id, e.name AS evaluator, s.evaluator_version, s.live_evaluation_id, s.kind, s.slug,
       s.version, s.label, s.model, s.score, s.passed, s.unavailable, s.reason, s.disagreement, s.uncertain, s.votes, s.cost_nusd,
       s.took_ms, s.simulated, s.scored_at
  FROM scores s JOIN evaluators e ON e.workspace_id = s.workspace_id AND e.evaluator_id = s.evaluator_id"""

OF_EXECUTION_MOST: Final = 100

SUMS: Final = ("scores", "passed", "uncertain", "no_scores", "simulated", "score_sum_micro", "score_squares_micro", "cost_nusd")

GROUPS: Final[Mapping[str, str]] = {
    "evaluator": "r.evaluator_id || '@' || r.evaluator_version",
    "prompt": "r.slug",
    "version": "r.slug || '@' || r.version",
    "label": "r.slug || '@' || r.label",
    "model": "r.model",
}
"""What scores can be grouped by, as SQL over a row `r` of `rollup_scores`."""


async def scores_of(tx: Tx, execution_id: UUID) -> Sequence[Record]:
    """What evaluators said of one execution of the transaction's workspace, oldest first."""
    return await tx.fetch(
        f"{SHOWN} WHERE s.execution_id = $1 ORDER BY s.scored_at, s.evaluator_id, s.evaluator_version LIMIT {OF_EXECUTION_MOST}",
        execution_id,
    )


async def list_scores(tx: Tx, *, after: Sequence[Any] | None, limit: int, filters: Mapping[str, Any]) -> Sequence[Record]:
    """Of the newest execution first, at most limit + 1. `after`: execution, evaluator and its version of the last row seen."""
    execution_id, evaluator_id, version = after or (None, None, None)
    return await tx.fetch(
        f"""{SHOWN} WHERE ($1::uuid IS NULL OR (s.execution_id, s.evaluator_id, s.evaluator_version) < ($1, $2::uuid, $3::integer))
               AND ($5::uuid IS NULL OR s.evaluator_id = $5) AND ($6::text IS NULL OR s.slug = $6)
               AND ($7::boolean IS NULL OR s.passed = $7) AND ($8::boolean IS NULL OR s.uncertain = $8)
               AND ($9::boolean IS NULL OR (s.score IS NOT NULL) = $9)
             ORDER BY s.execution_id DESC, s.evaluator_id DESC, s.evaluator_version DESC LIMIT $4""",
        execution_id,
        evaluator_id,
        version,
        limit + 1,
        filters.get("evaluator_id"),
        filters.get("prompt"),
        filters.get("passed"),
        filters.get("uncertain"),
        filters.get("scored"),
    )


async def score_sums(tx: Tx, wanted: Range, *, filters: Mapping[str, Any], by_step: bool, group_by: str, at_most: int) -> Sequence[Record]:
    """Sums by step and group, in that order. Reads rollups only."""
    at = "r.bucket" if by_step else "NULL::timestamptz"
    return await tx.fetch(
        f"""SELECT {at} AS at, {GROUPS[group_by]} AS key, {", ".join(f"sum(r.{one})::bigint AS {one}" for one in SUMS)}
              FROM rollup_scores r
             WHERE r.grain = $1 AND r.bucket >= $2 AND r.bucket < $3 AND ($4::uuid IS NULL OR r.evaluator_id = $4)
               AND ($5::integer IS NULL OR r.evaluator_version = $5) AND ($6::text IS NULL OR r.slug = $6)
               AND ($7::integer IS NULL OR r.version = $7) AND ($8::text IS NULL OR r.label = $8) AND ($9::text IS NULL OR r.model = $9)
             GROUP BY 1, 2 ORDER BY 1, 2 LIMIT $10""",
        wanted.grain,
        wanted.start,
        wanted.end,
        filters.get("evaluator_id"),
        filters.get("evaluator_version"),
        filters.get("prompt"),
        filters.get("version"),
        filters.get("label"),
        filters.get("model"),
        at_most,
    )
