"""What rollups say of the windows that targets look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from burnish_shared.db.session import Tx
from burnish_shared.measures import SUM_MOST

MINUTES_MOST: Final = 360
"""Windows up to this are read by the minute, longer ones by the hour, with the hour in which they begin."""

SUMS: Final = (
    "executions",
    "successes",
    "cancelled",
    "simulated",
    "cost_nusd",
    "thumbs_up",
    "thumbs_down",
    "scores",
    "score_sum_micro",
    "reactions",
)


@dataclass(frozen=True, slots=True)
class Window:
    """Sums of one label of a prompt. `latency`: its histogram, empty where nobody asked for it."""

    slug: str
    label: str
    sums: dict[str, int]
    latency: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """What one version of an evaluator said of one label of a prompt."""

    slug: str
    label: str
    evaluator_version: int
    scores: int
    score_sum_micro: int
    simulated: bool


async def workspaces(tx: Tx) -> list[UUID]:
    """Those with a target, or an open alert of one."""
    return [row["workspace_id"] for row in await tx.fetch("SELECT workspace_id FROM workspaces_with_targets()")]


async def windows(tx: Tx, workspace_id: UUID, *, now: datetime, minutes: int, slugs: Sequence[str] | None, latency: bool) -> list[Window]:
    """Live calls that finished in the last minutes. `slugs` None: of all registered prompts."""
    grain, since = _from(now, minutes)
    arguments = (workspace_id, grain, since, None if slugs is None else list(slugs))
    where = """r.workspace_id = $1 AND r.grain = $2 AND r.bucket >= $3 AND r.traffic = 'live' AND r.slug <> ''
               AND ($4::text[] IS NULL OR r.slug = ANY ($4))"""
    rows = await tx.fetch(
        f"""SELECT r.slug, r.label, {", ".join(f"least(sum(r.{one}), {SUM_MOST})::bigint AS {one}" for one in SUMS)}
              FROM rollups r WHERE {where} GROUP BY 1, 2""",
        *arguments,
    )
    counts: dict[tuple[str, str], list[int]] = {}
    if latency:
        held = await tx.fetch(
            f"""SELECT b.slug, b.label, array_agg(b.n ORDER BY b.place) AS counts, array_agg(b.place ORDER BY b.place) AS places
                  FROM (SELECT r.slug, r.label, u.place, sum(u.n)::bigint AS n
                          FROM rollups r, unnest(r.latency) WITH ORDINALITY u(n, place) WHERE {where} AND u.n > 0 GROUP BY 1, 2, 3) b
                 GROUP BY 1, 2""",
            *arguments,
        )
        for row in held:
            made = [0] * row["places"][-1]
            for place, count in zip(row["places"], row["counts"], strict=True):
                made[place - 1] = count
            counts[row["slug"], row["label"]] = made
    return [Window(row["slug"], row["label"], {one: row[one] for one in SUMS}, counts.get((row["slug"], row["label"]), ())) for row in rows]


async def scored(tx: Tx, workspace_id: UUID, evaluator_id: UUID, *, now: datetime, minutes: int) -> list[Scored]:
    """By the newest version of the evaluator that said anything of the prompt: another rubric is another scale."""
    grain, since = _from(now, minutes)
    rows = await tx.fetch(
        """SELECT slug, label, evaluator_version, sum(scores)::bigint AS scores, sum(score_sum_micro)::bigint AS score_sum_micro,
                  sum(simulated) > 0 AS simulated
             FROM (SELECT r.*, max(evaluator_version) OVER (PARTITION BY slug) AS newest FROM rollup_scores r
                    WHERE workspace_id = $1 AND grain = $2 AND bucket >= $3 AND evaluator_id = $4 AND slug <> '' AND scores > 0) n
            WHERE evaluator_version = newest
            GROUP BY 1, 2, 3""",
        workspace_id,
        grain,
        since,
        evaluator_id,
    )
    return [Scored(**dict(row)) for row in rows]


async def is_scored(tx: Tx, workspace_id: UUID, slug: str, label: str | None, evaluator_id: UUID, *, since: datetime) -> bool:
    """Whether the evaluator scored any live call of it that finished since."""
    return bool(
        await tx.fetchval(
            """SELECT EXISTS (SELECT FROM rollup_scores WHERE workspace_id = $1 AND grain = 'hour' AND bucket >= $2 AND slug = $3
                                 AND ($4::text IS NULL OR label = $4) AND evaluator_id = $5 AND scores > 0)""",
            workspace_id,
            since.replace(minute=0, second=0, microsecond=0),
            slug,
            label,
            evaluator_id,
        )
    )


async def is_in_use(tx: Tx, workspace_id: UUID, slug: str, label: str | None, *, since: datetime) -> bool:
    """Whether any live call of it finished since."""
    return bool(
        await tx.fetchval(
            """SELECT EXISTS (SELECT FROM rollups WHERE workspace_id = $1 AND grain = 'hour' AND bucket >= $2 AND slug = $3
                                 AND ($4::text IS NULL OR label = $4) AND traffic = 'live' AND executions > 0)""",
            workspace_id,
            since.replace(minute=0, second=0, microsecond=0),
            slug,
            label,
        )
    )


async def open_alerts(tx: Tx, workspace_id: UUID) -> set[str]:
    """Incidents of targets that have an open alert."""
    rows = await tx.fetch(
        "SELECT incident_key FROM alerts WHERE workspace_id = $1 AND kind = 'target' AND resolved_at IS NULL ORDER BY alert_id",
        workspace_id,
    )
    return {row["incident_key"] for row in rows}


def _from(now: datetime, minutes: int) -> tuple[str, datetime]:
    start = now - timedelta(minutes=minutes)
    if minutes <= MINUTES_MOST:
        return "minute", start.replace(second=0, microsecond=0)
    return "hour", start.replace(minute=0, second=0, microsecond=0)
