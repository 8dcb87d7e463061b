"""What a search proposed is listed page by page, for each of its models (PRODUCT O6, P6)."""

import json
from typing import Any

import pytest

from burnish_shared.ids import new_uuid
from tests.embedded.stack import Stack
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_test_runs import books

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O6", "P6")]

OWN, OTHER, THIRD = "simulated/reader", "simulated/chat", "simulated/writer"


def edit(text: str, state: str, effect: float | None = None) -> dict[str, Any]:
    told = {"section": "rules", "operation": "add", "text": text, "rationale": "", "state": state}
    return told | ({"reason": "not allowed"} if state == "rejected" else {}) | ({} if effect is None else {"effect": effect})


MAIN = [edit("worse", "dropped", -0.2), edit("none", "rejected"), edit("better", "chosen", 0.2), edit("best", "chosen", 0.3)]
OTHERS = [edit(f"line {number}", "dropped", -number / 10) for number in (3, 1, 2)] + [edit("kept", "alive", 0.1)]


def told(model: str, outcome: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "outcome": outcome, "finish_reason": "r", "test": None, **more}


MODELS = {
    "as it is written now": [
        told(OWN, "improved", counts={"chosen": 2, "alive": 0, "dropped": 1, "rejected": 1}),
        told(OTHER, "no_improvement", counts={"chosen": 0, "alive": 1, "dropped": 3, "rejected": 0}, edits=OTHERS),
        told(THIRD, "no_improvement", counts={"chosen": 0, "alive": 0, "dropped": 0, "rejected": 0}, edits=[]),
    ],
    "as it was written before": [
        told(OWN, "improved", edits=MAIN), told(OTHER, "no_improvement", edits=OTHERS), told(THIRD, "no_improvement", edits=[]),
    ],
}  # fmt: skip


async def ended(stack: Stack, desk: Desk, models: list[dict[str, Any]]) -> tuple[str, str]:
    """A job for three models as an optimizer leaves it, and its suggestion."""
    job, suggestion, workspace = new_uuid(), new_uuid(), desk.caller.workspace.workspace_id
    await books(
        stack,
        """INSERT INTO optimization_jobs (job_id, workspace_id, prompt_id, slug, base_version, dataset_id, dataset_version, method,
             task_model, reflect_model, seed, budget_evaluations, budget_nusd, funding_account_id, created_by, status, outcome,
             finish_reason, started_at, finished_at, edits, report)
           SELECT $1, workspace_id, prompt_id, slug, 1, $2::text::uuid, 1, 'racing', $3, 'm', 1, 1, 1, 1, 't', 'completed', 'improved',
                  'proven_on_test', now(), now(), $4::jsonb, $5::jsonb
             FROM prompts WHERE workspace_id = $6 AND slug = 'tickets'""",
        job, desk.dataset_id, OWN, json.dumps(MAIN), json.dumps({"notes": ["saturated"], "models": models}), workspace,
    )  # fmt: skip
    variants = models[1:] if "edits" in models[0] else [{name: one[name] for name in one if name != "edits"} for one in models[1:]]
    evidence = {"test": {}, "edits": [MAIN[2], MAIN[3]], "model": OWN, "variants": variants}
    await books(
        stack,
        """INSERT INTO suggestions (suggestion_id, workspace_id, prompt_id, slug, base_version, job_id, content, evidence)
           SELECT $1, workspace_id, prompt_id, slug, 1, $2, '{}', $3::jsonb FROM prompts WHERE workspace_id = $4 AND slug = 'tickets'""",
        suggestion, job, json.dumps(evidence), workspace,
    )  # fmt: skip
    return str(job), str(suggestion)


