"""The SQL of test runs, jobs and suggestions as the gateway may touch them: it inserts, reads, asks to cancel, and notes decisions."""

from collections.abc import Sequence
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from burnish_gateway.optimization.given_tokens import tokens_of_given
from burnish_shared.contracts.evaluators import EvaluatorSettings
from burnish_shared.db.session import Tx

SETTINGS: Final[TypeAdapter[EvaluatorSettings]] = TypeAdapter(EvaluatorSettings)

RunKind = Literal["test_run", "optimization"]

_TABLE: Final = {"test_run": ("test_runs", "test_run_id"), "optimization": ("optimization_jobs", "job_id")}

_PAUSED: Final = "paused_at IS NOT NULL AND status IN ('pending', 'running')"


def spent_of(run: str) -> str:
    """SQL: what a test run or job (`run`: its name in the query) took from its funding account, as the books say, without what went back.

    It counts what a run that was cut short never heard of: calls that ended after it, and those of judges. 0 for one without an account.
    """
    return f"""coalesce((SELECT a.spent_nusd - coalesce((SELECT sum(t.amount_nusd) FROM transfers t
                       WHERE t.workspace_id = {run}.workspace_id AND t.execution_id IS NULL AND t.at >= {run}.created_at
                         AND t.kind = 'funding_return' AND t.debit_account_id = a.account_id), 0)::bigint
                  FROM accounts a WHERE a.workspace_id = {run}.workspace_id AND a.account_id = {run}.funding_account_id), 0)"""


def asked_of(run: str) -> str:
    """SQL: whether a row of `evaluations` (`run`: its name in the query) is an answer to an item. The others are proposals, under the nil
    id, calls of a chain's steps, and those of judges, each under the id of the answer that it is about."""
    return f"""{run}.item_id <> '00000000-0000-0000-0000-000000000000' AND {run}.step IS NULL
              AND NOT EXISTS (SELECT 1 FROM evaluations judged WHERE judged.workspace_id = {run}.workspace_id
                               AND judged.owner_id = {run}.owner_id AND judged.execution_id = {run}.item_id)"""


def has_failed(answer: str) -> str:
    """SQL: whether an answer to an item (`answer`: its row of `evaluations`) is wrong; or, where nothing is right or wrong, has no text, or
    one that an evaluator does not let pass."""
    return f"""coalesce({answer}.score < 1, {answer}.status IS DISTINCT FROM 'success'
                 OR jsonb_path_exists({answer}.scores, '$.*.passed ? (@ == false)'), false)"""


TAKEN_WITHIN_S: Final = 15
"""What has a place is taken sooner, also where the message that says so was lost (BURNISH_CLAIM_INTERVAL_S of the optimizer)."""


LIMITED_WITHIN_S: Final = 150
"""A call that the provider had no room for is tried again within 2 minutes (core/retry.py of the optimizer), and says something newer."""


def _is_young(kind: RunKind) -> str:
    """SQL: whether `r` came, was resumed, was given back, or lost whoever worked on it, so lately that the next takes it by itself."""
    since = f"clock_timestamp() - {TAKEN_WITHIN_S} * interval '1 second'"
    young = f"greatest(r.created_at, r.leased_until) > {since}"
    if kind == "optimization":
        return young
    # The row keeps no moment of its resuming. Ids of the log begin with their time, by the gateway's clock.
    first = "extract(epoch FROM clock_timestamp() - interval '5 minutes') * 1000"
    return f"""({young} OR EXISTS (SELECT FROM audit_log a WHERE a.workspace_id = r.workspace_id AND a.at > {since}
                  AND a.audit_id >= rpad(lpad(to_hex(({first})::bigint), 12, '0'), 32, '0')::uuid
                  AND a.object_kind = 'test_run' AND a.object_id = r.test_run_id::text AND a.action = 'test_run.resumed'))"""


