"""What is sampled to be scored, and scores on their way into rollups and detectors. Gateway and optimizer write the rest."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from burnish_analytics.core.followed import Remembered
from burnish_analytics.core.live_rules import LiveRule, ScoreTask
from burnish_analytics.core.recount import Difference
from burnish_analytics.core.score_sums import MICRO, SUMS, NewScore, ScoredKey, ScoreKey, ScoreSums
from burnish_shared.contracts.live_filters import LiveFilters
from burnish_shared.db.session import Tx

TASK: Final = tuple(one.name for one in fields(ScoreTask) if one.name != "metadata")
NEW: Final = tuple(one.name for one in fields(NewScore) if one.name != "is_past")
KEY: Final = tuple(one.name for one in fields(ScoreKey))

QUEUE: Final = f"""
INSERT INTO score_tasks ({", ".join(TASK)})
SELECT {", ".join(f"u.{one}" for one in TASK)}
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::uuid[], $6::text[], $7::integer[], $8::text[], $9::text[],
              $10::boolean[], $11::timestamptz[], $12::text[]) WITH ORDINALITY u ({", ".join(TASK)}, metadata, n)
 WHERE u.metadata = '' OR (
       SELECT NOT EXISTS (SELECT FROM jsonb_each_text(u.metadata::jsonb) w
                           WHERE w.value IS DISTINCT FROM coalesce(c.metadata ->> w.key, c.metadata #>> string_to_array(w.key, '.')))
         FROM execution_contents c WHERE c.execution_id = u.execution_id AND c.workspace_id = u.workspace_id)
 ORDER BY u.n
ON CONFLICT DO NOTHING RETURNING true"""

TAKE: Final = f"""
WITH due AS (SELECT workspace_id, execution_id, evaluator_id, evaluator_version FROM scores
              WHERE workspace_id = $1 AND counted_at IS NULL ORDER BY scored_at LIMIT $2 FOR UPDATE SKIP LOCKED)
UPDATE scores s SET counted_at = clock_timestamp(), in_arm = true FROM due d
 WHERE s.workspace_id = d.workspace_id AND s.execution_id = d.execution_id AND s.evaluator_id = d.evaluator_id
   AND s.evaluator_version = d.evaluator_version
RETURNING {", ".join(f"s.{one}" for one in NEW)},
  EXISTS (SELECT FROM live_evaluations l
           WHERE l.workspace_id = s.workspace_id AND l.live_evaluation_id = s.live_evaluation_id AND l.kind = 'past') AS is_past"""

ADD: Final = f"""
INSERT INTO rollup_scores AS r (workspace_id, {", ".join((*KEY, *SUMS))})
SELECT $1, u.* FROM unnest($2::text[], $3::timestamptz[], $4::uuid[], $5::integer[], $6::text[], $7::integer[], $8::text[], $9::text[],
                           {", ".join(f"${n}::bigint[]" for n in range(10, 10 + len(SUMS)))}) u
ON CONFLICT (workspace_id, {", ".join(KEY)}) DO UPDATE SET {", ".join(f"{one} = r.{one} + excluded.{one}" for one in SUMS)}"""


_KEY: Final = ", ".join(KEY[1:])

# Scores that are not counted yet are in no rollup either: both sides are of one moment. Rounding a double is the same here and in Python.
DIFFERENT: Final = f"""
WITH counted AS (
  SELECT date_trunc($2, s.finished_at, 'UTC') AS bucket, s.evaluator_id, s.evaluator_version, s.slug, s.version, s.label, s.model,
         count(s.score) AS scores, count(*) FILTER (WHERE s.passed) AS passed, count(*) FILTER (WHERE s.uncertain) AS uncertain,
         count(*) FILTER (WHERE s.score IS NULL) AS no_scores, count(*) FILTER (WHERE s.simulated) AS simulated,
         coalesce(sum(round(s.score * {MICRO}::float8)::bigint), 0) AS score_sum_micro,
         coalesce(sum(round(s.score * s.score * {MICRO}::float8)::bigint), 0) AS score_squares_micro, sum(s.cost_nusd) AS cost_nusd
    FROM scores s WHERE s.workspace_id = $1 AND s.finished_at >= $3 AND s.finished_at < $4 AND s.counted_at IS NOT NULL GROUP BY {_KEY})
SELECT {_KEY}, {", ".join(f"coalesce(r.{one}, 0) AS held_{one}, coalesce(c.{one}, 0)::bigint AS counted_{one}" for one in SUMS)}
  FROM counted c FULL JOIN (SELECT * FROM rollup_scores WHERE workspace_id = $1 AND grain = $2 AND bucket >= $3 AND bucket < $4) r
       USING ({_KEY})
 WHERE ({", ".join(f"coalesce(r.{one}, 0)" for one in SUMS)}) <> ({", ".join(f"coalesce(c.{one}, 0)" for one in SUMS)})
 ORDER BY {_KEY}"""


@dataclass(frozen=True, slots=True, order=True)
class SeriesKey:
    """What one label serves, as one version of an evaluator sees it."""

    slug: str
    label: str
    evaluator_id: UUID
    evaluator_version: int

    @property
    def incident_key(self) -> str:
        return f"degradation:quality:{self.slug}:{self.label}:{self.evaluator_id}:{self.evaluator_version}"


@dataclass(frozen=True, slots=True)
class QualityState:
    """What is remembered of a series. `newest_at`: when the newest execution finished that was seen."""

    version: int
    newest_at: datetime
    state: dict[str, Any]
    seen_through: datetime


async def rules_of(tx: Tx, workspaces: Collection[UUID]) -> list[LiveRule]:
    """Live evaluations of these workspaces that are in use, oldest first, with the newest version of their evaluators."""
    rows = await tx.fetch(
        """SELECT l.live_evaluation_id, l.workspace_id, l.evaluator_id, e.version AS evaluator_version, l.prompts, l.labels, l.sample_ratio,
                  l.filters, ARRAY(SELECT p.slug FROM prompts p
                                    WHERE p.workspace_id = l.workspace_id AND p.tags @> ARRAY[l.filters ->> 'tag']) AS tagged
             FROM live_evaluations l JOIN evaluators e ON e.workspace_id = l.workspace_id AND e.evaluator_id = l.evaluator_id
            WHERE l.workspace_id = ANY ($1::uuid[]) AND l.kind = 'live' AND l.archived_at IS NULL AND l.active AND e.archived_at IS NULL
            ORDER BY l.live_evaluation_id""",
        sorted(workspaces),
    )
    return [
        LiveRule(
            live_evaluation_id=row["live_evaluation_id"],
            workspace_id=row["workspace_id"],
            evaluator_id=row["evaluator_id"],
            evaluator_version=row["evaluator_version"],
            prompts=frozenset(row["prompts"]),
            labels=frozenset(row["labels"]),
            sample_ratio=row["sample_ratio"],
            filters=LiveFilters.model_validate(row["filters"], strict=False),
            tagged=frozenset(row["tagged"]),
        )
        for row in rows
    ]


async def queue(tx: Tx, tasks: Sequence[ScoreTask]) -> int:
    """Returns how many were not queued before."""
    return len(await tx.fetch(QUEUE, *(list(column) for column in zip(*map(astuple, tasks), strict=True)))) if tasks else 0


async def uncounted_workspaces(tx: Tx) -> list[UUID]:
    return [row[0] for row in await tx.fetch("SELECT uncounted_scores()")]


async def take_uncounted(tx: Tx, workspace_id: UUID, *, most: int) -> list[NewScore]:
    """Marks scores as counted and returns them; whoever rolls back has taken none."""
    return [NewScore(**dict(row)) for row in await tx.fetch(TAKE, workspace_id, most)]


async def add_sums(tx: Tx, workspace_id: UUID, sums: Mapping[ScoreKey, ScoreSums]) -> None:
    if sums:
        rows = [(*astuple(key), *(getattr(sums[key], name) for name in SUMS)) for key in sorted(sums)]
        await tx.execute(ADD, workspace_id, *(list(column) for column in zip(*rows, strict=True)))


async def score_differences(tx: Tx, workspace_id: UUID, *, grain: str, start: datetime, end: datetime) -> list[Difference]:
    """Figures of `rollup_scores` that are not what the scores of this range add up to; PostgreSQL compares them itself."""
    found: list[Difference] = []
    for row in await tx.fetch(DIFFERENT, workspace_id, grain, start, end):
        key = ScoredKey(grain=grain, workspace_id=workspace_id, **{name: row[name] for name in KEY[1:]})
        for figure in SUMS:
            held, counted = row[f"held_{figure}"], row[f"counted_{figure}"]
            if held != counted:
                found.append(Difference(key, figure, rollup=held, recounted=counted))
    return found


async def names_of(tx: Tx, workspace_id: UUID, evaluators: Collection[UUID]) -> dict[UUID, str]:
    rows = await tx.fetch(
        "SELECT evaluator_id, name FROM evaluators WHERE workspace_id = $1 AND evaluator_id = ANY ($2::uuid[])",
        workspace_id,
        sorted(evaluators),
    )
    return {row["evaluator_id"]: row["name"] for row in rows}


async def quality_states(tx: Tx, workspace_id: UUID, keys: Collection[SeriesKey]) -> dict[SeriesKey, QualityState]:
    """What is remembered of these series."""
    if not keys:
        return {}
    rows = await tx.fetch(
        """SELECT q.slug, q.label, q.evaluator_id, q.evaluator_version, q.version, q.newest_at, q.state, q.seen_through
             FROM unnest($2::text[], $3::text[], $4::uuid[], $5::integer[]) u(slug, label, evaluator_id, evaluator_version)
             JOIN quality_states q ON q.workspace_id = $1 AND (q.slug, q.label, q.evaluator_id, q.evaluator_version)
                                                            = (u.slug, u.label, u.evaluator_id, u.evaluator_version)""",
        workspace_id,
        *(list(column) for column in zip(*map(astuple, sorted(keys)), strict=True)),
    )
    return {
        SeriesKey(row["slug"], row["label"], row["evaluator_id"], row["evaluator_version"]): QualityState(
            row["version"], row["newest_at"], row["state"], row["seen_through"]
        )
        for row in rows
    }


async def remembered(tx: Tx, workspace_id: UUID) -> dict[SeriesKey, Remembered]:
    """What is followed, without its states."""
    rows = await tx.fetch(
        """SELECT q.slug, q.label, q.evaluator_id, q.evaluator_version, row_number() OVER (ORDER BY q.seen_through DESC, q.slug, q.label,
                  q.evaluator_id, q.evaluator_version) AS rank, q.seen_through > now() - interval '1 day' AS is_recent,
                  l.label IS NOT NULL AS is_named
             FROM quality_states q LEFT JOIN prompts p ON p.workspace_id = q.workspace_id AND p.slug = q.slug
             LEFT JOIN prompt_labels l ON l.workspace_id = p.workspace_id AND l.prompt_id = p.prompt_id AND l.label = q.label
            WHERE q.workspace_id = $1""",
        workspace_id,
    )
    return {
        SeriesKey(row["slug"], row["label"], row["evaluator_id"], row["evaluator_version"]): Remembered(
            row["rank"], row["is_recent"], row["is_named"]
        )
        for row in rows
    }


async def forget_quality(tx: Tx, workspace_id: UUID, *, days: int, at_most: int) -> list[str]:
    """Removes series that no score came for so long. Returns the incidents that their alerts would be about."""
    rows = await tx.fetch(
        """DELETE FROM quality_states q USING
             (SELECT slug, label, evaluator_id, evaluator_version FROM quality_states
               WHERE workspace_id = $1 AND seen_through < now() - $2 * interval '1 day' ORDER BY 1, 2, 3, 4 LIMIT $3) u
            WHERE q.workspace_id = $1 AND (q.slug, q.label, q.evaluator_id, q.evaluator_version)
                                        = (u.slug, u.label, u.evaluator_id, u.evaluator_version)
           RETURNING q.slug, q.label, q.evaluator_id, q.evaluator_version""",
        workspace_id,
        days,
        at_most,
    )
    return sorted(SeriesKey(*row).incident_key for row in rows)


async def forget_series(tx: Tx, workspace_id: UUID, keys: Collection[SeriesKey]) -> None:
    """Removes what is remembered of these."""
    if not keys:
        return
    await tx.execute(
        """DELETE FROM quality_states q USING unnest($2::text[], $3::text[], $4::uuid[], $5::integer[])
                  u(slug, label, evaluator_id, evaluator_version)
            WHERE q.workspace_id = $1 AND (q.slug, q.label, q.evaluator_id, q.evaluator_version)
                                        = (u.slug, u.label, u.evaluator_id, u.evaluator_version)""",
        workspace_id,
        *(list(column) for column in zip(*map(astuple, sorted(keys)), strict=True)),
    )


async def save_quality(tx: Tx, workspace_id: UUID, key: SeriesKey, *, version: int, newest_at: datetime, state: dict[str, Any]) -> None:
    """Keeps it, with the database's time less ten seconds: an acknowledgement that is being committed now is found next time."""
    await tx.execute(
        """INSERT INTO quality_states (workspace_id, slug, label, evaluator_id, evaluator_version, version, newest_at, state, seen_through)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() - interval '10 seconds')
           ON CONFLICT (workspace_id, slug, label, evaluator_id, evaluator_version)
           DO UPDATE SET version = excluded.version, newest_at = excluded.newest_at, state = excluded.state,
                         seen_through = excluded.seen_through""",
        workspace_id, key.slug, key.label, key.evaluator_id, key.evaluator_version, version, newest_at, state,
    )  # fmt: skip


async def forget_scores(tx: Tx, *, at_most: int) -> int:
    """Removes scores older than 400 days and rollups older than 25 months. Returns how many rows went."""
    return await tx.fetchval("SELECT forget_scores($1)", at_most)  # type: ignore[no-any-return]
