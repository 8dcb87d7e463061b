"""Rows of `detector_states`, and the observations that detectors take out of `detector_observations`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from burnish_analytics.core.followed import Remembered
from burnish_analytics.core.intake import LabelKey
from burnish_analytics.core.voices import Voice
from burnish_shared.db.session import Tx

Pair = tuple[str, str]
"""Slug and label."""


@dataclass(frozen=True, slots=True)
class ObservedPeriod:
    """What came in for one label and version in one period that is closed."""

    slug: str
    label: str
    version: int
    period: datetime
    executions: int
    failures: int
    latency: list[int]
    cost: list[int]
    samples: int
    satisfied_micro: int
    simulated: bool
    last_finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class SaidInPeriod:
    """What one voice said of one version in one period, or in several that ended with it."""

    version: int
    period: datetime
    voice: Voice


@dataclass(frozen=True, slots=True)
class StoredStates:
    """What is remembered of one (prompt, label). `states`: metric → core/degradation.py. `seen_through`: when it was last written."""

    version: int
    states: dict[str, Any]
    seen_through: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """What is to be remembered of one (prompt, label)."""

    slug: str
    label: str
    version: int
    states: dict[str, Any]


async def close_periods(tx: Tx, *, length_ms: int) -> datetime:
    """Waits until the periods that have ended are final. Returns where the first open one begins. Use a transaction of its own."""
    return await tx.fetchval("SELECT close_periods($1)", length_ms)  # type: ignore[no-any-return]


async def observed_workspaces(tx: Tx, *, before: datetime) -> list[UUID]:
    return [row[0] for row in await tx.fetch("SELECT observed_workspaces($1)", before)]


async def lock_workspace(tx: Tx, workspace_id: UUID) -> None:
    """One at a time runs the detectors of a workspace, so that periods are read in order."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('burnish.detectors'), hashtext($1))", str(workspace_id))


# Of each period a label goes with all of its versions, or not at all: which one it serves is read off them.
TAKE: Final = """
WITH page AS MATERIALIZED (
       SELECT DISTINCT period, slug, label FROM detector_observations WHERE workspace_id = $1 AND period < $2
        ORDER BY period, slug, label LIMIT $3),
     taken AS (
       DELETE FROM detector_observations o USING page p
        WHERE o.workspace_id = $1 AND (o.period, o.slug, o.label) = (p.period, p.slug, p.label) RETURNING o.*)
SELECT slug, label, version, period, executions, failures, latency, cost, samples, satisfied_micro, simulated, last_finished_at,
       (SELECT count(*) FROM page) AS page_length
  FROM taken ORDER BY slug, label, period, version"""


async def take_observations(tx: Tx, *, workspace_id: UUID, before: datetime, at_most: int) -> tuple[list[ObservedPeriod], bool]:
    """Removes and returns what came in before a moment, in order of prompt, label, period, version; and whether there may be more.

    `at_most`: periods of labels, the oldest periods first.
    """
    rows = await tx.fetch(TAKE, workspace_id, before, at_most)
    observed = [ObservedPeriod(**{name: value for name, value in row.items() if name != "page_length"}) for row in rows]
    return observed, bool(rows) and rows[0]["page_length"] >= at_most


async def remembered(tx: Tx, *, workspace_id: UUID) -> dict[Pair, Remembered]:
    """(slug, label) → what is followed, without its states."""
    rows = await tx.fetch(
        """SELECT d.slug, d.label, row_number() OVER (ORDER BY d.seen_through DESC, d.slug, d.label) AS rank,
                  d.seen_through > now() - interval '1 day' AS is_recent, l.label IS NOT NULL AS is_named
             FROM detector_states d LEFT JOIN prompts p ON p.workspace_id = d.workspace_id AND p.slug = d.slug
             LEFT JOIN prompt_labels l ON l.workspace_id = p.workspace_id AND l.prompt_id = p.prompt_id AND l.label = d.label
            WHERE d.workspace_id = $1""",
        workspace_id,
    )
    return {(row["slug"], row["label"]): Remembered(row["rank"], row["is_recent"], row["is_named"]) for row in rows}


async def forget_labels(tx: Tx, *, workspace_id: UUID, labels: Collection[Pair]) -> int:
    """Removes what detectors remember of these. Returns how many there were."""
    slugs, names = [slug for slug, _ in labels], [label for _, label in labels]
    for table in ("detector_hours", "detector_voices", "detector_states"):
        gone = await tx.fetch(
            f"""DELETE FROM {table} d USING unnest($2::text[], $3::text[]) u(slug, label)
                 WHERE d.workspace_id = $1 AND (d.slug, d.label) = (u.slug, u.label) RETURNING 1""",
            workspace_id, slugs, names,
        )  # fmt: skip
    return len(gone)


