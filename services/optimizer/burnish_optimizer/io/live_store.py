"""Live evaluations in SQL: claimed with a lease, what waits to be scored, and the scores, each written once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from burnish_shared.db.session import Tx


@dataclass(frozen=True, slots=True)
class LiveClaim:
    """A right to score what waits for one live evaluation. Who holds an older fence writes nothing any more."""

    id: UUID
    workspace_id: UUID
    fence: int


class LiveClaimLost(Exception):
    """Another replica has it, or it was paused or archived."""


@dataclass(frozen=True, slots=True)
class LiveEvaluation:
    """`payer`: the credit account. What judges cost is counted on the live evaluation's own account too, which is its cap.

    `is_past`: somebody had past executions scored; what is not paid for then waits.
    """

    evaluator_id: UUID
    payer: int
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One execution that waits for a score. `has_content` False: its text is not kept, or not any more."""

    execution_id: UUID
    evaluator_version: int
    slug: str
    version: int
    label: str
    model: str
    simulated: bool
    finished_at: datetime
    has_content: bool
    messages: list[dict[str, Any]] | None
    variables: dict[str, Any] | None
    metadata: dict[str, Any] | None
    output: str | None


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """What is written of one task."""

    execution_id: UUID
    evaluator_version: int
    kind: str
    score: float | None
    passed: bool | None
    unavailable: str | None
    reason: str
    disagreement: float | None
    uncertain: bool
    votes: list[dict[str, Any]]
    judge_executions: list[UUID]
    cost_nusd: int
    took_ms: int
    simulated: bool


async def claim(tx: Tx, *, worker: str, lease_s: int, most: int, held: Sequence[UUID]) -> list[LiveClaim]:
    """Live evaluations with something to score that nobody works on, of any workspace.

    `held`: those that this process works on. They are left out, also where their lease ran out while it stood still.
    """
    rows = await tx.fetch("SELECT id, workspace_id, fence FROM claim_live_evaluations($1, $2, $3, $4)", worker, lease_s, most, list(held))
    return [LiveClaim(**dict(row)) for row in rows]


async def release_all(tx: Tx, *, worker: str) -> int:
    """Gives back what a process of this name held when it died. Returns how much that was."""
    released: int = await tx.fetchval("SELECT release_live_evaluations($1)", worker)
    return released


async def renew(tx: Tx, claim: LiveClaim, *, lease_s: int) -> None:
    """Raises LiveClaimLost."""
    held = await tx.fetchval(
        """UPDATE live_evaluations SET leased_until = clock_timestamp() + $4 * interval '1 second'
            WHERE workspace_id = $1 AND live_evaluation_id = $2 AND fence = $3 AND active AND archived_at IS NULL RETURNING true""",
        claim.workspace_id,
        claim.id,
        claim.fence,
        lease_s,
    )
    if not held:
        raise LiveClaimLost


async def release(tx: Tx, claim: LiveClaim) -> None:
    """Gives it back, for whoever finds that something waits; one of the past stands behind the others. Where it is lost: nothing."""
    await tx.execute(
        """UPDATE live_evaluations SET leased_until = CASE WHEN kind = 'past' THEN clock_timestamp() END, leased_by = NULL
            WHERE workspace_id = $1 AND live_evaluation_id = $2 AND fence = $3""",
        claim.workspace_id,
        claim.id,
        claim.fence,
    )


async def load(tx: Tx, claim: LiveClaim) -> LiveEvaluation:
    (row,) = await tx.fetch(
        """SELECT l.evaluator_id, w.credit_account_id AS payer, l.kind = 'past' AS is_past
             FROM live_evaluations l JOIN workspaces w USING (workspace_id)
            WHERE l.workspace_id = $1 AND l.live_evaluation_id = $2""",
        claim.workspace_id,
        claim.id,
    )
    return LiveEvaluation(**dict(row))


async def pause(tx: Tx, claim: LiveClaim, *, because: Literal["budget", "credit"]) -> None:
    """One of the past, until somebody lets it go on. Raises LiveClaimLost."""
    held = await tx.fetchval(
        """UPDATE live_evaluations SET active = false, paused_because = $4
            WHERE workspace_id = $1 AND live_evaluation_id = $2 AND fence = $3 AND active AND archived_at IS NULL RETURNING true""",
        claim.workspace_id,
        claim.id,
        claim.fence,
        because,
    )
    if not held:
        raise LiveClaimLost


async def settings_of(tx: Tx, workspace_id: UUID, evaluator_id: UUID, version: int) -> dict[str, Any]:
    """What a version of an evaluator looks for."""
    found: dict[str, Any] = await tx.fetchval(
        "SELECT settings FROM evaluator_versions WHERE workspace_id = $1 AND evaluator_id = $2 AND version = $3",
        workspace_id,
        evaluator_id,
        version,
    )
    return found


async def waiting(tx: Tx, claim: LiveClaim, *, most: int) -> list[Task]:
    """What waited longest, with its text."""
    rows = await tx.fetch(
        """SELECT t.execution_id, t.evaluator_version, t.slug, t.version, t.label, t.model, t.simulated, t.finished_at,
                  c.execution_id IS NOT NULL AS has_content, c.messages, c.variables, c.metadata, c.output
             FROM (SELECT * FROM score_tasks WHERE workspace_id = $1 AND live_evaluation_id = $2 ORDER BY queued_at LIMIT $3) t
             LEFT JOIN execution_contents c ON c.execution_id = t.execution_id AND c.workspace_id = t.workspace_id""",
        claim.workspace_id,
        claim.id,
        most,
    )
    return [Task(**dict(row)) for row in rows]


