"""`/start_optimization`, `/submit_answer`, `/generate_final_prompt`, `/submit_feedback`: clarifying sessions in their source's words."""

from typing import Any, Final
from uuid import UUID

from asyncpg import Record
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.access.principal import Principal
from burnish_gateway.clarifications import answers, routes
from burnish_gateway.clarifications.follow import until_said
from burnish_gateway.clarifications.start import NewSession
from burnish_gateway.compat.source import bodies
from burnish_gateway.compat.source.caller import SourceViewer
from burnish_gateway.deps import Gateway, GatewayParts
from burnish_gateway.error_answer import PAID
from burnish_gateway.idempotency import goes_on, key_of
from burnish_gateway.wire import json_response, make_router
from burnish_shared.errors import BudgetExhausted, BurnishError, OutOfCredit, ProviderFailed, Suspended

router = make_router("clarifications")

WAIT_S: Final = 90.0
"""These clients have no other call by which they could ask again."""

NOT_THE_MODELS_FAULT: Final[dict[str, type[BurnishError]]] = {kind.code: kind for kind in (OutOfCredit, BudgetExhausted, Suspended)}
"""Nobody was asked: somebody has to pay, or to let the workspace go on, before asking again can help."""


class SourceQuestion(BaseModel):
    id: str
    text: str
    type: str = Field(description="text | choice | multiple_choice")
    options: list[str] = Field(description="Of a text question: suggested answers.")


class OptimizationStep(BaseModel):
    session_id: str
    status: str = Field(description="pending | clarifying | ready | finalized | failed | expired")
    questions: list[SourceQuestion]
    working_memory: answers.MemoryAnswer
    simulated: bool


class FinalPrompt(BaseModel):
    session_id: str
    status: str
    final_prompt: str | None
    model_name: str | None
    usage: dict[str, int]
    simulated: bool


class RatedOptimization(BaseModel):
    id: str


@router.post("/start_optimization", response_model=OptimizationStep, summary="Start a clarifying session, as its source system does")
async def start_optimization(request: Request, body: bodies.StartOptimization, principal: SourceViewer, gateway: GatewayParts) -> Response:
    """Native: `POST /v1/clarifications`."""
    new = NewSession(body.initial_prompt, dict(body.selections))
    session_id, headers = await routes.begin(request, new, gateway=gateway, principal=principal)
    return json_response(_step(await _said(request, gateway, principal, session_id)), headers=headers)


@router.post("/submit_answer", response_model=OptimizationStep, summary="Answer questions, as their source system does")
async def submit_answer(request: Request, body: bodies.SubmitAnswer, principal: SourceViewer, gateway: GatewayParts) -> Response:
    """Native: `POST /v1/clarifications/{id}/answers`."""
    given = [one.given() for one in body.answers]
    headers = await routes.answered(request, body.session_id, given, gateway=gateway, principal=principal)
    return json_response(_step(await _said(request, gateway, principal, body.session_id)), headers=headers)


@router.post(
    "/generate_final_prompt",
    response_model=FinalPrompt,
    summary="Have the prompt written, as its source system does",
    responses={**PAID, 502: {"description": "The model failed; ask again, nothing is lost"}},
)
async def generate_final_prompt(
    request: Request, body: bodies.GenerateFinalPrompt, principal: SourceViewer, gateway: GatewayParts
) -> Response:  # fmt: skip
    """Native: `POST /v1/clarifications/{id}/final-prompt`. 502 where the model failed, 402 where it was not paid for; nothing is lost."""
    headers = await routes.have_written(request, body.session_id, gateway=gateway, principal=principal)
    row = await _said(request, gateway, principal, body.session_id)
    if row["status"] == "failed":
        error = row["error"] or {}
        kind = NOT_THE_MODELS_FAULT.get(error.get("code", ""), ProviderFailed)
        raise kind(f"The prompt could not be written: {error.get('message', 'the model failed')}", details={"cause": error.get("code")})
    return json_response(_final(row), headers=headers)


@router.post("/submit_feedback", response_model=RatedOptimization, summary="Rate a session, as its source system does")
async def submit_feedback(request: Request, body: bodies.SubmitFeedback, principal: SourceViewer, gateway: GatewayParts) -> Response:
    """Native: `POST /v1/clarifications/{id}/feedback`."""
    return await routes.rated(request, body.session_id, body.rated(), gateway=gateway, principal=principal, status=200)


async def _said(request: Request, gateway: Gateway, principal: Principal, session_id: UUID) -> Record:
    """The session, once its model has said something. Raises Unavailable where this gateway is stopped before, without a key GoesOn."""
    row = await until_said(gateway, principal, session_id, wait_s=WAIT_S)
    if row["task"] is not None and row["status"] != "expired" and gateway.inbox.is_over:
        raise goes_on("the session", has_key=key_of(request) is not None, details={"session_id": str(session_id)})
    return row


def _step(row: Record) -> OptimizationStep:
    told = answers.answer_of(row)
    questions = [SourceQuestion(id=one.id, text=one.text, type=one.type, options=one.options or one.suggestions) for one in told.questions]
    return OptimizationStep(
        session_id=str(told.id), status=told.status, questions=questions, working_memory=told.working_memory, simulated=told.simulated
    )


def _final(row: Record) -> FinalPrompt:
    told = answers.answer_of(row)
    usage: dict[str, Any] = told.usage.model_dump(include={"input_tokens", "output_tokens", "cost_nusd"})
    total = usage["input_tokens"] + usage["output_tokens"]
    return FinalPrompt(
        session_id=str(told.id), status=told.status, final_prompt=told.final_prompt, model_name=told.model_name,
        usage=usage | {"total_tokens": total}, simulated=told.simulated,
    )  # fmt: skip
