"""What is older than a workspace's days loses its text and its people; the numbers stay."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest

from burnish_analytics.forget_old import EXECUTIONS, KINDS, forget_old
from burnish_analytics.io import retention_store
from burnish_shared.db.session import Database, Tx
from burnish_shared.ids import new_uuid
from tests.embedded.databases import DatabaseUrls
from tests.embedded.workspaces import Workspace
from tests.integration.privacy.past import Past, days_ago, id_of

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T8"), pytest.mark.promise("P-01")]

WorkspaceWith = Callable[..., Awaitable[Workspace]]


async def numbers(past: Past, workspace_id: UUID) -> list[dict[str, Any]]:
    """All that may be counted or charged, of executions and of feedback."""
    return await past.rows(
        """SELECT execution_id::text, status, cost_nusd, latency_ms, input_tokens, model, slug FROM executions WHERE workspace_id = $1
           UNION ALL SELECT execution_id::text, status, cost_nusd, latency_ms, input_tokens, model, slug
                       FROM execution_facts WHERE workspace_id = $1
           UNION ALL SELECT kind, target_kind, count(*), sum(value)::bigint, count(joined_at), '', ''
                       FROM feedback WHERE workspace_id = $1 GROUP BY 1, 2
           ORDER BY 1, 2""",
        workspace_id,
    )


async def test_text_and_people_go_after_the_workspaces_days_and_numbers_stay(
    db: Database, past: Past, workspace_with: WorkspaceWith
) -> None:
    workspace = (await workspace_with(retention_days=7)).workspace_id
    for n in range(7):
        old = await past.execution(workspace, f"oldster{n}", at=days_ago(7.1 + n), session=f"sessionold{n}")
        await past.feedback(workspace, f"oldster{n}", at=days_ago(7.1), execution=old, replaced=True)
        await past.feedback(workspace, f"oldster{n}", at=days_ago(7.1), session=f"sessionold{n}")
    young = await past.execution(workspace, "youngster", at=days_ago(6.8), session="sessionyoung")
    await past.feedback(workspace, "youngster", at=days_ago(6.8), execution=young, replaced=True)
    before = await numbers(past, workspace)
    done = await forget_old(db, batch_rows=3)
    assert (done.contents, done.persons) == (7, 7) and done.feedback >= 14
    assert await past.found("oldster") == {} and await past.found("sessionold") == {}
    assert {"executions", "execution_contents", "execution_facts", "feedback", "feedback_ids", "feedback_history"} <= set(
        await past.found("youngster")
    )
    assert await numbers(past, workspace) == before
    again = await forget_old(db, batch_rows=3)
    assert (again.contents, again.persons, again.feedback) == (0, 0, 0)


async def test_a_round_asks_no_more_for_what_it_found_nothing_of(
    db: Database, past: Past, workspace_with: WorkspaceWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Units of experiments are looked through whole to find none: once a round, and not once a batch of executions."""
    workspace = (await workspace_with(retention_days=7)).workspace_id
    for n in range(6):
        await past.execution(workspace, f"oldster{n}", at=days_ago(8 + n))
    asked: list[str] = []
    for kind, forget in KINDS.items():

        async def seen(tx: Tx, of: UUID, *, at_most: int, kind: str = kind, forget: Any = forget) -> int:
            asked.extend([kind] if of == workspace else [])
            rows: int = await forget(tx, of, at_most=at_most)
            return rows

        monkeypatch.setitem(cast(dict[str, Any], KINDS), kind, seen)
    done = await forget_old(db, batch_rows=2)
    assert done.contents >= 6 and sorted(asked) == sorted(KINDS)


