"""What came before an experiment, in SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.experiments.experiment import Experiment
from burnish_shared.contracts.experiments import Unit
from burnish_shared.db.session import Tx
from burnish_shared.experiments.scored import scored_of

COLUMNS: Final[dict[Unit, str]] = {"end_user": "end_user", "session": "session_id", "execution": "execution_id::text"}


@dataclass(frozen=True, slots=True)
class Calls:
    """The newest live calls of a label: at most `most`, none from before `since`; `unit`: by whom they are put together."""

    workspace_id: UUID
    slug: str
    label: str
    unit: Unit
    since: datetime
    most: int

    @property
    def arguments(self) -> tuple[Any, ...]:
        return self.workspace_id, self.slug, self.since, self.label, self.most


SEEN_MOST: Final = 200_000
"""Calls of the prompt that are looked through for those of the label: of a label that is rarer, its calls before are not found."""

SAID_MOST_BYTES: Final = 16_384
"""As PostgreSQL keeps them: larger ones are few, and hundreds of them would be read at once."""

_ANSWERED: Final = "status = 'success' AND NOT cached"

_OBSERVED: Final = {
    "latency_ms": (_ANSWERED, "latency_ms"),
    "latency_p95_ms": (_ANSWERED, "(latency_ms <= $6::float8)::integer"),
    "cost_nusd": ("status <> 'cancelled' AND NOT cached", "cost_nusd"),
}
"""Which calls have the metric, and what of them is added up: as analytics does for those that take part in an experiment."""

_SAID: Final = """(SELECT f.value FROM feedback f WHERE f.workspace_id = $1 AND f.joined_at IS NOT NULL AND f.kind = $6
                      AND f.target_kind = 'execution' AND f.target_id = c.execution_id::text
                   UNION ALL
                   SELECT f.value FROM feedback f WHERE f.workspace_id = $1 AND f.joined_at IS NOT NULL AND f.kind = $6
                      AND f.session_execution_id = c.execution_id)"""
"""What was said of a call, or of the session that it ended, with the metric of a name."""


_SCORES: Final = """LATERAL (SELECT score FROM scores WHERE workspace_id = $1 AND execution_id = c.execution_id AND evaluator_id = $6
                                AND evaluator_version = $7) s"""


async def sums_by_unit(tx: Tx, calls: Calls, *, metric: str, at: float | None = None) -> Record:
    """A row of ArmSums over units that have the metric, and `named`: units that came at all. `at`: of latency_p95_ms its value, whose
    answers at or below it are added up. The metric of a name is `metric:<name>`; a score is of one version of its evaluator."""
    more: tuple[Any, ...] = () if at is None else (at,)
    if metric in _OBSERVED:
        which, what = _OBSERVED[metric]
        x, y, of = f"count(*) FILTER (WHERE {which})", f"sum({what}) FILTER (WHERE {which})", "calls c"
    elif (scored := scored_of(metric)) is not None:
        x, y, of, more = "count(s.score)", "sum(s.score)", f"calls c LEFT JOIN {_SCORES} ON true", (scored.evaluator_id, scored.version)
    else:
        x, y, of, more = "count(s.value)", "sum(s.value)", f"calls c LEFT JOIN LATERAL {_SAID} s ON true", (metric,)
    [row] = await tx.fetch(
        f"""WITH calls AS MATERIALIZED ({_newest(calls.unit)}),
                 of_unit AS (SELECT ({x})::float8 AS x, coalesce({y}, 0)::float8 AS y FROM {of} WHERE c.unit IS NOT NULL GROUP BY c.unit)
            SELECT count(*) AS named, count(*) FILTER (WHERE x > 0) AS units, coalesce(sum(x), 0) AS x, coalesce(sum(y), 0) AS y,
                   coalesce(sum(x * x), 0) AS xx, coalesce(sum(y * y), 0) AS yy, coalesce(sum(x * y), 0) AS xy FROM of_unit""",
        *calls.arguments, *more,
    )  # fmt: skip
    return row


async def latencies(tx: Tx, calls: Calls) -> Sequence[Record]:
    """Answers by their latency (whole ms), of calls that say their unit."""
    return await tx.fetch(
        f"SELECT latency_ms, count(*) AS answers FROM ({_newest(calls.unit)}) c WHERE unit IS NOT NULL AND {_ANSWERED} GROUP BY latency_ms",
        *calls.arguments,
    )


async def said(tx: Tx, calls: Calls) -> Sequence[Record]:
    """What callers said of themselves and of what they asked, of calls whose content is kept and below SAID_MOST_BYTES."""
    return await tx.fetch(
        f"""SELECT n.unit, n.end_user, n.session_id, n.app, n.lane, c.variables, c.metadata
              FROM ({_newest(calls.unit)}) n JOIN execution_contents c ON c.execution_id = n.execution_id AND c.workspace_id = $1
                   AND pg_column_size(c.variables) + pg_column_size(c.metadata) <= $6""",
        *calls.arguments, SAID_MOST_BYTES,
    )  # fmt: skip


def _newest(unit: Unit) -> str:
    return f"""SELECT {COLUMNS[unit]} AS unit, execution_id, finished_at, status, cached, cost_nusd, latency_ms, end_user, session_id, app,
                      lane
                 FROM (SELECT * FROM executions WHERE workspace_id = $1 AND slug = $2 AND execution_id >= day_bound(($3::timestamptz)::date)
                        ORDER BY execution_id DESC LIMIT {SEEN_MOST}) of_prompt
                WHERE label = $4 AND lane IN ('interactive', 'background')
                ORDER BY execution_id DESC LIMIT $5"""


async def newest_calls(tx: Tx, calls: Calls) -> Record | None:
    """How many of them there are, those that say their unit, distinct units, since when."""
    return await tx.fetchrow(
        f"""SELECT count(*) AS calls, count(unit) AS known, count(DISTINCT unit) AS units, min(finished_at) AS since
              FROM ({_newest(calls.unit)}) newest""",
        *calls.arguments,
    )


async def count_new(tx: Tx, calls: Calls, *, after: datetime) -> int | None:
    """Units of these calls whose first one ended at `after` or later. None: no call of any unit did, so nothing is known of its pace."""
    found: int | None = await tx.fetchval(
        f"""SELECT CASE WHEN bool_or(last >= $6) THEN count(*) FILTER (WHERE first >= $6) END
              FROM (SELECT min(finished_at) AS first, max(finished_at) AS last FROM ({_newest(calls.unit)}) newest
                     WHERE unit IS NOT NULL GROUP BY unit) of_unit""",
        *calls.arguments, after,
    )  # fmt: skip
    return found


async def others_open(tx: Tx, experiment: Experiment) -> list[tuple[UUID, str, str | None]]:
    """Other experiments that run or rest on the same prompt and label: id, name, namespace."""
    rows = await tx.fetch(
        """SELECT experiment_id, name, namespace FROM experiments WHERE workspace_id = $1 AND prompt_id = $2 AND label = $3
              AND experiment_id <> $4 AND status IN ('running', 'paused') ORDER BY started_at""",
        experiment.workspace_id, experiment.prompt_id, experiment.label, experiment.experiment_id,
    )  # fmt: skip
    return [(row["experiment_id"], row["name"], row["namespace"]) for row in rows]