@pytest.mark.parametrize("models", MODELS.values(), ids=MODELS)
async def test_each_model_has_its_list_and_reports_and_evidence_have_its_counts(stack: Stack, desk: Desk, models: Any) -> None:
    job, suggestion = await ended(stack, desk, models)
    assert [one["text"] for one in await desk.proposals(job)] == ["best", "better", "worse", "none"], "as they are ranked"
    assert await desk.proposals(job, model=OWN) == await desk.proposals(job)
    others = ["kept", "line 1", "line 2", "line 3"]
    assert [one["text"] for one in await desk.proposals(job, model=OTHER)] == others
    assert [one["text"] for one in await desk.proposals(job, model=OTHER, limit=1)] == others, "page by page"
    assert [one["text"] for one in await desk.proposals(job, model=OTHER, state="dropped", limit=2)] == others[1:]
    assert await desk.proposals(job, model=THIRD) == [] == await desk.proposals(job, model=OTHER, state="chosen")
    page = (await desk.caller("GET", f"/v1/optimizations/{job}/proposals?model={OTHER}&state=alive")).body
    assert page["counts"] == {"chosen": 0, "alive": 1, "dropped": 3, "rejected": 0} and len(page["data"]) == 1

    read = (await desk.caller("GET", f"/v1/optimizations/{job}")).body
    report = read["report"]["models"]
    assert read["report"]["notes"] == ["saturated"] and [one["text"] for one in read["edits"]] == [one["text"] for one in MAIN]
    assert [(one["model"], one["main"], sum(one["counts"].values())) for one in report] == [
        (OWN, True, 4),
        (OTHER, False, 4),
        (THIRD, False, 0),
    ]
    evidence = (await desk.caller("GET", f"/v1/suggestions/{suggestion}")).body["evidence"]
    assert [(one["model"], one["counts"]) for one in evidence["variants"]] == [(one["model"], one["counts"]) for one in report[1:]]
    [listed] = (await desk.caller("GET", "/v1/suggestions")).body["data"]
    assert listed["evidence"] == evidence and len(evidence["edits"]) == 2
    assert not any("edits" in one for one in (*report, *evidence["variants"]))


async def test_a_job_of_many_proposals_tells_the_first_of_them_and_counts_all(stack: Stack, desk: Desk) -> None:
    job, _ = await ended(stack, desk, MODELS["as it is written now"])
    many = [MAIN[-1] | {"text": f"line {n}", "state": "dropped", "effect": n / 1000} for n in range(120)] + MAIN
    await books(stack, "UPDATE optimization_jobs SET edits = $2::jsonb WHERE job_id = $1::uuid", job, json.dumps(many))
    read = (await desk.caller("GET", f"/v1/optimizations/{job}")).body
    assert len(read["edits"]) == 50 and sum(read["edit_counts"].values()) == len(many)
    assert [one["text"] for one in read["edits"]] == [one["text"] for one in many if one in read["edits"]], "in their order"
    listed = await desk.proposals(job)
    assert len(listed) == len(many) and sorted(map(str, listed[:50])) == sorted(map(str, read["edits"]))
    [row] = [one for one in (await desk.caller("GET", "/v1/optimizations")).body["data"] if one["id"] == job]
    assert row["edits"] is None and row["edit_counts"] is None


async def test_what_is_not_there_is_refused_by_name(stack: Stack, desk: Desk) -> None:
    job, _ = await ended(stack, desk, MODELS["as it is written now"])
    path = f"/v1/optimizations/{job}/proposals"
    refused = await desk.caller("GET", f"{path}?model=nobodys/model")
    assert (refused.status, refused.body["error"]["param"]) == (422, "model") and OTHER in refused.body["error"]["message"]
    assert (await desk.caller("GET", f"{path}?state=good")).status == 422
    cursor = (await desk.caller("GET", f"{path}?limit=1")).body["next_cursor"]
    assert (await desk.caller("GET", f"{path}?limit=1&model={OTHER}&cursor={cursor}")).status == 422, "a cursor of another list"
    assert (await desk.caller("GET", f"/v1/optimizations/{new_uuid()}/proposals")).status == 404
    other = await stack.caller()
    assert (await other("GET", path)).status == 404
