"""What a protected label asks of the test runs of one prompt, over HTTP: its own settings, which win over the workspace's (PRODUCT P5)."""

from typing import Annotated
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.access import audit
from burnish_gateway.deps import Admin, GatewayParts, Viewer
from burnish_gateway.evaluators import store as evaluators
from burnish_gateway.idempotency import run_once
from burnish_gateway.registry import store
from burnish_gateway.registry.gate_store import OwnGate, own_gate, put_gate
from burnish_gateway.registry.label_rules import rules_of
from burnish_gateway.registry.prompt import Head, no_such_prompt
from burnish_gateway.team.change_workspace import check_gate_evaluator
from burnish_gateway.wire import ApiModel, make_router
from burnish_shared.db.session import Tx
from burnish_shared.slug import Slug, parse_slug

router = make_router("prompts")


class PromptGate(ApiModel):
    """The whole of it: what is left out, or null, is as the workspace has it."""

    test_run_gate: bool | None = Field(default=None, description="Whether a protected label asks for a passed test run of this prompt.")
    gate_evaluator_id: Annotated[UUID, Field(strict=False)] | None = Field(
        default=None, description="Whose mean score must be reached where a test run has items without a right answer."
    )
    gate_min_score: Annotated[float, Field(ge=0, le=1)] | None = Field(default=None, description="The mean score that it must reach.")


class AskedGate(BaseModel):
    """What holds for the prompt: its own where it says something, else the workspace's. `gate_evaluator`: the evaluator's name."""

    test_run_gate: bool
    gate_evaluator_id: UUID | None
    gate_evaluator: str | None
    gate_min_score: float
    min_samples: int = Field(description="A test run over fewer items opens nothing; the workspace's.")


class GateAnswer(BaseModel):
    """What is the prompt's own (null: the workspace's), and what is `asked` of it in all."""

    slug: str
    test_run_gate: bool | None
    gate_evaluator_id: UUID | None
    gate_min_score: float | None
    asked: AskedGate


@router.get("/v1/prompts/{slug}/gate", summary="What a protected label asks of a prompt's test runs")
async def read_gate(slug: str, principal: Viewer, gateway: GatewayParts) -> GateAnswer:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await store.find_head(tx, principal.workspace_id, parse_slug(slug))
        if head is None:
            raise no_such_prompt(slug)
        return await _answer(tx, head)


@router.put("/v1/prompts/{slug}/gate", response_model=GateAnswer, summary="Set what a protected label asks of a prompt's test runs")
async def set_gate(slug: str, request: Request, body: PromptGate, principal: Admin, gateway: GatewayParts) -> Response:
    """Wins over the workspace's settings of the same names. For admins, as those are: who wants to pass must not say what is enough."""
    name = parse_slug(slug)

    async def work(tx: Tx) -> GateAnswer:
        head = await _held(tx, principal.workspace_id, name)
        before = await own_gate(tx, head.prompt)
        after = OwnGate(body.test_run_gate, body.gate_evaluator_id, body.gate_min_score)
        if after.gate_evaluator_id is not None and after.gate_evaluator_id != before.gate_evaluator_id:
            await check_gate_evaluator(tx, after.gate_evaluator_id)
        if after != before:
            await put_gate(tx, head.prompt, after)
            await audit.note(
                tx, principal, action="prompt.gate_changed", kind="prompt", key=name, before=before.told(), after=after.told()
            )  # fmt: skip
        return await _answer(tx, head)

    return await run_once(gateway, request, principal, status=200, work=work)


async def _held(tx: Tx, workspace_id: UUID, name: Slug) -> Head:
    head = await store.lock_head(tx, workspace_id, name)
    if head is None:
        raise no_such_prompt(name)
    return head


async def _answer(tx: Tx, head: Head) -> GateAnswer:
    own, rules = await own_gate(tx, head.prompt), await rules_of(tx, head.prompt.workspace_id)
    asks, asked = rules.gate_of(own)
    evaluator = None if asked.evaluator_id is None else await evaluators.find(tx, asked.evaluator_id)
    return GateAnswer(
        slug=head.prompt.slug, test_run_gate=own.test_run_gate, gate_evaluator_id=own.gate_evaluator_id, gate_min_score=own.gate_min_score,
        asked=AskedGate(
            test_run_gate=asks, gate_evaluator_id=asked.evaluator_id, gate_evaluator=None if evaluator is None else evaluator["name"],
            gate_min_score=asked.min_score, min_samples=asked.least,
        ),
    )  # fmt: skip