def _waits_for(kind: RunKind) -> str:
    """SQL: what `r`, a test run or job, waits for: while nobody works on it, or where the provider has no room for it. Null where it goes
    on, or is paused or over."""
    held = "workspace_id = r.workspace_id AND status IN ('pending', 'running') AND leased_until >= clock_timestamp()"
    rests, before = "r.paused_at IS NOT NULL", ""
    if kind == "optimization":
        rests = "false"
        before = """WHEN NOT r.cancel_requested AND EXISTS (SELECT FROM optimization_jobs o WHERE o.workspace_id = r.workspace_id
                      AND o.prompt_id = r.prompt_id AND o.status IN ('pending', 'running') AND o.job_id < r.job_id) THEN 'earlier_search'"""
    limited = f"""(SELECT e.status = 'rate_limited' AND e.finished_at > clock_timestamp() - {LIMITED_WITHIN_S} * interval '1 second'
                      FROM executions e WHERE e.workspace_id = r.workspace_id AND e.job_id = r.{_TABLE[kind][1]}
                     ORDER BY e.execution_id DESC LIMIT 1)"""
    return f"""CASE WHEN r.status NOT IN ('pending', 'running') OR {rests} THEN NULL
                 WHEN r.leased_until >= clock_timestamp() THEN CASE WHEN {limited} THEN 'provider_limit' END
                 {before}
                 WHEN {_is_young(kind)} THEN NULL
                 WHEN EXISTS (SELECT FROM test_runs WHERE {held}) OR EXISTS (SELECT FROM optimization_jobs WHERE {held}) THEN 'free_place'
                 ELSE 'optimizer' END"""


_SUGGESTION: Final = """suggestion_id, prompt_id, slug, base_version, job_id, status, content, evidence, simulated, accepted_version, label,
  experiment_id, reason, decided_by, decided_at, created_at, policy_tried_at, policy_refused"""


async def charge_fee(tx: Tx, workspace_id: UUID, *, credit_account_id: int, amount_nusd: int, job_id: UUID) -> bool:
    """Once for each job. False: the credit does not suffice."""
    taken: bool = await tx.fetchval(
        "SELECT charge_fee($1, $2, $3, $4, 'optimization run')", workspace_id, credit_account_id, amount_nusd, f"optimization:{job_id}"
    )
    return taken


async def fund(tx: Tx, workspace_id: UUID, *, credit_account_id: int, amount_nusd: int, reference: UUID) -> int | None:
    """Sets credit aside for a job, in the transaction that makes it. None: there is not enough."""
    account: int | None = await tx.fetchval("SELECT fund($1, $2, $3, $4)", workspace_id, credit_account_id, amount_nusd, reference)
    return account


