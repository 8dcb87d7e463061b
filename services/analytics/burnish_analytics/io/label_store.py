"""Rows of `label_feedback` and `detector_observations`: what is known of one version as one label served it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from burnish_analytics.core.intake import LabelChange, LabelKey, Observation
from burnish_analytics.core.threshold import ThresholdState
from burnish_analytics.core.voices import HEAVIEST_MOST, Voice, Weighed, weigh
from burnish_analytics.io.rollup_store import as_array
from burnish_shared.db.session import Tx

MOVE: Final = """
INSERT INTO label_feedback AS l (workspace_id, slug, label, version, samples, satisfied_micro, simulated)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::bigint[], $7::boolean[])
ON CONFLICT (workspace_id, slug, label, version) DO UPDATE SET samples = l.samples + excluded.samples,
  satisfied_micro = l.satisfied_micro + excluded.satisfied_micro, simulated = l.simulated OR excluded.simulated"""

MOVE_VOICES: Final = """
INSERT INTO label_voices AS l (workspace_id, slug, label, version, voice, samples, satisfied_micro)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::bigint[], $7::bigint[])
ON CONFLICT (workspace_id, slug, label, version, voice) DO UPDATE SET samples = l.samples + excluded.samples,
  satisfied_micro = l.satisfied_micro + excluded.satisfied_micro, spoke_at = clock_timestamp()"""

HEAR: Final = """
INSERT INTO detector_voices AS v (workspace_id, slug, label, version, period, voice, samples, satisfied_micro)
SELECT workspace_id, slug, label, version, $8, voice, samples, satisfied_micro
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::bigint[], $7::bigint[])
       u(workspace_id, slug, label, version, voice, samples, satisfied_micro)
ON CONFLICT (workspace_id, slug, label, version, period, voice) DO UPDATE SET samples = v.samples + excluded.samples,
  satisfied_micro = v.satisfied_micro + excluded.satisfied_micro"""

HEAVIEST: Final = """
SELECT l.workspace_id, l.slug, l.label, l.version, l.samples, l.satisfied_micro, v.voice, v.samples AS voice_samples,
       v.satisfied_micro AS voice_satisfied_micro
  FROM label_feedback l JOIN unnest($1::uuid[], $2::text[], $3::text[], $4::integer[]) u(workspace_id, slug, label, version)
 USING (workspace_id, slug, label, version)
  LEFT JOIN LATERAL (SELECT x.voice, x.samples, x.satisfied_micro FROM label_voices x
                      WHERE (x.workspace_id, x.slug, x.label, x.version) = (l.workspace_id, l.slug, l.label, l.version) AND x.samples > 1
                      ORDER BY x.samples DESC, x.voice LIMIT $5) v ON true
 ORDER BY 1, 2, 3, 4, v.samples DESC, v.voice"""

LOCK: Final = """
SELECT l.* FROM label_feedback l
  JOIN unnest($1::uuid[], $2::text[], $3::text[], $4::integer[]) u(workspace_id, slug, label, version)
 USING (workspace_id, slug, label, version)
 ORDER BY 1, 2, 3, 4 FOR UPDATE OF l"""

# The ten seconds are for a rule that was written and not yet committed when the rules were read. Judging again tells nothing twice.
SAVE: Final = """
UPDATE label_feedback l SET samples_told = u.samples_told, is_below = u.is_below, is_retired = u.is_retired,
       resolved_at = u.resolved_at, recheck_at = u.recheck_at, evaluated_at = now() - interval '10 seconds'
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::boolean[], $6::boolean[], $7::boolean[], $8::timestamptz[],
              $9::timestamptz[])
       u(workspace_id, slug, label, version, samples_told, is_below, is_retired, resolved_at, recheck_at)
 WHERE (l.workspace_id, l.slug, l.label, l.version) = (u.workspace_id, u.slug, u.label, u.version)"""

OBSERVE: Final = """
INSERT INTO detector_observations AS o (workspace_id, slug, label, version, period, executions, failures, latency, cost, samples,
                                        satisfied_micro, simulated, last_finished_at)
SELECT workspace_id, slug, label, version, $13, executions, failures, latency::integer[], cost::integer[], samples, satisfied_micro,
       simulated, last_finished_at
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::bigint[],
              $10::bigint[], $11::boolean[], $12::timestamptz[])
       u(workspace_id, slug, label, version, executions, failures, latency, cost, samples, satisfied_micro, simulated, last_finished_at)