async def unused_labels(tx: Tx, *, workspace_id: UUID, days: int, at_most: int) -> list[Pair]:
    """(slug, label) that nothing came in for so long."""
    rows = await tx.fetch(
        """SELECT slug, label FROM detector_states WHERE workspace_id = $1 AND seen_through < now() - $2 * interval '1 day'
            ORDER BY slug, label LIMIT $3""",
        workspace_id,
        days,
        at_most,
    )
    return [(row["slug"], row["label"]) for row in rows]


async def workspaces_with_unused_labels(tx: Tx, *, days: int, feedback_days: int) -> list[UUID]:
    return [row[0] for row in await tx.fetch("SELECT workspaces_with_unused_labels($1, $2)", days, feedback_days)]


async def take_voices(
    tx: Tx, *, workspace_id: UUID, labels: Collection[tuple[str, str]], before: datetime
) -> dict[tuple[str, str], list[SaidInPeriod]]:
    """Removes and returns what single voices said under these (slug, label) and was not weighed, in order of period and voice."""
    rows = await tx.fetch(
        """DELETE FROM detector_voices v USING unnest($2::text[], $3::text[]) u(slug, label)
            WHERE v.workspace_id = $1 AND (v.slug, v.label) = (u.slug, u.label) AND v.period < $4
           RETURNING v.slug, v.label, v.version, v.period, v.voice, v.samples, v.satisfied_micro""",
        workspace_id, [slug for slug, _ in labels], [label for _, label in labels], before,
    )  # fmt: skip
    found: dict[tuple[str, str], list[SaidInPeriod]] = {}
    for row in sorted(rows, key=lambda one: (one["period"], one["version"], one["voice"])):
        said = SaidInPeriod(row["version"], row["period"], Voice(row["voice"], row["samples"], row["satisfied_micro"]))
        found.setdefault((row["slug"], row["label"]), []).append(said)
    return found


async def keep_voices(tx: Tx, *, workspace_id: UUID, waiting: Mapping[Pair, Sequence[SaidInPeriod]]) -> None:
    """Puts back what waits for more voices. Nobody else writes into periods that are closed."""
    rows = [
        (slug, label, one.version, one.period, one.voice.name, one.voice.samples, one.voice.satisfied_micro)
        for (slug, label), said in sorted(waiting.items())
        for one in said
    ]
    if rows:
        await tx.execute(
            """INSERT INTO detector_voices (workspace_id, slug, label, version, period, voice, samples, satisfied_micro)
               SELECT $1, * FROM unnest($2::text[], $3::text[], $4::integer[], $5::timestamptz[], $6::text[], $7::bigint[],
                                        $8::bigint[])""",
            workspace_id,
            *(list(column) for column in zip(*rows, strict=True)),
        )


async def states_of(tx: Tx, *, workspace_id: UUID, labels: Collection[Pair]) -> dict[Pair, StoredStates]:
    """(slug, label) → what is remembered of these."""
    rows = await tx.fetch(
        """SELECT d.slug, d.label, d.version, d.state, d.seen_through FROM unnest($2::text[], $3::text[]) u(slug, label)
             JOIN detector_states d ON d.workspace_id = $1 AND (d.slug, d.label) = (u.slug, u.label)""",
        workspace_id, [slug for slug, _ in labels], [label for _, label in labels],
    )  # fmt: skip
    return {(row["slug"], row["label"]): StoredStates(row["version"], row["state"], row["seen_through"]) for row in rows}


async def save_states(tx: Tx, *, workspace_id: UUID, states: Sequence[Kept]) -> None:
    """Keeps them, with the database's time less ten seconds: an acknowledgement that is being committed now is found next time."""
    ordered = sorted(states, key=lambda one: (one.slug, one.label))
    await tx.execute(
        """INSERT INTO detector_states (workspace_id, slug, label, version, state, seen_through)
           SELECT $1, u.*, now() - interval '10 seconds' FROM unnest($2::text[], $3::text[], $4::integer[], $5::jsonb[]) u
           ON CONFLICT (workspace_id, slug, label)
           DO UPDATE SET version = excluded.version, state = excluded.state, seen_through = excluded.seen_through""",
        workspace_id, [one.slug for one in ordered], [one.label for one in ordered], [one.version for one in ordered],
        [one.states for one in ordered],
    )  # fmt: skip


