"""What was said and scored before a job began: comments of people, and prompts with their scores. Read only.

Bounded by the moment at which the job was asked for: whoever begins it again after a crash reads the same.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from burnish_optimizer.search import Row
from burnish_shared.db.session import Tx

COMMENT_MOST: Final = 2_000
VOICE_SHARE: Final = 0.05
"""No voice says more than this share of the comments that are looked at, and each may say one (PROMISES O-08)."""

ROWS_MOST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Comment:
    feedback_id: UUID
    text: str
    voice: str


async def comments(tx: Tx, workspace_id: UUID, prompt_id: UUID, *, until: datetime, days: int, most: int) -> list[Comment]:
    """Complaints about answers of this prompt, the newest first: comments that no good mark of the same person stands beside."""
    rows = await tx.fetch(
        """SELECT f.feedback_id, left(f.comment, $6) AS text, coalesce(nullif(f.end_user, ''), f.api_key_id, '') AS voice
             FROM feedback f JOIN execution_facts e ON e.execution_id = f.execution_id AND e.workspace_id = f.workspace_id
            WHERE f.workspace_id = $1 AND e.prompt_id = $2 AND f.comment IS NOT NULL AND f.forgotten_at IS NULL
              AND f.accepted_at <= $3 AND f.accepted_at > $3 - $4 * interval '1 day'
              AND NOT (f.kind = 'thumb' AND f.value = 1) AND NOT (f.kind = 'score' AND f.value >= 0.5)
              AND NOT EXISTS (SELECT FROM feedback g WHERE g.workspace_id = f.workspace_id AND g.target_kind = f.target_kind
                                 AND g.target_id = f.target_id AND g.end_user = f.end_user
                                 AND (g.kind = 'thumb' AND g.value = 1 OR g.kind = 'score' AND g.value >= 0.5))
            ORDER BY f.accepted_at DESC, f.feedback_id LIMIT $5""",
        workspace_id,
        prompt_id,
        until,
        days,
        most,
        COMMENT_MOST,
    )
    return heard([Comment(**dict(row)) for row in rows])


def heard(said: list[Comment]) -> list[Comment]:
    """Each voice up to its share, the newest of it first. Nobody's comments (no voice) count as one voice."""
    allowed = max(1, int(VOICE_SHARE * len(said)))
    counts: dict[str, int] = {}
    kept = []
    for one in said:
        counts[one.voice] = counts.get(one.voice, 0) + 1
        if counts[one.voice] <= allowed:
            kept.append(one)
    return kept


async def scored_prompts(tx: Tx, workspace_id: UUID, *, job_id: UUID, prompt_id: UUID, until: datetime) -> list[Row]:
    """Every text that was scored in this workspace on train and validation items, and how people liked versions that were served.

    Never a score on test items: what is learned from them would find its way into a prompt (PROMISES O-03). Scores are told as the
    difference to the mean of the same prompt, model and kind of evidence, so that easy tasks do not pass for good prompts. No voice weighs
    more than VOICE_SHARE of what was said of a version.
    """
    rows = await tx.fetch(
        """WITH searched AS (
             SELECT j.prompt_id, c.text, j.task_model AS model, avg(e.score)::float8 AS score, count(*)::int AS weight
               FROM optimization_jobs j
               JOIN optimization_candidates c ON c.workspace_id = j.workspace_id AND c.job_id = j.job_id
               JOIN evaluations e ON e.workspace_id = j.workspace_id AND e.owner_id = j.job_id AND e.question = c.question
               JOIN dataset_items i ON i.workspace_id = j.workspace_id AND i.item_id = e.item_id AND i.split <> 'test'
              WHERE j.workspace_id = $1 AND j.job_id <> $2 AND j.method <> 'settings' AND j.search ->> 'chain' IS NULL
                AND e.score IS NOT NULL AND e.answered_at <= $3
              GROUP BY 1, 2, 3),
           liked AS (
             SELECT v.prompt_id, m.message ->> 'content' AS text, 'people'::text AS model, l.satisfied::float8 AS score, l.samples AS weight
               FROM (SELECT prompt_id, version, sum(heard)::int AS samples, sum(heard * mean) / sum(heard) AS satisfied
                       FROM (SELECT *, least(said, greatest(1, $6 * sum(said) OVER (PARTITION BY prompt_id, version))) AS heard
                               FROM (SELECT e.prompt_id, e.version, count(*) AS said,
                                            avg(CASE WHEN f.kind = 'thumb' THEN f.value ELSE (f.value >= 0.5)::int END) AS mean
                                       FROM feedback f
                                       JOIN execution_facts e ON e.execution_id = f.execution_id AND e.workspace_id = f.workspace_id
                                      WHERE f.workspace_id = $1 AND f.kind IN ('thumb', 'score') AND f.value IS NOT NULL
                                        AND f.accepted_at <= $3 AND e.prompt_id IS NOT NULL
                                      GROUP BY 1, 2, coalesce(nullif(f.end_user, ''), f.api_key_id, '')) voices) shares
                      GROUP BY 1, 2) l
               JOIN prompt_versions v ON v.workspace_id = $1 AND v.prompt_id = l.prompt_id AND v.version = l.version
              CROSS JOIN LATERAL (SELECT message FROM json_array_elements(v.content -> 'messages') WITH ORDINALITY x (message, place)
                                   WHERE json_typeof(message -> 'content') = 'string'
                                   ORDER BY (message ->> 'role' IN ('system', 'developer')) DESC, place LIMIT 1) m)
           SELECT prompt_id, text, model, score, weight FROM (SELECT * FROM searched UNION ALL SELECT * FROM liked) a
            WHERE text IS NOT NULL ORDER BY (prompt_id = $4) DESC, weight DESC, text, model LIMIT $5""",
        workspace_id,
        job_id,
        until,
        prompt_id,
        ROWS_MOST,
        VOICE_SHARE,
    )
    sums: dict[tuple[UUID, str], tuple[float, int]] = {}
    for row in rows:
        total, weight = sums.get((row["prompt_id"], row["model"]), (0.0, 0))
        sums[row["prompt_id"], row["model"]] = (total + row["score"] * row["weight"], weight + row["weight"])
    mean = {key: total / weight for key, (total, weight) in sums.items()}
    return [Row(row["text"], row["score"] - mean[row["prompt_id"], row["model"]], row["model"], row["weight"]) for row in rows]
