"""Failure groups over HTTP: a reader asks, analytics works them out in a process of its own, words are shown where they still lie."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from burnish_analytics.io import failure_store
from burnish_analytics.keep_failure_groups import WORKER, FailureGroupKeeper
from burnish_gateway.insights import from_failures
from burnish_shared.clock import SystemClock
from burnish_shared.contracts.executions import CompletedItem
from burnish_shared.ids import new_uuid
from burnish_shared.sandbox.worker_process import WorkerProcess
from tests.embedded.stack import Caller, Stack
from tests.integration.analytics.traffic import Analytics, execution, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A3")]

LATE = ["my parcel is late again", "the parcel came a week late", "why is the parcel so late", "parcel late and nobody answers"]
REFUND = ["refund missing on my card", "no refund for the broken lamp", "refund was promised", "when does the refund come"]


def keeper(analytics: Analytics) -> FailureGroupKeeper:
    return FailureGroupKeeper(analytics.db, SystemClock(), 0.05)


@asynccontextmanager
async def at_work(analytics: Analytics) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(keeper(analytics).run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def grouped(caller: Caller, query: str = "") -> Any:
    """The answer, once the groups are made: who asks is told after 2 s that nobody has begun, and a fresh worker may take longer."""
    async with asyncio.timeout(120):
        while (answer := (await caller("GET", f"/v1/analytics/failure-groups{query}")).body)["status"] != "ready":
            await asyncio.sleep(0.1)
    return answer


async def with_prompt(caller: Caller) -> None:
    body = {"slug": "route", "messages": [{"role": "user", "content": "{{text}}"}], "model": "simulated/chat"}
    assert (await caller("POST", "/v1/prompts", body)).status == 201


async def failures(analytics: Analytics, caller: Caller) -> list[CompletedItem]:
    """Four complaints of one kind, four of another, one of somebody who was happy, one of another prompt."""
    workspace, now = caller.workspace.workspace_id, datetime.now(UTC)
    done = [execution(workspace, slug="route", finished_at=now) for _ in range(9)] + [execution(workspace, slug="other", finished_at=now)]
    for one, text in zip(done, [*LATE, *REFUND], strict=False):
        await analytics.rows(
            """INSERT INTO execution_contents (execution_id, workspace_id, messages, variables, settings, output, metadata)
               VALUES ($1, $2, $3, $4, $5, 'shop', $5)""",
            one.execution_id, workspace, [], {"text": text}, {},
        )  # fmt: skip
    said = [
        thumb(one, 0, comment="should go to delivery" if n < 4 else "this is for accounting", accepted_at=now - timedelta(minutes=n))
        for n, one in enumerate(done[:8])
    ]
    happy = [thumb(done[8], 1, comment="late but lovely", user_id="eve"), thumb(done[9], 0, comment="late", user_id="eve")]
    corrected = thumb(done[0], 0, kind="correction", value=None, correction="delivery", user_id=said[0].user_id, accepted_at=now)
    await analytics.count(*done, *said, *happy, corrected)
    return done


async def test_a_reader_gets_groups_with_names_sizes_and_examples_as_long_as_their_words_are_kept(
    analytics: Analytics, stack: Stack, caller: Caller
) -> None:
    await with_prompt(caller)
    done = await failures(analytics, caller)
    viewer = await stack.caller(workspace=caller.workspace, role="viewer")
    async with at_work(analytics):
        answer = await grouped(viewer, "?prompt=route")
        everything = await grouped(viewer)
        again = (await viewer("GET", "/v1/analytics/failure-groups?prompt=route")).body
    assert (answer["status"], answer["failures"], answer["considered"]) == ("ready", 8, {"correction": 1, "comment": 7})
    assert again == answer and (everything["prompt"], everything["failures"]) == (None, 9)
    by_word = {next(word for word in ("late", "refund") if word in " ".join(group["words"])): group for group in answer["groups"]}
    assert {word: group["size"] for word, group in by_word.items()} == {"late": 4, "refund": 4}
    examples = by_word["late"]["examples"]
    assert {one["asked"] for one in examples} == set(LATE) and {one["said"] for one in examples} == {"should go to delivery"}
    [corrected] = [one for one in examples if one["execution_id"] == str(done[0].execution_id)]
    assert (corrected["source"], corrected["expected"], corrected["answered"]) == ("correction", "delivery", "shop")
    assert by_word["refund"]["trend"]["newer"] == 4 and sum(by_word["refund"]["versions"].values()) == 4

    narrowed = await caller("POST", "/v1/api-keys", {"name": "figures", "scopes": ["analytics:read"]})
    figures = Caller(caller.session, caller.url, narrowed.body["key"], caller.workspace)
    shown = (await figures("GET", "/v1/analytics/failure-groups?prompt=route")).body["groups"]
    assert [one["name"] for one in shown] == [one["name"] for one in answer["groups"]]
    assert {one["asked"] for group in shown for one in group["examples"]} == {None}
    report = (await caller("POST", "/v1/reports", {"kind": "prompt", "target": "route"})).body
    assert sorted(one["size"] for one in report["content"]["failure_groups"]) == [4, 4]

    workspace = caller.workspace.workspace_id
    await analytics.rows("DELETE FROM execution_contents WHERE workspace_id = $1", workspace)
    await analytics.rows(
        "UPDATE feedback SET comment = NULL, correction = NULL, forgotten_at = clock_timestamp() WHERE workspace_id = $1", workspace
    )
    shown = (await caller("GET", "/v1/analytics/failure-groups?prompt=route")).body["groups"]
    texts = {text for group in shown for one in group["examples"] for text in (one["asked"], one["said"], one["answered"])}
    assert len(shown) == 2 and texts == {None}  # forgotten where they lay, gone here at once


@pytest.mark.capability("D4")
async def test_a_group_becomes_a_dataset_and_what_nobody_corrected_goes_to_reviewers(
    analytics: Analytics, stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_prompt(caller)
    done = await failures(analytics, caller)
    await analytics.rows(
        """INSERT INTO executions (execution_id, workspace_id, fence, lane, status, model, provider, input_tokens, output_tokens,
             cached_input_tokens, usage_source, cost_nusd, latency_ms, attempts, finished_at, details, slug, version, label, end_user)
           SELECT id, $1, 1, 'interactive', 'success', 'simulated/chat', 'simulated', 1, 1, 0, 'provider', 0, 5, '[]', clock_timestamp(),
                  '{}', 'route', 1, 'production', 'ann' FROM unnest($2::uuid[]) u (id)""",
        caller.workspace.workspace_id, [one.execution_id for one in done],
    )  # fmt: skip
    async with at_work(analytics):
        answer = await grouped(caller, "?prompt=route")
    assert "members" not in answer
    monkeypatch.setattr(from_failures, "SLICE", 3)  # a group is read in slices
    late, refund = sorted(answer["groups"], key=lambda one: "late" not in one["words"])
    asked = {"group": late["id"], "prompt": "route", "name": "Late parcels"}
    viewer = await stack.caller(workspace=caller.workspace, role="viewer")
    assert (await viewer("POST", "/v1/datasets/from-failures", asked)).status == 403
    made = await caller("POST", "/v1/datasets/from-failures", asked)
    assert made.status == 201, made.body
    assert (made.body["dataset"]["name"], made.body["added"], made.body["failures"], made.body["in_review"]) == ("Late parcels", 1, 4, 0)
    assert [one["count"] for one in made.body["skipped"]] == [3] and "Nobody said" in made.body["skipped"][0]["because"]
    [item] = (await caller("GET", f"/v1/datasets/{made.body['dataset']['id']}/items")).body["data"]
    assert (item["input"], item["expected"]) == ({"text": LATE[0]}, "delivery")
    assert item["metadata"]["execution_id"] == str(done[0].execution_id)

    nothing = await caller("POST", "/v1/datasets/from-failures", {"group": refund["id"], "prompt": "route", "name": "Refunds"})
    assert (nothing.status, nothing.body["error"]["param"]) == (409, "group") and "4 × Nobody said" in nothing.body["error"]["message"]
    reviewed = {"group": refund["id"], "prompt": "route", "name": "Refunds", "review": True}
    sent = await caller("POST", "/v1/datasets/from-failures", reviewed)
    assert (sent.status, sent.body["dataset"], sent.body["in_review"]) == (201, None, 4)
    queue = (await caller("GET", "/v1/review?prompt=route&reason=picked")).body["data"]
    assert {one["execution_id"] for one in queue} == {str(one.execution_id) for one in done[4:8]}
    assert {one["note"] for one in queue} == {f"One of a group of failures: {refund['name']}"}
    gone = await caller("POST", "/v1/datasets/from-failures", asked | {"group": "0" * 16})
    assert (gone.status, gone.body["error"]["param"]) == (404, "group")
    assert (await caller("POST", "/v1/datasets/from-failures", asked | {"days": 7})).status == 404
    assert (await caller("POST", "/v1/datasets/from-failures", asked | {"dataset_id": made.body["dataset"]["id"]})).status == 422
    other = await stack.caller()
    assert (await other("POST", "/v1/datasets/from-failures", asked)).status == 404


@pytest.mark.capability("D4")
async def test_wrong_answers_of_a_test_run_keep_their_split_and_corrected_items_are_left_out(analytics: Analytics, caller: Caller) -> None:
    await with_prompt(caller)
    items = [{"input": f"question {n} on tax", "expected": "tax", "split": "test"} for n in range(4)]
    dataset = (await caller("POST", "/v1/datasets", {"name": "cases", "items": items})).body["id"]
    stored = (await caller("GET", f"/v1/datasets/{dataset}/items")).body["data"]
    run = (await caller("POST", "/v1/test-runs", {"prompt": "route", "version": 1, "dataset_id": dataset, "split": "test"})).body["id"]
    cases = [
        {"item_id": one["id"], "input": one["input"], "expected": "tax", "output": "rent", "scores": {}, "error": None} for one in stored
    ]
    await analytics.rows(
        "UPDATE test_runs SET status = 'completed', finished_at = clock_timestamp(), result = $2 WHERE test_run_id = $1::text::uuid",
        run, {"metrics": {"total": 4, "correct": 0}, "failed_cases": cases},
    )  # fmt: skip
    async with at_work(analytics):
        [group] = (await grouped(caller, "?prompt=route"))["groups"]
    assert (await caller("PATCH", f"/v1/datasets/{dataset}/items/{stored[0]['id']}", {"expected": "rent"})).status == 200
    asked = {"group": group["id"], "prompt": "route"}
    made = (await caller("POST", "/v1/datasets/from-failures", asked | {"name": "Tax"})).body
    assert (made["added"], made["dataset"]["counts"]) == (3, {"train": 0, "validation": 0, "test": 3})
    assert [one["count"] for one in made["skipped"]] == [1] and "corrected" in made["skipped"][0]["because"]
    again = (await caller("POST", "/v1/datasets/from-failures", asked | {"dataset_id": made["dataset"]["id"]})).body
    assert (again["added"], again["duplicates"], again["dataset"]["version"]) == (0, 3, made["dataset"]["version"])


async def test_a_quiet_prompt_is_found_behind_a_busy_one(analytics: Analytics, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failure_store, "REACTIONS_SCANNED", 10)
    workspace, now = caller.workspace.workspace_id, datetime.now(UTC)
    quiet = [execution(workspace, slug="quiet", finished_at=now) for _ in range(3)]
    busy = [execution(workspace, slug="busy", finished_at=now) for _ in range(35)]
    said = [thumb(one, 0, accepted_at=now - timedelta(hours=1)) for one in quiet] + [thumb(one, 0, accepted_at=now) for one in busy]
    await analytics.count(*quiet, *busy, *said)
    since = now - timedelta(days=1)
    async with analytics.db.unit_of_work(workspaces={workspace}) as tx:
        found = {slug: await failure_store.reactions(tx, workspace, slug, since=since, at_most=30) for slug in ("quiet", "busy", "nothing")}
    assert {slug: len({row["execution_id"] for row in rows}) for slug, rows in found.items()} == {"quiet": 3, "busy": 30, "nothing": 0}


async def test_wrong_answers_of_test_runs_and_failed_evaluators_are_grouped_too(analytics: Analytics, caller: Caller) -> None:
    await with_prompt(caller)
    step = {"id": "say", "prompt": "route", "variables": {"text": "variables.input"}}
    chain = {"slug": "desk", "parameters": {"input": {"type": "string"}}, "steps": [step]}
    assert (await caller("POST", "/v1/chains", chain)).status == 201
    items = [{"input": f"question {n} on {word}", "expected": word, "split": "validation"} for n in range(4) for word in ("tax", "rent")]
    dataset = (await caller("POST", "/v1/datasets", {"name": "cases", "items": items})).body["id"]
    run = (await caller("POST", "/v1/test-runs", {"prompt": "route", "version": 1, "dataset_id": dataset, "split": "validation"})).body[
        "id"
    ]
    cases: list[dict[str, object]] = [
        {"item_id": str(new_uuid()), "input": one["input"], "expected": one["expected"], "output": "other", "scores": {}, "error": None}
        for one in items
    ]
    cases = [case for case in cases for _ in range(3)]  # a run with repeats tells each of its answers
    await analytics.rows(
        "UPDATE test_runs SET status = 'completed', finished_at = clock_timestamp(), result = $2 WHERE test_run_id = $1::text::uuid",
        run, {"metrics": {"total": 8, "correct": 0}, "failed_cases": cases},
    )  # fmt: skip
    of_chain = await caller("POST", "/v1/test-runs", {"chain": "desk", "version": 1, "dataset_id": dataset, "split": "validation"})
    await analytics.rows(
        "UPDATE test_runs SET status = 'completed', finished_at = clock_timestamp(), result = $2 WHERE test_run_id = $1::text::uuid",
        of_chain.body["id"], {"metrics": {"total": 8, "correct": 4}, "failed_cases": cases[:12]},
    )  # fmt: skip
    workspace, evaluator = caller.workspace.workspace_id, new_uuid()
    for n in range(3):
        await analytics.rows(
            """INSERT INTO scores (workspace_id, execution_id, evaluator_id, evaluator_version, kind, slug, version, label, model,
                                   finished_at, score, passed, reason, simulated)
               VALUES ($1, $2, $3, 1, 'llm_judge', 'route', 1, '', 'm', clock_timestamp(), 0.1, false, $4, true)""",
            workspace, new_uuid(), evaluator, f"impolite tone towards the customer, number {n}",
        )  # fmt: skip
    async with at_work(analytics):
        answer = await grouped(caller, "?prompt=route")
        of_all = await grouped(caller)
    assert of_all["considered"] == {"test_run": 12, "evaluator": 3}, "with those of the chain"
    of_tax = next(one for one in of_all["groups"] if one["name"].startswith("tax"))
    assert of_tax["versions"] == {"route@1": 4, "chain:desk@1": 2}, "among those of all prompts each is named"
    told = [(one["chain"], one["version"], one["test_run_id"]) for one in of_tax["examples"] if one["chain"]]
    assert told == [("desk", 1, of_chain.body["id"])] * 2 and all(one["asked"] for one in of_tax["examples"])
    names = sorted(one["name"] for one in answer["groups"])
    assert answer["considered"] == {"test_run": 8, "evaluator": 3} and len(names) == 3
    assert names[0].startswith("rent answered as other") and names[1].startswith("tax answered as other")
    assert names[2] == "“impolite tone towards the customer, number”"
    polite = next(one for one in answer["groups"] if "impolite" in one["name"])
    assert polite["examples"][0]["said"].startswith("impolite tone")
    tax = next(one for one in answer["groups"] if one["name"].startswith("tax"))
    assert {one["expected"] for one in tax["examples"]} == {"tax"} and tax["examples"][0]["asked"].startswith("question")


async def test_two_replicas_share_the_work_and_a_worker_that_dies_leaves_the_groups_of_before(analytics: Analytics, caller: Caller) -> None:
    await with_prompt(caller)
    await failures(analytics, caller)
    path = "/v1/analytics/failure-groups?prompt=route&wait_s=0"
    assert (await caller("GET", path)).body["status"] == "pending"
    workers = [WorkerProcess(WORKER), WorkerProcess(WORKER), WorkerProcess("burnish_analytics.no_such_worker")]
    assert sorted(await asyncio.gather(*(keeper(analytics).group_due(one) for one in workers[:2]))) == [0, 1]
    assert sum(one.is_alive for one in workers) == 1
    before = (await caller("GET", path)).body
    assert before["status"] == "ready" and len(before["groups"]) == 2
    workspace = caller.workspace.workspace_id
    await analytics.rows("UPDATE failure_groups SET computed_at = computed_at - interval '1 hour' WHERE workspace_id = $1", workspace)
    assert (await caller("GET", path)).body["status"] == "pending"
    assert await keeper(analytics).group_due(workers[2]) == 0
    await asyncio.gather(*(one.kill() for one in workers))
    [row] = await analytics.rows("SELECT status, result FROM failure_groups WHERE workspace_id = $1", workspace)
    assert row["status"] == "failed" and json.dumps(row["result"]).count('"name"') == 2


@pytest.mark.parametrize(
    ("query", "status"), [("prompt=nosuch", 404), ("prompt=route&days=91", 422), ("prompt=No%20Slug", 422), ("wait_s=99", 422)]
)
async def test_what_cannot_be_asked_is_refused(caller: Caller, query: str, status: int) -> None:
    assert (await caller("GET", f"/v1/analytics/failure-groups?{query}")).status == status