async def test_open_pages_are_told_once_of_all_that_a_round_took(db: Database, past: Past, workspace_with: WorkspaceWith) -> None:
    """Not once a batch or an execution; and not where nothing went."""
    workspace, calm = (await workspace_with(retention_days=7)).workspace_id, (await workspace_with(retention_days=7)).workspace_id
    for n in range(7):
        old = await past.execution(workspace, f"oldster{n}", at=days_ago(8 + n))
        await past.feedback(workspace, f"oldster{n}", at=days_ago(8), execution=old)
    await past.execution(calm, "youngster", at=days_ago(6))

    async def told() -> list[dict[str, Any]]:
        return await past.rows(
            "SELECT workspace_id, key FROM config_changes WHERE kind = 'execution' AND workspace_id = ANY ($1)", [workspace, calm]
        )

    await forget_old(db, batch_rows=2)
    assert await told() == [{"workspace_id": workspace, "key": ""}]
    await forget_old(db, batch_rows=2)
    assert len(await told()) == 1


async def test_one_vote_of_a_person_stays_one_vote_of_nobody(db: Database, past: Past, workspace_with: WorkspaceWith) -> None:
    workspace = (await workspace_with(retention_days=1)).workspace_id
    execution = await past.execution(workspace, "ann", at=days_ago(3))
    for person in ("ann", "bob", "cyd", ""):
        await past.feedback(workspace, person, at=days_ago(2), execution=execution)
    await forget_old(db, batch_rows=100)
    rows = await past.rows("SELECT end_user, value, comment FROM feedback WHERE workspace_id = $1", workspace)
    names = [row["end_user"] for row in rows]
    assert len(rows) == 4 and sum(row["value"] for row in rows) == 4
    assert len(set(names)) == 4 and names.count("") == 1 and all(name == "" or name.startswith("~") for name in names)
    known = await past.rows("SELECT end_user FROM feedback_ids WHERE workspace_id = $1 AND end_user <> ''", workspace)
    assert not {row["end_user"] for row in known} & set(names), "nothing leads from one pseudonym to another"


async def test_a_reaction_that_was_changed_since_keeps_its_id(
    db: Database, past: Past, workspace_with: WorkspaceWith, superuser: asyncpg.Connection
) -> None:
    """Under the same feedback id: what it replaced goes, and who sent it may still change it."""
    workspace = (await workspace_with(retention_days=1)).workspace_id
    execution = await past.execution(workspace, "fickle", at=days_ago(0.5))
    feedback = await past.feedback(workspace, "fickle", at=days_ago(0.4), execution=execution, replaced=True)
    await superuser.execute(
        "UPDATE feedback_history SET feedback_id = $2, accepted_at = $3 WHERE workspace_id = $1", workspace, feedback, days_ago(2)
    )
    await superuser.execute("DELETE FROM feedback_ids WHERE workspace_id = $1 AND feedback_id <> $2", workspace, feedback)
    await forget_old(db, batch_rows=100)
    assert await superuser.fetchval("SELECT count(*) FROM feedback_history WHERE workspace_id = $1", workspace) == 0
    rows = await past.rows("SELECT end_user, forgotten_at FROM feedback_ids WHERE workspace_id = $1", workspace)
    assert rows == [{"end_user": "fickle", "forgotten_at": None}]


async def test_voices_and_units_that_were_silent_lose_their_names(db: Database, past: Past, workspace_with: WorkspaceWith) -> None:
    workspace = (await workspace_with(retention_days=1)).workspace_id
    for name, at in (("ann", days_ago(2)), ("bob", days_ago(0.5))):
        for prefix in ("user", "session"):
            await past.superuser.execute(
                "INSERT INTO experiment_units VALUES ($1, $2, 1, 'a', 'success', $3, 1, 1, $4)",
                workspace,
                new_uuid(),
                f"{prefix}:{name}",
                at,
            )
        await past.superuser.execute(
            "INSERT INTO label_voices VALUES ($1, 'route', 'production', 1, $2, 1, 1000000, $3)", workspace, f"user:{name}", at
        )
    await forget_old(db, batch_rows=1)
    units = {row["unit"] for row in await past.rows("SELECT unit FROM experiment_units WHERE workspace_id = $1", workspace)}
    voices = {row["voice"] for row in await past.rows("SELECT voice FROM label_voices WHERE workspace_id = $1", workspace)}
    assert {one for one in units | voices if not one.partition(":")[2].startswith("~")} == {"user:bob", "session:bob"}
    assert (len(units), len(voices)) == (4, 2)


