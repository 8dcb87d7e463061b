"""Which finished executions an evaluator scores. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from burnish_analytics.core.live_rules import LiveRule, ScoreTask
from burnish_shared.contracts.executions import Lane, Status
from burnish_shared.contracts.finished_columns import FinishedColumns

SAMPLE: Final = b"burnish.live_scores"

UNSCORED_LANES: Final = frozenset({Lane.BATCH.value})
"""The optimizer's own work: test runs, evaluations, and the calls of judges."""


def place_of(execution_id: UUID) -> float:
    """Where an execution lies between 0 and 1. Always the same place: a larger share holds the smaller one, and two evaluators of one
    share look at the same executions."""
    return int.from_bytes(hashlib.sha256(SAMPLE + execution_id.bytes).digest()[:8], "big") / 2**64


def tasks_of(rows: FinishedColumns, rules: Mapping[str, Sequence[LiveRule]]) -> list[ScoreTask]:
    """What of these executions is scored, by the rules of each workspace (its id as text): what succeeded, and was nobody's job.

    Where several live evaluations of one version of an evaluator want an execution, the oldest of them gets it. One that asks for metadata
    may not get it (nothing of it is known here): then each after it stands here as well, and the first that fits is queued.
    """
    found: list[ScoreTask] = []
    taken: set[tuple[str, UUID, int]] = set()
    for n, workspace in enumerate(rows.workspace_id):
        of_workspace = rules.get(workspace)
        if not of_workspace or not _is_answer(rows, n):
            continue
        execution_id = UUID(rows.execution_id[n])
        place = place_of(execution_id)
        slug, label = rows.slug[n] or "", rows.label[n] or ""
        for rule in of_workspace:
            key = (rows.execution_id[n], rule.evaluator_id, rule.evaluator_version)
            if place >= rule.sample_ratio or key in taken:
                continue
            if (not rule.prompts or slug in rule.prompts) and (not rule.labels or label in rule.labels) and _fits(rule, rows, n, slug=slug):
                found.append(_task(rule, rows, n, execution_id=execution_id))
                if not rule.filters.metadata:
                    taken.add(key)
    return sorted(found)


def _fits(rule: LiveRule, rows: FinishedColumns, n: int, *, slug: str) -> bool:
    """All that the filters ask for, but for the metadata."""
    asked = rule.filters
    return (
        (asked.tag is None or slug in rule.tagged)
        and asked.model in (None, rows.model[n])
        and asked.provider in (None, rows.provider[n])
        and asked.app in (None, rows.app[n])
        and (asked.api_key_id is None or str(asked.api_key_id) == rows.api_key_id[n])
        and (asked.experiment_id is None or str(asked.experiment_id) == rows.experiment_id[n])
        and asked.arm in (None, rows.arm[n])
        and asked.cached in (None, rows.cached[n])
        and asked.simulated in (None, rows.simulated[n])
        and rows.cost_nusd[n] >= (asked.min_cost_nusd or 0)
        and rows.latency_ms[n] >= (asked.min_latency_ms or 0)
    )


def _is_answer(rows: FinishedColumns, n: int) -> bool:
    return rows.status[n] == Status.SUCCESS.value and rows.lane[n] not in UNSCORED_LANES and rows.job_id[n] is None


def _task(rule: LiveRule, rows: FinishedColumns, n: int, *, execution_id: UUID) -> ScoreTask:
    return ScoreTask(
        workspace_id=rule.workspace_id,
        execution_id=execution_id,
        evaluator_id=rule.evaluator_id,
        evaluator_version=rule.evaluator_version,
        live_evaluation_id=rule.live_evaluation_id,
        slug=rows.slug[n] or "",
        version=rows.version[n] or 0,
        label=rows.label[n] or "",
        model=rows.model[n],
        simulated=rows.simulated[n],
        finished_at=datetime.fromisoformat(rows.finished_at[n]),
        metadata=json.dumps(rule.filters.metadata) if rule.filters.metadata else "",
    )
