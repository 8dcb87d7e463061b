"""What a prompt asks of its own test runs moves with it, by the evaluator's name (PRODUCT P5, P10)."""

import json
from typing import Any

import pytest

from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("P5", "P10")]


async def an_evaluator(stack: Stack, call: Caller, name: str) -> str:
    """As it is kept: no optimizer runs here that would check settings."""
    evaluator_id, settings = new_uuid(), json.dumps({"kind": "contains", "phrases": ["please"]})
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(
            """INSERT INTO burnish.evaluators (evaluator_id, workspace_id, name, kind, settings, created_by)
               VALUES ($1, $2, $3, 'contains', $4::jsonb, 'test')""",
            evaluator_id, call.workspace.workspace_id, name, settings,
        )  # fmt: skip
        await connection.execute(
            """INSERT INTO burnish.evaluator_versions (evaluator_id, workspace_id, version, settings, created_by)
               VALUES ($1, $2, 1, $3::jsonb, 'test')""",
            evaluator_id, call.workspace.workspace_id, settings,
        )  # fmt: skip
    return str(evaluator_id)


async def with_gates(stack: Stack) -> dict[str, Any]:
    """A bundle of three prompts: one judged by an evaluator of its own, one that is let off, one as the workspace has it."""
    there = await stack.caller(role="admin")
    polite = await an_evaluator(stack, there, "Polite")
    for slug in ("judged", "let-off", "usual"):
        made = await there("POST", "/v1/prompts", {"slug": slug, "template": "Say {{x}}.", "model": "simulated/chat"})
        assert made.status == 201, made.body
    for slug, gate in (("judged", {"gate_evaluator_id": polite, "gate_min_score": 0.7}), ("let-off", {"test_run_gate": False})):
        assert (await there("PUT", f"/v1/prompts/{slug}/gate", gate)).status == 200
    found: dict[str, Any] = json.loads((await there("GET", "/v1/export?scope=prompts")).raw)
    gates = {one["slug"]: one.get("gate") for one in found["prompts"]}
    assert gates == {"judged": {"evaluator": "Polite", "min_score": 0.7}, "let-off": {"test_run_gate": False}, "usual": None}
    return found | {"evaluators": []}  # theirs are here, or are not


async def gate_of(call: Caller, slug: str) -> dict[str, Any]:
    body: dict[str, Any] = (await call("GET", f"/v1/prompts/{slug}/gate")).body
    return {name: body[name] for name in ("test_run_gate", "gate_evaluator_id", "gate_min_score")}


async def test_a_gate_comes_in_with_a_new_prompt_and_the_evaluator_of_its_name(stack: Stack) -> None:
    bundle, here = await with_gates(stack), await stack.caller(role="admin")
    polite = await an_evaluator(stack, here, "polite")
    told = await here("POST", "/v1/import?dry_run=true", bundle)
    assert told.status == 200, told.body
    told = await here("POST", "/v1/import", bundle)
    assert told.status == 200 and not any("test gate" in note for note in told.body["notes"]), told.body["notes"]
    assert await gate_of(here, "judged") == {"test_run_gate": None, "gate_evaluator_id": polite, "gate_min_score": 0.7}
    assert await gate_of(here, "let-off") == {"test_run_gate": False, "gate_evaluator_id": None, "gate_min_score": None}
    assert (await gate_of(here, "usual"))["test_run_gate"] is None
    assert (await here("PUT", "/v1/prompts/let-off/gate", {"test_run_gate": True})).status == 200
    assert (await here("POST", "/v1/import", bundle)).status == 200
    assert (await gate_of(here, "let-off"))["test_run_gate"] is True, "what is here stays"


async def test_what_cannot_come_in_is_said(stack: Stack) -> None:
    bundle, here = await with_gates(stack), await stack.caller(role="admin")
    told = await here("POST", "/v1/import", bundle)
    [note] = [one for one in told.body["notes"] if "test gate" in one]
    assert "evaluator 'Polite' of the test gate of 'judged' is left out" in note and "no evaluator of this name" in note
    assert await gate_of(here, "judged") == {"test_run_gate": None, "gate_evaluator_id": None, "gate_min_score": 0.7}
