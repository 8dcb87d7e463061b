"""Executions that both an evaluator and people have judged."""

from typing import Final
from uuid import UUID

from burnish_gateway.evaluators.agreement import Judged
from burnish_shared.db.session import Tx

SCORES_MOST: Final = 20_000
"""So many of the newest scores are looked at."""

OF_PROMPT: Final = "s.slug = $3"
OF_ANY: Final = "$3::text IS NULL"
"""Which scores are meant. A statement for each, so that one prompt's are found by their index (scores_of_prompt), whatever plan is kept."""

JUDGED: Final = """
WITH newest AS (
  SELECT s.workspace_id, s.execution_id, s.passed, s.simulated FROM scores s
   WHERE s.evaluator_id = $1 AND s.evaluator_version = $2 AND s.score IS NOT NULL AND {of_prompt}
   ORDER BY s.execution_id DESC LIMIT $4)
SELECT n.passed, n.simulated, CASE WHEN r.verdict IS NULL THEN coalesce(f.good, 0) ELSE (r.verdict = 'good')::integer END AS good,
       CASE WHEN r.verdict IS NULL THEN coalesce(f.bad, 0) ELSE (r.verdict = 'bad')::integer END AS bad
  FROM newest n
  LEFT JOIN review_items r ON r.workspace_id = n.workspace_id AND r.execution_id = n.execution_id
  LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE x.value >= 0.5) AS good, count(*) FILTER (WHERE x.value < 0.5 OR x.kind = 'correction') AS bad
      FROM feedback x
     WHERE x.target_kind = 'execution' AND x.target_id = n.execution_id::text AND x.feedback_id IS NOT NULL
       AND NOT x.is_taken_back AND x.kind IN ('thumb', 'score', 'correction') OFFSET 0) f ON true"""


BEFORE: Final = """
SELECT s.evaluator_version FROM scores s
 WHERE s.evaluator_id = $1 AND s.evaluator_version < $2 AND s.score IS NOT NULL AND {of_prompt}
 ORDER BY s.execution_id DESC LIMIT 1"""


async def version_before(tx: Tx, evaluator_id: UUID, version: int, *, slug: str | None) -> int | None:
    """Of the versions before this one, that which scored last. None: none of them has."""
    found: int | None = await tx.fetchval(BEFORE.format(of_prompt=OF_ANY if slug is None else OF_PROMPT), evaluator_id, version, slug)
    return found


async def judged(tx: Tx, evaluator_id: UUID, version: int, *, slug: str | None) -> tuple[list[Judged], int, bool]:
    """What both have judged; how many scores were looked at; whether any of them is simulated.

    A reviewer's verdict stands for people where there is one, whatever end users said.
    """
    rows = await tx.fetch(JUDGED.format(of_prompt=OF_ANY if slug is None else OF_PROMPT), evaluator_id, version, slug, SCORES_MOST)
    found = [Judged(row["passed"], row["good"], row["bad"]) for row in rows if row["good"] or row["bad"]]
    return found, len(rows), any(row["simulated"] for row in rows)
