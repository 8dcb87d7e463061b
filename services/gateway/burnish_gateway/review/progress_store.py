"""How far reviewers have come, in SQL: counts of one workspace's rows."""

from burnish_gateway.review.answers import ProgressAnswer, PromptProgress, ReasonProgress, ReviewerProgress
from burnish_shared.db.session import Tx

OPEN = "decided_at IS NULL AND NOT set_aside"


async def progress(tx: Tx, *, slug: str | None) -> ProgressAnswer:
    """Of one prompt, or of all."""
    [total] = await tx.fetch(
        f"""SELECT count(*) FILTER (WHERE {OPEN}) AS waiting,
                   count(*) FILTER (WHERE {OPEN} AND claimed_until > clock_timestamp()) AS claimed,
                   count(*) FILTER (WHERE {OPEN} AND skipped_by <> '{{}}') AS skipped,
                   count(*) FILTER (WHERE set_aside AND decided_at IS NULL) AS set_aside, count(verdict) AS decided,
                   count(*) FILTER (WHERE verdict = 'good') AS good, count(*) FILTER (WHERE verdict = 'bad') AS bad,
                   count(*) FILTER (WHERE verdict = 'bad' AND (expected IS NOT NULL OR item_id IS NOT NULL)) AS corrected
              FROM review_items WHERE $1::text IS NULL OR slug = $1""",
        slug,
    )
    prompts = await tx.fetch(
        f"""SELECT nullif(slug, '') AS prompt, count(*) FILTER (WHERE {OPEN}) AS waiting, count(verdict) AS decided
              FROM review_items WHERE $1::text IS NULL OR slug = $1 GROUP BY slug ORDER BY 2 DESC, slug LIMIT 200""",
        slug,
    )
    reasons = await tx.fetch(
        f"""SELECT reason, count(*) FILTER (WHERE {OPEN}) AS waiting, count(verdict) AS decided
              FROM review_items, unnest(reasons) reason WHERE $1::text IS NULL OR slug = $1 GROUP BY reason ORDER BY reason""",
        slug,
    )
    reviewers = await tx.fetch(
        """SELECT decided_by AS reviewer, count(*) AS decided, count(*) FILTER (WHERE verdict = 'good') AS good,
                  count(*) FILTER (WHERE verdict = 'bad') AS bad, max(decided_at) AS last_decided_at
             FROM review_items WHERE decided_at IS NOT NULL AND ($1::text IS NULL OR slug = $1)
            GROUP BY decided_by ORDER BY 2 DESC, decided_by LIMIT 200""",
        slug,
    )
    return ProgressAnswer(
        **dict(total),
        by_prompt=[PromptProgress(**dict(row)) for row in prompts],
        by_reason=[ReasonProgress(**dict(row)) for row in reasons],
        by_reviewer=[ReviewerProgress(**dict(row)) for row in reviewers],
    )
