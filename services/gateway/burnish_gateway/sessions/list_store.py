"""Lists of sessions in SQL: conversations by their newest execution, and what each came to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.execution.store import FILTERS
from burnish_shared.db.session import Tx
from burnish_shared.measures import SUM_MOST

LOOKED_AT_MOST: int = 20_000
"""Executions that one page looks through, newest first: sessions have no row of their own."""

COUNTED_MOST: int = 1_000
"""Executions of one session that its figures are of, the newest: some callers send one session id with everything."""

_FIGURES: Final = """
SELECT w.session_id, b.first_id, x.ids[1] AS last_id, x.*, b.first_id < x.ids[x.executions] AS is_cut, f.*
  FROM unnest($1::text[]) WITH ORDINALITY AS w(session_id, place)
  CROSS JOIN LATERAL (
    SELECT count(*) AS executions, count(*) FILTER (WHERE e.status = 'success') AS successes,
           sum(e.input_tokens)::bigint AS input_tokens, sum(e.output_tokens)::bigint AS output_tokens,
           least(sum(e.cost_nusd), {sum_most})::bigint AS cost_nusd, bool_or(e.simulated) AS simulated,
           count(DISTINCT e.end_user) AS users, min(e.end_user) AS user_id,
           coalesce(array_agg(DISTINCT e.slug) FILTER (WHERE e.slug IS NOT NULL), '{{}}') AS prompts,
           array_agg(e.execution_id ORDER BY e.execution_id DESC) AS ids
      FROM (SELECT * FROM executions n WHERE n.session_id = w.session_id ORDER BY n.execution_id DESC LIMIT {most}) e) x
  CROSS JOIN LATERAL (
    SELECT CASE WHEN x.executions < {most} THEN x.ids[x.executions] ELSE
             (SELECT o.execution_id FROM executions o WHERE o.session_id = w.session_id ORDER BY o.execution_id LIMIT 1) END AS first_id) b
  CROSS JOIN LATERAL (
    SELECT count(*) AS reactions, count(*) FILTER (WHERE r.kind = 'thumb' AND r.value = 1) AS thumbs_up,
           count(*) FILTER (WHERE r.kind = 'thumb' AND r.value = 0) AS thumbs_down
      FROM (SELECT a.kind, a.value FROM feedback a
             WHERE a.target_kind = 'session' AND a.target_id = w.session_id AND a.feedback_id IS NOT NULL AND NOT a.is_taken_back
            UNION ALL
            SELECT b.kind, b.value FROM feedback b
             WHERE b.target_kind = 'execution' AND b.target_id = ANY (x.ids::text[]) AND b.feedback_id IS NOT NULL
               AND NOT b.is_taken_back) r) f
 WHERE x.executions > 0 ORDER BY w.place"""


@dataclass(frozen=True, slots=True)
class Newest:
    """`rows`: session and the execution by which it is listed, at most limit + 1. `searched_to`: where the search ended with executions
    left behind it; None: at the page's or the list's end."""

    rows: Sequence[Record]
    searched_to: UUID | None = None


async def list_newest(tx: Tx, *, after: UUID | None, limit: int, filters: Mapping[str, Any]) -> Newest:
    """Sessions by their newest execution that the filters want, the newest first. `filters`: of `execution.store.FILTERS`, all of them
    such as an index serves; None: not asked for."""
    given = {name: value for name, value in filters.items() if value is not None}
    values = [*given.values(), after]
    same = "".join(f" AND {FILTERS[name].format(f'${number}')}" for number, name in enumerate(given, start=1))
    at_all = f"FROM executions e WHERE (${len(values)}::uuid IS NULL OR e.execution_id < ${len(values)}){same} ORDER BY e.execution_id DESC"
    later = same.replace("e.", "n.")
    await tx.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    # Row by row, and none after the page is full: OFFSET 0 keeps the look at what came later apart from the list.
    rows = await tx.fetch(
        f"""SELECT e.execution_id, e.session_id FROM (SELECT e.execution_id, e.session_id {at_all} LIMIT {LOOKED_AT_MOST}) e
             WHERE e.session_id IS NOT NULL AND NOT EXISTS (
                   SELECT FROM executions n WHERE n.session_id = e.session_id AND n.execution_id > e.execution_id{later} OFFSET 0)
             ORDER BY e.execution_id DESC LIMIT ${len(values) + 1}""",
        *values,
        limit + 1,
    )
    if len(rows) > limit:
        return Newest(rows)
    end: UUID | None = await tx.fetchval(f"SELECT e.execution_id {at_all} OFFSET {LOOKED_AT_MOST - 1} LIMIT 1", *values)
    # Behind all that was found, whatever was booked since the search.
    return Newest(rows, end if end is None or not rows else min(end, rows[-1]["execution_id"]))


async def figures_of(tx: Tx, session_ids: Sequence[str]) -> Sequence[Record]:
    """What each of them came to, in this order, each whole: whatever the list was narrowed by. One that has no execution is left out."""
    if not session_ids:
        return []
    # Whatever the ids are, it goes by the same indexes: with a partition a day, making its plan costs more than what it reads.
    await tx.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    return await tx.fetch(_FIGURES.format(most=COUNTED_MOST, sum_most=SUM_MOST), list(session_ids))
