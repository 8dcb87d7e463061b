"""A protected label over items without a right answer: an evaluator that the workspace names says whether they are good enough."""

import json
from typing import Any
from uuid import UUID

import pytest

from burnish_shared.ids import new_uuid
from tests.integration.registry.conftest import Bench, Caller, RunningGateway
from tests.integration.registry.test_review_of_versions import a_run, created, move, protect, sql

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("P5")]


async def an_evaluator(bench: Bench, call: Caller, settings: dict[str, Any], name: str = "short") -> str:
    """As it is kept: this gateway has nothing that would check settings."""
    evaluator_id = new_uuid()
    await sql(
        bench,
        "INSERT INTO evaluators (evaluator_id, workspace_id, name, kind, settings, created_by) VALUES ($1, $2, $3, $4, $5, 'test')",
        evaluator_id, call.workspace_id, name, settings["kind"], json.dumps(settings),
    )  # fmt: skip
    return str(evaluator_id)


async def archive(bench: Bench, evaluator_id: str) -> None:
    await sql(bench, "UPDATE evaluators SET archived_at = now() WHERE evaluator_id = $1::text::uuid", evaluator_id)


def result(*, right: int, open_answers: int, accuracy: float | None, scores: dict[str, tuple[float | None, int]]) -> dict[str, Any]:
    """`scores`: evaluator → mean score and how many answers have one."""
    return {
        "metrics": {"overall_accuracy": accuracy, "items": right, "total": right, "without_right_answer": open_answers},
        "evaluators": [{"id": one, "name": "short", "version": 1, "mean_score": mean, "n": n} for one, (mean, n) in scores.items()],
    }


async def open_run(
    bench: Bench, call: Caller, *, right: int = 0, open_answers: int = 20, accuracy: float | None = None, **said: Any
) -> UUID:
    scores = said.pop("scores", {})
    told = result(right=right, open_answers=open_answers, accuracy=accuracy, scores=scores)
    return await a_run(bench, call, 1, accuracy=None, items=right + open_answers, result=told, **said)


@pytest.fixture
async def admin(bench: Bench, first: RunningGateway, call: Caller) -> Caller:
    """Of a workspace whose prompt has an approved version and lacks a run alone."""
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    await created(call, label=None)
    await protect(admin, test_run_gate=True)
    await call("POST", "/v1/prompts/hello/versions/1/review")
    assert (await admin("POST", "/v1/prompts/hello/versions/1/review/approve")).status == 200
    return admin


async def lacking(call: Caller) -> dict[str, Any]:
    refused = await move(call, 1)
    assert (refused.status, refused.body["error"]["code"]) == (409, "label_protected"), refused.body
    details: dict[str, Any] = refused.body["error"]["details"]
    assert details["lacking"] == ["test_run"]
    return details


async def test_without_an_evaluator_it_says_what_to_do_and_with_one_its_mean_score_decides(
    bench: Bench, call: Caller, admin: Caller
) -> None:
    judge = await an_evaluator(bench, call, {"kind": "contains", "phrases": ["please"]})
    run_id = await open_run(bench, call, scores={judge: (0.9, 20)})
    told = await lacking(call)
    assert "that have a right answer, and the workspace names no evaluator" in told["test_run"] and "gate_evaluator_id" in told["test_run"]
    assert (told["run"]["test_run_id"], told["run"]["items"], told["run"]["open_answers"]) == (str(run_id), 0, 20)
    await protect(admin, gate_evaluator_id=judge, gate_min_score=0.91)
    told = await lacking(call)
    assert told["test_run"] == "its newest test run reached a mean score of 0.900 by the evaluator 'short', of the 0.910 that it must"
    assert (told["run"]["score"], told["run"]["scored"], told["run"]["min_score"], told["run"]["evaluator_id"]) == (0.9, 20, 0.91, judge)
    await protect(admin, gate_min_score=0.9)
    assert (await move(call, 1)).status == 200