async def longest_input(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> tuple[str, Any, str] | None:
    """The input that costs the most as text, and as it is, and the longest expected answer; None for a dataset without items. Pictures and
    files are long and cheap: the longest input that holds any meets the longest that holds none."""
    rows = await tx.fetch(
        """WITH sized AS (SELECT item_id, length(input::text) AS length, strpos(input::text, ';base64,') > 0 AS has_files FROM dataset_items
                          WHERE workspace_id = $1 AND dataset_id = $2 AND removed_version IS NULL),
                longest AS (SELECT DISTINCT ON (has_files) item_id FROM sized ORDER BY has_files, length DESC, item_id)
           SELECT i.input::text AS text, i.input,
                  (SELECT e.expected FROM dataset_items e WHERE e.workspace_id = $1 AND e.dataset_id = $2 AND e.removed_version IS NULL
                       AND e.expected IS NOT NULL ORDER BY length(e.expected) DESC, e.item_id LIMIT 1) AS expected
             FROM longest JOIN dataset_items i USING (item_id) WHERE i.workspace_id = $1""",
        workspace_id,
        dataset_id,
    )
    row = max(rows, key=lambda one: tokens_of_given(one["text"]), default=None)
    return (row["text"], row["input"], row["expected"] or "") if row else None


async def open_items(tx: Tx, workspace_id: UUID, dataset_id: UUID, *, split: str | None, item_ids: list[UUID] | None = None) -> int:
    """How many items of its newest version have no right answer. `split`, `item_ids` None: of all of them."""
    found: int = await tx.fetchval(
        """SELECT count(*) FROM dataset_items WHERE workspace_id = $1 AND dataset_id = $2 AND expected IS NULL AND removed_version IS NULL
              AND ($3::text IS NULL OR split = $3) AND ($4::uuid[] IS NULL OR item_id = ANY ($4))""",
        workspace_id,
        dataset_id,
        split,
        item_ids,
    )
    return found


async def contents_of_versions(tx: Tx, workspace_id: UUID, versions: Sequence[tuple[UUID, int]]) -> list[dict[str, Any]]:
    """Of these (prompt, version) what each says, in any order; those that are not there are missing."""
    rows = await tx.fetch(
        """SELECT v.content FROM prompt_versions v JOIN unnest($2::uuid[], $3::integer[]) w (prompt_id, version) USING (prompt_id, version)
            WHERE v.workspace_id = $1""",
        workspace_id,
        [prompt_id for prompt_id, _ in versions],
        [version for _, version in versions],
    )
    return [row["content"] for row in rows]


async def insert_test_run(tx: Tx, **columns: Any) -> None:
    await _insert(tx, "test_runs", columns)


async def failed_items(tx: Tx, workspace_id: UUID, run_id: UUID) -> list[UUID]:
    """Items that failed in a test run at least once, as far as they are still in the dataset as they were."""
    rows = await tx.fetch(
        f"""SELECT DISTINCT e.item_id FROM evaluations e
              JOIN dataset_items i ON i.workspace_id = e.workspace_id AND i.item_id = e.item_id AND i.removed_version IS NULL
            WHERE e.workspace_id = $1 AND e.owner_id = $2 AND e.answered_at IS NOT NULL
              AND {has_failed("e")} AND {asked_of("e")} ORDER BY e.item_id""",
        workspace_id,
        run_id,
    )
    return [row["item_id"] for row in rows]


async def missing_evaluators(tx: Tx, evaluator_ids: list[UUID]) -> list[UUID]:
    """Those that are not there, or archived."""
    if not evaluator_ids:
        return []
    rows = await tx.fetch("SELECT evaluator_id FROM evaluators WHERE evaluator_id = ANY ($1) AND archived_at IS NULL", evaluator_ids)
    known = {row["evaluator_id"] for row in rows}
    return [one for one in evaluator_ids if one not in known]


async def settings_of(tx: Tx, evaluator_ids: list[UUID]) -> list[EvaluatorSettings]:
    """What these look for, in their newest version."""
    if not evaluator_ids:
        return []
    rows = await tx.fetch("SELECT settings FROM evaluators WHERE evaluator_id = ANY ($1)", evaluator_ids)
    return [SETTINGS.validate_python(row["settings"]) for row in rows]


async def evidence_settings(tx: Tx, workspace_id: UUID) -> asyncpg.Record:
    """min_samples, confidence and examples_in_prompts of the workspace."""
    (row,) = await tx.fetch("SELECT min_samples, confidence, examples_in_prompts FROM workspaces WHERE workspace_id = $1", workspace_id)
    return row


async def begin_trial(tx: Tx) -> None:
    """What follows may be taken back, and the transaction goes on."""
    await tx.execute("SAVEPOINT trial")


async def take_back_trial(tx: Tx) -> None:
    """Everything since `begin_trial`."""
    await tx.execute("ROLLBACK TO SAVEPOINT trial")


async def search_items(tx: Tx, workspace_id: UUID, dataset_id: UUID, item_ids: list[UUID]) -> set[UUID]:
    """Those of the items that a search may see."""
    if not item_ids:
        return set()
    rows = await tx.fetch(
        """SELECT item_id FROM dataset_items
            WHERE workspace_id = $1 AND dataset_id = $2 AND item_id = ANY ($3) AND split <> 'test' AND removed_version IS NULL""",
        workspace_id,
        dataset_id,
        item_ids,
    )
    return {row["item_id"] for row in rows}


async def insert_job(tx: Tx, **columns: Any) -> None:
    await _insert(tx, "optimization_jobs", columns)


async def find_run(tx: Tx, workspace_id: UUID, kind: RunKind, run_id: UUID) -> asyncpg.Record | None:
    """With `spent_nusd`, as the books say, and `waits_for`."""
    table, column = _TABLE[kind]
    return await tx.fetchrow(
        f"""SELECT r.*, {spent_of("r")} AS spent_nusd, {_waits_for(kind)} AS waits_for
              FROM {table} r WHERE r.workspace_id = $1 AND r.{column} = $2""",
        workspace_id,
        run_id,
    )


_LISTED: Final = {
    "test_run": "r.*",
    "optimization": """r.job_id, r.slug, r.status, r.base_version, r.dataset_id, r.dataset_version, r.method, r.seed, r.task_model,
                       r.reflect_model, r.budget_evaluations, r.budget_nusd, r.budget_seconds, r.progress, r.outcome, r.finish_reason,
                       r.suggestion_id, r.test, r.error, r.simulated, r.created_by, r.created_at, r.started_at, r.finished_at,
                       r.search - 'manual' AS search""",
}
"""What lists say. Not what may be large: a job's proposals and report, and texts that somebody brought, are a megabyte and more."""


async def list_runs(
    tx: Tx,
    workspace_id: UUID,
    kind: RunKind,
    *,
    slug: str | None,
    status: str | None,
    chain: str | None = None,
    dataset_id: UUID | None = None,
    group_id: UUID | None = None,
    version: int | None = None,
    of_cases: bool | None = None,
    before: UUID | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Newest first, with `spent_nusd`. `of_cases`: only test runs over a version's test cases, or only the others. One that is paused is
    neither pending nor running."""
    table, column = _TABLE[kind]
    own = ""
    if kind == "test_run":
        own = """ AND ($6::uuid IS NULL OR group_id = $6) AND ($7::uuid IS NULL OR dataset_id = $7)
                  AND ($8::integer IS NULL OR version = $8) AND ($9::boolean IS NULL OR (cases_digest IS NOT NULL) = $9)
                  AND ($10::text IS NULL
                       OR chain_id = (SELECT c.chain_id FROM chains c WHERE c.workspace_id = $1 AND c.slug = $10))"""
    shown = f"CASE WHEN {_PAUSED} THEN 'paused' ELSE status END" if kind == "test_run" else "status"
    rows = await tx.fetch(
        f"""SELECT {_LISTED[kind]}, {spent_of("r")} AS spent_nusd FROM {table} r
             WHERE workspace_id = $1 AND ($2::text IS NULL OR slug = $2) AND ($3::text IS NULL OR {shown} = $3)
               AND ($4::uuid IS NULL OR {column} < $4){own} ORDER BY {column} DESC LIMIT $5""",
        workspace_id,
        slug,
        status,
        before,
        limit,
        *([group_id, dataset_id, version, of_cases, chain] if own else []),
    )
    return list(rows)


async def set_paused(tx: Tx, workspace_id: UUID, run_id: UUID, *, paused: bool) -> bool:
    """Pauses a test run that goes on, or lets one go on that is paused. Whether that changed anything."""
    changed = await tx.fetchval(
        """UPDATE test_runs SET paused_at = CASE WHEN $3 THEN clock_timestamp() END
            WHERE workspace_id = $1 AND test_run_id = $2 AND status IN ('pending', 'running') AND NOT cancel_requested
              AND (paused_at IS NULL) = $3 RETURNING true""",
        workspace_id,
        run_id,
        paused,
    )
    return bool(changed)


async def find_proposals(tx: Tx, workspace_id: UUID, job_id: UUID, *, model: str | None) -> asyncpg.Record | None:
    """`edits`: what was proposed for this model, or, where none is given, for the one that the job's edits are about; `models`: those that
    the job makes texts for. A model that is not among them gets the job's edits."""
    return await tx.fetchrow(
        """SELECT ARRAY (SELECT j.task_model UNION SELECT told ->> 'model' FROM jsonb_array_elements(j.report -> 'models') told) AS models,
                  coalesce((SELECT told -> 'edits' FROM jsonb_array_elements(j.report -> 'models') told WHERE told ->> 'model' = $3),
                           j.edits, '[]') AS edits
             FROM optimization_jobs j WHERE j.workspace_id = $1 AND j.job_id = $2""",
        workspace_id,
        job_id,
        model,
    )


async def ask_to_cancel(tx: Tx, workspace_id: UUID, kind: RunKind, run_id: UUID) -> None:
    """Ends at once what nobody has begun, and asks whoever works on it to stop. What has ended stays as it is."""
    table, column = _TABLE[kind]
    row = await tx.fetchrow(
        f"""UPDATE {table} SET cancel_requested = true,
                   status = CASE WHEN status = 'pending' THEN 'cancelled' ELSE status END,
                   finished_at = CASE WHEN status = 'pending' THEN clock_timestamp() ELSE finished_at END
             WHERE workspace_id = $1 AND {column} = $2 AND status IN ('pending', 'running') RETURNING status, funding_account_id""",
        workspace_id,
        run_id,
    )
    if row is not None and row["status"] == "cancelled":
        await tx.execute("SELECT close_funding($1)", row["funding_account_id"])
        if kind == "optimization":
            await tx.execute("SELECT return_unbegun_fee($1, $2)", workspace_id, run_id)


async def find_suggestion(tx: Tx, workspace_id: UUID, suggestion_id: UUID, *, for_update: bool = False) -> asyncpg.Record | None:
    lock = " FOR UPDATE" if for_update else ""
    return await tx.fetchrow(
        f"SELECT {_SUGGESTION} FROM suggestions WHERE workspace_id = $1 AND suggestion_id = $2{lock}", workspace_id, suggestion_id
    )


async def list_suggestions(
    tx: Tx, workspace_id: UUID, *, slug: str | None, status: str | None, before: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """Newest first."""
    rows = await tx.fetch(
        f"""SELECT {_SUGGESTION} FROM suggestions WHERE workspace_id = $1 AND ($2::text IS NULL OR slug = $2)
               AND ($3::text IS NULL OR status = $3) AND ($4::uuid IS NULL OR suggestion_id < $4) ORDER BY suggestion_id DESC LIMIT $5""",
        workspace_id,
        slug,
        status,
        before,
        limit,
    )
    return list(rows)


async def changed_cases(tx: Tx, workspace_id: UUID, job_id: UUID, evidence: dict[str, Any]) -> list[asyncpg.Record]:
    """The items that `evidence` names as fixed or broken, with the answers that both measured texts gave."""
    measured: dict[str, str] = evidence.get("measured", {})
    rows = await tx.fetch(
        """SELECT n.item_id, i.input, i.expected, b.output AS before, a.output AS after, b.execution_id AS before_execution_id,
                  a.execution_id AS after_execution_id
             FROM unnest($3::uuid[]) WITH ORDINALITY n(item_id, place)
             LEFT JOIN dataset_items i ON i.workspace_id = $1 AND i.item_id = n.item_id
             LEFT JOIN evaluations b ON b.workspace_id = $1 AND b.owner_id = $2 AND b.item_id = n.item_id AND b.repeat = 0
                                    AND b.question = $4
             LEFT JOIN evaluations a ON a.workspace_id = $1 AND a.owner_id = $2 AND a.item_id = n.item_id AND a.repeat = 0
                                    AND a.question = $5
            ORDER BY n.place""",
        workspace_id,
        job_id,
        [UUID(one) for one in (*evidence.get("broken", []), *evidence.get("fixed", []))],
        bytes.fromhex(measured.get("baseline_sha256", "")),
        bytes.fromhex(measured.get("candidate_sha256", "")),
    )
    return list(rows)


async def decide(
    tx: Tx, workspace_id: UUID, suggestion_id: UUID, *, status: str, by: str, version: int | None, label: str | None, reason: str | None
) -> None:
    await tx.execute(
        """UPDATE suggestions SET status = $3, decided_by = $4, decided_at = clock_timestamp(), accepted_version = $5, label = $6,
                  reason = $7
            WHERE workspace_id = $1 AND suggestion_id = $2 AND status = 'open'""",
        workspace_id,
        suggestion_id,
        status,
        by,
        version,
        label,
        reason,
    )


async def note_rollout(tx: Tx, workspace_id: UUID, suggestion_id: UUID, experiment_id: UUID) -> None:
    """The guarded rollout that began when it was accepted."""
    await tx.execute(
        "UPDATE suggestions SET experiment_id = $3 WHERE workspace_id = $1 AND suggestion_id = $2",
        workspace_id,
        suggestion_id,
        experiment_id,
    )


async def _insert(tx: Tx, table: str, columns: dict[str, Any]) -> None:
    """Names of columns are the callers' keywords, never a user's text."""
    names = sorted(columns)
    places = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    await tx.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})", *(columns[name] for name in names))