async def test_one_workspace_whose_past_breaks_the_round_keeps_no_other_from_forgetting(
    db: Database, past: Past, workspace_with: WorkspaceWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = sorted([(await workspace_with(retention_days=1)).workspace_id for _ in range(3)])
    for one in many:
        await past.execution(one, "ann", at=days_ago(3))
    inner = retention_store.forget_executions

    async def breaks(tx: Tx, workspace_id: UUID, *, at_most: int) -> retention_store.ForgottenExecutions:
        if workspace_id == many[0]:
            raise OverflowError("a figure that no column holds")
        return await inner(tx, workspace_id, at_most=at_most)

    with monkeypatch.context() as patch:
        patch.setattr(retention_store, "forget_executions", breaks)
        await forget_old(db, batch_rows=1)
    left = await past.rows("SELECT workspace_id FROM executions WHERE workspace_id = ANY ($1) AND end_user IS NOT NULL", many)
    assert [row["workspace_id"] for row in left] == many[:1]


async def test_a_kind_that_fails_keeps_no_other_kind_from_being_forgotten(
    db: Database, past: Past, workspace_with: WorkspaceWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In every batch of the workspace, not only in its first."""
    workspace = (await workspace_with(retention_days=1)).workspace_id
    for _ in range(3):
        await past.feedback(workspace, "ann", at=days_ago(2), execution=await past.execution(workspace, "ann", at=days_ago(3)))

    async def breaks(tx: Tx, workspace_id: UUID, *, at_most: int) -> int:
        raise OverflowError("a figure that no column holds")

    for first in (EXECUTIONS, "voices"):
        with monkeypatch.context() as patch:
            if first == EXECUTIONS:
                patch.setattr(retention_store, "forget_executions", breaks)
            else:
                patch.setitem(cast(dict[str, Any], KINDS), first, breaks)
            await forget_old(db, batch_rows=1)
        rows = await past.rows("SELECT end_user FROM feedback WHERE workspace_id = $1", workspace)
        assert len(rows) == 3 and all(row["end_user"].startswith("~") for row in rows)
    left = await past.rows("SELECT 1 FROM executions WHERE workspace_id = $1 AND end_user IS NOT NULL", workspace)
    assert left == []


async def test_a_legal_hold_keeps_everything_until_it_is_lifted(
    db: Database, past: Past, workspace_with: WorkspaceWith, superuser: asyncpg.Connection
) -> None:
    workspace = (await workspace_with(retention_days=1, legal_hold=True)).workspace_id
    execution = await past.execution(workspace, "witness", at=days_ago(5))
    await past.feedback(workspace, "witness", at=days_ago(5), execution=execution)
    before = await past.found("witness")
    await forget_old(db, batch_rows=100)
    assert await past.found("witness") == before
    await superuser.execute("UPDATE workspaces SET legal_hold = false WHERE workspace_id = $1", workspace)
    await forget_old(db, batch_rows=100)
    assert await past.found("witness") == {}


async def test_the_plan_caps_the_days_and_zero_days_keep_nothing(
    db: Database, past: Past, workspace_with: WorkspaceWith, superuser: asyncpg.Connection
) -> None:
    capped, none = await workspace_with(retention_days=300), await workspace_with(retention_days=0)
    await superuser.execute("UPDATE organizations SET plan = 'free' WHERE organization_id = $1", capped.organization_id)
    await past.execution(capped.workspace_id, "capped", at=days_ago(30.5))
    await past.execution(capped.workspace_id, "kept", at=days_ago(29))
    await past.execution(none.workspace_id, "nobody-is-kept", at=datetime.now(UTC) - timedelta(seconds=1))
    await forget_old(db, batch_rows=100)
    assert await past.found("capped") == {} and await past.found("nobody-is-kept") == {}
    assert await past.found("words of kept")


async def test_what_came_late_is_found_on_the_next_day(
    db: Database, past: Past, workspace_with: WorkspaceWith, superuser: asyncpg.Connection
) -> None:
    workspace = (await workspace_with(retention_days=1)).workspace_id
    await past.execution(workspace, "first", at=days_ago(2))
    await forget_old(db, batch_rows=100)
    await past.execution(workspace, "latecomer", at=days_ago(4))
    await superuser.execute("UPDATE retention_progress SET rechecked_on = rechecked_on - 1 WHERE workspace_id = $1", workspace)
    await forget_old(db, batch_rows=100)
    assert await past.found("latecomer") == {}


async def test_two_replicas_at_once_do_no_harm(
    db: Database, past: Past, workspace_with: WorkspaceWith, module_database_urls: DatabaseUrls
) -> None:
    workspaces = [(await workspace_with(retention_days=1)).workspace_id for _ in range(3)]
    for workspace in workspaces:
        for n in range(6):
            execution = await past.execution(workspace, f"crowd{n}", at=days_ago(2 + n / 10))
            await past.feedback(workspace, f"crowd{n}", at=days_ago(2), execution=execution)
    other = await Database.open(module_database_urls["analytics"], application_name="test-analytics-2", max_size=4)
    done = await asyncio.gather(*(forget_old(one, batch_rows=2) for one in (db, other)))
    await other.close()
    await forget_old(db, batch_rows=100)
    assert await past.found("crowd") == {}
    assert sum(one.contents for one in done) <= 18


async def test_answers_of_test_runs_and_usage_by_person_go_too(
    db: Database, past: Past, workspace_with: WorkspaceWith, superuser: asyncpg.Connection
) -> None:
    workspace = (await workspace_with(retention_days=1)).workspace_id
    prompt, dataset, run = new_uuid(), new_uuid(), new_uuid()
    scores = {"e": {"score": 0, "reason": "answertext"}}
    failed = {"item_id": "x", "input": "kept", "output": "answertext", "scores": scores}
    await superuser.execute(
        "INSERT INTO prompts (prompt_id, workspace_id, slug, name, latest_version, created_by) VALUES ($1, $2, 'p', 'p', 1, 'x')",
        prompt,
        workspace,
    )
    await superuser.execute(
        """INSERT INTO prompt_versions (workspace_id, prompt_id, version, model, content, content_hash, source, author)
           VALUES ($1, $2, 1, 'm', '{}', $3, 'manual', 'x')""", workspace, prompt, b"h" * 32,
    )  # fmt: skip
    await superuser.execute(
        "INSERT INTO datasets (dataset_id, workspace_id, name, created_by) VALUES ($1, $2, 'd', 'x')", dataset, workspace
    )
    await superuser.execute(
        """INSERT INTO test_runs (test_run_id, workspace_id, prompt_id, slug, version, model, dataset_id, dataset_version, split, status,
             total, result, funding_account_id, created_by, finished_at)
           VALUES ($1, $2, $3, 'p', 1, 'm', $4, 1, 'test', 'completed', 1, $6, 1, 'x', $5)""",
        run, workspace, prompt, dataset, days_ago(2),
        json.dumps({"failed_cases": [failed], "metrics": {"correct": 1}}),
    )  # fmt: skip
    await superuser.execute(
        """INSERT INTO evaluations (workspace_id, owner_id, question, item_id, execution_id, answered_at, status, score, output)
           VALUES ($1, $2, $3, $4, $5, $6, 'success', 1, 'answertext')""",
        workspace, run, b"q" * 32, new_uuid(), new_uuid(), days_ago(2),
    )  # fmt: skip
    under_way = new_uuid()
    await superuser.execute(
        """INSERT INTO test_runs SELECT (jsonb_populate_record(t, jsonb_build_object('test_run_id', $1::uuid, 'status', 'running',
             'finished_at', NULL, 'result', NULL))).* FROM test_runs t WHERE test_run_id = $2""",
        under_way, run,
    )  # fmt: skip
    await superuser.execute(
        """INSERT INTO evaluations SELECT (jsonb_populate_record(v, jsonb_build_object('owner_id', $1::uuid, 'output', 'so far'))).*
             FROM evaluations v WHERE owner_id = $2""",
        under_way, run,
    )  # fmt: skip
    await forget_old(db, batch_rows=100)
    assert await past.found("answertext") == {}
    assert await past.found("so far") == {"evaluations": 1}, "a run that goes on buys no answer twice"
    [kept] = await past.rows("SELECT result FROM test_runs WHERE test_run_id = $1", run)
    assert '"correct": 1' in kept["result"] and '"input": "kept"' in kept["result"]
    assert (await past.rows("SELECT score FROM evaluations WHERE owner_id = $1", run)) == [{"score": 1.0}]


async def test_whole_days_are_dropped_beyond_the_longest_plan_and_after_400_days(
    db: Database, past: Past, workspace_with: WorkspaceWith, superuser: asyncpg.Connection
) -> None:
    held, free = await workspace_with(legal_hold=True), await workspace_with()
    for ago in (368, 402, 403):
        for table in ("executions", "execution_contents", "execution_facts"):
            await superuser.execute("CALL make_day_partition($1, $2)", table, days_ago(ago).date())
    await past.execution(free.workspace_id, "ancient", at=days_ago(402))
    await past.execution(held.workspace_id, "heldback", at=days_ago(403))
    outlived = await past.execution(free.workspace_id, "outlived", at=days_ago(450))  # its day has no partition
    await past.feedback(free.workspace_id, "outlived", at=days_ago(449), execution=outlived)
    # Its words went before anybody asked for a legal hold; what is left of it stays now.
    evidence = await past.execution(held.workspace_id, "evidence", at=days_ago(450))
    await past.feedback(held.workspace_id, "evidence", at=days_ago(449), execution=evidence)
    for table in ("feedback", "feedback_ids"):
        await superuser.execute(f"UPDATE {table} SET forgotten_at = $2 WHERE workspace_id = $1", held.workspace_id, days_ago(420))
    await forget_old(db, batch_rows=100)
    for table in ("feedback", "feedback_ids"):
        assert await superuser.fetchval(f"SELECT count(*) FROM {table} WHERE workspace_id = $1", held.workspace_id) == 1, table
    for table in ("executions", "execution_contents", "execution_facts", "feedback", "feedback_ids"):
        assert await superuser.fetchval(f"SELECT count(*) FROM {table} WHERE workspace_id = $1", free.workspace_id) == 0, table
    parts = {
        row["relname"] for row in await past.rows("SELECT relname FROM pg_class WHERE relname ~ '^execution' AND relname ~ '_[0-9]{8}$'")
    }

    def of(ago: int) -> set[str]:
        return {one.rpartition("_")[0] for one in parts if one.endswith(days_ago(ago).strftime("%Y%m%d"))}

    assert of(402) == set(), "numbers too: 400 days are over"
    assert of(368) == {"executions", "execution_facts"}, "longer than any plan keeps content, shorter than numbers are kept"
    assert of(403) == {"executions", "execution_facts", "execution_contents"}, "a workspace under legal hold has rows there"
    assert await past.found("heldback")


async def test_a_killed_round_leaves_nothing_half_done(db: Database, past: Past, workspace_with: WorkspaceWith) -> None:
    workspace = (await workspace_with(retention_days=1)).workspace_id
    for n in range(5):
        await past.execution(workspace, f"halfway{n}", at=days_ago(2 + n))
    async with asyncio.timeout(60):
        try:
            async with db.unit_of_work() as tx:
                await tx.execute("SELECT * FROM forget_executions($1, 2)", workspace)
                raise ConnectionError("the process dies before it commits")
        except Exception as error:
            assert "database went away" in str(error) or isinstance(error, ConnectionError)
    assert (await past.found("halfway"))["execution_contents"] == 5
    await forget_old(db, batch_rows=2)
    assert await past.found("halfway") == {}


async def test_ids_of_the_past_carry_their_moment() -> None:
    at = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
    assert (id_of(at).int >> 80) == int(at.timestamp() * 1000)
