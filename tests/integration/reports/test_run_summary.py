"""Prompts side by side across test runs: what can be compared is, and what could be chance is said to be."""

import csv
import io
import json
from typing import Any

import pytest

from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A3", "D3")]


async def finished_run(
    stack: Stack, caller: Caller, dataset_id: str, *, version: int, correct: int, total: int = 100, prompt: str = "", chain: str = ""
) -> str:
    """A test run over the API, of a prompt or a chain, with a result as the optimizer would write it."""
    tested = {"chain": chain} if chain else {"prompt": prompt}
    body = tested | {"version": version, "dataset_id": dataset_id, "split": "validation"}
    started = await caller("POST", "/v1/test-runs", body)
    assert started.status == 202, started.body
    result = {
        "metrics": {"correct": correct, "total": total, "errors": 0, "overall_accuracy": correct / total},
        "cost_nusd": 1000 * version,
        "latency_ms": {"p50": 10, "p95": 20},
        "evaluators": [],
        "failed_cases": [{"output": "secret words of a customer"}],
    }
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(
            """UPDATE test_runs SET status = 'completed', finished_at = clock_timestamp(), result = $2::text::jsonb
                WHERE test_run_id = $1::text::uuid""",
            started.body["id"], json.dumps(result),
        )  # fmt: skip
    return str(started.body["id"])


async def two_prompts_and_a_dataset(caller: Caller) -> str:
    for slug in ("terse", "chatty"):
        body = {"slug": slug, "messages": [{"role": "user", "content": "{{text}}"}], "model": "simulated/chat"}
        assert (await caller("POST", "/v1/prompts", body)).status == 201
    version = {"messages": [{"role": "user", "content": "Sort: {{text}}"}], "base_version": 1}
    assert (await caller("POST", "/v1/prompts/terse/versions", version)).status == 201
    items = [{"input": f"case {n}", "expected": "a", "split": "validation"} for n in range(4)]
    made = await caller("POST", "/v1/datasets", {"name": "cases", "items": items})
    assert made.status == 201, made.body
    return str(made.body["id"])


async def test_versions_are_ranked_over_the_same_items_and_differences_have_bounds(stack: Stack, caller: Caller) -> None:
    dataset_id = await two_prompts_and_a_dataset(caller)
    await finished_run(stack, caller, dataset_id, prompt="terse", version=1, correct=10)
    worse = await finished_run(stack, caller, dataset_id, prompt="terse", version=1, correct=60)
    best = await finished_run(stack, caller, dataset_id, prompt="terse", version=2, correct=90)
    close = await finished_run(stack, caller, dataset_id, prompt="chatty", version=1, correct=86)
    assert (await caller("POST", f"/v1/datasets/{dataset_id}/items", {"items": [{"input": "one more", "expected": "b"}]})).status == 201
    later = await finished_run(stack, caller, dataset_id, prompt="chatty", version=1, correct=50)

    answer = await caller("GET", "/v1/test-runs/summary")
    assert answer.status == 200, answer.body
    newest, first = answer.body["data"]
    assert [one["test_run_id"] for one in newest["runs"]] == [later]
    assert [one["test_run_id"] for one in first["runs"]] == [best, close, worse]
    assert (first["dataset"], first["dataset_version"], newest["dataset_version"]) == ("cases", 1, 2)
    leader, near, far = first["runs"]
    assert (leader["behind_best"], leader["could_be_best"], far["runs"]) == (None, True, 2)
    assert near["could_be_best"] and near["behind_best"]["low"] < 0 < near["behind_best"]["high"]
    assert not far["could_be_best"] and far["behind_best"]["value"] == pytest.approx(0.3)
    assert leader["accuracy"]["low"] == pytest.approx(0.8256, abs=1e-3) and leader["mean_cost_nusd"] == 20
    assert "secret" not in answer.raw.decode()


async def test_a_summary_can_be_narrowed_and_taken_as_a_file_and_is_nobody_elses(stack: Stack, caller: Caller) -> None:
    dataset_id = await two_prompts_and_a_dataset(caller)
    for prompt in ("terse", "chatty"):
        await finished_run(stack, caller, dataset_id, prompt=prompt, version=1, correct=7, total=10)

    async def slugs(query: str) -> list[str]:
        found = (await caller("GET", f"/v1/test-runs/summary?{query}")).body["data"]
        return sorted(run["prompt"] for one in found for run in one["runs"])

    assert await slugs("prompt=terse") == ["terse"]
    assert await slugs("prompt=terse&prompt=chatty") == ["chatty", "terse"]
    assert await slugs(f"dataset_id={dataset_id}&split=val") == ["chatty", "terse"]
    assert await slugs("split=test") == [] and (await caller("GET", "/v1/test-runs/summary?split=all")).status == 422
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO((await caller("GET", "/v1/test-runs/summary?format=csv")).body)))
    assert [(one["prompt"], one["accuracy_value"], one["dataset"], one["correct"]) for one in rows] == [
        ("terse", "0.7", "cases", "7"),
        ("chatty", "0.7", "cases", "7"),
    ]
    assert (await (await stack.caller())("GET", "/v1/test-runs/summary")).body == {"data": []}


async def test_chains_stand_beside_prompts_in_the_summary_and_in_reports(stack: Stack, caller: Caller) -> None:
    dataset_id = await two_prompts_and_a_dataset(caller)
    step = {"id": "say", "prompt": "terse@1", "variables": {"text": "variables.input"}}
    for slug in ("short", "long"):
        body = {"slug": slug, "parameters": {"input": {"type": "string"}}, "steps": [step]}
        assert (made := await caller("POST", "/v1/chains", body)).status == 201, made.body
    await finished_run(stack, caller, dataset_id, prompt="terse", version=1, correct=7, total=10)
    of_short = await finished_run(stack, caller, dataset_id, chain="short", version=1, correct=9, total=10)
    await finished_run(stack, caller, dataset_id, chain="long", version=1, correct=5, total=10)

    async def tested(query: str) -> list[str]:
        answer = await caller("GET", f"/v1/test-runs/summary?{query}")
        assert answer.status == 200, answer.body
        return [one["prompt"] or f"chain {one['chain']}" for compared in answer.body["data"] for one in compared["runs"]]

    assert await tested("chain=short") == ["chain short"]
    assert await tested("chain=short&chain=long") == ["chain short", "chain long"]
    assert await tested("prompt=terse&chain=long") == ["terse", "chain long"]
    assert await tested("prompt=terse") == ["terse"] and await tested("chain=terse") == []
    assert await tested("") == ["chain short", "terse", "chain long"]
    refused = await caller("GET", "/v1/test-runs/summary?chain=No%20slug")
    assert (refused.status, refused.body["error"]["param"]) == (422, "chain")

    report = await caller("POST", "/v1/reports", {"kind": "workspace"})
    assert report.status == 201, report.body
    runs = {one["prompt"] or f"chain {one['chain']}": one for one in report.body["content"]["test_runs"]}
    assert set(runs) == {"terse", "chain short", "chain long"}
    short = runs["chain short"]
    assert (short["test_run_id"], short["version"], short["model"], short["accuracy"]) == (of_short, 1, None, 0.9)
    table = (await caller("GET", f"/v1/reports/{report.body['id']}?format=csv")).raw.decode()
    assert f"test_run,{of_short},chain,short" in table
    of_prompt = (await caller("POST", "/v1/reports", {"kind": "prompt", "target": "terse"})).body["content"]["test_runs"]
    assert [one["prompt"] for one in of_prompt] == ["terse"], "a chain's figures are no figures of a prompt in it"