async def named_versions(tx: Tx, *, workspace_id: UUID, labels: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """(slug, label) → the version that the label names now, of those that are labels of a prompt here."""
    rows = await tx.fetch(
        """SELECT p.slug, l.label, l.version FROM unnest($2::text[], $3::text[]) u(slug, label)
             JOIN prompts p ON p.workspace_id = $1 AND p.slug = u.slug
             JOIN prompt_labels l ON l.workspace_id = $1 AND l.prompt_id = p.prompt_id AND l.label = u.label""",
        workspace_id, [slug for slug, _ in labels], [label for _, label in labels],
    )  # fmt: skip
    return {(row["slug"], row["label"]): row["version"] for row in rows}


RETIRE: Final = """
WITH serving AS MATERIALIZED (
       SELECT u.slug, u.label, u.is_told, u.version > 0 AS is_known, ARRAY[u.version, u.named] || ARRAY
              (SELECT o.version FROM detector_observations o
                WHERE o.workspace_id = $1 AND o.slug = u.slug AND o.label = u.label AND o.last_finished_at IS NOT NULL
                ORDER BY o.last_finished_at DESC, o.version DESC LIMIT 1) AS versions
         FROM unnest($2::text[], $3::text[], $4::integer[], $5::integer[], $6::boolean[]) u(slug, label, version, named, is_told)),
     locked AS MATERIALIZED (
       SELECT f.slug, f.label, f.version, s.is_known AND f.is_retired = (f.version = ANY (s.versions)) AS is_other
         FROM serving s JOIN label_feedback f ON f.workspace_id = $1 AND f.slug = s.slug AND f.label = s.label
        WHERE s.is_told OR s.is_known AND f.is_retired = (f.version = ANY (s.versions))
        ORDER BY f.workspace_id, f.slug, f.label, f.version FOR UPDATE OF f)
UPDATE label_feedback f SET is_retired = NOT f.is_retired FROM locked l
 WHERE f.workspace_id = $1 AND (f.slug, f.label, f.version) = (l.slug, l.label, l.version) AND l.is_other
RETURNING f.slug, f.label, f.version"""


async def retire_other_versions(
    tx: Tx, *, workspace_id: UUID, serving: Mapping[Pair, tuple[int, int]], told: Collection[Pair]
) -> list[LabelKey]:
    """Notes which versions labels serve now: these, and the one whose executions in periods that are still open are the newest.

    Locks, in order of key, what it changes and all standings of `told`, of which alerts are to be written. Returns those whose mark
    changed, to be judged again.
    """
    pairs = sorted(serving.keys() | set(told))
    if not pairs:
        return []
    rows = await tx.fetch(
        RETIRE, workspace_id, [slug for slug, _ in pairs], [label for _, label in pairs], [serving.get(one, (0, 0))[0] for one in pairs],
        [serving.get(one, (0, 0))[1] for one in pairs], [one in told for one in pairs],
    )  # fmt: skip
    return [LabelKey(workspace_id, row["slug"], row["label"], row["version"]) for row in rows]


async def labels_due(tx: Tx, *, at_most: int) -> list[LabelKey]:
    """Labels whose feedback must be judged although none came: a cooldown is over, or a rule changed."""
    rows = await tx.fetch("SELECT workspace_id, slug, label, version FROM label_feedback_due($1)", at_most)
    return [LabelKey(row["workspace_id"], row["slug"], row["label"], row["version"]) for row in rows]


@dataclass(frozen=True, slots=True)
class WaitingCount:
    workspace_id: UUID
    waiting: int
    orphans: int


async def changed_waiting_counts(tx: Tx, *, days: int) -> list[WaitingCount]:
    """How much feedback waits, by workspace, where that differs from what is written down. An orphan has waited `days`."""
    rows = await tx.fetch("SELECT workspace_id, waiting, orphans FROM waiting_counts($1)", days)
    return [WaitingCount(**dict(row)) for row in rows]


async def save_waiting_counts(tx: Tx, counts: Collection[WaitingCount]) -> None:
    await tx.execute(
        """INSERT INTO feedback_orphans (workspace_id, waiting, orphans) SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[])
           ON CONFLICT (workspace_id)
           DO UPDATE SET waiting = excluded.waiting, orphans = excluded.orphans, counted_at = clock_timestamp()""",
        [one.workspace_id for one in counts], [one.waiting for one in counts], [one.orphans for one in counts],
    )  # fmt: skip


async def ensure_partitions(tx: Tx, *, days_ahead: int) -> None:
    await tx.execute("SELECT ensure_partitions($1)", days_ahead)


async def forget_old(tx: Tx, *, keys_h: int, events_d: int, at_most: int) -> int:
    """Removes keys of requests, event ids, change notes, sessions and tries to sign in past their time. Returns how many rows went."""
    return await tx.fetchval("SELECT forget_old($1, $2, $3) + forget_signed_out($3)", keys_h, events_d, at_most)  # type: ignore[no-any-return]


async def renew_prompt_words(tx: Tx, *, after: UUID | None, at_most: int) -> UUID | None:
    """Keeps words of prompts behind `after` by the newest rule. Returns the last one; None: none was left behind it; the least UUID:
    somebody holds all that are left of all."""
    return await tx.fetchval("SELECT renew_prompt_words($1, $2)", after, at_most)  # type: ignore[no-any-return]


async def waiting_totals(tx: Tx) -> tuple[int, int]:
    """How much feedback waits, and how much of it is orphaned, over all workspaces, as last written down."""
    row = await tx.fetchrow("SELECT * FROM waiting_totals()")
    return (0, 0) if row is None else (row["waiting"], row["orphans"])