async def test_an_answer_without_a_score_counts_as_nothing(bench: Bench, call: Caller, admin: Caller) -> None:
    judge = await an_evaluator(bench, call, {"kind": "contains", "phrases": ["please"]})
    await protect(admin, gate_evaluator_id=judge, gate_min_score=0.5)
    await open_run(bench, call, scores={judge: (1.0, 9)})
    assert "a mean score of 0.450" in (await lacking(call))["test_run"]
    await open_run(bench, call, scores={judge: (None, 0)})
    assert "a mean score of 0.000" in (await lacking(call))["test_run"]
    await open_run(bench, call, scores={str(new_uuid()): (1.0, 20)})
    told = "its newest test run has items without a right answer and was not scored by the evaluator 'short': run it with this evaluator"
    assert (await lacking(call))["test_run"] == told
    await open_run(bench, call, scores={judge: (1.0, 19)}, open_answers=19)
    assert (await lacking(call))["test_run"] == told, "fewer items count neither for nor against it"
    await archive(bench, judge)
    assert "which is archived: an admin must name another one" in (await lacking(call))["test_run"]
    await open_run(bench, call, scores={judge: (0.5, 20)})
    assert (await move(call, 1)).status == 200


async def test_where_some_items_have_a_right_answer_both_are_asked_for(bench: Bench, call: Caller, admin: Caller) -> None:
    judge = await an_evaluator(bench, call, {"kind": "contains", "phrases": ["please"]})
    await protect(admin, gate_evaluator_id=judge)
    await open_run(bench, call, right=19, open_answers=1, accuracy=0.5, scores={judge: (0.7, 20)})
    said = (await lacking(call))["test_run"]
    assert "reached 50.0% of the 80.0% that it must and reached a mean score of 0.700" in said, "one open item is no way around accuracy"
    await open_run(bench, call, right=10, open_answers=10, accuracy=0.9, scores={judge: (0.7, 20)})
    assert "50.0%" not in (await lacking(call))["test_run"]
    await open_run(bench, call, right=20, open_answers=0, accuracy=0.8)
    assert (await move(call, 1)).status == 200, "a run whose items all have a right answer asks for no evaluator"


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"kind": "exact"}, "(exact) compares with a right answer"),
        ({"kind": "contains"}, "(contains) compares with a right answer"),
        ({"kind": "pairwise", "model": "simulated/judge", "rubric": "Which is kinder?"}, "(pairwise) compares"),
    ],
)
async def test_an_evaluator_that_says_nothing_of_such_answers_is_refused(
    bench: Bench, call: Caller, admin: Caller, settings: dict[str, Any], word: str
) -> None:
    wrong = await an_evaluator(bench, call, settings)
    refused = await admin("PATCH", f"/v1/workspaces/{admin.workspace_id}", {"gate_evaluator_id": wrong})
    assert (refused.status, refused.body["error"]["param"]) == (422, "gate_evaluator_id")
    assert word in refused.body["error"]["message"]


async def test_the_settings_are_checked_kept_and_audited(bench: Bench, first: RunningGateway, call: Caller, admin: Caller) -> None:
    path = f"/v1/workspaces/{admin.workspace_id}"
    assert (await admin("GET", path)).body | {"gate_evaluator_id": None, "gate_min_score": 0.8} == (await admin("GET", path)).body
    stranger = await bench.caller(first, role="admin")
    foreign = await an_evaluator(bench, stranger, {"kind": "contains", "phrases": ["please"]})
    archived = await an_evaluator(bench, call, {"kind": "contains", "phrases": ["please"]})
    await archive(bench, archived)
    own = await an_evaluator(bench, call, {"kind": "contains", "phrases": ["please"]}, name="kind")
    for body, param, word in (
        ({"gate_evaluator_id": foreign}, "gate_evaluator_id", "no evaluator of this id"),
        ({"gate_evaluator_id": archived}, "gate_evaluator_id", "is archived"),
        ({"gate_min_score": 1.1}, "gate_min_score", "must be at most 1"),
        ({"gate_min_score": None}, "gate_min_score", "must not be null"),
    ):
        refused = await admin("PATCH", path, body)
        assert (refused.status, refused.body["error"]["param"]) == (422, param), refused.body
        assert word in refused.body["error"]["message"]
    changed = (await admin("PATCH", path, {"gate_evaluator_id": own, "gate_min_score": 0.75})).body
    assert (changed["gate_evaluator_id"], changed["gate_min_score"]) == (own, 0.75)
    entries = await sql(
        bench, "SELECT after FROM audit_log WHERE workspace_id = $1 AND action = 'workspace.changed' ORDER BY audit_id", admin.workspace_id
    )
    assert json.loads(entries[-1]["after"]) == {"gate_evaluator_id": own, "gate_min_score": 0.75}
    assert (await admin("PATCH", path, {"gate_evaluator_id": None})).body["gate_evaluator_id"] is None


