"""What hours were like: latencies from rollups, costs as detectors saw them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from burnish_analytics.io.rollup_store import as_array
from burnish_shared.db.session import Tx
from burnish_shared.measures import merged

SEASONAL: Final = ("latency", "cost")
"""Metrics that are watched by the hour of the week."""

LABELS_AT_ONCE: Final = 50
"""Four weeks of each are some hundred histograms."""

Hours = list[tuple[datetime, list[int]]]

# Live traffic of a label, whatever version it was. Hours of costs are those in which executions came in.
_HOURS: Final = """
SELECT r.slug, r.label, 'latency' AS metric, r.bucket, r.latency AS counts
  FROM unnest($2::text[], $3::text[]) u(slug, label)
  JOIN rollups r ON r.workspace_id = $1 AND r.grain = 'hour' AND r.slug = u.slug AND r.label = u.label AND r.traffic = 'live'
   AND r.bucket >= $4
UNION ALL
SELECT h.slug, h.label, 'cost', h.bucket, h.cost
  FROM unnest($2::text[], $3::text[]) u(slug, label)
  JOIN detector_hours h ON h.workspace_id = $1 AND h.slug = u.slug AND h.label = u.label AND h.bucket >= $4
ORDER BY 4"""

_ADD_COSTS: Final = """
INSERT INTO detector_hours AS h (workspace_id, slug, label, bucket, cost)
SELECT $1, slug, label, bucket, cost::integer[]
  FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[]) u(slug, label, bucket, cost)
ON CONFLICT (workspace_id, slug, label, bucket) DO UPDATE SET cost = add_histograms(h.cost, excluded.cost)"""


async def hours_of_labels(
    tx: Tx, *, workspace_id: UUID, labels: Sequence[tuple[str, str]], since: datetime
) -> AsyncIterator[tuple[set[tuple[str, str]], Mapping[tuple[str, str, str], Hours]]]:
    """Page by page of (slug, label): (slug, label, metric) → (hour, histogram), the oldest hour first. Forgets costs of hours before."""
    for begin in range(0, len(labels), LABELS_AT_ONCE):
        page = labels[begin : begin + LABELS_AT_ONCE]
        slugs, names = [slug for slug, _ in page], [label for _, label in page]
        found: dict[tuple[str, str, str], dict[datetime, list[int]]] = {}
        for row in await tx.fetch(_HOURS, workspace_id, slugs, names, since):
            hours = found.setdefault((row["slug"], row["label"], row["metric"]), {})
            hours[row["bucket"]] = merged(hours.get(row["bucket"], []), row["counts"])
        await tx.execute(
            """DELETE FROM detector_hours h USING unnest($2::text[], $3::text[]) u(slug, label)
                WHERE h.workspace_id = $1 AND h.slug = u.slug AND h.label = u.label AND h.bucket < $4""",
            workspace_id, slugs, names, since,
        )  # fmt: skip
        yield set(page), {key: list(hours.items()) for key, hours in found.items()}


async def add_costs(tx: Tx, *, workspace_id: UUID, costs: Mapping[tuple[str, str, datetime], list[int]]) -> None:
    """Adds to histograms of (slug, label, hour)."""
    if costs:
        rows = [(*key, as_array(costs[key])) for key in sorted(costs)]
        await tx.execute(_ADD_COSTS, workspace_id, *(list(column) for column in zip(*rows, strict=True)))


async def calls_by_model(tx: Tx, label: tuple[UUID, str, str], *, since: datetime, until: datetime) -> tuple[dict[str, int], int]:
    """Live calls of a (workspace, slug, label) in whole hours, by model; and how many hours had any."""
    rows = await tx.fetch(
        """SELECT bucket, model, sum(executions)::bigint AS calls FROM rollups
            WHERE workspace_id = $1 AND grain = 'hour' AND slug = $2 AND label = $3 AND traffic = 'live' AND bucket >= $4 AND bucket < $5
            GROUP BY 1, 2""",
        *label,
        since,
        until,
    )
    calls: dict[str, int] = {}
    for row in rows:
        calls[row["model"]] = calls.get(row["model"], 0) + row["calls"]
    return calls, len({row["bucket"] for row in rows})
