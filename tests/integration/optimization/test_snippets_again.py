"""A snippet in a prompt that is tested: the run asks with it, and moving it tests again what changed (PRODUCT P2)."""

from typing import Any

import pytest

from tests.embedded.stack import Stack
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_test_runs import books


@pytest.mark.capability("P2", "P6")
async def test_a_moved_snippet_tests_again_the_prompts_that_change(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    queues = "Queues: billing, shipping, access, hardware."
    for slug, template in (("queues", queues), ("included", "Name the queue of the ticket. {{> queues}}\n\n{{ticket}}")):
        made = await desk.caller("POST", "/v1/prompts", {"slug": slug, "template": template, "model": "simulated/reader"})
        assert made.status == 201, made.body
    started = await desk.caller("POST", "/v1/test-runs", {"prompt": "included", "dataset_id": desk.dataset_id, "split": "val"})
    assert started.status == 202, started.body
    run = await desk.until(f"/v1/test-runs/{started.body['id']}")
    assert run["status"] == "completed", run
    case = next(iter(run["failed_cases"]), None)
    if case is not None:
        asked = (await desk.caller("GET", f"/v1/executions/{case['execution_id']}")).body["messages"]
        assert queues in asked[-1]["content"]
        body = {"prompt": "included", "dataset_id": desk.dataset_id, "split": "val", "failed_of": run["id"]}
        part = (await desk.caller("POST", "/v1/test-runs", body)).body["id"]
        assert (await desk.until(f"/v1/test-runs/{part}"))["status"] == "completed", "newer, and of a part of the split"

    await desk.caller("POST", "/v1/prompts/queues/versions", {"base_version": 1, "template": "Queues: billing, access."})
    moved = await desk.caller("PUT", "/v1/prompts/queues/labels/production", {"version": 2, "retest": True})
    assert moved.status == 200, moved.body
    assert [(one["prompt"], one["replaces"]) for one in moved.body["retested"]] == [("included", run["id"])]
    assert moved.body["not_retested"] == []
    again = await desk.until(f"/v1/test-runs/{moved.body['retested'][0]['test_run_id']}")
    assert again["status"] == "completed", again
    assert again["progress"]["total"] == run["progress"]["total"]
    assert again["metrics"]["correct"] != run["metrics"]["correct"], "the model was asked with other words"


@pytest.mark.capability("D2", "P2", "P8")
async def test_a_run_asks_with_the_snippets_of_its_beginning(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    """Whoever takes it, and takes it again after a pause or a crash, reads what was meant when it was asked for."""
    for slug, template in (("voice", "the first voice"), ("tone", "Be brief, says {{> voice}}."), ("spoken", "{{> tone}}\n\n{{ticket}}")):
        made = await desk.caller("POST", "/v1/prompts", {"slug": slug, "template": template, "model": "simulated/chat"})
        assert made.status == 201, made.body
    step = {"id": "say", "prompt": "spoken", "variables": {"ticket": "variables.ticket"}}
    chain = {"slug": "talk", "parameters": {"ticket": {"type": "string"}}, "steps": [step]}
    assert (await desk.caller("POST", "/v1/chains", chain)).status == 201
    body = {"dataset_id": desk.dataset_id, "split": "val"}
    runs = [(await desk.caller("POST", "/v1/test-runs", body | tested)).body["id"] for tested in ({"prompt": "spoken"}, {"chain": "talk"})]
    await desk.caller("POST", "/v1/prompts/voice/versions", {"base_version": 1, "template": "the second voice"})
    assert (await desk.caller("PUT", "/v1/prompts/voice/labels/production", {"version": 2})).status == 200
    await start_optimizer()
    said = """SELECT DISTINCT c.messages::text AS text FROM executions e JOIN execution_contents c USING (execution_id)
               WHERE e.job_id = $1::text::uuid"""
    for run in runs:
        assert (await desk.until(f"/v1/test-runs/{run}"))["status"] == "completed"
        texts = [row["text"] for row in await books(stack, said, run)]
        assert texts and all("says the first voice" in text for text in texts), texts[:1]
    after = (await desk.caller("POST", "/v1/test-runs", body | {"chain": "talk"})).body["id"]
    assert (await desk.until(f"/v1/test-runs/{after}"))["status"] == "completed"
    assert all("says the second voice" in row["text"] for row in await books(stack, said, after)), "a new run asks with what is meant now"


SAID = """SELECT DISTINCT c.messages::text AS text FROM executions e JOIN execution_contents c USING (execution_id)
           WHERE e.job_id = $1::text::uuid"""


@pytest.mark.capability("O1", "P2", "P8")
async def test_a_search_asks_with_the_snippets_of_its_beginning(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    """Else a half of it would measure another prompt, where it is taken up again after a snippet moved."""
    texts = (
        ("voice", "the first voice"), ("tone", "Be brief, says {{> voice}}."), ("sorted", "{{> tone}}\n\nName the queue.\n\n{{ticket}}"),
        ("ended", "{{> voice}} ends with {{what}}"),
    )  # fmt: skip
    for slug, template in texts:
        made = await desk.caller("POST", "/v1/prompts", {"slug": slug, "template": template, "model": "simulated/reader"})
        assert made.status == 201, made.body
    steps = [
        {"id": "sort", "prompt": "sorted", "variables": {"ticket": "variables.ticket"}},
        {"id": "end", "prompt": "ended", "variables": {"what": "steps.sort.output"}},
    ]
    chain = {"slug": "whole", "parameters": {"ticket": {"type": "string"}}, "steps": steps}
    made = await desk.caller("POST", "/v1/chains", chain)
    assert made.status == 201, made.body
    body = {"prompt": "sorted", "dataset_id": desk.dataset_id, "seed": 7, "budget": {"evaluations": 400}, "method": "manual",
            "manual": {"candidates": ["{{> tone}}\n\nSort it into a queue.\n\n{{ticket}}"]}}  # fmt: skip
    jobs = []
    for more in ({}, {"chain": {"slug": "whole", "step": "sort"}}):
        started = await desk.caller("POST", "/v1/optimizations", body | more)
        assert started.status == 202, started.body
        jobs.append(started.body["id"])
    await desk.caller("POST", "/v1/prompts/voice/versions", {"base_version": 1, "template": "the second voice"})
    assert (await desk.caller("PUT", "/v1/prompts/voice/labels/production", {"version": 2})).status == 200
    await start_optimizer()
    for job in jobs:
        ended = await desk.until(f"/v1/optimizations/{job}")
        assert ended["status"] == "completed", ended
        asked = [row["text"] for row in await books(stack, SAID, job) if "voice" in row["text"]]
        assert asked and not any("the second voice" in text for text in asked), asked[:1]
    assert any("ends with" in text for text in asked), "the other step of the chain, too"