async def gate(call: Caller, **said: Any) -> dict[str, Any]:
    answer = await call("PUT", "/v1/prompts/hello/gate", said)
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.body
    return body


async def test_what_a_prompt_says_itself_wins_over_the_workspace(bench: Bench, call: Caller, admin: Caller) -> None:
    ours = await an_evaluator(bench, call, {"kind": "contains", "phrases": ["please"]}, name="ours")
    own = await an_evaluator(bench, call, {"kind": "contains", "phrases": ["thanks"]}, name="own")
    await protect(admin, gate_evaluator_id=ours, gate_min_score=0.9)
    await open_run(bench, call, scores={ours: (0.5, 20), own: (0.7, 20)})
    assert "0.500 by the evaluator 'ours', of the 0.900" in (await lacking(call))["test_run"]
    told = await gate(admin, gate_evaluator_id=own)
    assert (told["gate_evaluator_id"], told["gate_min_score"], told["test_run_gate"]) == (own, None, None)
    asked = told["asked"]
    assert (asked["test_run_gate"], asked["gate_evaluator"], asked["gate_min_score"]) == (True, "own", 0.9), "the workspace's least score"
    assert "0.700 by the evaluator 'own', of the 0.900" in (await lacking(call))["test_run"]
    assert (await gate(admin, gate_evaluator_id=own, gate_min_score=0.71))["asked"]["gate_min_score"] == 0.71
    await lacking(call)
    await gate(admin, gate_evaluator_id=own, gate_min_score=0.7)
    read = await call("GET", "/v1/prompts/hello/gate")
    assert (read.status, read.body["gate_min_score"]) == (200, 0.7)
    assert (await move(call, 1)).status == 200
    [newest, *_] = (await admin("GET", "/v1/audit?action=prompt.gate_changed")).body["data"]
    assert (newest["before"]["gate_min_score"], newest["after"]["gate_min_score"], newest["object_id"]) == (0.71, 0.7, "hello")


async def test_a_prompt_may_be_asked_for_a_test_run_alone_and_be_let_off(bench: Bench, call: Caller, admin: Caller) -> None:
    await protect(admin, test_run_gate=False)
    await gate(admin, test_run_gate=True)
    await lacking(call)
    assert (await gate(admin))["asked"]["test_run_gate"] is False, "nothing of its own any more"
    await protect(admin, test_run_gate=True)
    await lacking(call)
    await gate(admin, test_run_gate=False)
    assert (await move(call, 1)).status == 200


async def test_the_gate_of_a_prompt_is_for_admins_and_names_what_can_judge(bench: Bench, call: Caller, admin: Caller) -> None:
    assert (await call("PUT", "/v1/prompts/hello/gate", {"gate_min_score": 0.0})).status == 403
    exact = await an_evaluator(bench, call, {"kind": "exact"}, name="exact")
    gone = await an_evaluator(bench, call, {"kind": "contains", "phrases": ["please"]}, name="gone")
    await archive(bench, gone)
    for evaluator_id, why in (
        (str(new_uuid()), "no evaluator of this id"),
        (gone, "'gone' is archived"),
        (exact, "compares with a right answer"),
    ):
        refused = await admin("PUT", "/v1/prompts/hello/gate", {"gate_evaluator_id": evaluator_id})
        assert (refused.status, refused.body["error"]["param"]) == (422, "gate_evaluator_id"), refused.body
        assert why in refused.body["error"]["message"]
    assert (await admin("PUT", "/v1/prompts/hello/gate", {"gate_min_score": 1.5})).body["error"]["param"] == "gate_min_score"
    assert (await admin("PUT", "/v1/prompts/nobody/gate", {})).status == 404
    assert (await call("GET", "/v1/prompts/nobody/gate")).status == 404