async def write_scores(tx: Tx, claim: LiveClaim, evaluator_id: UUID, scores: Sequence[ScoreRow]) -> list[UUID]:
    """Writes each score whose task is still there, and takes the task; what judges had said goes with it. Returns the executions written.

    A task that is gone was forgotten with its execution, or its live evaluation was archived. Raises LiveClaimLost.
    """
    held = await tx.fetchval(
        "SELECT true FROM live_evaluations WHERE workspace_id = $1 AND live_evaluation_id = $2 AND fence = $3 FOR NO KEY UPDATE",
        claim.workspace_id,
        claim.id,
        claim.fence,
    )
    if not held:
        raise LiveClaimLost
    ordered = sorted(scores, key=lambda one: one.execution_id)
    rows = await tx.fetch(
        """WITH said AS (
             SELECT * FROM unnest($4::uuid[], $5::integer[], $6::text[], $7::float8[], $8::boolean[], $9::text[], $10::text[],
                                  $11::float8[], $12::boolean[], $13::text[], $14::bigint[], $15::integer[], $16::boolean[])
                    s (execution_id, evaluator_version, kind, score, passed, unavailable, reason, disagreement, uncertain, votes,
                       cost_nusd, took_ms, simulated)),
           taken AS (
             DELETE FROM score_tasks t USING said s
              WHERE t.workspace_id = $1 AND t.live_evaluation_id = $2 AND t.evaluator_id = $3 AND t.execution_id = s.execution_id
                AND t.evaluator_version = s.evaluator_version
             RETURNING t.execution_id, t.evaluator_version, t.slug, t.version, t.label, t.model, t.finished_at)
           INSERT INTO scores (workspace_id, execution_id, evaluator_id, evaluator_version, live_evaluation_id, kind, slug, version, label,
                               model, finished_at, score, passed, unavailable, reason, disagreement, uncertain, votes, judge_executions,
                               cost_nusd, took_ms, simulated)
           SELECT $1, t.execution_id, $3, t.evaluator_version, $2, s.kind, t.slug, t.version, t.label, t.model, t.finished_at, s.score,
                  s.passed, s.unavailable, s.reason, s.disagreement, s.uncertain, s.votes::jsonb,
                  ARRAY(SELECT (e #>> '{}')::uuid
                          FROM jsonb_array_elements(s.votes::jsonb) v, jsonb_array_elements(v -> 'execution_ids') e),
                  s.cost_nusd, s.took_ms, s.simulated
             FROM taken t JOIN said s USING (execution_id, evaluator_version)
           ON CONFLICT DO NOTHING RETURNING execution_id""",
        claim.workspace_id,
        claim.id,
        evaluator_id,
        *_columns(ordered),
    )
    await tx.execute(
        "DELETE FROM evaluations WHERE workspace_id = $1 AND owner_id = $2 AND item_id = ANY ($3)",
        claim.workspace_id,
        claim.id,
        [one.execution_id for one in ordered],
    )
    written = {row["execution_id"] for row in rows}
    await _count(tx, claim, [one for one in ordered if one.execution_id in written])
    return sorted(written)


async def _count(tx: Tx, claim: LiveClaim, scores: Sequence[ScoreRow]) -> None:
    """How far one of the past is; of others rollups tell."""
    told = [one for one in scores if one.score is not None]
    await tx.execute(
        """UPDATE live_evaluations SET scores = scores + $3, passed = passed + $4, no_scores = no_scores + $5, score_sum = score_sum + $6,
                  cost_nusd = cost_nusd + $7, simulated = simulated OR $8
            WHERE workspace_id = $1 AND live_evaluation_id = $2 AND kind = 'past'""",
        claim.workspace_id,
        claim.id,
        len(told),
        sum(bool(one.passed) for one in told),
        len(scores) - len(told),
        sum(one.score for one in told if one.score is not None),
        sum(one.cost_nusd for one in scores),
        any(one.simulated for one in scores),
    )


async def forget_judges(tx: Tx, claim: LiveClaim, execution_ids: Sequence[UUID]) -> None:
    """Takes what these calls of judges were asked and said: what they had read was forgotten meanwhile."""
    await tx.execute("SELECT forget_judges($1, $2)", claim.workspace_id, sorted(execution_ids))


def _columns(scores: Sequence[ScoreRow]) -> list[list[Any]]:
    return [
        [one.execution_id for one in scores],
        [one.evaluator_version for one in scores],
        [one.kind for one in scores],
        [one.score for one in scores],
        [one.passed for one in scores],
        [one.unavailable for one in scores],
        [one.reason for one in scores],
        [one.disagreement for one in scores],
        [one.uncertain for one in scores],
        [json.dumps(one.votes, ensure_ascii=False) for one in scores],  # lists in a list would be taken for an array of arrays
        [one.cost_nusd for one in scores],
        [one.took_ms for one in scores],
        [one.simulated for one in scores],
    ]