ON CONFLICT (workspace_id, slug, label, version, period) DO UPDATE SET
  executions = o.executions + excluded.executions, failures = o.failures + excluded.failures,
  latency = add_histograms(o.latency, excluded.latency), cost = add_histograms(o.cost, excluded.cost),
  samples = o.samples + excluded.samples, satisfied_micro = o.satisfied_micro + excluded.satisfied_micro,
  simulated = o.simulated OR excluded.simulated,
  last_finished_at = greatest(o.last_finished_at, excluded.last_finished_at)"""


# Each statement is planned for the tables as they are now: one that was planned for an empty partition, and kept, compares every row with
# every key an hour later. For the same reason nothing is materialized (enter_period forbids the other ways of reading a whole table).
# Replicas wait for each other's rows, which under load may take longer than a request would wait.
ENTER: Final = """
SELECT enter_period($1)
  FROM (SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_material', 'off', true),
               set_config('lock_timeout', '15000', true)) s"""

NOT_WEIGHED: Final = Weighed(0, 0)


@dataclass(frozen=True, slots=True)
class LabelFeedback:
    """How feedback on one label and version stands, locked, and what was told of it.

    `samples`, `satisfied_micro`: as they came; `weighed`: what is decided from.
    """

    key: LabelKey
    samples: int
    satisfied_micro: int
    simulated: bool
    state: ThresholdState
    weighed: Weighed = NOT_WEIGHED


async def enter_period(tx: Tx, *, length_ms: int) -> datetime:
    """The period of ingestion that observations of this transaction belong to. Nobody closes it before this transaction ends."""
    return await tx.fetchval(ENTER, length_ms)  # type: ignore[no-any-return]


async def move_standings(tx: Tx, changes: Mapping[LabelKey, LabelChange]) -> None:
    """Adds differences of standings."""
    rows = [
        (*_key(key), change.standing.samples, change.standing.satisfied_micro, change.simulated)
        for key, change in sorted(changes.items(), key=lambda one: one[0])
    ]
    if rows:
        await tx.execute(MOVE, *_columns(rows))


async def move_voices(tx: Tx, changes: Mapping[LabelKey, LabelChange]) -> None:
    """Adds what single voices said."""
    rows = [
        (*_key(key), voice, standing.samples, standing.satisfied_micro)
        for key, change in sorted(changes.items(), key=lambda one: one[0])
        for voice, standing in sorted(change.voices.items())
        if standing.samples or standing.satisfied_micro
    ]
    if rows:
        await tx.execute(MOVE_VOICES, *_columns(rows))


async def weighed(tx: Tx, keys: Collection[LabelKey], *, needed: Mapping[LabelKey, int]) -> dict[LabelKey, Weighed]:
    """How feedback on these stands when no voice weighs more than its allowance. `needed`: reactions that a decision takes."""
    if not keys:
        return {}
    found: dict[LabelKey, list[Voice]] = {key: [] for key in keys}
    totals: dict[LabelKey, tuple[int, int]] = dict.fromkeys(keys, (0, 0))
    for row in await tx.fetch(HEAVIEST, *_columns([_key(key) for key in sorted(keys)]), HEAVIEST_MOST):
        key = LabelKey(row["workspace_id"], row["slug"], row["label"], row["version"])
        totals[key] = (row["samples"], row["satisfied_micro"])
        if row["voice"] is not None:
            found[key].append(Voice(row["voice"], row["voice_samples"], row["voice_satisfied_micro"]))
    return {key: weigh(*totals[key], voices, needed=needed[key]) for key, voices in found.items()}


async def lock_standings(tx: Tx, keys: Collection[LabelKey]) -> list[LabelFeedback]:
    """Locks the rows that are there, in order of key."""
    if not keys:
        return []
    return [_label_feedback(row) for row in await tx.fetch(LOCK, *_columns([_key(key) for key in sorted(keys)]))]


async def lock_label(tx: Tx, *, workspace_id: UUID, slug: str, label: str) -> None:
    """Locks what is known of a label's versions, before an alert that both feedback and detectors may write."""
    await tx.execute(
        "SELECT FROM label_feedback WHERE workspace_id = $1 AND slug = $2 AND label = $3 ORDER BY version FOR UPDATE",
        workspace_id, slug, label,
    )  # fmt: skip


