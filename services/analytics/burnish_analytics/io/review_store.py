"""Rows of the review queue, as analytics adds them; the gateway writes what reviewers decide."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final
from uuid import UUID

from burnish_analytics.core.review import DOUBTS, Candidate, Rules
from burnish_shared.contracts.review import ReviewRuleRow
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

ADD: Final = """
INSERT INTO review_items (workspace_id, execution_id, review_id, slug, version, label, model, simulated, reasons, urgency, voice)
SELECT u.workspace_id, u.execution_id, u.review_id, u.slug, u.version, u.label, u.model, u.simulated, ARRAY[u.reason], u.urgency, u.voice
  FROM (SELECT t.*, row_number() OVER (PARTITION BY t.workspace_id, t.slug ORDER BY t.execution_id) AS place,
               row_number() OVER (PARTITION BY t.workspace_id, t.slug, t.voice ORDER BY t.execution_id) AS voice_place
          FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::text[], $7::text[], $8::bool[], $9::text[],
                      $10::int2[], $11::int[], $12::bytea[], $13::int[])
               t(workspace_id, execution_id, review_id, slug, version, label, model, simulated, reason, urgency, most_waiting, voice,
                 most_of_voice)) u
 WHERE EXISTS (SELECT FROM execution_contents c
                WHERE c.execution_id = u.execution_id AND c.workspace_id = u.workspace_id AND c.output <> '')
   AND (u.place + (SELECT count(*) FROM (SELECT FROM review_items r WHERE r.workspace_id = u.workspace_id AND r.slug = u.slug
                                            AND r.decided_at IS NULL AND NOT r.set_aside LIMIT u.most_waiting) x) <= u.most_waiting
        AND (u.voice IS NULL OR u.voice_place + (
             SELECT count(*) FROM (SELECT FROM review_items r WHERE r.workspace_id = u.workspace_id AND r.slug = u.slug
                                      AND r.voice = u.voice AND r.decided_at IS NULL AND NOT r.set_aside
                                    LIMIT u.most_of_voice) x) <= u.most_of_voice)
        OR EXISTS (SELECT FROM review_items q WHERE q.workspace_id = u.workspace_id AND q.execution_id = u.execution_id))
 ORDER BY u.workspace_id, u.execution_id
ON CONFLICT (workspace_id, execution_id) DO UPDATE SET reasons = review_items.reasons || excluded.reasons,
   urgency = least(review_items.urgency, excluded.urgency)
 WHERE NOT review_items.reasons @> excluded.reasons
RETURNING true"""


DOUBTFUL: Final = """
SELECT s.execution_id, s.slug, s.version, s.label, s.model, bool_or(s.simulated) AS simulated,
       bool_or(s.uncertain AND s.disagreement IS NOT NULL OR coalesce(f.differs, false)) AS disagreement,
       bool_or(s.uncertain AND s.disagreement IS NULL) AS uncertain
  FROM scores s LEFT JOIN LATERAL (
    SELECT bool_or((x.value >= 0.5) <> s.passed) AS differs FROM feedback x
     WHERE x.workspace_id = s.workspace_id AND x.target_kind = 'execution' AND x.target_id = s.execution_id::text
       AND x.kind IN ('thumb', 'score') AND x.feedback_id IS NOT NULL) f ON true
 WHERE s.workspace_id = $1 AND s.execution_id = ANY ($2::uuid[]) AND s.score IS NOT NULL
 GROUP BY s.execution_id, s.slug, s.version, s.label, s.model ORDER BY s.execution_id"""


async def doubtful(tx: Tx, workspace_id: UUID, execution_ids: Collection[UUID]) -> list[Candidate]:
    """Of these executions those whose evaluators are not sure, or say something else than one another or than people."""
    rows = await tx.fetch(DOUBTFUL, workspace_id, sorted(execution_ids))
    return [
        Candidate(
            workspace_id=workspace_id,
            execution_id=row["execution_id"],
            slug=row["slug"],
            version=row["version"],
            label=row["label"],
            model=row["model"],
            simulated=row["simulated"],
            reason=reason,
        )
        for row in rows
        for reason in DOUBTS
        if row[reason]
    ]


async def rules_of(tx: Tx, workspaces: Collection[UUID]) -> Rules:
    """What these workspaces set."""
    rows = await tx.fetch(
        """SELECT workspace_id, slug, low_rated, uncertain, sample_ratio, most_waiting FROM review_settings
            WHERE workspace_id = ANY ($1::uuid[])""",
        sorted(workspaces),
    )
    return Rules(
        {(row["workspace_id"], row["slug"]): ReviewRuleRow(**{n: v for n, v in row.items() if n != "workspace_id"}) for row in rows}
    )


async def add(tx: Tx, candidates: Iterable[Candidate]) -> int:
    """Queues what is not queued yet, and adds new reasons to what is. Returns how many rows. An answer without a text is not queued.

    One statement for each reason, because an upsert touches a row once.
    """
    by_reason: dict[str, list[Candidate]] = {}
    for one in candidates:
        by_reason.setdefault(one.reason, []).append(one)
    return sum([await _add(tx, by_reason[reason]) for reason in sorted(by_reason)])


async def _add(tx: Tx, candidates: Sequence[Candidate]) -> int:
    rows = [
        (
            one.workspace_id, one.execution_id, new_uuid(), one.slug, one.version, one.label, one.model, one.simulated, one.reason,
            one.urgency, one.most_waiting, one.voice, one.most_of_voice,
        )
        for one in candidates
    ]  # fmt: skip
    return len(await tx.fetch(ADD, *(list(column) for column in zip(*rows, strict=True))))