async def end_crossing(tx: Tx, key: LabelKey, *, at: datetime) -> None:
    """The alert that this version's crossing was part of has ended. Still below its target after the cooldown, it raises another."""
    await tx.execute(
        """UPDATE label_feedback SET is_below = false, resolved_at = $5, recheck_at = $5
            WHERE workspace_id = $1 AND slug = $2 AND label = $3 AND version = $4 AND is_below""",
        *_key(key), at,
    )  # fmt: skip


async def served_before(tx: Tx, key: LabelKey) -> int | None:
    """The version that the label served before this one, as far as detectors have seen it."""
    row = await tx.fetchrow(
        """SELECT version, (state -> 'satisfaction' ->> 'moved_from')::integer AS moved_from FROM detector_states
            WHERE workspace_id = $1 AND slug = $2 AND label = $3""",
        key.workspace_id, key.slug, key.label,
    )  # fmt: skip
    if row is None:
        return None
    before = row["moved_from"] if row["version"] == key.version else row["version"]
    return before or None


async def save_states(tx: Tx, states: Mapping[LabelKey, ThresholdState]) -> None:
    """Keeps what was told, and when, by the database's clock."""
    rows = [
        (*_key(key), one.samples_told, one.is_below, one.is_retired, one.resolved_at, one.recheck_at)
        for key, one in sorted(states.items(), key=lambda pair: pair[0])
    ]
    if rows:
        await tx.execute(SAVE, *_columns(rows))


async def forget_feedback(tx: Tx, *, workspace_id: UUID, days: int, at_most: int) -> int:
    """Removes standings that nobody judged for so long and nothing waits for, and what single voices said in them."""
    rows = await tx.fetch(
        """WITH gone AS (DELETE FROM label_feedback l WHERE (l.workspace_id, l.slug, l.label, l.version) IN
             (SELECT x.workspace_id, x.slug, x.label, x.version FROM label_feedback x
               WHERE x.workspace_id = $1 AND x.evaluated_at < now() - $2 * interval '1 day' AND NOT x.is_below AND x.recheck_at IS NULL
               ORDER BY x.slug, x.label, x.version LIMIT $3 FOR UPDATE) RETURNING l.slug, l.label, l.version),
           silent AS (DELETE FROM label_voices v USING gone g
                       WHERE v.workspace_id = $1 AND (v.slug, v.label, v.version) = (g.slug, g.label, g.version))
           SELECT 1 FROM gone""",
        workspace_id,
        days,
        at_most,
    )
    return len(rows)


async def add_observations(tx: Tx, observations: Mapping[LabelKey, Observation], *, period: datetime) -> None:
    """Adds what came in to the period's rows, and what single voices said to theirs."""
    said = [
        (*_key(key), voice, standing.samples, standing.satisfied_micro)
        for key, one in sorted(observations.items(), key=lambda pair: pair[0])
        for voice, standing in sorted(one.voices.items())
    ]
    if said:
        await tx.execute(HEAR, *_columns(said), period)
    rows = [
        (*_key(key), one.executions, one.failures, as_array(one.latency), as_array(one.cost), one.samples, one.satisfied_micro,
         one.simulated, one.last_finished_at)
        for key, one in sorted(observations.items(), key=lambda pair: pair[0])
    ]  # fmt: skip
    if rows:
        await tx.execute(OBSERVE, *_columns(rows), period)


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _key(key: LabelKey) -> tuple[Any, ...]:
    return (key.workspace_id, key.slug, key.label, key.version)


def _label_feedback(row: asyncpg.Record) -> LabelFeedback:
    return LabelFeedback(
        key=LabelKey(row["workspace_id"], row["slug"], row["label"], row["version"]),
        samples=row["samples"],
        satisfied_micro=row["satisfied_micro"],
        simulated=row["simulated"],
        state=ThresholdState(
            samples_told=row["samples_told"],
            is_below=row["is_below"],
            is_retired=row["is_retired"],
            resolved_at=row["resolved_at"],
            recheck_at=row["recheck_at"],
        ),
    )
